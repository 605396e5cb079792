// Posting to the portal: JSON both ways, and a failure that always has a sentence.
const UNREACHABLE = "The portal cannot be reached.";

/** An answer that is not a success. `status` is 0 when there was none. */
export class Refused extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }

  /** Whether a later try may succeed: no answer, too early, or a server in trouble. */
  get passes() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

function token() {
  try {
    return JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
  } catch {
    return "";
  }
}

/**
 * Post and read the answer. `last`: the page is going away, the request is not to go with it. `poll`: the page asks, not
 * the person, so it keeps no session alive.
 */
export async function post(url, body = {}, { last = false, poll = false } = {}) {
  const headers = { "Accept": "application/json", "Content-Type": "application/json", "X-CSRFToken": token() };
  if (poll) headers["X-Poll"] = "true";
  let response;
  try {
    response = await fetch(url, {
      method: "POST", headers, body: JSON.stringify(body), keepalive: last, redirect: "error", credentials: "same-origin",
    });
  } catch {
    throw new Refused(0, UNREACHABLE);
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, answer.sentence ?? "The portal refused without a reason.");
  return answer;
}

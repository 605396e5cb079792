// Post JSON to the portal and read JSON. Every failure has a sentence.
import { gettext } from "../words.js";

const UNREACHABLE = gettext("The portal cannot be reached.");
const NO_REASON = gettext("The portal refused the request without a reason.");

/** A failure. `status` is 0 when there was no answer. */
export class Refused extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }

  /** Whether a retry may succeed: no answer, too many requests, or a server error. */
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
 * Post and return the answer. `last`: send it although the page is being closed. `poll`: the page sends it, not the
 * person, so it does not keep the session alive.
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
  if (!response.ok) throw new Refused(response.status, answer.sentence ?? NO_REASON);
  return answer;
}

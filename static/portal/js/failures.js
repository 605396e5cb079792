// Show a sentence when a request of htmx fails. Otherwise it would look like success.
import { say } from "./say.js";
import { gettext } from "./words.js";

const SENTENCES = {
  400: gettext("The request could not be understood. Nothing was changed."),
  403: gettext("You may not do that. The refusal was recorded in the audit trail."),
  404: gettext("This page does not exist, or you may not see it."),
  409: gettext("Someone else has changed this. Reload the page and try again."),
  429: gettext("There were too many requests in a short time. Wait a minute and try again."),
  503: gettext("The portal cannot do that right now. Nothing was changed. Try again in a minute."),
};
const OTHERWISE = gettext("Something went wrong on our side. Nothing was changed. Try again.");
const UNREACHABLE = gettext("The portal cannot be reached. This page may be out of date.");
const TOO_SLOW = gettext("The portal took too long to answer. Try again.");

/** Return the sentence of an answer: its plain text, or the element with data-sentence in its page. */
export function sentenceOf(status, type, body) {
  const fallback = SENTENCES[status] ?? OTHERWISE;
  if (type.startsWith("text/plain")) return shortened(body) || fallback;
  if (!type.startsWith("text/html") || !body) return fallback;
  const page = new DOMParser().parseFromString(body, "text/html");
  return shortened(page.querySelector("[data-sentence]")?.textContent ?? "") || fallback;
}

function shortened(text) {
  const plain = text.replace(/\s+/g, " ").trim();
  return plain.length > 300 ? `${plain.slice(0, 297)}…` : plain;
}

document.addEventListener("htmx:responseError", (event) => {
  const xhr = event.detail.xhr;
  if (xhr.getResponseHeader("HX-Redirect") || xhr.status === 401) return; // session/state.js covers the page
  const type = xhr.getResponseHeader("Content-Type") ?? "";
  say(sentenceOf(xhr.status, type, xhr.responseText), xhr.status < 500 ? "warn" : "bad");
});
document.addEventListener("htmx:sendError", () => say(UNREACHABLE, "bad"));
document.addEventListener("htmx:timeout", () => say(TOO_SLOW, "warn"));

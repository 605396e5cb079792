// When a request of htmx fails, say so in a sentence: silence would look like success.
import { say } from "./say.js";

const SENTENCES = {
  400: "The portal could not understand that request. Nothing was changed.",
  403: "You are not permitted to do that. The refusal is in the audit trail.",
  404: "That page does not exist, or you may not see it.",
  409: "Somebody else changed this first. Reload the page and try again.",
  429: "That was too many requests in a short time. Wait a minute and try again.",
  503: "The portal cannot do that right now, so nothing was shown or changed. Try again in a minute.",
};
const OTHERWISE = "Something went wrong on our side. Nothing was changed; please try again.";
const UNREACHABLE = "The portal cannot be reached. What you see may be out of date.";
const TOO_SLOW = "The portal took too long to answer. Please try again.";

/** The sentence an answer carries: plain text, or the element marked data-sentence in a page. */
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

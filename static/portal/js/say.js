// Messages: a toast, and a live region for screen readers.
import { gettext } from "./words.js";

const LASTS = 8000;

/** Show a sentence. Levels: info, ok, warn, bad. Messages of the last two stay until they are closed. */
export function say(sentence, level = "info") {
  const toasts = document.getElementById("toasts");
  if (!toasts || !sentence) return;
  for (const old of toasts.children) if (old.dataset.sentence === sentence) old.remove();
  const toast = toasts.appendChild(build(sentence, level));
  if (level === "info" || level === "ok") setTimeout(() => toast.remove(), LASTS);
}

function build(sentence, level) {
  const toast = document.createElement("div");
  toast.className = `toast ${level}`;
  toast.dataset.sentence = sentence;
  const text = document.createElement("p");
  text.textContent = sentence;
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "✕";
  close.setAttribute("aria-label", gettext("Close this message"));
  close.addEventListener("click", () => toast.remove());
  toast.append(text, close);
  return toast;
}

/** Announce a change to screen readers only, because it is visible on the page. */
export function announce(sentence) {
  const region = document.getElementById("said");
  if (region) region.textContent = sentence;
}

// A view shows a message with the header HX-Trigger: {"say": {"sentence": "The report is being built.", "level": "ok"}}
document.addEventListener("say", (event) => {
  const { sentence, value, level } = event.detail ?? {};
  say(sentence ?? value, level);
});

// A swapped region is announced with data-say="12 objects".
document.addEventListener("htmx:afterSettle", (event) => {
  const region = event.target.closest?.("[data-say]") ?? event.target.querySelector?.("[data-say]");
  if (region) announce(region.dataset.say);
});

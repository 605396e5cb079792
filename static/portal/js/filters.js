// Filters of a list: <form data-filters novalidate>. Browsers do not send a date or time that is not complete, so the
// panel says so and no filter is applied. A live list still searches for the words.
import { gettext } from "./words.js";

const SENTENCE = gettext("This is not complete. Fill in every part of it, or clear it.");

function unfinished(form) {
  return [...form.elements].filter((field) => field.validity?.badInput);
}

function complain(field) {
  field.setAttribute("aria-invalid", "true");
  field.closest("details").open = true;
  if (noteOf(field)) return;
  const note = document.createElement("p");
  note.className = "errors";
  note.id = `${field.name}-unfinished`;
  note.textContent = SENTENCE;
  field.setAttribute("aria-describedby", note.id);
  field.closest(".field").append(note);
}

function noteOf(field) {
  return document.getElementById(`${field.name}-unfinished`);
}

// A new page would put the focus at its top. Return it to the panel or the search field that sent the form.
const SENT_FROM = "portal.sent-from";

function remember(form, submitter) {
  const panel = [...form.querySelectorAll("details")].indexOf(submitter?.closest("details"));
  try {
    sessionStorage.setItem(SENT_FROM, String(panel));
  } catch {
    // No access to storage: the focus stays at the top.
  }
}

function goOn() {
  let panel = null;
  try {
    panel = sessionStorage.getItem(SENT_FROM);
    sessionStorage.removeItem(SENT_FROM);
  } catch {
    return;
  }
  const form = document.querySelector("form[data-filters]");
  if (panel === null || !form) return;
  const summary = form.querySelectorAll("details")[panel]?.querySelector("summary");
  (summary ?? form.querySelector("input[name=q]"))?.focus({ preventScroll: true });
}

goOn();

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-filters]")) return;
  const fields = unfinished(form);
  if (!fields.length) {
    remember(form, event.submitter);
    return;
  }
  event.preventDefault();
  fields.forEach(complain);
  if (event.submitter?.closest(".search") && form.hasAttribute("hx-get")) {
    form.dispatchEvent(new Event("search-words"));
  } else {
    fields[0].focus();
  }
});

document.addEventListener("input", (event) => {
  const field = event.target;
  if (!field.matches?.("form[data-filters] [aria-invalid]") || field.validity.badInput) return;
  field.removeAttribute("aria-invalid");
  field.removeAttribute("aria-describedby");
  noteOf(field)?.remove();
});

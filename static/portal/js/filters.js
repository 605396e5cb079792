// Filters of a list: <form data-filters novalidate>. A browser sends nothing of a date or time that is half typed, so the
// panel says that it is not complete, and nothing is applied. Words are searched all the same where the list is live.
const SENTENCE = "This is not complete. Fill in every part of it, or clear it.";

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

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-filters]")) return;
  const fields = unfinished(form);
  if (!fields.length) return;
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

// A long list of check boxes in <details data-narrow> gets a field that hides what does not match its words.
import { gettext } from "./words.js";

const FEW = 12;

for (const details of document.querySelectorAll("[data-narrow]")) {
  const list = details.querySelector(".check-list");
  const labels = [...list.querySelectorAll("label")];
  if (labels.length <= FEW) continue;
  const field = document.createElement("input");
  field.type = "search";
  field.placeholder = gettext("Filter this list");
  field.setAttribute("aria-label", gettext("Filter this list"));
  field.addEventListener("input", () => {
    const words = field.value.trim().toLocaleLowerCase();
    for (const label of labels) {
      // What is chosen stays visible.
      const chosen = label.querySelector("input").checked;
      label.hidden = !chosen && !label.textContent.toLocaleLowerCase().includes(words);
    }
  });
  // Enter would send the form.
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  list.before(field);
}

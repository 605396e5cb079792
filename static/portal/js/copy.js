// A button that copies the text of an element: <button type="button" data-copies="id">Copy</button>.
// Without access to the clipboard (a page without HTTPS), the text is selected instead.
import { say } from "./say.js";
import { gettext } from "./words.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copies]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copies);
  getSelection().selectAllChildren(source);
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    say(gettext("Copied."), "ok");
  } catch {
    say(gettext("The text is selected. Copy it with your keyboard."));
  }
});

// A button that copies: <button type="button" data-copies="id">Copy</button> takes the text of that element.
// Where the browser gives no clipboard (a page without https), the text is selected for copying by hand.
import { say } from "./say.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copies]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copies);
  getSelection().selectAllChildren(source);
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    say("Copied.", "ok");
  } catch {
    say("The text is selected. Copy it with your keyboard.");
  }
});

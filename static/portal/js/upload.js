// A form that uploads a file: it reports a file that is too large before sending, and shows that the upload has
// started. Markup: <form data-upload> with an input type="file" data-largest="104857600" and an element
// data-upload-says.
import { fill, gettext } from "./words.js";

function tooLarge(input) {
  const largest = Number(input.dataset.largest);
  const file = input.files[0];
  const wrong = file && largest && file.size > largest;
  const sentence = gettext("This file is larger than %(size)s MB.");
  input.setCustomValidity(wrong ? fill(sentence, { size: Math.floor(largest / 1048576) }) : "");
  return wrong;
}

document.addEventListener("change", (event) => {
  if (event.target.matches?.("form[data-upload] input[type=file]") && tooLarge(event.target)) {
    event.target.reportValidity();
  }
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-upload]");
  if (!form) return;
  form.querySelector("[type=submit]").disabled = true;
  const sentence = gettext("The file is being uploaded and checked. Please wait.");
  form.querySelector("[data-upload-says]").textContent = sentence;
});

// The browser's Back button may restore the page as it was left.
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("form[data-upload] [type=submit]")) button.disabled = false;
});

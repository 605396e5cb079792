// A form that uploads: says at once when a file is too large, and that something is happening while it is sent.
// Markup: <form data-upload> with an input type="file" data-largest="104857600" and an element data-upload-says.
function tooLarge(input) {
  const largest = Number(input.dataset.largest);
  const file = input.files[0];
  const wrong = file && largest && file.size > largest;
  input.setCustomValidity(wrong ? `This file is larger than ${Math.floor(largest / 1048576)} MB.` : "");
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
  form.querySelector("[data-upload-says]").textContent = "Sending and checking. Please wait.";
});

// Coming back by the browser's own button finds the form as it was left.
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("form[data-upload] [type=submit]")) button.disabled = false;
});

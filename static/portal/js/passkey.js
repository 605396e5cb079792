// Passkeys: a form asks the browser for one before it is sent, and a button confirms a sensitive act with one.
//   <form data-passkey="create" or "get" data-options="address">  with a hidden field `credential`, and a button that is
//   disabled until this script is there
//   <button data-confirms data-options="address" data-answer="address">  in the form of a sensitive act
// A page that asks has an element [data-part=passkey-error] or a toast for what went wrong.
import { say } from "./say.js";
import { gettext } from "./words.js";

const SENTENCES = {
  NotAllowedError: gettext("No passkey was used. Try again, or use another way."),
  InvalidStateError: gettext("This device has a passkey for your account already."),
  SecurityError: gettext("Passkeys do not work at this address of the portal. Open it at its usual address."),
};
const UNABLE = gettext("This browser cannot use passkeys. Update it, or use another way.");
const UNREACHABLE = gettext("The portal cannot be reached. Try again.");

/** A reason that is shown as it is. */
class Refused extends Error {}

async function post(address, form, body = new FormData()) {
  body.set("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
  const headers = { "Accept": "application/json" };
  let answer;
  try {
    answer = await fetch(address, { method: "POST", body, headers, credentials: "same-origin" });
  } catch {
    throw new Refused(UNREACHABLE);
  }
  const told = await answer.json();
  if (!answer.ok) throw new Refused(told.sentence);
  return told;
}

/** Ask the browser to make a passkey ("create") or to prove one ("get"); return its answer as JSON. */
async function ask(way, options, form) {
  if (!globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON) throw new Refused(UNABLE);
  const { publicKey } = await post(options, form);
  const parsed =
    way === "create"
      ? PublicKeyCredential.parseCreationOptionsFromJSON(publicKey)
      : PublicKeyCredential.parseRequestOptionsFromJSON(publicKey);
  return JSON.stringify(await navigator.credentials[way]({ publicKey: parsed }));
}

function show(form, error) {
  const sentence = error instanceof Refused ? error.message : (SENTENCES[error.name] ?? SENTENCES.NotAllowedError);
  const place = form.querySelector("[data-part=passkey-error]");
  if (!place) return say(sentence, "warn");
  place.textContent = sentence;
  place.hidden = false;
}

async function whileBusy(form, act) {
  const buttons = form.querySelectorAll("button");
  for (const button of buttons) button.disabled = true;
  try {
    await act();
  } catch (error) {
    show(form, error);
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

for (const button of document.querySelectorAll("[data-passkey] button[disabled]")) button.disabled = false;

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-passkey]")) return;
  event.preventDefault();
  whileBusy(form, async () => {
    form.elements.credential.value = await ask(form.dataset.passkey, form.dataset.options, form);
    form.submit();
  });
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-confirms]");
  if (!button) return;
  const { form } = button;
  whileBusy(form, async () => {
    const body = new FormData();
    body.set("credential", await ask("get", button.dataset.options, form));
    await post(button.dataset.answer, form, body);
    const field = button.closest(".field");
    field.querySelector("input").required = false;
    field.hidden = true;
    say(gettext("Confirmed."), "ok");
  });
});

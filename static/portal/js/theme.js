// Preferences of this browser: theme, density, single-key shortcuts.
// Markup: <input type="radio" data-pref="theme" value="dark">. The value "" is the default.
const page = document.documentElement;

/** Apply a preference to <html> and store it. */
export function prefer(name, value) {
  if (value) page.dataset[name] = value;
  else delete page.dataset[name];
  try {
    if (value) localStorage.setItem(`portal.${name}`, value);
    else localStorage.removeItem(`portal.${name}`);
  } catch {
    // Private windows may have no storage. Then the choice lasts for this page.
  }
}

/** Check the radio buttons of the current preferences. */
export function reflect() {
  for (const input of document.querySelectorAll("input[data-pref]")) {
    input.checked = input.value === (page.dataset[input.dataset.pref] ?? "");
  }
}

document.addEventListener("change", (event) => {
  const name = event.target.dataset?.pref;
  if (name) prefer(name, event.target.value);
});

// Another tab changed a preference.
window.addEventListener("storage", (event) => {
  const [owner, name] = (event.key ?? "").split(".");
  if (owner !== "portal" || !["theme", "density", "keys"].includes(name)) return;
  if (event.newValue) page.dataset[name] = event.newValue;
  else delete page.dataset[name];
  reflect();
});

reflect();

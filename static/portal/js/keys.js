// Keyboard shortcuts. An element with data-key reacts to that key:
//   data-key="/"          an input is focused, a link or button is clicked
//   data-key="g o"        two keys, one after the other within a second and a half
//   data-key="j|ArrowLeft" either; a page's own j wins over walking rows
// j and k move between rows (tr[data-row]) by focusing a[data-open]; Enter opens the row, as with any link.
// Shortcuts are off while a person types, while a dialog is open, and with data-keys="off".
const PATIENCE = 1500;
const TYPING = "input:not([type=checkbox], [type=radio], [type=range], [type=button]), textarea, select, [contenteditable]";
const PRESSABLE = "a, button, summary, input:not([type=range]), video, audio";
let first = "";
let firstAt = 0;

function isOff(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return true;
  if (document.documentElement.dataset.keys === "off" || document.querySelector("dialog[open]")) return true;
  return Boolean(event.target.closest?.(TYPING));
}

function named(event) {
  if (event.key === " ") return event.target.closest?.(PRESSABLE) ? "" : "Space";
  return keyOf(event);
}

const FOREIGN = /^(?!\p{Script=Latin})[\p{Letter}؟،؛]$/u;
const PLACES = {
  BracketLeft: ["[", "{"], BracketRight: ["]", "}"], Comma: [",", "<"], Period: [".", ">"], Slash: ["/", "?"],
};
const MIRRORED = { BracketLeft: ["]", "["], BracketRight: ["[", "]"], Comma: [">", "<"], Period: ["<", ">"] };

/**
 * Return the key by its character if that is Latin, else by its place on the keyboard, so that J works on a Hebrew,
 * Arabic or Russian one. Right-to-left keyboards send mirrored brackets from the same places.
 */
export function keyOf({ key, code, shiftKey }) {
  if (MIRRORED[code]?.[0] === key) return MIRRORED[code][1];
  if (!FOREIGN.test(key)) return key;
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  if (letter) return shiftKey ? letter : letter.toLowerCase();
  return PLACES[code]?.[shiftKey ? 1 : 0] ?? key;
}

function elementOf(keys) {
  const all = [...document.querySelectorAll("[data-key]")];
  return all.find((element) => element.dataset.key.split("|").includes(keys) && !element.disabled && isShown(element));
}

function isShown(element) {
  // Links in the closed menu of a narrow window count too.
  return element.checkVisibility() || Boolean(element.closest(".rail"));
}

function press(element) {
  if (element.matches(TYPING)) {
    element.focus();
    element.select?.();
  } else {
    element.click();
  }
}

function rows() {
  return [...document.querySelectorAll("[data-row]")].filter((row) => row.checkVisibility());
}

function walk(step) {
  const all = rows();
  if (!all.length) return;
  const here = all.findIndex((row) => row.contains(document.activeElement));
  const next = here < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, here + step));
  const link = all[next].querySelector("a[data-open], a[href], button");
  (link ?? all[next]).focus();
  all[next].scrollIntoView({ block: "nearest" });
}

function act(event, key) {
  const pair = Date.now() - firstAt < PATIENCE && first ? `${first} ${key}` : "";
  const element = (pair && elementOf(pair)) || elementOf(key);
  first = key;
  firstAt = Date.now();
  if (element) press(element);
  else if (key === "j" || key === "k") walk(key === "j" ? 1 : -1);
  else return;
  first = "";
  event.preventDefault();
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches?.("[data-key='/']")) event.target.blur();
  if (isOff(event)) return;
  const key = named(event);
  if (key && key !== "Shift") act(event, key);
});

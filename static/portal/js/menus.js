// Menus are native <details> and <dialog>; this only adds the manners people expect of them.
const MENUS = "details.pill[open], details.menu[open]";

function closeOthers(target) {
  for (const menu of document.querySelectorAll(MENUS)) {
    if (!menu.contains(target)) menu.open = false;
  }
}

document.addEventListener("click", (event) => {
  closeOthers(event.target);
  const opener = event.target.closest?.("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  // A click on the backdrop hits the dialog itself, never something inside it.
  if (event.target.matches?.("dialog.dialog")) event.target.close();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector(MENUS);
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// A panel that would leave the window opens towards the other side.
document.addEventListener(
  "toggle",
  (event) => {
    const menu = event.target;
    if (!menu.matches?.("details.pill") || !menu.open) return;
    menu.removeAttribute("data-flip");
    const panel = menu.querySelector(".pill-panel")?.getBoundingClientRect();
    if (panel && (panel.right > document.documentElement.clientWidth || panel.left < 0)) menu.dataset.flip = "";
    menu.querySelector(".pill-panel :is(input, select, textarea)")?.focus();
  },
  true,
);

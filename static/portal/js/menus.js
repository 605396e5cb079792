// Menus are native <details> and <dialog>. This closes them on a click elsewhere and on Escape, and keeps them in view.
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
  // A click on the backdrop has the dialog itself as its target.
  if (event.target.matches?.("dialog.dialog")) event.target.close();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector(MENUS);
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// Open a panel to the other side if it would leave the window.
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

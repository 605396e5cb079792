// Swap only what changed: `hx-swap="morph"` inside an element with hx-ext="morph". Unchanged nodes stay, with their
// focus, selection and open menus. Rows of a list have data-id.

/** Change `old` into `fresh`. */
export function morph(old, fresh) {
  if (old.isEqualNode(fresh) || isSameTime(old, fresh)) return;
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) return old.replaceWith(fresh);
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.data = fresh.data;
    return;
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  children(old, fresh);
}

/** times.js writes the text and title of a time. */
function isSameTime(old, fresh) {
  return old.nodeName === "TIME" && fresh.nodeName === "TIME" && old.dateTime === fresh.dateTime;
}

function children(old, fresh) {
  const wanted = new Set([...fresh.children].map((child) => child.dataset.id));
  const known = new Map();
  for (const child of [...old.children]) {
    if (!child.dataset.id) continue;
    if (wanted.has(child.dataset.id)) known.set(child.dataset.id, child);
    else child.remove();
  }
  let at = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const id = child.dataset?.id;
    // Text between rows is matched with text.
    const same = id ? known.get(id) : at && !at.dataset?.id && at.nodeName === child.nodeName ? at : null;
    if (!same) {
      old.insertBefore(child, at);
      continue;
    }
    if (id) known.delete(id); // a second row of the same id is another row
    if (same === at) at = at.nextSibling;
    else if (isNext(at, same)) at = drop(at, same).nextSibling;
    else old.insertBefore(same, at);
    morph(same, child);
  }
  while (at) at = drop(at, at.nextSibling) ?? null;
}

/** Whether only nodes without an id lie between the two. They can be removed, so the row need not move. */
function isNext(at, same) {
  for (let node = at; node; node = node.nextSibling) {
    if (node === same) return true;
    if (node.dataset?.id) return false;
  }
  return false;
}

function drop(from, to) {
  for (let node = from; node && node !== to; ) {
    const next = node.nextSibling;
    node.remove();
    node = next;
  }
  return to;
}

window.htmx?.defineExtension("morph", {
  isInlineSwap: (style) => style === "morph",
  handleSwap(style, target, fragment) {
    if (style !== "morph") return false;
    const fresh = fragment.firstElementChild ?? fragment;
    morph(target, fresh);
    return [target];
  },
});

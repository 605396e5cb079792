// htmx keeps the address it is at in sessionStorage, and an address may hold the words of a search. Nothing of ours
// reads it there: without it htmx takes the address of the page.
const KEY = "htmx-current-path-for-history";

function forget() {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // No storage, nothing kept.
  }
}

forget();
for (const name of ["htmx:pushedIntoHistory", "htmx:replacedInHistory", "htmx:historyRestore"]) {
  document.addEventListener(name, forget);
}

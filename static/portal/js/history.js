// htmx stores the current address in sessionStorage, and an address may contain the words of a search. Remove it:
// without it, htmx uses the address of the page.
const KEY = "htmx-current-path-for-history";

function forget() {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // No access to storage, so nothing is stored.
  }
}

forget();
for (const name of ["htmx:pushedIntoHistory", "htmx:replacedInHistory", "htmx:historyRestore"]) {
  document.addEventListener(name, forget);
}

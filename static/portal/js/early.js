// Runs before the first paint (a plain script in <head>), so that a remembered theme never flashes.
(function () {
  const page = document.documentElement;
  page.dataset.js = "";
  for (const name of ["theme", "density", "keys"]) {
    try {
      const value = localStorage.getItem(`portal.${name}`);
      if (value) page.dataset[name] = value;
    } catch {
      // No access to storage: keep the system's theme and the usual density.
    }
  }
})();

// A form that htmx sends waits for htmx: sent by the browser alone, it would leave the page and what is typed there.
(function () {
  let waiting = null;
  const whileLoading = (event) => {
    if (!event.target.matches?.("form[data-waits]")) return;
    event.preventDefault();
    waiting = { form: event.target, button: event.submitter };
  };
  const loaded = () => {
    document.removeEventListener("submit", whileLoading, true);
    waiting?.form.requestSubmit(waiting.button);
    waiting = null;
  };
  document.addEventListener("submit", whileLoading, true);
  document.addEventListener("htmx:load", loaded, { once: true });
  window.addEventListener("load", loaded, { once: true });
})();

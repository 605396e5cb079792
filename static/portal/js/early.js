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

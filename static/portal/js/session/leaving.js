// Signing out in one page ends the session of every page. First, all pages of this browser may send their last
// reports. A page with something to send holds a shared lock, and signing out waits for it for up to PATIENCE
// milliseconds.
const CHANNEL = "portal-session";
const LOCK = "portal-reports";
const PATIENCE = 3000;

const channel = "BroadcastChannel" in window ? new BroadcastChannel(CHANNEL) : null;
const finishers = new Set();

/** Call `finish` and wait for it before a page of this browser signs out, until `signal` is aborted. */
export function whenLeaving(signal, finish) {
  const done = Promise.withResolvers();
  const last = () => finish().finally(done.resolve);
  finishers.add(last);
  signal.addEventListener("abort", () => {
    finishers.delete(last);
    done.resolve();
  });
  navigator.locks?.request(LOCK, { mode: "shared" }, () => done.promise).catch(() => {});
}

function finishAll() {
  return Promise.all([...finishers].map((last) => last()));
}

async function leave(form) {
  channel?.postMessage("leaving");
  await Promise.race([finishAll(), new Promise((next) => setTimeout(next, PATIENCE))]);
  await navigator.locks?.request(LOCK, { signal: AbortSignal.timeout(PATIENCE) }, () => {}).catch(() => {});
  form.submit();
}

channel?.addEventListener("message", (event) => event.data === "leaving" && finishAll());

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-signs-out]")) return;
  event.preventDefault();
  for (const button of event.target.querySelectorAll("button")) button.disabled = true;
  leave(event.target);
});

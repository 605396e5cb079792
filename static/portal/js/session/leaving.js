// Signing out in one page ends the session of all: before it is sent, every page of this browser may finish what it has
// to report. Whoever has something holds a lock; signing out waits for it, but not for long.
const CHANNEL = "portal-session";
const LOCK = "portal-reports";
const PATIENCE = 3000;

const channel = "BroadcastChannel" in window ? new BroadcastChannel(CHANNEL) : null;
const finishers = new Set();

/** Have `finish` called, and waited for, before a page of this browser signs out; until `signal` is aborted. */
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

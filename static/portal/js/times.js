// Times: "2 m ago" keeps counting, and any time shows the viewer's local time on hover.
// Markup: <time class="fresh" datetime="2026-11-20T09:14:00Z" data-relative data-stale-after="86400">2 m ago</time>
const EVERY = 15000;

/** The words for an age in seconds; the server's filter writes the same ones. */
export function ago(seconds) {
  if (seconds < 10) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ago`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

function refresh() {
  for (const time of document.querySelectorAll("time[data-relative][datetime]")) {
    const seconds = Math.max(0, (Date.now() - Date.parse(time.dateTime)) / 1000);
    if (Number.isNaN(seconds)) continue;
    const words = ago(seconds);
    if (time.textContent !== words) time.textContent = words;
    const limit = Number(time.dataset.staleAfter);
    if (limit) time.toggleAttribute("data-stale", seconds > limit);
  }
}

/** "2026-11-20 09:14:22 UTC · 20 Nov 2026, 11:14:22 in Asia/Jerusalem" */
export function bothClocks(instant) {
  const utc = instant.toISOString().slice(0, 19).replace("T", " ");
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone || zone === "UTC") return `${utc} UTC`;
  const local = instant.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
  return `${utc} UTC · ${local} in ${zone}`;
}

function explain(event) {
  const time = event.target.closest?.("time[datetime]");
  if (!time || time.dataset.explained === time.dateTime) return;
  const instant = new Date(time.dateTime);
  if (Number.isNaN(instant.getTime())) return;
  time.title = bothClocks(instant);
  time.dataset.explained = time.dateTime;
}

document.addEventListener("pointerover", explain);
document.addEventListener("focusin", explain);
document.addEventListener("htmx:afterSettle", refresh);
document.addEventListener("visibilitychange", () => document.hidden || refresh());
setInterval(refresh, EVERY);
refresh();

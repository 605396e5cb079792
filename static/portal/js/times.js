// Times: "2 m ago" keeps counting, and any time shows the viewer's local time on hover.
// Markup, as the filter `ago` writes it: <time datetime="2026-11-20T09:14:00+00:00" data-age>2 m ago</time>
// Inside an element with data-stale-after="86400" (seconds) that element gets data-stale when the time has come.
const EVERY = 15000;

/** The words for an age in seconds; the filter `ago` writes the same ones. Older than 60 days: null. */
export function ago(seconds) {
  if (seconds < 1) return "now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return seconds < 60 * 86400 ? `${Math.floor(seconds / 86400)} d ago` : null;
}

function refresh() {
  for (const time of document.querySelectorAll("time[data-age][datetime]")) {
    const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
    const words = Number.isNaN(seconds) ? null : ago(seconds);
    if (words && time.textContent !== words) time.textContent = words;
    const holder = time.closest("[data-stale-after]");
    if (holder && seconds > Number(holder.dataset.staleAfter)) holder.dataset.stale = "";
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

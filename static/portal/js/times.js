// Times: "2 m ago" keeps counting, and every time shows UTC and the browser's local time on hover.
// Markup, as the filter `ago` writes it: <time datetime="2026-11-20T09:14:00+00:00" data-age>2 m ago</time>
// An element with data-stale-after="86400" (seconds) around it gets data-stale once it is older than that.
import { fill, gettext, pgettext } from "./words.js";

const EVERY = 15000;

// Below so many seconds, an age is written in this unit; as in recordings/wording.py.
const AGES = [
  [60, 1, gettext("%(number)s s ago")],
  [3600, 60, gettext("%(number)s m ago")],
  [86_400, 3600, gettext("%(number)s h ago")],
  [60 * 86_400, 86_400, gettext("%(number)s d ago")],
];

/** Write an age in seconds, as the filter `ago` does; null for ages that it writes as a day. */
export function ago(seconds) {
  if (seconds < 1) return pgettext("age", "now");
  const age = AGES.find(([below]) => seconds < below);
  return age ? fill(age[2], { number: Math.floor(seconds / age[1]) }) : null;
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

/** Write a moment as "2026-11-20 09:14:22 UTC · 20 Nov 2026, 11:14:22 in Asia/Jerusalem". */
export function bothClocks(instant) {
  const utc = instant.toISOString().slice(0, 19).replace("T", " ");
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone || zone === "UTC") return `${utc} UTC`;
  const { lang } = document.documentElement;
  const local = instant.toLocaleString(lang === "en" ? "en-GB" : lang, { dateStyle: "medium", timeStyle: "medium" });
  return `${utc} UTC · ${fill(gettext("%(time)s in %(zone)s"), { time: local, zone })}`;
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

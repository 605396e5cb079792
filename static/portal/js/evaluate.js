// An evaluation beside the player: an answer points at the second that plays, and questions appear when they are asked.
import { clock } from "./player/spans.js";
import { say } from "./say.js";
import { gettext } from "./words.js";

const NOT_PLAYING = gettext("Play the recording first. An answer points at a second that you have watched.");
const WAIT = 50;

/** The second that plays, after everything that was played until now is reported. */
async function here() {
  const player = document.querySelector("portal-player");
  if (!player?.watching) return null;
  while (player.watching.busy) await new Promise((resolve) => setTimeout(resolve, WAIT));
  const at = Math.floor(player.video.currentTime * 1000);
  await player.watching.post({ signOfLife: true });
  return at;
}

function show(question, at) {
  const input = question.querySelector("[data-at]");
  input.value = at;
  const [start, end] = at.split("-");
  const words = at ? [start, end].filter(Boolean).map((ms) => clock(Number(ms))).join("–") : "";
  const moment = question.querySelector("[data-moment]");
  moment.textContent = words;
  for (const button of [moment, question.querySelector("[data-unpin]")]) button.hidden = !at;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-pin], [data-pin-end], [data-unpin], [data-moment]");
  const question = button?.closest("[data-question]");
  if (!question) return;
  const [start] = question.querySelector("[data-at]").value.split("-");
  if (button.matches("[data-unpin]")) {
    show(question, "");
  } else if (button.matches("[data-moment]")) {
    const video = document.querySelector("portal-player video");
    if (video) video.currentTime = Number(start) / 1000;
  } else {
    const at = await here();
    if (at === null) say(NOT_PLAYING);
    else if (button.matches("[data-pin-end]") && start !== "") {
      show(question, [Number(start), at].sort((one, other) => one - other).join("-"));
    } else show(question, String(at));
  }
});

document.addEventListener("htmx:afterSettle", () => {
  const live = document.getElementById("live");
  if (live?.dataset.asked === undefined) return;
  const asked = new Set(live.dataset.asked.split(" "));
  for (const question of document.querySelectorAll("[data-question]")) {
    question.hidden = !asked.has(question.dataset.question);
  }
});

// Once the form is sent, nothing more of it is saved: a late save would find the evaluation submitted.
document.addEventListener("submit", (event) => {
  if (event.target.id !== "evaluation-form") return;
  event.target.dataset.sent = "";
  event.target.dispatchEvent(new CustomEvent("htmx:abort", { bubbles: true, detail: { elt: event.target } }));
});
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.dataset.sent !== undefined) event.preventDefault();
});
window.addEventListener("pageshow", () => delete document.getElementById("evaluation-form")?.dataset.sent);

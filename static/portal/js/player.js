// <portal-player>: the native video under our own bar. It keeps its URL fresh (source.js), tells the portal what was
// on screen (watching.js), draws the timeline, and says in a sentence why something does not play.
import { Source } from "./player/source.js";
import { clock } from "./player/spans.js";
import { Timeline } from "./player/timeline.js";
import { EVERY, Watching } from "./player/watching.js";

const TICK = 500;
const STEP = 10;
const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3];

class PortalPlayer extends HTMLElement {
  connectedCallback() {
    this.video = this.querySelector("video");
    this.piece = (name) => this.querySelector(`[data-part="${name}"]`);
    this.timeline = new Timeline(this, {
      mine: JSON.parse(this.dataset.mine),
      everyone: JSON.parse(this.dataset.everyone),
    });
    this.watching = new Watching(this.video, this.dataset, {
      told: (totals) => this.#told(totals),
      failed: (refusal) => this.#unheard(refusal),
    });
    this.source = new Source(this.video, this.querySelector("canvas"), this.dataset, Number(this.dataset.expiresIn), {
      before: () => this.watching.keep(),
      swapped: () => this.#swapped(),
      say: (sentence) => this.#note(sentence),
      end: (sentence, why) => this.#end(sentence, why),
    });
    this.isOver = false;
    this.stop = new AbortController();
    this.#listen();
    this.timers = [setInterval(() => this.#tick(), TICK), setInterval(() => this.watching.post(), EVERY)];
    this.timeline.measure(this.video.duration * 1000);
    this.#show();
    if (this.video.error) this.source.failed();
  }

  disconnectedCallback() {
    this.timers.forEach(clearInterval);
    this.stop.abort();
    this.watching.finish();
    this.source.stop();
  }

  #listen() {
    const on = (target, name, act) => target.addEventListener(name, act, { signal: this.stop.signal });
    const video = this.video;
    on(video, "loadedmetadata", () => this.timeline.measure(video.duration * 1000));
    for (const name of ["play", "pause", "ratechange", "volumechange", "timeupdate", "seeked"]) {
      on(video, name, () => this.#show());
    }
    for (const name of ["pause", "seeking", "ended", "ratechange"]) {
      on(video, name, () => this.source.isSwapping || this.watching.post());
    }
    on(video, "seeking", () => this.source.sought());
    on(video, "play", () => this.source.tick());
    on(video, "playing", () => this.source.plays());
    on(video, "error", () => this.source.failed());
    on(document, "visibilitychange", () => (document.hidden ? this.watching.post() : this.#tick()));
    on(document, "fullscreenchange", () => this.#keepFrame());
    on(window, "pagehide", () => this.watching.finish());
    on(window, "pageshow", (event) => event.persisted && this.#end("This viewing ended when you left the page.", {}));
    on(this.timeline.seek, "input", () => this.#seek(Number(this.timeline.seek.value) / 1000));
    on(this, "click", (event) => this.#pressed(event.target.closest("[data-do]")?.dataset.do));
  }

  // --- the bar

  #pressed(what) {
    if (!what || this.isOver) return;
    if (what === "toggle") this.#toggle();
    if (what === "back") this.#seek(this.video.currentTime - STEP);
    if (what === "on") this.#seek(this.video.currentTime + STEP);
    if (what === "slower") this.#speed(SPEEDS.findLast((speed) => speed < this.video.playbackRate - 0.01));
    if (what === "faster") this.#speed(SPEEDS.find((speed) => speed > this.video.playbackRate + 0.01));
    if (what === "mute") this.video.muted = !this.video.muted;
    if (what === "full") this.#fullScreen();
  }

  #toggle() {
    if (this.source.isSwapping) this.source.wish.playing = !this.source.wish.playing;
    else if (this.video.paused) this.video.play().catch(() => {});
    else this.video.pause();
  }

  #seek(second) {
    const place = Math.max(0, Math.min(second, this.video.duration || second));
    if (this.source.isSwapping) this.source.wish.at = place;
    else this.video.currentTime = place;
  }

  #speed(next) {
    if (next === undefined) return;
    if (this.source.isSwapping) this.source.wish.rate = next;
    else this.video.playbackRate = next;
  }

  #fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.querySelector(".video").requestFullscreen().catch(() => {});
  }

  /** The picture alone in full screen would lose its watermark: its frame takes its place. */
  async #keepFrame() {
    if (document.fullscreenElement !== this.video) return;
    await document.exitFullscreen();
    this.#fullScreen();
  }

  // --- what happens

  #tick() {
    this.source.tick();
    if (!this.source.isSwapping) this.timeline.draw(this.watching.fresh);
    this.#countdown();
  }

  #swapped() {
    this.#show();
    this.#changed();
  }

  #told(totals) {
    this.timeline.told(totals);
    this.#note("");
    this.#changed();
  }

  /** A refused report is the viewing's end: asking for a URL gets the reason, and the refusal into the trail. */
  #unheard(refusal) {
    if (!refusal.passes) this.source.renew();
    else this.#note(`What you watch cannot be recorded right now: ${refusal.message} Trying again.`);
  }

  /** It is over: the sentence stands where the picture was, and nothing of the file stays on the page. */
  #end(sentence, { signedOut = false, refused = false }) {
    if (this.isOver) return;
    this.isOver = true;
    this.timers.forEach(clearInterval);
    if (!refused) this.watching.finish();
    this.watching.isOver = true;
    this.source.stop();
    this.#note(sentence, { signedOut, ended: true });
    for (const control of this.querySelectorAll("[data-do], .seek")) control.disabled = true;
    this.piece("countdown").hidden = true;
    this.video.hidden = true;
    // Signed out, reading the trail would lead away to the sign-in page, past the sentence.
    if (!signedOut) this.#changed();
  }

  /** The trail beside the player has something new. */
  #changed() {
    document.body.dispatchEvent(new CustomEvent("viewing-changed"));
  }

  // --- what is shown

  #note(sentence, { signedOut = false, ended = false } = {}) {
    if (this.isOver && !ended) return;
    const note = this.piece("note");
    note.hidden = !sentence;
    note.classList.toggle("quiet", !ended);
    if (this.piece("sentence").textContent !== sentence) this.piece("sentence").textContent = sentence;
    this.piece("sign-in").hidden = !signedOut;
    this.piece("again").hidden = !ended || signedOut;
  }

  #show() {
    const video = this.video;
    if (this.source.isSwapping || this.isOver) return;
    const button = this.querySelector("[data-do=toggle]");
    button.textContent = video.paused ? "Play" : "Pause";
    this.querySelector("[data-do=mute]").setAttribute("aria-pressed", String(video.muted));
    this.piece("rate").textContent = `${video.playbackRate}×`;
    this.piece("clock").textContent = clock(video.currentTime * 1000);
    this.piece("length").textContent = clock(this.timeline.length);
    this.timeline.move(video.currentTime * 1000);
  }

  #countdown() {
    const due = Math.max(0, this.source.lease.untilDue);
    const tag = this.piece("countdown");
    const waits = this.video.paused || this.video.ended;
    const words = waits && !due ? "URL renews when you go on" : `URL renews in ${clock(due * 1000)}`;
    if (tag.textContent !== words) tag.textContent = words;
    tag.hidden = this.isOver;
    tag.toggleAttribute("data-soon", !waits && due < 5);
    const now = new Date().toISOString();
    const minute = `${now.slice(0, 10)} ${now.slice(11, 16)}`;
    if (this.piece("now").textContent !== minute) this.piece("now").textContent = minute;
  }
}

customElements.define("portal-player", PortalPlayer);

// A refusal of the play button is an answer to show in the player, not an error to toast.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = event.detail;
  const isPage = xhr.getResponseHeader("Content-Type")?.startsWith("text/html");
  if (target?.id !== "player" || xhr.status < 400 || !isPage) return;
  event.detail.shouldSwap = true;
  event.detail.isError = false;
});

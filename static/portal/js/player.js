// <portal-player>: the native video under our own bar. It renews its URL before it ends, on error and on stall,
// keeps the place, tells the portal what was on screen, and says in a sentence why something does not play.
import { Lease } from "./player/lease.js";
import { post } from "./player/post.js";
import { clock, holds, without } from "./player/spans.js";
import { swap } from "./player/swap.js";
import { Timeline } from "./player/timeline.js";
import { EVERY, Watching } from "./player/watching.js";

const TICK = 500;
const STALLED = 3000;
const STUCK = 12_000;
const STEP = 10;
const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3];
const BACKOFF = [2000, 4000, 8000, 15_000, 30_000];
const NETWORK_ERROR = 2;

class PortalPlayer extends HTMLElement {
  connectedCallback() {
    this.video = this.querySelector("video");
    this.canvas = this.querySelector("canvas");
    this.lease = new Lease(Number(this.dataset.expiresIn));
    this.timeline = new Timeline(this, {
      mine: JSON.parse(this.dataset.mine),
      everyone: JSON.parse(this.dataset.everyone),
    });
    this.watching = new Watching(this.video, this.dataset, {
      told: (totals) => this.#told(totals),
      failed: (refusal) => this.#unheard(refusal),
    });
    this.swapping = false;
    this.renewal = null;
    this.failures = 0;
    this.waitUntil = 0;
    this.movedAt = performance.now();
    this.lastPlace = 0;
    this.over = false;
    this.foundOnce = false;
    this.stop = new AbortController();
    this.#listen();
    this.timers = [setInterval(() => this.#tick(), TICK), setInterval(() => this.watching.post(), EVERY)];
    this.#show();
    if (this.video.error) this.#failed();
    if (this.video.readyState >= 1) this.timeline.measure(this.video.duration * 1000);
  }

  disconnectedCallback() {
    this.timers.forEach(clearInterval);
    this.stop.abort();
    this.watching.finish();
    this.#empty();
  }

  // --- what the browser and the person do

  #listen() {
    const on = (target, name, act) => target.addEventListener(name, act, { signal: this.stop.signal });
    const video = this.video;
    on(video, "loadedmetadata", () => this.timeline.measure(video.duration * 1000));
    for (const name of ["play", "pause", "ratechange", "volumechange", "timeupdate", "seeked"]) {
      on(video, name, () => this.#show());
    }
    for (const name of ["pause", "seeking", "ended", "ratechange"]) {
      on(video, name, () => this.swapping || this.watching.post());
    }
    on(video, "seeking", () => this.#sought());
    on(video, "play", () => this.#tick());
    on(video, "playing", () => this.#plays());
    on(video, "error", () => this.#failed());
    on(document, "visibilitychange", () => document.hidden || this.#tick());
    on(document, "fullscreenchange", () => this.#frame());
    on(window, "pagehide", () => this.watching.finish());
    on(window, "pageshow", (event) => event.persisted && this.#end("This viewing ended when you left the page."));
    on(this.timeline.seek, "input", () => this.#seek(Number(this.timeline.seek.value) / 1000));
    on(this, "click", (event) => this.#pressed(event.target.closest("[data-do]")?.dataset.do));
  }

  #pressed(what) {
    const video = this.video;
    if (!what || this.over) return;
    if (what === "toggle") video.paused ? video.play().catch(() => {}) : video.pause();
    if (what === "back") this.#seek(video.currentTime - STEP);
    if (what === "on") this.#seek(video.currentTime + STEP);
    if (what === "slower") this.#speed(-1);
    if (what === "faster") this.#speed(1);
    if (what === "mute") video.muted = !video.muted;
    if (what === "full") this.#fullScreen();
  }

  #seek(second) {
    if (this.swapping || this.over) return;
    this.video.currentTime = Math.max(0, Math.min(second, this.video.duration || second));
  }

  #speed(step) {
    const now = this.video.playbackRate;
    const next = step > 0 ? SPEEDS.find((speed) => speed > now + 0.01) : SPEEDS.findLast((speed) => speed < now - 0.01);
    this.video.playbackRate = next ?? now;
  }

  #fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.querySelector(".video").requestFullscreen().catch(() => {});
  }

  /** The picture alone in full screen would lose its watermark: it takes its frame along. */
  async #frame() {
    if (document.fullscreenElement !== this.video) return;
    await document.exitFullscreen();
    this.#fullScreen();
  }

  // --- the URL

  #tick() {
    if (this.over) return;
    this.#countdown();
    if (this.watching.busy === false) this.timeline.draw(without(this.watching.keep(), this.watching.posted));
    if (this.swapping || this.video.paused || this.video.ended) {
      this.movedAt = performance.now();
      return;
    }
    if (this.lease.isDue || this.#isStuck()) this.#renew();
  }

  /** Safari raises no error when storage refuses: it waits. So does a connection that died quietly. */
  #isStuck() {
    const place = this.video.currentTime;
    if (place !== this.lastPlace) this.movedAt = performance.now();
    this.lastPlace = place;
    const stands = performance.now() - this.movedAt;
    if (stands < STALLED) return false;
    return this.lease.isOver || this.video.networkState === HTMLMediaElement.NETWORK_NO_SOURCE || stands > STUCK;
  }

  #sought() {
    this.movedAt = performance.now();
    if (!this.swapping && this.lease.isOver && !holds(this.video.buffered, this.video.currentTime)) this.#renew();
  }

  #plays() {
    this.failures = 0;
    this.movedAt = performance.now();
    this.#note("");
  }

  /** One renewal at a time, later after each failure; place, speed and state are kept. */
  #renew() {
    if (this.renewal || this.over || Date.now() < this.waitUntil) return;
    this.renewal = this.#renewNow().finally(() => (this.renewal = null));
  }

  async #renewNow() {
    try {
      const { url, expires_in: seconds } = await post(this.dataset.url);
      if (this.over) return;
      this.lease.begin(seconds);
      await this.#swap(url);
      this.failures = 0;
      this.movedAt = performance.now();
      this.#note("");
      this.#changed();
    } catch (refusal) {
      this.#notRenewed(refusal);
    }
  }

  async #swap(url) {
    const video = this.video;
    this.watching.keep();
    const state = { at: video.currentTime, playing: !video.paused && !video.ended, rate: video.playbackRate };
    if (this.wish) Object.assign(state, this.wish);
    this.wish = state;
    this.swapping = true;
    try {
      await swap(video, this.canvas, url, state);
      this.wish = null;
    } finally {
      this.swapping = false;
      this.#show();
    }
  }

  #notRenewed(refusal) {
    this.failures += 1;
    if (refusal.passes === undefined) return this.#ask(); // the answer came, the file did not
    if (!refusal.passes) return this.#end(refusal.message, refusal.status === 401);
    const wait = BACKOFF[Math.min(this.failures, BACKOFF.length) - 1];
    this.waitUntil = Date.now() + wait;
    if (this.lease.isOver) this.#note(`${refusal.message} Trying again in ${wait / 1000} s.`);
    setTimeout(() => this.#retry(), wait + 50);
  }

  #retry() {
    if (!this.over && (this.video.error || this.wish || this.#waits())) this.#renew();
  }

  #waits() {
    return !this.video.paused && this.video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
  }

  // --- when it does not play

  #failed() {
    if (this.swapping || this.over) return;
    const video = this.video;
    this.wish ??= { at: video.currentTime, playing: !video.paused || video.currentTime === 0, rate: video.playbackRate };
    if (this.lease.left <= 2 || (video.error?.code === NETWORK_ERROR && !this.failures)) this.#renew();
    else this.#ask();
  }

  /** Let the portal look what is wrong with the file, and say it. */
  async #ask() {
    if (this.over) return;
    try {
      const found = await post(this.dataset.problem);
      this.#changed();
      if (!found.again || (found.outcome === "found" && this.foundOnce)) return this.#end(found.sentence);
      this.foundOnce ||= found.outcome === "found";
      this.failures += 1;
      const wait = BACKOFF[Math.min(this.failures, BACKOFF.length) - 1];
      if (this.failures > BACKOFF.length) return this.#end(found.sentence);
      if (found.outcome !== "found") this.#note(`${found.sentence} Trying again in ${wait / 1000} s.`);
      setTimeout(() => this.#renew(), wait);
    } catch (refusal) {
      if (refusal.passes) setTimeout(() => this.#ask(), BACKOFF[1]);
      else this.#end(refusal.message, refusal.status === 401);
    }
  }

  /** It is over: the sentence stands where the picture was, and nothing of the file stays on the page. */
  #end(sentence, signedOut = false) {
    if (this.over) return;
    this.watching.keep();
    this.over = true;
    this.timers.forEach(clearInterval);
    this.watching.finish();
    this.#empty();
    this.#note(sentence, { signedOut, ended: true });
    for (const button of this.querySelectorAll("[data-do]")) button.disabled = true;
    this.timeline.seek.disabled = true;
    this.#countdown();
    this.#changed();
  }

  #empty() {
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
  }

  #unheard(refusal) {
    if (!refusal.passes) this.#end(refusal.message, refusal.status === 401);
    else this.#note(`What you watch cannot be recorded right now: ${refusal.message} Trying again.`);
  }

  // --- what is shown

  #told(totals) {
    this.timeline.told(totals);
    this.#note("");
    this.#changed();
  }

  #note(sentence, { signedOut = false, ended = false } = {}) {
    const note = this.querySelector("[data-note]");
    note.hidden = !sentence;
    note.classList.toggle("quiet", !ended);
    this.querySelector("[data-note-text]").textContent = sentence;
    this.querySelector("[data-note-sign-in]").hidden = !signedOut;
    this.querySelector("[data-note-again]").hidden = !ended || signedOut;
  }

  #show() {
    const video = this.video;
    if (this.swapping) return;
    this.querySelector("[data-do=toggle]").textContent = video.paused ? "Play" : "Pause";
    this.querySelector("[data-do=mute]").setAttribute("aria-pressed", String(video.muted));
    this.querySelector("[data-rate]").textContent = `${video.playbackRate}×`;
    this.querySelector("[data-clock]").textContent = clock(video.currentTime * 1000);
    this.timeline.move(video.currentTime * 1000);
  }

  #countdown() {
    const tag = this.querySelector("[data-countdown]");
    const left = this.lease.left;
    const due = left - Math.min(20, this.lease.life / 4);
    tag.hidden = this.over;
    tag.toggleAttribute("data-soon", due < 10);
    const words = this.video.paused && due <= 0 ? "URL renews when you go on" : `URL renews in ${clock(Math.max(0, due) * 1000)}`;
    if (tag.textContent !== words) tag.textContent = words;
    const now = new Date().toISOString();
    this.querySelector("[data-wm-time]").textContent = `${now.slice(0, 10)} ${now.slice(11, 16)}`;
  }

  /** The trail beside the player has something new. */
  #changed() {
    document.body.dispatchEvent(new CustomEvent("viewing-changed"));
  }
}

customElements.define("portal-player", PortalPlayer);

// A refusal of the play button is an answer to show, not an error to toast.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = event.detail;
  const isPage = xhr.getResponseHeader("Content-Type")?.startsWith("text/html");
  if (target?.id !== "player" || xhr.status < 400 || !isPage) return;
  event.detail.shouldSwap = true;
  event.detail.isError = false;
});

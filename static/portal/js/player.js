// <portal-player>: the native video under our own bar. It keeps its URL fresh (source.js), tells the portal what was
// on screen (watching.js), draws the timeline, and says in a sentence why something does not play.
import { furthest } from "./player/reach.js";
import { Source } from "./player/source.js";
import { clock } from "./player/spans.js";
import { Timeline } from "./player/timeline.js";
import { Watching } from "./player/watching.js";
import { whenLeaving } from "./session/leaving.js";

const TICK = 500;
const STEP = 10;
const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3];
const WHOLE_ONLY = "Storage sends this file only as a whole, so this browser cannot jump in it.";
const READ_SO_FAR = "This file does not tell its length, so this browser can jump only where it has read already.";
const NO_WATERMARK = "Picture-in-picture shows the film without its watermark, so the player has paused.";
const LEFT = "This viewing ended when you left the page.";
const SIGNED_OUT = "You are signed out, so this viewing has ended.";

class PortalPlayer extends HTMLElement {
  connectedCallback() {
    this.video = this.querySelector("video");
    this.video.controls = false; // they are for a page without scripts; here the bar below has them
    this.piece = (name) => this.querySelector(`[data-part="${name}"]`);
    this.timeline = new Timeline(this, {
      mine: JSON.parse(this.dataset.mine),
      everyone: JSON.parse(this.dataset.everyone),
    });
    this.watching = new Watching(this.video, this.dataset, {
      told: (totals, isNew) => this.#told(totals, isNew),
      failed: (refusal) => this.#unheard(refusal),
    });
    this.source = new Source(this.video, this.querySelector("canvas"), this.dataset, Number(this.dataset.expiresIn), {
      before: () => this.watching.skip(),
      arrived: () => this.watching.goOn(),
      shown: () => this.#swapped(),
      say: (sentence) => this.#note(sentence),
      end: (sentence, why) => this.#end(sentence, why),
    });
    this.isOver = false;
    this.stop = new AbortController();
    this.#listen();
    this.timer = setInterval(() => this.#tick(), TICK);
    this.#measure();
    this.piece("volume").value = String(this.video.volume * 100);
    if (!this.querySelector(".video").requestFullscreen) this.querySelector("[data-do=full]")?.remove();
    this.#show();
    this.#takeFocus();
    if (this.video.readyState >= HTMLMediaElement.HAVE_METADATA) this.source.opened();
    if (this.video.error) this.source.failed();
  }

  disconnectedCallback() {
    clearInterval(this.timer);
    this.stop.abort();
    this.watching.finish();
    this.source.stop();
  }

  #listen() {
    const on = (target, name, act) => target.addEventListener(name, act, { signal: this.stop.signal });
    const video = this.video;
    on(video, "loadedmetadata", () => this.source.opened());
    on(video, "durationchange", () => this.#measure());
    on(video, "ended", () => this.#measure());
    for (const name of ["play", "pause", "ratechange", "volumechange", "timeupdate", "seeked"]) {
      on(video, name, () => this.#show());
    }
    for (const name of ["pause", "seeking", "ended", "ratechange"]) {
      on(video, name, () => this.source.isSwapping || this.watching.post());
    }
    on(video, "seeking", () => this.source.sought());
    on(video, "play", () => this.source.tick());
    on(video, "playing", () => this.source.plays());
    on(video, "progress", () => this.source.progressed());
    on(video, "error", () => this.source.failed());
    on(video, "click", () => this.isOver || this.#toggle());
    on(video, "enterpictureinpicture", () => this.#leavePictureInPicture());
    on(document, "visibilitychange", () => (document.hidden ? this.watching.post() : this.#tick()));
    on(document, "fullscreenchange", () => this.#keepFrame());
    on(window, "pagehide", () => this.watching.finish());
    on(window, "pageshow", (event) => event.persisted && this.#end(LEFT, {}));
    on(document, "session-ended", (event) => this.#end(event.detail?.sentence ?? SIGNED_OUT, { signedOut: true }));
    on(this.timeline.seek, "input", () => this.#seek(Number(this.timeline.seek.value) / 1000));
    on(this.piece("volume"), "input", (event) => this.#volume(Number(event.target.value) / 100));
    on(this, "click", (event) => this.#pressed(event.target.closest("[data-do]")?.dataset.do));
    // The last report is with the portal before the session ends, whichever page of this browser ends it.
    whenLeaving(this.stop.signal, async () => {
      const finished = this.watching.finish();
      this.#end(SIGNED_OUT, { signedOut: true });
      await finished;
    });
  }

  /** Pressing play replaces the button that was pressed: the keyboard goes on at the player. */
  #takeFocus() {
    const { activeElement } = document;
    const isLost = activeElement === document.body || activeElement?.closest("#purpose");
    if (isLost) this.querySelector("[data-do=toggle]").focus({ preventScroll: true });
  }

  // --- the bar

  #pressed(what) {
    if (!what || this.isOver) return;
    if (what === "toggle") this.#toggle();
    if (what === "back") this.#seek(this.#at - STEP);
    if (what === "on") this.#seek(this.#at + STEP);
    if (what === "slower") this.#speed(SPEEDS.findLast((speed) => speed < this.#rate - 0.01));
    if (what === "faster") this.#speed(SPEEDS.find((speed) => speed > this.#rate + 0.01));
    if (what === "mute") this.#mute(!this.video.muted);
    if (what === "full") this.#fullScreen();
  }

  /** Where it is, or is to be once the new source plays. */
  get #at() {
    return this.source.isSwapping ? this.source.wish.at : this.video.currentTime;
  }

  get #rate() {
    return this.source.isSwapping ? this.source.wish.rate : this.video.playbackRate;
  }

  #toggle() {
    if (this.source.isSwapping) this.source.wish.playing = !this.source.wish.playing;
    else if (this.video.paused) this.video.play().catch(() => {});
    else this.video.pause();
  }

  #seek(second) {
    const place = Math.max(0, Math.min(second, this.video.duration || second));
    if (this.source.isSwapping) this.source.wish.at = place;
    else this.#jump(second, place);
    this.timeline.move(this.#at * 1000);
    this.timeline.speak();
  }

  #jump(second, place) {
    const isOpen = this.video.readyState >= HTMLMediaElement.HAVE_METADATA;
    if (isOpen && !furthest(this.video)) this.#note(WHOLE_ONLY);
    else if (isOpen && this.source.isReadOn && second > furthest(this.video)) this.#note(READ_SO_FAR);
    else this.video.currentTime = place;
  }

  #speed(next) {
    if (next === undefined) return;
    if (this.source.isSwapping) this.source.wish.rate = next;
    else this.video.playbackRate = next;
  }

  #mute(isMuted) {
    if (!this.source.isSwapping) this.video.muted = isMuted;
  }

  #volume(part) {
    this.video.volume = part;
    this.#mute(part === 0);
  }

  #fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.querySelector(".video").requestFullscreen?.().catch(() => {});
  }

  /** The picture alone in full screen would lose its watermark: its frame takes its place. */
  async #keepFrame() {
    if (document.fullscreenElement !== this.video) return;
    await document.exitFullscreen();
    this.#fullScreen();
  }

  /** A browser may put the picture into a window of its own, whatever the page says: there it has no watermark. */
  #leavePictureInPicture() {
    this.video.pause();
    document.exitPictureInPicture?.().catch(() => {});
    this.#note(NO_WATERMARK);
  }

  // --- what happens

  #tick() {
    this.source.tick();
    if (!this.source.isSwapping) this.timeline.draw(this.watching.fresh);
    this.#countdown();
  }

  #measure() {
    if (!this.source.isSwapping) this.timeline.measure(this.video.duration * 1000);
  }

  #swapped() {
    this.#measure();
    this.#show();
    this.#changed();
  }

  #told(totals, isNew) {
    this.timeline.told(totals);
    if (this.piece("sentence").dataset.about === "report") this.#note("");
    if (isNew) this.#changed();
  }

  /** A refused report is the viewing's end: asking for a URL gets the reason, and the refusal into the trail. */
  #unheard(refusal) {
    if (!refusal.passes) this.source.renew();
    else this.#note(`What you watch cannot be recorded right now: ${refusal.message} Trying again.`, { about: "report" });
  }

  /** It is over: the sentence stands where the picture was, and nothing of the file stays on the page. */
  #end(sentence, { signedOut = false, refused = false }) {
    if (this.isOver) return;
    this.isOver = true;
    clearInterval(this.timer);
    if (refused) this.watching.stop();
    else this.watching.finish();
    this.source.stop();
    this.#note(sentence, { signedOut, ended: true });
    for (const control of this.querySelectorAll("[data-do], .seek, .volume")) control.disabled = true;
    this.piece("countdown").hidden = true;
    this.video.hidden = true;
    this.querySelector("canvas").hidden = true;
    // Another viewing may have another purpose.
    for (const fields of document.querySelectorAll("#purpose fieldset")) fields.disabled = false;
    document.querySelector("#purpose [data-part=locked]")?.remove();
    // Signed out, reading the trail would lead away to the sign-in page, past the sentence.
    if (signedOut) document.dispatchEvent(new CustomEvent("session-over"));
    else this.#changed();
  }

  /** The trail beside the player has something new. */
  #changed() {
    document.body.dispatchEvent(new CustomEvent("viewing-changed"));
  }

  // --- what is shown

  #note(sentence, { signedOut = false, ended = false, about = "" } = {}) {
    if (this.isOver && !ended) return;
    const note = this.piece("note");
    note.hidden = !sentence;
    note.classList.toggle("quiet", !ended);
    this.piece("sentence").dataset.about = about;
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
    this.timeline.move(video.currentTime * 1000);
    this.piece("length").textContent = this.timeline.length ? clock(this.timeline.length) : "unknown";
  }

  #countdown() {
    const due = Math.max(0, this.source.lease.untilDue);
    const tag = this.piece("countdown");
    const waits = this.video.paused || this.video.ended;
    let words = `URL renews in ${clock(due * 1000)}`;
    if (!due && waits) words = "URL renews when you go on";
    else if (!due && this.source.isReadOn) words = "URL renews when it is needed";
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

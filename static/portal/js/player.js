// <portal-player>: the native video with our own controls. It renews its URL (source.js), reports what was played
// (watching.js), draws the timeline, and shows a sentence when something does not play.
import { furthest } from "./player/reach.js";
import { Source } from "./player/source.js";
import { clock } from "./player/spans.js";
import { Timeline } from "./player/timeline.js";
import { Watching } from "./player/watching.js";
import { whenLeaving } from "./session/leaving.js";
import { fill, gettext, pgettext } from "./words.js";

const TICK = 500;
const STEP = 10;
const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3];
const WHOLE_ONLY = gettext("Storage serves this file only as a whole, so this browser cannot seek in it.");
const READ_SO_FAR = gettext(
  "This file does not contain its length, so this browser can only seek in the part that is loaded.",
);
const NO_WATERMARK = gettext(
  "Picture-in-picture would show the video without its watermark, so the player was paused.",
);
const LEFT = gettext("This viewing ended when you left the page.");
const NOT_RECORDED = gettext(
  "What you watch cannot be recorded right now. The player keeps trying. Reason: %(reason)s",
);
const SIGNED_OUT = gettext("You are signed out, so this viewing has ended.");

class PortalPlayer extends HTMLElement {
  connectedCallback() {
    this.video = this.querySelector("video");
    this.video.controls = false; // only for a page without scripts: the bar below has them
    this.piece = (name) => this.querySelector(`[data-part="${name}"]`);
    this.timeline = new Timeline(this, {
      mine: JSON.parse(this.dataset.mine),
      everyone: JSON.parse(this.dataset.everyone),
    });
    this.watching = new Watching(this.video, this.dataset, {
      reported: (totals, isNew) => this.#reported(totals, isNew),
      failed: (refusal) => this.#notReported(refusal),
    });
    this.source = new Source(this.video, this.querySelector("canvas"), this.dataset, Number(this.dataset.expiresIn), {
      before: () => this.watching.skip(),
      arrived: () => this.watching.goOn(),
      shown: () => this.#swapped(),
      say: (sentence) => this.#note(sentence),
      end: (sentence, why) => this.#end(sentence, why),
    });
    this.isOver = false;
    this.begin = Number(/^#t=(\d{1,6})$/.exec(location.hash)?.[1] ?? 0);
    this.stop = new AbortController();
    this.#listen();
    this.timer = setInterval(() => this.#tick(), TICK);
    this.#measure();
    this.piece("volume").value = String(this.video.volume * 100);
    if (!this.querySelector(".video").requestFullscreen) this.querySelector("[data-do=full]")?.remove();
    this.#show();
    this.#takeFocus();
    if (this.video.readyState >= HTMLMediaElement.HAVE_METADATA) this.#opened();
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
    on(video, "loadedmetadata", () => this.#opened());
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
    // The last report arrives before the session ends, whichever page of this browser ends it.
    whenLeaving(this.stop.signal, async () => {
      const finished = this.watching.finish();
      this.#end(SIGNED_OUT, { signedOut: true });
      await finished;
    });
  }

  /** A link such as #t=83 (W3C Media Fragments) leads to a second; a renewed source stays where it is. */
  #opened() {
    this.source.opened();
    if (this.begin) this.#seek(this.begin);
    this.begin = 0;
  }

  /** Pressing Play replaces the pressed button, so move the focus to the player. */
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

  /** The position, or the one for after the current swap. */
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

  /** The video alone in full screen would have no watermark, so show its frame instead. */
  async #keepFrame() {
    if (document.fullscreenElement !== this.video) return;
    await document.exitFullscreen();
    this.#fullScreen();
  }

  /** A browser may open picture-in-picture although the page forbids it. There is no watermark there. */
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

  #reported(totals, isNew) {
    this.timeline.show(totals);
    if (this.piece("sentence").dataset.about === "report") this.#note("");
    if (isNew) this.#changed();
  }

  /** A refused report means the end of the viewing. Renewing the URL gets the reason, and records the refusal. */
  #notReported(refusal) {
    if (!refusal.passes) this.source.renew();
    else this.#note(fill(NOT_RECORDED, { reason: refusal.message }), { about: "report" });
  }

  /** End the player: show the sentence instead of the picture, and remove the file from the page. */
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
    // When signed out, loading the trail would go to the sign-in page and hide the sentence.
    if (signedOut) document.dispatchEvent(new CustomEvent("session-over"));
    else this.#changed();
  }

  /** Load the trail beside the player again. */
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
    button.textContent = video.paused ? pgettext("verb", "Play") : gettext("Pause");
    this.querySelector("[data-do=mute]").setAttribute("aria-pressed", String(video.muted));
    this.piece("rate").textContent = `${video.playbackRate}×`;
    this.piece("clock").textContent = clock(video.currentTime * 1000);
    this.timeline.move(video.currentTime * 1000);
    this.piece("length").textContent = this.timeline.length ? clock(this.timeline.length) : gettext("unknown");
  }

  #countdown() {
    const due = Math.max(0, this.source.lease.untilDue);
    const tag = this.piece("countdown");
    const waits = this.video.paused || this.video.ended;
    let words = fill(gettext("The URL is renewed in %(time)s"), { time: clock(due * 1000) });
    if (!due && waits) words = gettext("The URL is renewed when you continue");
    else if (!due && this.source.isReadOn) words = gettext("The URL is renewed when needed");
    if (tag.textContent !== words) tag.textContent = words;
    tag.hidden = this.isOver;
    tag.toggleAttribute("data-soon", !waits && due < 5);
    const now = new Date().toISOString();
    const minute = `${now.slice(0, 10)} ${now.slice(11, 16)}`;
    if (this.piece("now").textContent !== minute) this.piece("now").textContent = minute;
  }
}

customElements.define("portal-player", PortalPlayer);

// Show a refusal of Play in the player, not as a message.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = event.detail;
  const isPage = xhr.getResponseHeader("Content-Type")?.startsWith("text/html");
  if (target?.id !== "player" || xhr.status < 400 || !isPage) return;
  event.detail.shouldSwap = true;
  event.detail.isError = false;
});

// What was on screen: taken from the browser's own record (video.played) and posted, each new second once.
import { post } from "./post.js";
import { fromRanges, merged, total, without } from "./spans.js";

// The first reports come early: a browser that is killed loses little. Then one each ten seconds.
const FIRST = [2000, 5000];
const EVERY = 10_000;
const SIGN_OF_LIFE = 60_000;
const LEAST = 1000;
const MOST = 200;

export class Watching {
  #timer;
  #began = performance.now();
  #postedAt = performance.now();
  #unseen = [];
  #isSkipping = false;
  #place = null; // the last one on screen, until a jump

  /** `told(totals)` gets the server's answer; `failed(refusal)` gets why there was none. */
  constructor(video, urls, { told, failed }) {
    this.video = video;
    this.urls = urls;
    this.told = told;
    this.failed = failed;
    this.seen = [];
    this.posted = [];
    this.speed = video.playbackRate;
    this.busy = false;
    this.isOver = false;
    video.addEventListener("timeupdate", () => this.#advance());
    video.addEventListener("seeking", () => (this.#place = null));
    this.#plan();
  }

  #plan() {
    const passed = performance.now() - this.#began;
    const next = FIRST.find((moment) => moment > passed + 500);
    this.#timer = setTimeout(() => {
      const isSilent = performance.now() - this.#postedAt > SIGN_OF_LIFE - EVERY / 2;
      this.post({ signOfLife: isSilent });
      this.#plan();
    }, next ? next - passed : EVERY);
  }

  /** What was played on from the last place is on screen, even where a film was read unseen before. */
  #advance() {
    if (this.#isSkipping || this.video.seeking) return;
    const here = Math.round(this.video.currentTime * 1000);
    if (this.#place !== null) this.#unseen = without(this.#unseen, merged([[this.#place, here]]));
    this.#place = here;
  }

  /** The fastest speed since the last report. The speed at which a film is read unseen is nobody's. */
  #noteSpeed(before) {
    if (!this.#isSkipping) this.speed = Math.max(before, this.video.playbackRate);
  }

  /** Remember what was played; a new source makes the browser forget it. */
  keep() {
    this.#advance();
    if (!this.#isSkipping) this.seen = merged([...this.seen, ...without(fromRanges(this.video.played), this.#unseen)]);
    return this.seen;
  }

  /** What is played from now on is not seen: a new source is on its way to its place. */
  skip() {
    this.keep();
    this.#isSkipping = true;
  }

  /** It is on screen again, at its place and its speed. What was played to get here was not watched. */
  goOn() {
    this.#unseen = fromRanges(this.video.played);
    this.#isSkipping = false;
    this.#place = null;
    this.#advance();
    this.#noteSpeed(this.speed);
  }

  /** What is seen and not yet posted. */
  get fresh() {
    return without(this.keep(), this.posted).slice(0, MOST);
  }

  #report(spans) {
    return { spans, speed: this.speed, position_ms: Math.round(this.video.currentTime * 1000) };
  }

  /**
   * Post what is new, from a second on. The speed is the fastest since the last report, so a change of speed posts
   * first. `signOfLife`: post even nothing, so that the portal knows that the page is open; that is no activity.
   */
  async post({ signOfLife = false } = {}) {
    const spans = this.fresh;
    const isEnough = total(spans) >= LEAST;
    if (this.busy || this.isOver || !(isEnough || signOfLife)) {
      this.#noteSpeed(this.speed);
      return;
    }
    const report = this.#report(spans);
    this.busy = true;
    try {
      const totals = await post(this.urls.watched, report, { poll: !spans.length });
      this.#postedAt = performance.now();
      this.posted = merged([...this.posted, ...spans]);
      this.#noteSpeed(0);
      this.told(totals, isEnough);
    } catch (refusal) {
      this.failed(refusal);
    } finally {
      this.busy = false;
    }
  }

  /** The last report, sent even though the page is going away. Resolves when the portal has it, or will not have it. */
  async finish() {
    clearTimeout(this.#timer);
    if (this.isOver) return;
    const report = this.#report(this.fresh);
    this.isOver = true;
    await post(this.urls.finish, report, { last: true }).catch(() => {});
  }

  /** The viewing has ended elsewhere: there is nobody to report to. */
  stop() {
    clearTimeout(this.#timer);
    this.isOver = true;
  }
}

// What was played: read from the browser's own record (video.played) and reported, each second once.
import { post } from "./post.js";
import { fromRanges, merged, total, without } from "./spans.js";

// The first reports come early, so that little is lost if the browser is killed. Then one every ten seconds.
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
  #place = null; // the last position played, until the next seek

  /** Calls `reported(totals)` with the server's answer, or `failed(refusal)`. */
  constructor(video, urls, { reported, failed }) {
    this.video = video;
    this.urls = urls;
    this.reported = reported;
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

  /** What was played since the last position counts as watched, even if it was read hidden before. */
  #advance() {
    if (this.#isSkipping || this.video.seeking) return;
    const here = Math.round(this.video.currentTime * 1000);
    if (this.#place !== null) this.#unseen = without(this.#unseen, merged([[this.#place, here]]));
    this.#place = here;
  }

  /** Note the fastest speed since the last report, but not the speed at which a file is read hidden. */
  #noteSpeed(before) {
    if (!this.#isSkipping) this.speed = Math.max(before, this.video.playbackRate);
  }

  /** Remember what was played, because the browser forgets it with a new source. */
  keep() {
    this.#advance();
    if (!this.#isSkipping) this.seen = merged([...this.seen, ...without(fromRanges(this.video.played), this.#unseen)]);
    return this.seen;
  }

  /** What is played from now on does not count: a new source is going to its position. */
  skip() {
    this.keep();
    this.#isSkipping = true;
  }

  /** It plays again at its position and speed. What was played to get there was not watched. */
  goOn() {
    this.#unseen = fromRanges(this.video.played);
    this.#isSkipping = false;
    this.#place = null;
    this.#advance();
    this.#noteSpeed(this.speed);
  }

  /** What was watched and is not reported yet. */
  get fresh() {
    return without(this.keep(), this.posted).slice(0, MOST);
  }

  #report(spans) {
    return { spans, speed: this.speed, position_ms: Math.round(this.video.currentTime * 1000) };
  }

  /**
   * Report what is new if it is a second or more. A report has the fastest speed since the last one, so the player
   * reports before the speed changes. `signOfLife`: report even nothing, so that the portal knows that the page is
   * open.
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
      this.reported(totals, isEnough);
    } catch (refusal) {
      this.failed(refusal);
    } finally {
      this.busy = false;
    }
  }

  /** Send the last report, even while the page is being closed. Resolves when it has arrived or failed. */
  async finish() {
    clearTimeout(this.#timer);
    if (this.isOver) return;
    const report = this.#report(this.fresh);
    this.isOver = true;
    await post(this.urls.finish, report, { last: true }).catch(() => {});
  }

  /** The viewing has ended elsewhere: report nothing more. */
  stop() {
    clearTimeout(this.#timer);
    this.isOver = true;
  }
}

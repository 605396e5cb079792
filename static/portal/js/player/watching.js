// What was on screen: taken from the browser's own record (video.played) and posted, each new second once.
import { post } from "./post.js";
import { fromRanges, merged, without } from "./spans.js";

export const EVERY = 10_000;
const MOST = 200;

export class Watching {
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
  }

  /** Remember what was played; a new source would make the browser forget it. */
  keep() {
    this.seen = merged([...this.seen, ...fromRanges(this.video.played)]);
    return this.seen;
  }

  /** What is seen and not yet posted. */
  get fresh() {
    return without(this.keep(), this.posted).slice(0, MOST);
  }

  #report(spans) {
    return { spans, speed: this.speed, position_ms: Math.round(this.video.currentTime * 1000) };
  }

  /** Post what is new. The speed is the one it was watched at, so a change of speed posts first. */
  async post() {
    const spans = this.fresh;
    const report = this.#report(spans);
    this.speed = this.video.playbackRate;
    if (!spans.length || this.busy || this.isOver) return;
    this.busy = true;
    try {
      const totals = await post(this.urls.watched, report);
      this.posted = merged([...this.posted, ...spans]);
      this.told(totals);
    } catch (refusal) {
      this.failed(refusal);
    } finally {
      this.busy = false;
    }
  }

  /** The last word, sent even though the page is going away. */
  finish() {
    if (this.isOver) return;
    const report = this.#report(this.fresh);
    this.isOver = true;
    post(this.urls.finish, report, { last: true }).catch(() => {});
  }
}

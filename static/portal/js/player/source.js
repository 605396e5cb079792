// The URL of the video: renewed before it expires, on error and on stall, one renewal at a time.
// When there is no URL, or the file does not load, a sentence says why.
import { Lease } from "./lease.js";
import { Refused, post } from "./post.js";
import { furthest } from "./reach.js";
import { fill, gettext } from "../words.js";
import { clock, holds } from "./spans.js";
import { swap } from "./swap.js";

const STALLED = 3000;
const STUCK = 12_000;
const SLOW_SWAP = 5000;
const BACKOFF = [2000, 4000, 8000, 15_000, 30_000];
const NETWORK_ERROR = 2;

export class Source {
  #urls;
  #video;
  #canvas;
  #tell;
  #renewal = null;
  #failures = 0;
  #waitUntil = 0;
  #movedAt = performance.now();
  #place = 0;
  #wasFine = false;
  #isOver = false;
  #firstLength = 0;
  #isSlow = false;

  /**
   * `urls.url` renews, `urls.problem` finds out what is wrong. Calls `before()` a swap, `arrived()` when the new
   * source is at the position, `shown()` after the swap. After a failed swap comes another one or the end:
   * `say(sentence)` during a retry ("" when it plays), `end(sentence, {signedOut, refused})` when there is none.
   */
  constructor(video, canvas, urls, seconds, tell) {
    this.#video = video;
    this.#canvas = canvas;
    this.#urls = urls;
    this.#tell = tell;
    this.lease = new Lease(seconds);
    this.wish = null; // position, speed and state for after the current swap
  }

  get isSwapping() {
    return this.wish !== null && this.#renewal !== null;
  }

  /**
   * Whether it is slow to seek in a new source: the file has no length or a wrong one, storage serves no ranges, or the
   * last swap was slow. The browser reads such a file over one connection, and an expired URL does not interrupt
   * that. So the URL is renewed only when the reading stops or the person seeks.
   */
  get isReadOn() {
    const { duration, readyState } = this.#video;
    if (this.#isSlow || (readyState >= HTMLMediaElement.HAVE_METADATA && !furthest(this.#video))) return true;
    return duration === Infinity || (this.#firstLength > 0 && Math.abs(duration - this.#firstLength) > 1);
  }

  /** Remember the length in the file when it opens. */
  opened() {
    this.#firstLength = this.#video.duration;
  }

  /** Check the URL and the progress, twice a second and whenever the tab becomes visible. */
  tick() {
    const video = this.#video;
    if (this.#isOver || this.isSwapping) return;
    if (video.paused || video.ended) this.#movedAt = performance.now();
    else if ((this.lease.isDue && !this.isReadOn) || this.#isStuck()) this.renew();
  }

  /** Bytes have arrived. */
  progressed() {
    this.#movedAt = performance.now();
  }

  /** The person seeked. What is not loaded yet has to be requested, and an expired URL would be refused. */
  sought() {
    this.#movedAt = performance.now();
    if (!this.isSwapping && this.lease.isOver && !holds(this.#video.buffered, this.#video.currentTime)) this.renew();
  }

  plays() {
    if (this.isSwapping) return;
    this.#failures = 0;
    this.#movedAt = performance.now();
    this.#tell.say("");
  }

  /** The element reports an error. Renew an expired URL; ask the portal about anything else. */
  failed() {
    if (this.isSwapping || this.#isOver) return;
    const video = this.#video;
    this.wish ??= { at: video.currentTime, playing: !video.paused || video.currentTime === 0, rate: video.playbackRate };
    if (this.lease.left <= 2 || (video.error?.code === NETWORK_ERROR && !this.#failures)) this.renew();
    else this.#ask();
  }

  renew() {
    if (this.#renewal || this.#isOver || Date.now() < this.#waitUntil) return;
    this.#renewal = this.#renewNow().finally(() => (this.#renewal = null));
  }

  stop() {
    this.#isOver = true;
    this.#video.pause();
    this.#video.removeAttribute("src");
    this.#video.load();
  }

  /** Safari raises no error when storage refuses; it waits. So does a connection that was lost without notice. */
  #isStuck() {
    const video = this.#video;
    if (video.currentTime !== this.#place) this.#movedAt = performance.now();
    this.#place = video.currentTime;
    const stands = performance.now() - this.#movedAt;
    const hopeless = this.lease.isOver || video.networkState === HTMLMediaElement.NETWORK_NO_SOURCE;
    return stands > (hopeless ? STALLED : STUCK);
  }

  async #renewNow() {
    try {
      const { url, expires_in: seconds } = await post(this.#urls.url);
      if (this.#isOver) return;
      this.lease.begin(seconds);
      await this.#swap(url);
      this.#failures = 0;
      this.#movedAt = performance.now();
      this.#tell.say("");
    } catch (failure) {
      if (!this.#isOver) this.#notRenewed(failure);
    }
  }

  async #swap(url) {
    const video = this.#video;
    this.#tell.before();
    const now = { at: video.currentTime, playing: !video.paused && !video.ended, rate: video.playbackRate };
    this.wish = { ...now, ...this.wish };
    const began = performance.now();
    try {
      await swap(video, this.#canvas, url, this.wish, {
        reading: (second) => this.#sayReading(second),
        arrived: () => this.#tell.arrived(),
      });
    } finally {
      this.#isSlow = performance.now() - began > SLOW_SWAP;
    }
    this.wish = null;
    this.#tell.shown();
  }

  #sayReading(second) {
    const [here, there] = [clock(second * 1000), clock(this.wish.at * 1000)];
    const sentence = gettext(
      "This file does not allow seeking, so it is read up to %(there)s. It has reached %(here)s.",
    );
    this.#tell.say(fill(sentence, { there, here }));
  }

  #notRenewed(failure) {
    if (!(failure instanceof Refused)) return this.#ask(); // there is a URL, but the file does not load
    if (!failure.passes) return this.#tell.end(failure.message, { signedOut: failure.status === 401, refused: true });
    const wait = this.#backOff();
    this.#waitUntil = Date.now() + wait;
    if (this.lease.isOver) this.#tell.say(this.#withRetry(failure.message, wait));
    setTimeout(() => this.#isWaiting() && this.renew(), wait + 50);
  }

  #withRetry(sentence, wait) {
    return `${sentence} ${fill(gettext("Trying again in %(number)s s."), { number: wait / 1000 })}`;
  }

  #isWaiting() {
    const video = this.#video;
    return Boolean(video.error || this.wish) || (!video.paused && video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA);
  }

  #backOff() {
    this.#failures += 1;
    return BACKOFF[Math.min(this.#failures, BACKOFF.length) - 1];
  }

  /** Let the portal find out what is wrong with the file. Retry once when it finds nothing. */
  async #ask() {
    try {
      const found = await post(this.#urls.problem);
      if (this.#isOver) return;
      const isFine = found.outcome === "found";
      const wait = this.#backOff();
      if (!found.again || (isFine && this.#wasFine) || this.#failures > BACKOFF.length) {
        return this.#tell.end(found.sentence, {});
      }
      this.#wasFine ||= isFine;
      if (!isFine) this.#tell.say(this.#withRetry(found.sentence, wait));
      setTimeout(() => this.renew(), wait);
    } catch (failure) {
      if (this.#isOver) return;
      if (failure.passes) setTimeout(() => this.#ask(), this.#backOff());
      else this.#tell.end(failure.message, { signedOut: failure.status === 401, refused: true });
    }
  }
}

// How long a URL still opens the file. Counted from when it came: the server's clock and ours need not agree.
const WELL_AHEAD = 20;

export class Lease {
  constructor(seconds) {
    this.begin(seconds);
  }

  begin(seconds) {
    this.life = seconds;
    this.wall = Date.now();
    this.steady = performance.now();
  }

  /** Seconds left. A sleeping machine stops one clock, a corrected clock moves the other: the later one counts. */
  get left() {
    const passed = Math.max(Date.now() - this.wall, performance.now() - this.steady);
    return this.life - passed / 1000;
  }

  /** Seconds until it should be renewed, with some in hand for an answer that is slow. */
  get untilDue() {
    return this.left - Math.min(WELL_AHEAD, this.life / 4);
  }

  get isDue() {
    return this.untilDue <= 0;
  }

  /** Storage refuses it by now, or will before it has answered. */
  get isOver() {
    return this.left <= 1;
  }
}

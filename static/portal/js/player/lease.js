// How long a URL is still valid, counted from its arrival, so that the clocks of server and browser need not agree.
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

  /** Seconds left. One clock stops while the machine sleeps, the other may be corrected: the later one counts. */
  get left() {
    const passed = Math.max(Date.now() - this.wall, performance.now() - this.steady);
    return this.life - passed / 1000;
  }

  /** Seconds until it should be renewed, early enough for a slow answer. */
  get untilDue() {
    return this.left - Math.min(WELL_AHEAD, this.life / 4);
  }

  get isDue() {
    return this.untilDue <= 0;
  }

  /** Whether storage refuses it by now, or will before it answers. */
  get isOver() {
    return this.left <= 1;
  }
}

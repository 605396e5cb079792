// The timeline under the player: what was watched, the head, and the range input that seeks.
import { fill, gettext } from "../words.js";
import { clock, merged, total } from "./spans.js";

const WIDE = 1000;
const SVG = "http://www.w3.org/2000/svg";

function box(kind, [from, to], length, y, height) {
  const rect = document.createElementNS(SVG, "rect");
  const left = Math.min(1, from / length) * WIDE;
  rect.setAttribute("class", kind);
  rect.setAttribute("x", left.toFixed(2));
  rect.setAttribute("width", (Math.min(1, to / length) * WIDE - left).toFixed(2));
  rect.setAttribute("y", y);
  rect.setAttribute("height", height);
  return rect;
}

export class Timeline {
  constructor(root, { mine, everyone }) {
    this.part = (name) => root.querySelector(`[data-tl="${name}"]`);
    this.seek = root.querySelector(".seek");
    this.head = root.querySelector(".tl-head");
    this.mine = mine;
    this.everyone = everyone;
    this.length = Number(this.seek.max);
    this.seek.addEventListener("focus", () => this.speak());
  }

  /**
   * Use the length in the file, or, if it has none, the one that CommBox reports. When playing goes beyond it, the
   * length grows.
   */
  measure(milliseconds) {
    if (!Number.isFinite(milliseconds) || milliseconds <= 0) return;
    this.length = Math.round(milliseconds);
    this.seek.max = String(this.length);
    this.part("length").textContent = clock(this.length);
    this.draw();
  }

  /** Show what the server knows to be watched. */
  show({ mine, everyone }) {
    this.mine = mine;
    this.everyone = everyone;
    this.draw();
  }

  /** Draw the layers, with what was watched here and not reported yet. */
  draw(here = []) {
    if (!this.length) return;
    this.#layer("you", merged([...this.mine, ...here]), 12, 9);
    this.#layer("everyone", merged([...this.everyone, ...here]), 25, 5);
  }

  move(milliseconds) {
    if (milliseconds > this.length) this.measure(milliseconds);
    this.at = milliseconds;
    const x = this.length ? (Math.min(1, milliseconds / this.length) * WIDE).toFixed(2) : "0";
    this.head.setAttribute("x1", x);
    this.head.setAttribute("x2", x);
    this.seek.value = String(Math.round(milliseconds));
  }

  /** Announce the position to screen readers on focus and after seeking, not all the time while it plays. */
  speak() {
    const [position, length] = [clock(this.at ?? 0), clock(this.length)];
    this.seek.setAttribute("aria-valuetext", fill(gettext("%(position)s of %(length)s"), { position, length }));
  }

  #layer(name, spans, y, height) {
    const kind = name === "you" ? "tl-you" : "tl-all";
    this.part(name).replaceChildren(...spans.map((span) => box(kind, span, this.length, y, height)));
    const watched = total(spans);
    this.part(`${name}-clock`).textContent = clock(watched);
    this.part(`${name}-percent`).textContent = String(Math.min(100, Math.floor((watched * 100) / this.length)));
  }
}

// Spans of a recording: half-open pairs of whole milliseconds, in order, not touching each other.

/** Return the same moments in as few spans as possible. */
export function merged(spans) {
  const result = [];
  for (const [from, to] of [...spans].sort((a, b) => a[0] - b[0])) {
    if (to <= from) continue;
    const last = result.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else result.push([from, to]);
  }
  return result;
}

/** Return what is in `spans` and not in `others`. Both are merged. */
export function without(spans, others) {
  const result = [];
  for (const [from, to] of spans) {
    let start = from;
    for (const [otherFrom, otherTo] of others) {
      if (otherTo <= start || otherFrom >= to) continue;
      if (otherFrom > start) result.push([start, otherFrom]);
      start = Math.max(start, otherTo);
    }
    if (start < to) result.push([start, to]);
  }
  return result;
}

/** Return the total milliseconds of merged spans. */
export function total(spans) {
  return spans.reduce((sum, [from, to]) => sum + to - from, 0);
}

/** Return the browser's own record of what was played (TimeRanges, in seconds) as spans. */
export function fromRanges(ranges) {
  const spans = [];
  for (let i = 0; i < ranges.length; i++) {
    spans.push([Math.round(ranges.start(i) * 1000), Math.round(ranges.end(i) * 1000)]);
  }
  return merged(spans);
}

/** Return whether TimeRanges contain a moment (in seconds) and a little to play after it. */
export function holds(ranges, second) {
  for (let i = 0; i < ranges.length; i++) {
    if (second >= ranges.start(i) && second + 0.25 <= ranges.end(i)) return true;
  }
  return false;
}

/** Write a length as 3:58, or as 1:02:07 from an hour on. */
export function clock(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (number) => String(number).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/* DER (X.690), as far as time stamps and certificates need it: each value once, with its parts, within limits. */
"use strict";
(() => {
  const { NotChecked, demand } = auditVerifier;
  const MOST_ELEMENTS = 1000,
    DEEPEST = 16;
  const TOO_MUCH = "a time stamp or certificate has too many parts";

  /** Read the elements that fill `bytes`; those made of elements have them as `parts`. */
  const elementsOf = (bytes, what, budget, depth) => {
    if (depth > DEEPEST) throw new NotChecked(TOO_MUCH);
    const elements = [];
    for (let at = 0; at < bytes.length;) {
      if (++budget.used > MOST_ELEMENTS) throw new NotChecked(TOO_MUCH);
      demand(at + 2 <= bytes.length, `${what} is cut off.`);
      const tag = bytes[at],
        octets = bytes[at + 1] < 128 ? 0 : bytes[at + 1] - 128,
        start = at + 2 + octets;
      demand((tag & 31) !== 31 && octets <= 4 && bytes[at + 1] !== 128 && start <= bytes.length, `${what} is not DER.`);
      let length = octets ? 0 : bytes[at + 1];
      for (let k = at + 2; k < start; k++) length = length * 256 + bytes[k];
      demand(start + length <= bytes.length, `${what} is cut off.`);
      const content = bytes.subarray(start, start + length);
      const parts = tag & 32 ? elementsOf(content, what, budget, depth + 1) : [];
      elements.push({ tag, content, parts, whole: bytes.subarray(at, start + length) });
      at = start + length;
    }
    return elements;
  };

  /** The one value that `bytes` hold, without anything after it. */
  const readDer = (bytes, what) => {
    const [value, ...more] = elementsOf(bytes, what, { used: 0 }, 1);
    demand(value && !more.length, `${what} is not one DER value.`);
    return value;
  };

  /** The element at the end of a way of positions, each demanded to be there. */
  const within = (value, what, ...way) =>
    way.reduce((element, position) => {
      const part = element.parts.at(position);
      demand(part, `${what} has an unexpected form.`);
      return part;
    }, value);

  Object.assign(auditVerifier, { readDer, within });
})();

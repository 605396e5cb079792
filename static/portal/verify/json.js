/* Canonical JSON: RFC 8785 over objects with ASCII keys, arrays, strings and integers, and nothing else. */
"use strict";
(() => {
  const { Malformed, demand } = auditVerifier;
  const DEEPEST = 32;

  const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

  /** Refuse values that the format does not allow; return whether all keys are in order. */
  const inOrder = (value, what, depth = 1) => {
    if (typeof value === "string") demand(value.isWellFormed(), `${what} holds half a character.`);
    else if (typeof value === "number")
      demand(Number.isSafeInteger(value), `${what} holds a number that is not an integer below 2^53.`);
    else {
      demand(typeof value === "object" && value !== null, `${what} holds true, false or null.`);
      demand(depth <= DEEPEST, `${what} is nested too deep.`);
      if (Array.isArray(value)) return value.reduce((fine, item) => inOrder(item, what, depth + 1) && fine, true);
      let before = "",
        sorted = true;
      for (const key of Object.keys(value)) {
        demand(/^[\0-\x7f]*$/.test(key), `${what} has a key that is not ASCII.`);
        sorted = inOrder(value[key], what, depth + 1) && before <= key && sorted;
        before = key;
      }
      return sorted;
    }
    return true;
  };

  const spelled = (value) => {
    if (Array.isArray(value)) return `[${value.map(spelled).join(",")}]`;
    if (!isObject(value)) return JSON.stringify(value);
    const pairs = Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${spelled(value[key])}`);
    return `{${pairs.join(",")}}`;
  };

  /** The canonical text. The browser's own `stringify` writes it whenever the keys stand in order already. */
  const canonical = (value, what = "A value") => (inOrder(value, what) ? JSON.stringify(value) : spelled(value));

  /** The object that a canonical text stands for, and how its parts are written. Comparing with the text excludes duplicate
      keys and other spellings. */
  const parseParts = (text, what) => {
    let value;
    try {
      value = JSON.parse(text);
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
      throw new Malformed(`${what} is not JSON.`);
    }
    demand(isObject(value), `${what} is not a JSON object.`);
    const write = inOrder(value, what) ? JSON.stringify : spelled;
    demand(write(value) === text, `${what} is not canonical JSON.`);
    return { value, write };
  };

  const parse = (text, what) => parseParts(text, what).value;

  /** Whether an object has all of the required keys and no others than these and the optional ones. */
  const hasKeys = (value, required, optional = []) =>
    isObject(value) &&
    required.every((key) => Object.hasOwn(value, key)) &&
    Object.keys(value).every((key) => required.includes(key) || optional.includes(key));

  Object.assign(auditVerifier, { isObject, canonical, parse, parseParts, hasKeys });
})();

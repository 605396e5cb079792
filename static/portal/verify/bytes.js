/* Bytes, texts, numbers and times in the only form that docs/trail-format.md allows.

   These files are classic scripts, because browsers load no modules from a folder. Each adds its functions to the one
   global object `auditVerifier`. */
"use strict";
globalThis.auditVerifier = {};
(() => {
  /** Input that does not follow the format. The current check fails with this sentence. */
  class Malformed extends Error {}

  /** A file that cannot be verified: not a bundle, repacked, truncated, of an older format or too large. */
  class NotChecked extends Error {}

  const demand = (holds, sentence) => {
    if (!holds) throw new Malformed(sentence);
  };

  const encoder = new TextEncoder();
  const encode = (text) => encoder.encode(text);

  const decode = (bytes, what) => {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw new Malformed(`${what} is not UTF-8 text.`);
    }
  };

  /** One character for each byte. */
  const latin = (bytes) => {
    let text = "";
    for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    return text;
  };

  const concat = (...parts) => {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  };

  const equal = (a, b) => a.length === b.length && a.every((value, at) => value === b[at]);

  const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
  const hex = (bytes) => {
    let text = "";
    for (const byte of bytes) text += HEX[byte];
    return text;
  };

  const isHex = (text, size = 32) => typeof text === "string" && text.length === 2 * size && /^[0-9a-f]*$/.test(text);

  const digit = (code) => (code < 58 ? code - 48 : code - 87);
  const unhex = (text) => {
    const bytes = new Uint8Array(text.length / 2);
    for (let at = 0; at < bytes.length; at++)
      bytes[at] = 16 * digit(text.charCodeAt(2 * at)) + digit(text.charCodeAt(2 * at + 1));
    return bytes;
  };

  /** The bytes of canonical base64 with padding. */
  const unbase64 = (text, what, size) => {
    const shaped = typeof text === "string" && text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
    demand(shaped, `${what} is not base64.`);
    const binary = atob(text);
    demand(btoa(binary) === text, `${what} is not in canonical base64.`);
    demand(size === undefined || binary.length === size, `${what} does not have ${size} bytes.`);
    return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
  };

  const isHash64 = (text) => typeof text === "string" && /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/.test(text);

  /** A decimal number without leading zeros. */
  const decimal = (text, what) => {
    demand(/^(0|[1-9][0-9]{0,15})$/.test(text ?? "") && Number.isSafeInteger(Number(text)), `${what} is not a number.`);
    return Number(text);
  };

  const isIndex = (value) => Number.isSafeInteger(value) && value >= 0;

  const TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.\d{6}Z$/;
  const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

  /** Whether this is an existing moment of the years 1 to 9999. Such texts sort as the moments do. */
  const isTime = (text) => {
    const parts = typeof text === "string" && text.length === 27 && TIME.exec(text);
    if (!parts) return false;
    const [year, month, day, hour, minute, second] = parts.slice(1).map(Number);
    if (year < 1 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) return false;
    const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
    return day >= 1 && day <= DAYS[month - 1] + (leap ? 1 : 0);
  };

  const LAST_SECOND = 253_402_300_799; // 9999-12-31T23:59:59

  /** A time from seconds since 1970 and six digits of a second, at the latest the last second of the year 9999. */
  const timeAt = (seconds, digits = "000000") =>
    `${new Date(Math.min(seconds, LAST_SECOND) * 1000).toISOString().slice(0, 19)}.${digits}Z`;

  const secondsOf = (time) => Date.parse(`${time.slice(0, 19)}Z`) / 1000;

  const aMinuteAfter = (time) => timeAt(secondsOf(time) + 60, time.slice(20, 26));

  /** A time for people, to the second. */
  const readable = (time) => `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`;

  /** "1 event" or "7 events". */
  const many = (count, one, more) => (count === 1 ? one : `${count} ${more}`);

  const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
  const isUuid = (text) => typeof text === "string" && UUID.test(text);

  Object.assign(auditVerifier, {
    Malformed,
    NotChecked,
    demand,
    encode,
    decode,
    latin,
    concat,
    equal,
    hex,
    isHex,
    unhex,
    unbase64,
    isHash64,
    decimal,
    isIndex,
    isTime,
    timeAt,
    aMinuteAfter,
    readable,
    many,
    isUuid,
  });
})();

/* Signed notes, checkpoints and cosignatures (C2SP signed-note, tlog-checkpoint, tlog-cosignature). */
"use strict";
(() => {
  const { demand, encode, decode, concat, unbase64, decimal, hex, verifySignature } = auditVerifier;
  const LONGEST = 1_000_000,
    MOST_LINES = 100;
  const LOG = 1,
    WITNESS = 4;
  /** A name of a key holds no plus sign and no space of any kind. */
  const NAME = "[^+\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
  const SIGNATURE = new RegExp(`^— (${NAME}) ([A-Za-z0-9+/=]{8,})$`, "u");

  class Checkpoint {
    static read(bytes, what) {
      demand(bytes.length <= LONGEST, `${what} is longer than a megabyte.`);
      const note = decode(bytes, what),
        [text, signatures, ...more] = note.split("\n\n");
      demand(!/[\0-\x09\x0b-\x1f]/.test(note), `${what} holds control characters.`);
      demand(signatures !== undefined && !more.length && signatures.endsWith("\n"), `${what} is not a signed checkpoint.`);
      const lines = text.split("\n"),
        below = signatures.slice(0, -1).split("\n");
      demand(lines.length === 3 && lines[0], `${what} does not have the three lines of a checkpoint.`);
      demand(below.length <= MOST_LINES, `${what} has more than ${MOST_LINES} signatures.`);
      const checkpoint = new Checkpoint();
      checkpoint.origin = lines[0];
      checkpoint.size = decimal(lines[1], `The size in ${what}`);
      checkpoint.root = unbase64(lines[2], `The root in ${what}`, 32);
      checkpoint.text = encode(`${text}\n`);
      checkpoint.signatures = below.map((line) => {
        const parts = SIGNATURE.exec(line);
        demand(parts, `A signature line of ${what} is malformed.`);
        const data = unbase64(parts[2], `A signature of ${what}`);
        return { name: parts[1], keyId: hex(data.subarray(0, 4)), data: data.subarray(4) };
      });
      return checkpoint;
    }

    /** Whether each line of this key verifies: `{signed, wrong, seconds}`, with the earliest time of its cosignatures. */
    async signedBy(key) {
      const mine = this.signatures.filter(({ name, keyId }) => name === key.name && keyId === key.id);
      const found = { signed: mine.length > 0, wrong: false, seconds: Infinity };
      for (const { data } of mine) {
        const { holds, seconds } = await this.verifyLine(key, data);
        found.wrong ||= !holds;
        found.seconds = Math.min(found.seconds, seconds);
      }
      return found;
    }

    async verifyLine(key, data) {
      if (key.kind === LOG) return { holds: await verifySignature(key.bytes, data, this.text), seconds: 0 };
      if (data.length < 8) return { holds: false, seconds: 0 };
      const time = new DataView(data.buffer, data.byteOffset).getBigUint64(0);
      if (time === 0n || time >= 2n ** 63n) return { holds: false, seconds: 0 };
      const signed = concat(encode(`cosignature/v1\ntime ${time}\n`), this.text);
      return { holds: await verifySignature(key.bytes, data.subarray(8), signed), seconds: Number(time) };
    }
  }

  Object.assign(auditVerifier, { Checkpoint, LOG, WITNESS, NAME });
})();

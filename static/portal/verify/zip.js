/* The one layout of a bundle's zip (docs/trail-format.md, section 7). The file is read in pieces and never as a whole. */
"use strict";
(() => {
  const { NotChecked, demand, latin, concat, encode, Sha256 } = auditVerifier;
  const KIB = 1024, MIB = 1024 * KIB, GIB = 1024 * MIB;
  const LIMITS = { file: 2 * GIB, entries: 250, lines: 200_000, line: MIB, anchors: 100, text: 1_000_000, stamp: 100_000 };
  const UNPACKED = { "bundle.json": 32 * MIB, "events.jsonl": 2 * GIB, "report.csv": 2 * GIB };
  const LOCAL = 30, CENTRAL = 46, END = 22;
  const FIRST = ["README.txt", "bundle.json", "checkpoint.txt", "policy.txt", "events.jsonl", "report.csv", "report.xlsx", "report.pdf"];
  const LAST = ["verify_audit.py", "verify.html", "SHA256SUMS"];

  const REPACKED = "this is not the file as it was downloaded. It was packed again, extended or cut";

  const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
    for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n;
  });
  const crc32 = (crc, data) => {
    for (let at = 0; at < data.length; at++) crc = CRC[(crc ^ data[at]) & 255] ^ (crc >>> 8);
    return crc;
  };

  const refuse = (holds, why = REPACKED) => {
    if (!holds) throw new NotChecked(why);
  };

  const bytesAt = async (file, start, end) => new Uint8Array(await file.slice(start, end).arrayBuffer());

  const chunksOf = async function* (stream) {
    const reader = stream.getReader();
    try {
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) yield piece.value;
    } finally {
      await reader.cancel().catch(() => {}); // a stream that has failed is closed already
    }
  };

  const limitOf = (name) => {
    if (/^(checkpoint|policy)\.txt$|^anchors\/[0-9]+\.txt$/.test(name)) return LIMITS.text;
    return UNPACKED[name] ?? (name.endsWith(".tsr") ? LIMITS.stamp : 256 * MIB);
  };

  const namesInOrder = (names) => {
    const anchors = names.slice(FIRST.length, -LAST.length);
    const pairs = anchors.filter((_, at) => at % 2 === 0).map((name) => /^anchors\/([1-9][0-9]{0,15})\.txt$/.exec(name)?.[1]);
    refuse(pairs.every((size, at) => at === 0 || Number(pairs[at - 1]) < Number(size)));
    const expected = [...FIRST, ...pairs.flatMap((size) => [`anchors/${size}.txt`, `anchors/${size}.tsr`]), ...LAST];
    refuse(expected.length === names.length && expected.every((name, at) => name === names[at]));
    return pairs.map(Number);
  };

  class Zip {
    /** Read the directory and compare every header with the layout. */
    static async open(file) {
      refuse(file.size <= LIMITS.file, "the file has more than 2 GiB");
      refuse(file.size >= END, "this is no bundle, or it was cut");
      const end = await bytesAt(file, file.size - END, file.size), view = new DataView(end.buffer);
      refuse(view.getUint32(0, true) === 0x06054b50, "this is no bundle, or it was extended or cut");
      const count = view.getUint16(8, true), length = view.getUint32(12, true), start = view.getUint32(16, true);
      refuse(count <= LIMITS.entries && length <= count * (CENTRAL + 1000), `the zip has more than ${LIMITS.entries} entries`);
      refuse(start + length + END === file.size);
      const zip = new Zip();
      Object.assign(zip, { file, entries: new Map() });
      const central = await bytesAt(file, start, start + length);
      const names = zip.directory(central, count);
      refuse(!names.some((name) => name.startsWith("events/")), "this bundle has an older format. Export the report again");
      refuse(central.length === zip.central.reduce((sum, header) => sum + header.length, 0));
      zip.anchors = namesInOrder(names);
      refuse(latin(end) === latin(endRecord(count, length, start)));
      await zip.compareLocalHeaders(start);
      return zip;
    }

    directory(central, count) {
      const view = new DataView(central.buffer), names = [];
      this.central = [];
      let at = 0;
      for (let k = 0; k < count; k++) {
        refuse(at + CENTRAL <= central.length && view.getUint32(at, true) === 0x02014b50);
        const long = (offset) => view.getUint32(at + offset, true), short = (offset) => view.getUint16(at + offset, true);
        const name = latin(central.subarray(at + CENTRAL, at + CENTRAL + short(28)));
        names.push(name);
        const entry = { name, method: name === "SHA256SUMS" ? 0 : 8, crc: long(16), packed: long(20), size: long(24), offset: long(42) };
        this.entries.set(name, entry);
        this.central.push(central.subarray(at, at + CENTRAL + short(28) + short(30) + short(32)));
        at += this.central.at(-1).length;
      }
      return names;
    }

    /** Entries stand one after the other, and each header says what the directory says. */
    async compareLocalHeaders(directory) {
      let at = 0, k = 0;
      for (const entry of this.entries.values()) {
        const { common, local, central } = headers(entry);
        refuse(entry.offset === at && latin(this.central[k++]) === latin(concat(central(at), common.name)));
        entry.start = at + LOCAL + common.name.length;
        refuse(latin(await bytesAt(this.file, at, entry.start)) === latin(concat(local, common.name)));
        refuse(entry.method === 8 || entry.packed === entry.size);
        refuse(entry.size <= limitOf(entry.name), `${entry.name} is larger than this verifier reads`);
        at = entry.start + entry.packed;
      }
      refuse(at === directory);
    }

    /** The unpacked bytes of an entry, piece by piece; at the end its length and CRC are compared. */
    async *chunks(name) {
      const entry = this.entries.get(name), packed = this.file.slice(entry.start, entry.start + entry.packed).stream();
      const plain = entry.method ? packed.pipeThrough(new DecompressionStream("deflate-raw")) : packed;
      let length = 0, crc = ~0;
      try {
        for await (const chunk of chunksOf(plain)) {
          length += chunk.length;
          demand(length <= entry.size, `${name} is longer than its header says.`);
          crc = crc32(crc, chunk);
          yield chunk;
        }
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // what DecompressionStream throws
        demand(false, `${name} cannot be unpacked.`);
      }
      demand(length === entry.size && ~crc >>> 0 === entry.crc, `${name} is not what its header says.`);
    }

    async read(name) {
      const parts = [];
      for await (const chunk of this.chunks(name)) parts.push(chunk);
      return concat(...parts);
    }

    async hashOf(name, each) {
      const hash = new Sha256();
      for await (const chunk of this.chunks(name)) {
        hash.update(chunk);
        await each(chunk.length);
      }
      return hash.digest();
    }

    /** SHA-256 of the file's first bytes as they are. */
    async hashOfStart(length, each) {
      const hash = new Sha256();
      for await (const chunk of chunksOf(this.file.slice(0, length).stream())) {
        hash.update(chunk);
        await each(chunk.length);
      }
      return hash.digest();
    }
  }

  /** Little-endian numbers of two or four bytes: pairs of size and value. */
  const packed = (...fields) => {
    const bytes = new Uint8Array(fields.reduce((sum, [size]) => sum + size, 0)), view = new DataView(bytes.buffer);
    let at = 0;
    for (const [size, value] of fields) {
      if (size === 2) view.setUint16(at, value, true);
      else view.setUint32(at, value, true);
      at += size;
    }
    return bytes;
  };

  /** The headers that an entry must have. */
  const headers = ({ name, method, crc, packed: length, size }) => {
    const common = {
      name: encode(name),
      fields: [[2, 20], [2, 0], [2, method], [2, 0], [2, 0x21], [4, crc], [4, length], [4, size], [2, name.length], [2, 0]],
    };
    const central = (offset) =>
      packed([4, 0x02014b50], [2, 0x0314], ...common.fields, [2, 0], [2, 0], [2, 0], [4, 0x81a40000], [4, offset]);
    return { common, local: packed([4, 0x04034b50], ...common.fields), central };
  };

  const endRecord = (count, length, start) =>
    packed([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, length], [4, start], [2, 0]);

  Object.assign(auditVerifier, { Zip, LIMITS });
})();

/* The one layout of a bundle's zip (docs/trail-format.md, section 7). The file is read in pieces and never as a whole. */
"use strict";
(() => {
  const { NotChecked, latin, concat, encode, Sha256 } = auditVerifier;
  const KIB = 1024,
    MIB = 1024 * KIB,
    GIB = 1024 * MIB;
  const LIMITS = {
    file: 2 * GIB,
    entries: 250,
    lines: 200_000,
    line: MIB,
    anchors: 100,
    text: 1_000_000,
    stamp: 100_000,
  };
  const UNPACKED = { "bundle.json": 32 * MIB, "events.jsonl": 2 * GIB, "report.csv": 2 * GIB };
  const LOCAL = 30,
    CENTRAL = 46,
    END = 22;
  const FIRST = [
    "README.txt",
    "bundle.json",
    "checkpoint.txt",
    "policy.txt",
    "events.jsonl",
    "report.csv",
    "report.xlsx",
    "report.pdf",
  ];
  const LAST = ["verify_audit.py", "verify.html", "SHA256SUMS"];

  const REPACKED = "it was repacked, extended or truncated; use the file exactly as it was downloaded";

  const STRANGE = `its entries are not those of a bundle; ${REPACKED}`;
  const LONGEST_DIRECTORY = 100_000;

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
    const pairs = anchors
      .filter((_, at) => at % 2 === 0)
      .map((name) => /^anchors\/([1-9][0-9]{0,15})\.txt$/.exec(name)?.[1]);
    refuse(
      pairs.every((size, at) => size && (at === 0 || Number(pairs[at - 1]) < Number(size))),
      STRANGE,
    );
    const expected = [...FIRST, ...pairs.flatMap((size) => [`anchors/${size}.txt`, `anchors/${size}.tsr`]), ...LAST];
    refuse(expected.length === names.length && expected.every((name, at) => name === names[at]), STRANGE);
    return pairs.map(Number);
  };

  class Zip {
    /** Read the directory and compare every header with the layout. */
    static async open(file) {
      refuse(file.size <= LIMITS.file, "the file is larger than 2 GiB");
      const begins = latin(await bytesAt(file, 0, 4)) === "PK\x03\x04";
      refuse(begins && file.size >= END, "this is not a bundle");
      const end = await bytesAt(file, file.size - END, file.size),
        view = new DataView(end.buffer);
      refuse(view.getUint32(0, true) === 0x06054b50);
      const count = view.getUint16(10, true),
        length = view.getUint32(12, true),
        start = view.getUint32(16, true);
      const directory = await bytesAt(file, start, start + Math.min(length, LONGEST_DIRECTORY));
      refuse(!latin(directory).includes(".tlog-proof"), "its format is older; export the report again");
      refuse(count <= LIMITS.entries, `it has more than ${LIMITS.entries} entries`);
      refuse(start + length + END === file.size && latin(end) === latin(endRecord(count, length, start)));
      const zip = new Zip();
      Object.assign(zip, { file, entries: new Map(), central: [] });
      zip.readDirectory(directory, count);
      refuse(zip.entries.size === count && length === zip.central.reduce((sum, header) => sum + header.length, 0));
      await zip.compareHeaders(start);
      zip.anchors = namesInOrder([...zip.entries.keys()]);
      return zip;
    }

    readDirectory(directory, count) {
      const view = new DataView(directory.buffer);
      for (let k = 0, at = 0; k < count; k++) {
        refuse(at + CENTRAL <= directory.length);
        const long = (offset) => view.getUint32(at + offset, true),
          name = latin(directory.subarray(at + CENTRAL, at + CENTRAL + view.getUint16(at + 28, true)));
        const method = name === "SHA256SUMS" ? 0 : 8;
        this.entries.set(name, { name, method, crc: long(16), packed: long(20), size: long(24), offset: long(42) });
        this.central.push(directory.subarray(at, at + CENTRAL + name.length));
        at += CENTRAL + name.length;
      }
    }

    /** Entries follow each other without gaps, and each header matches the directory. */
    async compareHeaders(directory) {
      let at = 0,
        k = 0;
      for (const entry of this.entries.values()) {
        const { common, local, central } = headers(entry);
        refuse(entry.offset === at && latin(this.central[k++]) === latin(concat(central(at), common.name)));
        entry.start = at + LOCAL + common.name.length;
        refuse(latin(await bytesAt(this.file, at, entry.start)) === latin(concat(local, common.name)));
        refuse(entry.method === 8 || entry.packed === entry.size);
        refuse(entry.size <= limitOf(entry.name), `${entry.name} is too large`);
        at = entry.start + entry.packed;
      }
      refuse(at === directory);
    }

    /** The unpacked bytes of an entry, piece by piece; at the end its length and CRC are compared. */
    async *chunks(name) {
      const entry = this.entries.get(name),
        packed = this.file.slice(entry.start, entry.start + entry.packed).stream();
      const plain = entry.method ? packed.pipeThrough(new DecompressionStream("deflate-raw")) : packed;
      let length = 0,
        crc = ~0;
      try {
        for await (const chunk of chunksOf(plain)) {
          length += chunk.length;
          refuse(length <= entry.size, `${name} is damaged`);
          crc = crc32(crc, chunk);
          yield chunk;
        }
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // what DecompressionStream throws
        refuse(false, `${name} is damaged`);
      }
      refuse(length === entry.size && ~crc >>> 0 === entry.crc, `${name} is damaged`);
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
    const bytes = new Uint8Array(fields.reduce((sum, [size]) => sum + size, 0)),
      view = new DataView(bytes.buffer);
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
      fields: [
        [2, 20],
        [2, 0],
        [2, method],
        [2, 0],
        [2, 0x21],
        [4, crc],
        [4, length],
        [4, size],
        [2, name.length],
        [2, 0],
      ],
    };
    const central = (offset) =>
      packed([4, 0x02014b50], [2, 0x0314], ...common.fields, [2, 0], [2, 0], [2, 0], [4, 0x81a40000], [4, offset]);
    return { common, local: packed([4, 0x04034b50], ...common.fields), central };
  };

  const endRecord = (count, length, start) =>
    packed([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, length], [4, start], [2, 0]);

  Object.assign(auditVerifier, { Zip, LIMITS });
})();

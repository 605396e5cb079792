/* What a report's files are made of: zip, canonical JSON, the Merkle tree (RFC 9162), signed notes, policies and proofs
   (C2SP), time stamps (RFC 3161) – read strictly, on the browser's own SHA-256, Ed25519 and RSA. For verify.js.
   A classic script, because browsers load no modules from files. */
"use strict";
globalThis.auditFormats = (() => {
  const PROOF = "c2sp.org/tlog-proof@v1";
  const MOST = 300_000; // files in a zip

  class Bad extends Error {}
  const need = (fine, sentence = "it is not written as agreed") => {
    if (!fine) throw new Bad(sentence);
  };

  // --- bytes and texts: one spelling only, what could be read in two ways is refused

  const encode = (text) => new TextEncoder().encode(text);
  const decode = (bytes) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  const latin = (bytes) => {
    let text = "";
    for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    return text;
  };
  const octets = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  const show = (text) => new TextDecoder().decode(octets(text));
  const join = (...parts) => {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
    return whole;
  };
  const same = (a, b) => a.length === b.length && a.every((value, at) => value === b[at]);
  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const unhex = (text, size = 32) => {
    need(typeof text === "string" && /^[0-9a-f]*$/.test(text) && text.length === 2 * size);
    return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  };
  const unbase64 = (text, size) => {
    need(/^[A-Za-z0-9+/]*={0,2}$/.test(text));
    const binary = atob(text);
    need(btoa(binary) === text && (size === undefined || binary.length === size));
    return octets(binary);
  };
  const number = (text) => {
    need(/^(0|[1-9][0-9]{0,18})$/.test(text) && Number.isSafeInteger(Number(text)));
    return Number(text);
  };
  const moment = (text) => {
    const parts = /^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})\.([0-9]{6})Z$/.exec(text);
    need(typeof text === "string" && parts && !text.startsWith("0000"));
    const seconds = new Date(`${parts[1]}Z`);
    need(!isNaN(seconds) && seconds.toISOString().startsWith(parts[1]));
    return BigInt(seconds.getTime()) * 1000n + BigInt(parts[2]);
  };
  const plainObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
  /** RFC 8785 of objects with ASCII keys, arrays, strings and integers up to 2^53-1. */
  const canonical = (value) => {
    if (typeof value === "string") need(value.isWellFormed());
    else if (typeof value === "number") need(Number.isSafeInteger(value));
    else if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
    else {
      need(plainObject(value) && Object.keys(value).every((key) => /^[\0-\x7f]*$/.test(key)));
      return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
    }
    return JSON.stringify(value);
  };
  const readJson = (text) => {
    need(typeof text === "string");
    const value = JSON.parse(text);
    need(plainObject(value) && canonical(value) === text, "JSON that is not canonical");
    return value;
  };
  const sameKeys = (value, ...keys) => plainObject(value) && same(Object.keys(value).sort(), keys.sort());

  const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", join(...parts)));

  // --- the zip: its central directory, files stored or deflated

  const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
    for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n;
  });
  const crc32 = (bytes) => {
    let crc = ~0;
    for (const byte of bytes) crc = CRC[(crc ^ byte) & 255] ^ (crc >>> 8);
    return ~crc >>> 0;
  };

  class Zip {
    constructor(bytes) {
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      let [at, count] = this.directory();
      need(count < MOST, "there are too many files");
      this.files = new Map();
      this.unpacked = new Map();
      this.names = [];
      for (; count; count--) at = this.entry(at);
    }

    directory() {
      const last = this.bytes.length - 22;
      let end = last;
      while (end >= 0 && end > last - 65536 && this.view.getUint32(end, true) !== 0x06054b50) end--;
      need(end >= 0 && this.view.getUint32(end, true) === 0x06054b50, "this is no zip, or it is cut off");
      const count = this.view.getUint16(end + 10, true), start = this.view.getUint32(end + 16, true);
      if (count !== 0xffff && start !== 0xffffffff) return [start, count];
      need(end >= 20 && this.view.getUint32(end - 20, true) === 0x07064b50, "this is no zip, or it is cut off");
      const far = Number(this.view.getBigUint64(end - 12, true));
      return [Number(this.view.getBigUint64(far + 48, true)), Number(this.view.getBigUint64(far + 32, true))];
    }

    entry(at) {
      need(this.view.getUint32(at, true) === 0x02014b50, "this is no zip, or it is cut off");
      const short = (offset) => this.view.getUint16(at + offset, true), long = (offset) => this.view.getUint32(at + offset, true);
      const name = latin(this.bytes.subarray(at + 46, at + 46 + short(28)));
      this.names.push(name);
      this.files.set(name, { flags: short(8), method: short(10), crc: long(16), packed: long(20), size: long(24), at: long(42) });
      return at + 46 + short(28) + short(30) + short(32);
    }

    /** Every file is read twice, for its sum and for what it says: unpacking is the slow part. */
    read(name) {
      if (!this.unpacked.has(name)) this.unpacked.set(name, this.unpack(name));
      return this.unpacked.get(name);
    }

    async unpack(name) {
      const file = this.files.get(name);
      need(file, `${name} is missing`);
      need(this.view.getUint32(file.at, true) === 0x04034b50 && !(file.flags & 1), `${name} is damaged`);
      const length = this.view.getUint16(file.at + 26, true), start = file.at + 30 + length;
      need(latin(this.bytes.subarray(file.at + 30, start)) === name, `${name} has two names`);
      const from = start + this.view.getUint16(file.at + 28, true);
      const packed = this.bytes.subarray(from, from + file.packed);
      const data = file.method ? await inflated(packed, file.size) : packed;
      need(data.length === file.size && crc32(data) === file.crc, `${name} is damaged`);
      return data;
    }
  }

  /** Never more than `size` bytes, whatever the file would unpack to. */
  const inflated = async (packed, size) => {
    const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
    const whole = new Uint8Array(size);
    for (let at = 0; ; ) {
      const { done, value } = await reader.read();
      if (done) return whole.subarray(0, at);
      if (at + value.length > size) {
        await reader.cancel();
        throw new Bad("a file is longer than the zip says");
      }
      whole.set(value, at);
      at += value.length;
    }
  };

  // --- the tree: RFC 9162 2.1

  /** Paths of neighbouring leaves share most of their nodes: `known` remembers them for one bundle. */
  const node = (left, right, known = new Map()) => {
    const key = latin(left) + latin(right);
    if (!known.has(key)) known.set(key, sha256(Uint8Array.of(1), left, right));
    return known.get(key);
  };
  /** The two roots that a path leads to: `old` takes only what stands to its left, `whole` takes everything. */
  const climb = async (index, last, path, old, whole, known) => {
    for (const sibling of path) {
      need(last, "a proof is too long");
      if (index % 2 || index === last) {
        const alike = old === whole;
        whole = await node(sibling, whole, known);
        old = alike ? whole : old && (await node(sibling, old, known));
        while (index && index % 2 === 0) [index, last] = [index / 2, Math.floor(last / 2)];
      } else whole = await node(whole, sibling, known);
      [index, last] = [Math.floor(index / 2), Math.floor(last / 2)];
    }
    need(last === 0, "a proof is too short");
    return [old, whole];
  };
  const included = async (data, index, size, path, root, known) => {
    need([index, size].every(Number.isSafeInteger));
    const leaf = await sha256(Uint8Array.of(0), data);
    return 0 <= index && index < size && same((await climb(index, size - 1, path, null, leaf, known))[1], root);
  };
  const consistent = async (old, young, path) => {
    if (!(0 < old.size && old.size < young.size))
      return 0 < old.size && old.size === young.size && same(old.root, young.root) && !path.length;
    let [index, last] = [old.size - 1, young.size - 1];
    while (index % 2) [index, last] = [Math.floor(index / 2), Math.floor(last / 2)];
    const [first, ...rest] = index ? path : [old.root, ...path];
    need(first, "a proof is too short");
    const roots = await climb(index, last, rest, first, first);
    return same(roots[0], old.root) && same(roots[1], young.root);
  };

  // --- C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-policy, tlog-proof

  const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
  const SIGNATURE = new RegExp(`^— ([^+${SPACE}]+) ([^${SPACE}]{8,})$`, "u");

  const ed25519 = async (key, signature, message) => {
    if (signature.length !== 64) return false;
    let imported;
    try {
      imported = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
    } catch (error) {
      need(error.name !== "NotSupportedError", "this browser knows no Ed25519: use Chromium 137, Firefox 130, Safari 17 or later");
      throw error;
    }
    return crypto.subtle.verify({ name: "Ed25519" }, imported, signature, message);
  };

  class Checkpoint {
    constructor(bytes) {
      const note = decode(bytes), parts = note.split("\n\n");
      need(bytes.length < 1_000_000 && !/[\0-\x09\x0b-\x1f]/.test(note), "a checkpoint is not text");
      need(parts.length === 2 && parts[1].endsWith("\n"), "this is no signed checkpoint");
      const lines = parts[0].split("\n"), below = parts[1].slice(0, -1).split("\n");
      need(lines.length > 2 && lines[0] && below.length <= 100, "this is no signed checkpoint");
      this.origin = lines[0];
      this.size = number(lines[1]);
      this.root = unbase64(lines[2], 32);
      this.text = encode(`${parts[0]}\n`);
      this.lines = below.map((line) => {
        const found = SIGNATURE.exec(line);
        need(found, "a signature line is malformed");
        return [latin(encode(found[1])), unbase64(found[2])];
      });
    }

    /** Whether that key signed: false without a line of it; a line of it that does not verify spoils the note. */
    async signedBy(key) {
      const mine = this.lines.filter(([name, data]) => name === key.name && hex(data.subarray(0, 4)) === key.id);
      for (const [, data] of mine) {
        let [signature, text, fine] = [data.subarray(4), this.text, true];
        if (key.kind === 4) {
          need(signature.length > 8);
          const time = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0);
          fine = 0n < time && time < 2n ** 63n;
          text = join(encode(`cosignature/v1\ntime ${time}\n`), text);
          signature = signature.subarray(8);
        }
        need(fine && (await ed25519(key.bytes, signature, text)), `the signature of ${show(key.name)} is wrong`);
      }
      return mine.length > 0;
    }
  }

  const readKey = async (vkey, kind) => {
    const [name, id, ...rest] = vkey.split("+"), data = unbase64(rest.join("+"), 33);
    const digest = await sha256(octets(`${name}\n`), data);
    need(name && data[0] === kind && hex(digest.subarray(0, 4)) === id, "a key of the policy is not as agreed");
    return { name, id, kind, bytes: data.slice(1) };
  };

  /** Names and keys stay octets here, one letter each: that is how tlog-policy compares them. */
  class Policy {
    static async read(bytes) {
      const policy = new Policy(), text = latin(bytes);
      need(bytes.length < 1_000_000 && /^[\t\n\x20-\x7e\x80-\xff]*$/.test(text), "the policy is not text");
      Object.assign(policy, { logs: [], parties: new Map(), quorum: "", grouped: [] });
      for (const line of text.split("\n")) {
        const words = line.split(/[\t ]+/).filter((word) => word);
        if (words.length && !words[0].startsWith("#")) await policy.take(...words);
      }
      policy.witnesses = [...policy.parties].filter(([, party]) => party.id);
      for (const found of [policy.grouped, policy.logs.map((key) => hex(key.bytes)), policy.witnesses.map(([, key]) => hex(key.bytes))])
        need(policy.quorum && new Set(found).size === found.length, "the policy has no quorum, or a key or a member twice");
      return policy;
    }

    async take(kind, name, ...rest) {
      const most = { log: 1, witness: 2, quorum: 0, group: Infinity }, known = name === "none" || this.parties.has(name);
      need(name && Object.hasOwn(most, kind) && rest.length <= most[kind], "a line of the policy is not as agreed");
      need(kind === "log" || known === (kind === "quorum"), `the policy's ${show(name)} is not as agreed`);
      if (kind === "log") this.logs.push(await readKey(name, 1));
      else if (kind === "quorum") {
        need(!this.quorum, "the policy has a second quorum");
        this.quorum = name;
      } else if (kind === "witness") {
        need(rest.length, "a line of the policy is not as agreed");
        this.parties.set(name, await readKey(rest[0], 4));
      } else this.group(name, ...rest);
    }

    group(name, how, ...members) {
      const many = { any: 1, all: members.length }[how] ?? number(how ?? "");
      need(1 <= many && many <= members.length && members.every((member) => this.parties.has(member)), `the policy's group ${show(name)} is not as agreed`);
      this.parties.set(name, { many, members });
      this.grouped.push(...members);
    }

    /** Whether a witness or group has witnessed, and by whom. */
    met(name, signed) {
      if (name === "none") return [true, []];
      if (signed.has(name)) return [signed.get(name), signed.get(name) ? [show(name)] : []];
      const { many, members } = this.parties.get(name), found = members.map((member) => this.met(member, signed));
      return [found.filter(([fine]) => fine).length >= many, found.flatMap(([, names]) => names)];
    }
  }

  const readProof = (bytes) => {
    const text = latin(bytes), at = text.indexOf("\n\n");
    const [first, extra, index, ...path] = text.slice(0, at).split("\n");
    need(at > 0 && first === PROOF && extra?.startsWith("extra ") && index?.startsWith("index "), "this is no tlog-proof");
    return {
      index: number(index.slice(6)),
      path: path.map((line) => unbase64(line, 32)),
      note: bytes.subarray(at + 2),
      texts: readJson(decode(unbase64(extra.slice(6)))),
    };
  };

  // --- RFC 3161: DER, and CMS signatures by RSA

  const SHA2 = "6086480165030402", TST_INFO = "2a864886f70d0109100104", RSA = "2a864886f70d010101";
  const CONTENT_TYPE = "2a864886f70d010903", MESSAGE_DIGEST = "2a864886f70d010904";

  /** The elements of a value: tag, content, and all of their bytes. */
  const elements = (data) => {
    const found = [];
    while (data.length) {
      need(data.length > 1 && data.length < 100_000, "a time stamp or certificate is cut off or too long");
      const long = data[1] > 127 ? data[1] - 128 : 0, at = 2 + long;
      const size = long || data[1] === 128 ? data.subarray(2, at).reduce((sum, byte) => sum * 256 + byte, 0) : data[1];
      need(at + size <= data.length, "a time stamp or certificate is cut off or too long");
      found.push({ tag: data[0], content: data.subarray(at, at + size), whole: data.subarray(0, at + size) });
      data = data.subarray(at + size);
    }
    return found;
  };
  /** The content at a way of positions. */
  const inside = (data, ...way) => way.reduce((value, at) => elements(value).at(at).content, data);

  const rsaKeys = (pem) => {
    const found = new Map();
    for (const [, text] of latin(pem).matchAll(/-----BEGIN CERTIFICATE-----([^]+?)-----END/g)) {
      const whole = octets(atob(text.replace(/\s/g, "")));
      const [serial, , issuer, , , key] = elements(inside(whole, 0, 0)).filter((part) => part.tag !== 0xa0);
      if (hex(inside(key.content, 0, 0)) === RSA) found.set(hex(join(issuer.whole, serial.whole)), key.whole);
    }
    return found;
  };

  /** When that note was stamped, and whether a key that the auditor brought signed so. */
  const readStamp = async (reply, note, keys) => {
    const signed = inside(reply, 0, 1, 1, 0), content = inside(signed, 2, 1, 0), info = inside(content, 0);
    need([0, 1].includes(inside(reply, 0, 0, 0)[0]) && inside(reply, 0, 0, 0).length === 1, "a time stamp was refused");
    need(hex(inside(signed, 2, 0)) === TST_INFO && hex(inside(info, 2, 0, 0)) === `${SHA2}01` && same(inside(info, 2, 1), await sha256(note)), "a time stamp is over something else");
    const time = stampedAt(latin(inside(info, 4))), signer = elements(inside(signed, -1, 0));
    const key = keys.get(hex(signer[1].content));
    if (key) await rsaSigned(key, signer, content);
    return { time, trusted: key !== undefined };
  };

  const stampedAt = (text) => {
    const digits = /^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})(\.[0-9]+)?Z$/.exec(text);
    need(digits, "a time stamp has no time");
    const [, year, month, day, hour, minute, second] = digits;
    return moment(`${year}-${month}-${day}T${hour}:${minute}:${second}.000000Z`);
  };

  const rsaSigned = async (key, signer, content) => {
    const oid = hex(inside(signer[2].content, 0));
    const hash = { [`${SHA2}01`]: "SHA-256", [`${SHA2}02`]: "SHA-384", [`${SHA2}03`]: "SHA-512" }[oid];
    need(hash, "a time stamp's hash is not known here");
    const said = new Map(elements(signer[3].content).map((part) => [hex(inside(part.content, 0)), inside(part.content, 1, 0)]));
    const digest = new Uint8Array(await crypto.subtle.digest(hash, content));
    need(hex(said.get(CONTENT_TYPE)) === TST_INFO && same(said.get(MESSAGE_DIGEST), digest), "a time stamp's signature is over something else");
    const algorithm = { name: "RSASSA-PKCS1-v1_5", hash };
    const imported = await crypto.subtle.importKey("spki", key, algorithm, false, ["verify"]);
    const set = join(Uint8Array.of(0x31), signer[3].whole.subarray(1)); // signed as a SET, sent as [0]
    need(await crypto.subtle.verify(algorithm, imported, signer[5].content, set), "a time stamp's signature is wrong");
  };

  return {
    Bad, need, encode, decode, latin, same, hex, unhex, unbase64, moment, plainObject, canonical, readJson, sameKeys,
    sha256, Zip, included, consistent, SPACE, Checkpoint, Policy, PROOF, readProof, rsaKeys, readStamp,
  };
})();

/* SHA-256 (FIPS 180-4) in steps, and HMAC. The browser's own SHA-256 takes whole buffers and answers with a promise: for the
   many small texts of a log that is slower than this, and a large file would have to stand in memory. */
"use strict";
(() => {
  const { encode } = auditVerifier;

  const primes = [];
  for (let candidate = 2; primes.length < 64; candidate++)
    if (primes.every((prime) => candidate % prime)) primes.push(candidate);
  const fraction = (value) => ((value % 1) * 2 ** 32) | 0;
  const ROUND = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));
  const START = Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));

  const schedule = new Int32Array(64);

  /** Take the whole blocks of `data` from `at` to `end` into `state`. */
  const compress = (state, data, at, end) => {
    const w = schedule,
      k = ROUND;
    for (; at < end; at += 64) {
      for (let t = 0, i = at; t < 16; t++, i += 4)
        w[t] = (data[i] << 24) | (data[i + 1] << 16) | (data[i + 2] << 8) | data[i + 3];
      for (let t = 16; t < 64; t++) {
        const x = w[t - 15],
          y = w[t - 2];
        const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
        const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
        w[t] = ((s0 + w[t - 7]) | 0) + ((s1 + w[t - 16]) | 0);
      }
      let a = state[0],
        b = state[1],
        c = state[2],
        d = state[3],
        e = state[4],
        f = state[5],
        g = state[6],
        h = state[7];
      for (let t = 0; t < 64; t++) {
        const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
        const x = (((s1 + (g ^ (e & (f ^ g)))) | 0) + ((((h + k[t]) | 0) + w[t]) | 0)) | 0;
        const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
        const y = (s0 + ((a & b) | (c & (a | b)))) | 0;
        h = g;
        g = f;
        f = e;
        e = (d + x) | 0;
        d = c;
        c = b;
        b = a;
        a = (x + y) | 0;
      }
      state[0] += a;
      state[1] += b;
      state[2] += c;
      state[3] += d;
      state[4] += e;
      state[5] += f;
      state[6] += g;
      state[7] += h;
    }
  };

  class Sha256 {
    constructor() {
      this.state = new Int32Array(8);
      this.tail = new Uint8Array(128);
      this.view = new DataView(this.tail.buffer);
      this.begin();
    }

    begin() {
      this.state.set(START);
      this.kept = 0; // bytes in `tail` that make no whole block yet
      this.length = 0;
      return this;
    }

    update(data) {
      this.length += data.length;
      let at = 0;
      if (this.kept) {
        at = Math.min(64 - this.kept, data.length);
        this.tail.set(data.subarray(0, at), this.kept);
        this.kept += at;
        if (this.kept < 64) return this;
        compress(this.state, this.tail, 0, 64);
      }
      const end = data.length - ((data.length - at) % 64);
      compress(this.state, data, at, end);
      this.tail.set(data.subarray(end));
      this.kept = data.length - end;
      return this;
    }

    digest() {
      const end = this.kept < 56 ? 64 : 128;
      this.tail.fill(0, this.kept);
      this.tail[this.kept] = 0x80;
      this.view.setUint32(end - 8, Math.floor(this.length / 2 ** 29));
      this.view.setUint32(end - 4, (this.length * 8) >>> 0);
      compress(this.state, this.tail, 0, end);
      for (let at = 0; at < 8; at++) this.view.setInt32(4 * at, this.state[at]);
      return this.tail.slice(0, 32);
    }
  }

  const one = new Sha256();
  const sha256 = (...parts) => {
    one.begin();
    for (const part of parts) one.update(part);
    return one.digest();
  };

  const hmac = (key, text) => {
    const inner = new Uint8Array(64).fill(0x36),
      outer = new Uint8Array(64).fill(0x5c);
    key.forEach((byte, at) => {
      inner[at] ^= byte;
      outer[at] ^= byte;
    });
    return sha256(outer, sha256(inner, encode(text)));
  };

  Object.assign(auditVerifier, { Sha256, sha256, hmac });
})();

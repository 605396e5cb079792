/* Recompute report.csv from the verified events and compare it with the file (section 8). */
"use strict";
(() => {
  const { encode, canonical, MALFORMED, PERSONAL, textAt } = auditVerifier;
  const COLUMNS =
    "leaf,recorded_at,occurred_at,type,outcome,actor,actor_name,role,purpose,note,target,target_label,parent," +
    "address,request_id,detail,event_id,body_sha256";
  const FORMULA = "[=+\\-@\\uff1d\\uff0b\\uff0d\\uff20\\ufe66\\ufe62\\ufe63\\ufe6b]";
  const IGNORED =
    '[\\0-\\x08\\x0b\\x0c\\x0e-\\x20"\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\ufeff]*';
  const AT_START = new RegExp(`^(?:['\\t\\r\\n\\0]|${IGNORED}${FORMULA})`);
  const WITHIN = new RegExp(`[;\\t\\r\\n](?=${IGNORED}${FORMULA})`, "g");
  const HARMLESS = /^[A-Za-z0-9_:. ]*$/;
  const BATCH = 32_768;

  const cell = (text) => {
    if (HARMLESS.test(text)) return text;
    const safe = (AT_START.test(text) ? "'" : "") + text.replace(WITHIN, "$&'");
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };

  const detailOf = (body, reveal) => {
    if (!body.action_detail) return "";
    const shown = ([key, value]) => [key, reveal[`action_detail.${key}`]?.value ?? value];
    return canonical(Object.fromEntries(Object.entries(body.action_detail).map(shown)));
  };

  const cellsOf = ({ entry, body, reveal }) => {
    if (entry.y === MALFORMED)
      return [entry.n, entry.r, "", entry.y, entry.o, ...Array(11).fill(""), entry.e, entry.bh].map(String);
    const said = (field) => {
      const value = textAt(body, field) ?? "";
      return PERSONAL.includes(field) ? (reveal[field]?.value ?? (value && "erased")) : value;
    };
    return [
      String(entry.n),
      entry.r,
      body.occurred_at,
      entry.y,
      entry.o,
      said("actor.ref"),
      said("actor.name"),
      said("actor.role"),
      said("purpose.code"),
      said("purpose.note"),
      said("object.ref"),
      said("object.label"),
      said("object.parent"),
      said("source.ip"),
      said("request.id"),
      detailOf(body, reveal),
      entry.e,
      entry.bh,
    ];
  };

  class Table {
    /** `chunks` are the unpacked bytes of report.csv. */
    constructor(chunks) {
      Object.assign(this, {
        chunks,
        held: new Uint8Array(),
        rows: 0,
        waiting: [`\ufeff${COLUMNS}\r\n`],
        length: 0,
        fault: "",
      });
    }

    /** Add the row of a leaf. Rows are compared in batches, so that neither the table nor the file is in memory. */
    async add(leaf) {
      if (this.fault) return;
      const row = `${cellsOf(leaf).map(cell).join(",")}\r\n`;
      this.waiting.push(row);
      this.length += row.length;
      this.rows++;
      if (this.length > BATCH) await this.compare();
    }

    async compare() {
      const expected = encode(this.waiting.join(""));
      for (let at = 0; at < expected.length && !this.fault;) {
        if (!this.held.length) {
          const { done, value } = await this.chunks.next();
          if (done) this.fault = "report.csv ends before the last event.";
          else this.held = value;
        }
        const length = Math.min(this.held.length, expected.length - at);
        let k = 0;
        while (k < length && this.held[k] === expected[at + k]) k++;
        if (k < length) this.fault = `report.csv differs from the events: ${this.place(at + k)}.`;
        this.held = this.held.subarray(length);
        at += length;
      }
      Object.assign(this, { waiting: [], length: 0 });
    }

    /** The row of a byte of the waiting rows. */
    place(at) {
      let row = this.rows - this.waiting.length;
      for (const text of this.waiting) {
        row++;
        at -= encode(text).length;
        if (at < 0) break;
      }
      return row > 0 ? `row ${row}` : "the header line";
    }

    async end() {
      if (!this.fault) await this.compare();
      while (!this.fault && !this.held.length) {
        const { done, value } = await this.chunks.next();
        if (done) return "";
        this.held = value;
      }
      await this.chunks.return();
      return this.fault || "report.csv has more rows than there are events.";
    }
  }

  auditVerifier.Table = Table;
})();

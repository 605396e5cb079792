/* events.jsonl, line by line, and the checks that look at each line as it passes: `look` and `end` say what is wrong. */
"use strict";
(() => {
  const { NotChecked, Malformed, demand, encode, equal, hex, hmac, sha256, unbase64, unhex } = auditVerifier;
  const { isHash64, isObject, hasKeys, parseParts, leafHash, Frontier, LIMITS } = auditVerifier;
  const { MALFORMED, OWN_TYPES, PERSONAL, textAt, faultOfEvent, faultOfEntry, faultOfReveal } = auditVerifier;

  /** The lines of a stream of bytes, in batches. */
  const linesOf = async function* (chunks) {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const text = (chunk, more) => {
      try {
        return decoder.decode(chunk, { stream: more });
      } catch {
        throw new Malformed("events.jsonl is not UTF-8 text.");
      }
    };
    let rest = "";
    for await (const chunk of chunks) {
      const lines = (rest + text(chunk, true)).split("\n");
      rest = lines.pop();
      for (const line of [...lines, rest])
        if (line.length * 3 > LIMITS.line && encode(line).length > LIMITS.line) throw new NotChecked("a line of events.jsonl has more than 1 MiB");
      yield lines;
    }
    demand(rest + text(new Uint8Array(), false) === "", "The last line of events.jsonl does not end.");
  };

  const isGap = (gap) => Array.isArray(gap) && gap.length > 0 && gap.every(isHash64);

  /** What a line says, in its form. */
  const readLine = (text, number) => {
    const what = `Line ${number} of events.jsonl`, { value: line, write } = parseParts(text, what);
    demand(hasKeys(line, ["entry"], ["gap", "body", "reveal"]) && isObject(line.entry), `${what} has other keys than a line has.`);
    demand(("body" in line) === ("reveal" in line), `${what} has an event without what it reveals, or the reverse.`);
    demand(!("gap" in line) || isGap(line.gap), `${what} has a malformed gap.`);
    const { entry, body, reveal, gap = [] } = line;
    demand(body === undefined || (isObject(body) && isObject(reveal)), `${what} has an event that is no object.`);
    const fault = faultOfEntry(entry);
    demand(!fault, `The entry in line ${number} of events.jsonl ${fault}.`);
    return { n: entry.n, entry, entryText: write(entry), body, bodyText: body && write(body), reveal, gap };
  };

  /** The tags of references; what was computed last is kept. */
  class Tags {
    constructor(key) {
      this.key = unhex(key);
      this.known = new Map();
    }

    of(kind, ref) {
      const text = `${kind}\0${ref}`, known = this.known.get(text);
      if (known) return known;
      if (this.known.size > 20_000) this.known.clear();
      const tag = hex(hmac(this.key, text));
      this.known.set(text, tag);
      return tag;
    }
  }

  /** Every leaf stands in the log where it says, and exactly the agreed leaves are shipped. */
  class Inclusion {
    constructor(claim, checkpoint) {
      Object.assign(this, { claim, checkpoint, frontier: new Frontier(), lines: 0, newestOfVersion1: -1, oldestOfVersion2: Infinity });
      this.special = new Set([0, claim.opening, claim.request, claim.size - 1, ...claim.anchors.map(({ size }) => size - 1)]);
      this.pending = { event_late: null, event_malformed: null }; // incidents that speak of a leaf still to come
    }

    look(leaf) {
      const { n, entry, gap } = leaf;
      this.lines++;
      if (n < this.frontier.size) return `Leaf ${n} does not come after the leaf before it.`;
      if (!this.frontier.bridge(n, gap.map((root) => unbase64(root, "A gap", 32)))) return `The gap before leaf ${n} has the wrong length.`;
      this.frontier.push(1, leafHash(encode(leaf.entryText)));
      if (entry.v === 1) this.newestOfVersion1 = n;
      else this.oldestOfVersion2 = Math.min(this.oldestOfVersion2, n);
      return this.faultOfPlace(leaf) || this.faultOfBody(leaf);
    }

    /** A leaf is shipped because it is of the scope, is named by bundle.json, or is an incident that speaks of a leaf of the scope. */
    faultOfPlace({ n, entry, body, inScope }) {
      const special = this.special.delete(n);
      if (inScope && entry.late && n <= this.pending.event_late?.end) this.pending.event_late = null;
      if (inScope && entry.y === MALFORMED && n <= this.pending.event_malformed?.end) this.pending.event_malformed = null;
      const spent = Object.values(this.pending).find((incident) => incident && incident.end <= n);
      if (spent) return `Leaf ${spent.n} is shipped without a reason.`;
      if (inScope || special) return "";
      const { code, first, count } = body?.action_detail ?? {};
      const speaks = entry.y === "sealer.incident" && this.pending[code] === null && first === n + 1 && Number.isSafeInteger(count);
      if (!speaks) return `Leaf ${n} is shipped without a reason.`;
      this.pending[code] = { n, end: n + count };
      return "";
    }

    faultOfBody({ n, entry, body, isRow, inScope }) {
      const told = isRow || OWN_TYPES.includes(entry.y) || n === this.claim.request || (inScope && entry.y === "recording.discovered");
      if (Boolean(body) === (told && entry.y !== MALFORMED)) return "";
      return body ? `Leaf ${n} comes with its event, though it is not asked for.` : `Leaf ${n} comes without its event.`;
    }

    end() {
      if (this.lines !== this.claim.leaves) return `events.jsonl has ${this.lines} lines, and bundle.json speaks of ${this.claim.leaves}.`;
      if (this.special.size) return `Leaf ${[...this.special][0]} is missing.`;
      const spent = Object.values(this.pending).find(Boolean);
      if (spent) return `Leaf ${spent.n} is shipped without a reason.`;
      const { size, root } = this.checkpoint;
      return this.frontier.size === size && equal(this.frontier.root(), root) ? "" : "The leaves do not lead to the root of the checkpoint.";
    }

    faultOfVersions(parentsFrom) {
      const fine = this.newestOfVersion1 < parentsFrom && parentsFrom <= this.oldestOfVersion2;
      return fine ? "" : `The leaves do not have version 2 from leaf ${parentsFrom} on.`;
    }
  }

  /** Every event is, to the byte, the one that was sealed, and its entry says what it is. */
  class Bodies {
    constructor(tags) {
      Object.assign(this, { tags, read: 0 });
    }

    look({ n, entry, body, bodyText }) {
      if (entry.y === MALFORMED && entry.act !== this.tags.of("act", "system:sealer")) return `Leaf ${n} has the tag of another actor.`;
      if (!body) return "";
      this.read++;
      const bytes = encode(bodyText), fault = faultOfEvent(body, bodyText);
      if (hex(sha256(bytes)) !== entry.bh) return `The event of leaf ${n} was changed.`;
      if (fault) return `The event of leaf ${n} ${fault}.`;
      if (body.id !== entry.e || body.type !== entry.y || body.outcome !== entry.o) return `The event of leaf ${n} is not the one that its entry names.`;
      const refs = { act: body.actor.ref, obj: body.object?.ref, par: entry.v === 2 ? body.object?.parent : undefined };
      for (const [kind, ref] of Object.entries(refs))
        if (entry[kind] !== (ref === undefined ? undefined : this.tags.of(kind, ref))) return `Leaf ${n} has a tag that its event does not have.`;
      return "";
    }
  }

  /** Every value shown is the one that was committed to. */
  class Values {
    constructor() {
      Object.assign(this, { shown: 0, hidden: 0 });
    }

    look({ n, body, reveal }) {
      if (!body) return "";
      const fields = Object.keys(reveal);
      for (const field of fields) {
        const fault = faultOfReveal(body, field, reveal[field]);
        if (fault) return `${field} of leaf ${n} ${fault}.`;
      }
      this.shown += fields.length;
      this.hidden += PERSONAL.filter((field) => textAt(body, field) !== undefined && !Object.hasOwn(reveal, field)).length;
      return "";
    }
  }

  Object.assign(auditVerifier, { linesOf, readLine, Tags, Inclusion, Bodies, Values });
})();

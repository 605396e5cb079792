/* events.jsonl, line by line, and the checks that look at each line as it passes: `look` and `end` say what is wrong. */
"use strict";
(() => {
  const { NotChecked, Malformed, demand, encode, equal, hex, hmac, isIndex, unbase64, unhex } = auditVerifier;
  const { isHash64, isObject, hasKeys, parseParts, leafHash, Frontier, LIMITS } = auditVerifier;
  const { MALFORMED, OWN_TYPES, PERSONAL, textAt, faultOfBody, faultOfEntry, faultOfReveal } = auditVerifier;

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
    let rest = "",
      count = 0;
    for await (const chunk of chunks) {
      const lines = (rest + text(chunk, true)).split("\n");
      rest = lines.pop();
      count += lines.length;
      if (count > LIMITS.lines) throw new NotChecked("events.jsonl has too many lines, or one that is too long");
      if ([...lines, rest].some((line) => line.length * 3 > LIMITS.line && encode(line).length > LIMITS.line))
        throw new NotChecked("a line of events.jsonl is too long");
      yield lines;
    }
    demand(rest + text(new Uint8Array(), false) === "", "The last line of events.jsonl does not end.");
  };

  const isGap = (gap) => Array.isArray(gap) && gap.length > 0 && gap.every(isHash64);

  /** Parse a line. */
  const readLine = (text, number) => {
    const what = `Line ${number} of events.jsonl`,
      { value: line, write } = parseParts(text, what);
    demand(
      hasKeys(line, ["entry"], ["gap", "body", "reveal"]) && isObject(line.entry),
      `${what} has unexpected keys.`,
    );
    demand("body" in line === "reveal" in line, `${what} has an event without what it reveals, or the reverse.`);
    demand(!("gap" in line) || isGap(line.gap), `${what} has a malformed gap.`);
    const { entry, body, reveal, gap = [] } = line;
    demand(
      body === undefined || (isObject(body) && Object.keys(body).length && isObject(reveal)),
      `${what} has an event that is empty or not an object.`,
    );
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
      const text = `${kind}\0${ref}`,
        known = this.known.get(text);
      if (known) return known;
      if (this.known.size > 20_000) this.known.clear();
      const tag = hex(hmac(this.key, text));
      this.known.set(text, tag);
      return tag;
    }
  }

  /** What an incident of the sealer says about the leaves directly after it, or null. */
  const incidentOf = ({ n, entry, body }) => {
    const { code, first, count } = body?.action_detail ?? {};
    const own = entry.y === "sealer.incident" && body?.actor?.ref === "system:sealer";
    return own && first === n + 1 && isIndex(count) ? { n, code, end: n + count } : null;
  };

  const speaksOf = (incident, { n, entry }) => {
    const code = entry.y === MALFORMED ? "event_malformed" : entry.late ? "event_late" : null;
    return incident.code === code && incident.n < n && n <= incident.end;
  };

  /** Every leaf is in the log at its position, and the bundle has exactly the leaves it must have. */
  class Inclusion {
    constructor(claim, checkpoint) {
      Object.assign(this, {
        claim,
        checkpoint,
        frontier: new Frontier(),
        lines: 0,
        newestOfVersion1: -1,
        oldestOfVersion2: Infinity,
      });
      this.special = new Set([
        0,
        claim.opening,
        claim.request,
        claim.size - 1,
        ...claim.anchors.map(({ size }) => size - 1),
      ]);
      this.pending = null; // an incident that must concern a later leaf
    }

    look(leaf) {
      const { n, entry, gap } = leaf;
      this.lines++;
      if (n < this.frontier.size) return `Leaf ${n} does not come after the leaf before it.`;
      if (
        !this.frontier.bridge(
          n,
          gap.map((root) => unbase64(root, "A gap", 32)),
        )
      )
        return `The gap before leaf ${n} has the wrong length.`;
      this.frontier.push(1, leafHash(encode(leaf.entryText)));
      if (entry.v === 1) this.newestOfVersion1 = n;
      else this.oldestOfVersion2 = Math.min(this.oldestOfVersion2, n);
      return this.faultOfPlace(leaf);
    }

    /** A leaf belongs in the bundle if it is in the scope, is named by bundle.json, or is an incident about a leaf of the scope. */
    faultOfPlace(leaf) {
      const special = this.special.delete(leaf.n);
      if (leaf.inScope && this.pending && speaksOf(this.pending, leaf)) this.pending = null;
      if (leaf.inScope || special) return "";
      const incident = incidentOf(leaf);
      if (!incident || this.pending) return `Leaf ${leaf.n} does not belong in the bundle.`;
      this.pending = incident;
      return "";
    }

    end() {
      if (this.lines !== this.claim.leaves)
        return `events.jsonl has ${this.lines} lines, but bundle.json states ${this.claim.leaves}.`;
      if (this.special.size) return `Leaf ${[...this.special][0]} is missing.`;
      if (this.pending) return `Leaf ${this.pending.n} does not belong in the bundle.`;
      const { size, root } = this.checkpoint;
      return this.frontier.size === size && equal(this.frontier.root(), root)
        ? ""
        : "The leaves do not lead to the root of the checkpoint.";
    }

    faultOfVersions(parentsFrom) {
      if (!isIndex(parentsFrom)) return ""; // the check "manifest" says so
      const fine = this.newestOfVersion1 < parentsFrom && parentsFrom <= this.oldestOfVersion2;
      return fine ? "" : `The leaves do not have version 2 from leaf ${parentsFrom} on.`;
    }
  }

  /** Every event is, to the byte, the one that was sealed, and its entry says what it is. */
  class Bodies {
    constructor(claim, tags) {
      Object.assign(this, { claim, tags, read: 0, fault: "" });
    }

    look(leaf) {
      const { n, entry, body, isRow, inScope } = leaf,
        isEvent = entry.y !== MALFORMED;
      const expected =
        isRow ||
        OWN_TYPES.includes(entry.y) ||
        n === this.claim.request ||
        (inScope && entry.y === "recording.discovered");
      if (Boolean(body) !== (expected && isEvent))
        return body ? `Leaf ${n} has an event but should not.` : `Leaf ${n} lacks its event.`;
      if (!isEvent) return this.isOfMalformed(entry) ? "" : `Leaf ${n} is not a valid leaf of a malformed event.`;
      if (!body) return "";
      this.read++;
      const fault = faultOfBody(leaf);
      if (fault) return `The event of leaf ${n} ${fault}.`;
      return this.fitsTags(leaf) ? "" : `Leaf ${n} has a tag that its event does not have.`;
    }

    isOfMalformed(entry) {
      return (
        entry.act === this.tags.of("act", "system:sealer") &&
        !("obj" in entry) &&
        !("par" in entry) &&
        entry.o === "error"
      );
    }

    fitsTags({ entry, body }) {
      const refs = { act: body.actor.ref, obj: body.object?.ref, par: entry.v === 2 ? body.object?.parent : undefined };
      return Object.entries(refs).every(
        ([kind, ref]) => entry[kind] === (ref === undefined ? undefined : this.tags.of(kind, ref)),
      );
    }
  }

  /** Every value shown is the one that was committed to. */
  class Values {
    constructor() {
      Object.assign(this, { shown: 0, hidden: 0, fault: "" });
    }

    look({ n, body, reveal }) {
      if (!body) return "";
      const fields = Object.keys(reveal);
      for (const field of fields) {
        const fault = faultOfReveal(body, field, reveal[field]);
        if (fault) return `${field} of leaf ${n} ${fault}.`;
      }
      this.shown += fields.length;
      this.hidden += PERSONAL.filter(
        (field) => textAt(body, field) !== undefined && !Object.hasOwn(reveal, field),
      ).length;
      return "";
    }
  }

  Object.assign(auditVerifier, { linesOf, readLine, Tags, Inclusion, Bodies, Values, incidentOf, speaksOf });
})();

/* The times at which the database recorded events, compared with everything that bounds them (section 9, `times`). */
"use strict";
(() => {
  const { MALFORMED, isTime, aMinuteAfter } = auditVerifier;

  class Times {
    /** `bounds` are `{size, time, by}`: leaves below `size` were seen at `time`. */
    constructor(bounds) {
      this.bounds = bounds.map((bound) => ({ ...bound, limit: aMinuteAfter(bound.time) })).sort((a, b) => a.size - b.size);
      for (let at = this.bounds.length - 2; at >= 0; at--) // a later bound covers the earlier leaves too
        if (this.bounds[at + 1].limit < this.bounds[at].limit) this.bounds[at] = { ...this.bounds[at + 1], size: this.bounds[at].size };
      Object.assign(this, { manifests: 0, newest: "", closed: "", spanEnds: { event_late: -1, event_malformed: -1 } });
    }

    look({ n, entry, body, inScope }) {
      while (this.bounds.length && this.bounds[0].size <= n) this.bounds.shift();
      const [bound] = this.bounds;
      if (bound && entry.r > bound.limit) return `Leaf ${n} was recorded after ${bound.by} had seen it.`;
      if (entry.r < this.closed && !entry.late) return `Leaf ${n} was recorded before ${this.closed}, when the log was closed, and is not marked late.`;
      if (inScope && entry.late && n > this.spanEnds.event_late) return `Leaf ${n} is late, and no incident speaks of it.`;
      if (inScope && entry.y === MALFORMED && n > this.spanEnds.event_malformed) return `Leaf ${n} is malformed, and no incident speaks of it.`;
      const fault = body && entry.y === "heads.manifest" ? this.takeManifest(n, entry, body) : "";
      if (body && entry.y === "sealer.incident") this.takeIncident(n, body);
      if (this.newest < entry.r) this.newest = entry.r;
      return fault;
    }

    takeManifest(n, entry, { action_detail: detail = {} }) {
      if (entry.v === 1) return ""; // it says nothing about times
      const { newest, closed_until: closed } = detail;
      if (!isTime(newest) || !isTime(closed)) return `The manifest at leaf ${n} does not say until when the log is closed.`;
      if (this.newest > newest) return `A leaf before ${n} was recorded after ${newest}, which the manifest there calls the newest time.`;
      this.manifests++;
      if (this.closed < closed) this.closed = closed;
      return "";
    }

    takeIncident(n, { action_detail: { code, first, count } = {} }) {
      if (Object.hasOwn(this.spanEnds, code) && first === n + 1 && Number.isSafeInteger(count))
        this.spanEnds[code] = Math.max(this.spanEnds[code], n + count);
    }

    end() {
      return "";
    }
  }

  auditVerifier.Times = Times;
})();

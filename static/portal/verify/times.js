/* The times at which the database recorded events, compared with everything that bounds them (section 9, `times`). */
"use strict";
(() => {
  const { MALFORMED, isTime, timeAt, aMinuteAfter, readable, incidentOf, speaksOf } = auditVerifier;

  class Times {
    constructor(claim) {
      Object.assign(this, { manifests: 0, newest: "", closed: "", incident: null, fault: "" });
      this.newestBelow = new Map(claim.anchors.map(({ size }) => [size, ""])); // by the size of an anchor
    }

    look(leaf) {
      const { n, entry, body, inScope } = leaf;
      if (entry.r < this.closed && !entry.late)
        return `Leaf ${n} was recorded before ${readable(this.closed)}, when the log had been closed for that time.`;
      const fault =
        entry.y === "heads.manifest" && body?.actor.ref === "system:sealer" ? this.takeManifest(n, body) : "";
      this.incident = incidentOf(leaf) ?? this.incident;
      const speaksOfLate = incidentOf(leaf)?.code === "event_late"; // a late incident about late leaves needs no other
      const needsIncident = inScope && (entry.late || entry.y === MALFORMED) && !speaksOfLate;
      if (needsIncident && !(this.incident && speaksOf(this.incident, leaf)))
        return `Leaf ${n} is late or malformed, but no incident reports it.`;
      if (this.newest < entry.r) this.newest = entry.r;
      if (this.newestBelow.has(n + 1)) this.newestBelow.set(n + 1, this.newest);
      return fault;
    }

    takeManifest(n, { action_detail: { newest, closed_until: closed } = {} }) {
      this.manifests++;
      if (isTime(newest) && this.newest > newest)
        return `A leaf before leaf ${n} was recorded later than the manifest there says.`;
      if (isTime(closed) && this.closed < closed) this.closed = closed;
      return "";
    }

    /** Compare with the cosignatures that counted and the stamps that were verified. */
    end(witnesses, stamps) {
      const witness = witnesses.find(({ seconds }) => this.newest > aMinuteAfter(timeAt(seconds)));
      if (witness)
        return `A leaf was recorded after ${witness.name} had seen it, at ${readable(timeAt(witness.seconds))}.`;
      const stamp = stamps.find(({ size, time }) => this.newestBelow.get(size) > aMinuteAfter(time));
      return stamp ? `A leaf below ${stamp.size} was recorded after its time stamp of ${readable(stamp.time)}.` : "";
    }
  }

  auditVerifier.Times = Times;
})();

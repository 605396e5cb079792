/* What a checked report says, in the sentences of docs/trail-format.md, section 10, and the last line. */
"use strict";
(() => {
  const { MALFORMED, readable, timeAt, many } = auditVerifier;
  const WENT_ON = ["viewing.url_renewed", "viewing.watched", "viewing.finished"];

  /** What is counted while the lines pass. */
  class Facts {
    constructor(claim) {
      Object.assign(this, {
        scope: claim.scope,
        rows: 0,
        late: 0,
        malformed: 0,
        issued: 0,
        refused: 0,
        wentOn: false,
        discovered: false,
        fault: "",
        label: "",
      });
    }

    look({ entry, body, reveal, inScope, isRow }) {
      const { kind, ref } = this.scope;
      const [party, field] = kind === "actor" ? [body?.actor, "actor.name"] : [body?.object, "object.label"];
      if (inScope && kind !== "all" && party?.ref === ref) this.label = reveal[field]?.value ?? this.label;
      if (inScope && entry.y === "recording.discovered") this.discovered = true;
      if (!isRow) return "";
      this.rows++;
      if (entry.late) this.late++;
      if (entry.y === MALFORMED) this.malformed++;
      if (entry.y === "viewing.url_issued") this.issued++;
      if (entry.y === "viewing.url_refused") this.refused++;
      if (WENT_ON.includes(entry.y)) this.wentOn = true;
      return "";
    }
  }

  /** A name behind what it names. It cannot end its own quotation, whatever was typed. */
  const named = (what, name) => (name ? `${what} (“${name.replace(/[“”]/g, '"')}”)` : what);

  const about = ({ scope, label }) => {
    const of = { target: "every event on ", object: "every event on ", actor: "every event by ", all: "every event" };
    const what = of[scope.kind] + (scope.ref ?? "") + (scope.kind === "object" ? " and on its recordings" : "");
    return named(what, label);
  };

  const period = ({ from, to }) =>
    (from ? `from ${readable(from)}` : "from the beginning of the log") +
    (to ? `, before ${readable(to)}` : ", no end");

  /** From when until when nothing is missing: nobody vouches for a time in which there was no log. */
  const vouchedFor = ({ scope: { from, to } }, opened, closed) => ({
    opened,
    closed,
    start: from !== undefined && from > opened ? from : opened,
    end: to !== undefined && to < closed ? to : closed,
  });

  const complete = ({ opened, closed, start, end }, { to }) => {
    if (opened >= closed)
      return `not stated: the log was opened at ${readable(opened)} and vouches for no time yet`;
    if (start >= end)
      return `not stated: the log vouches for the time from ${readable(opened)} until ${readable(closed)} only`;
    const said = `no event is missing from ${readable(start)} until ${readable(end)}`;
    if (to === undefined) return `${said} (the report has no end; later events are not covered)`;
    return to > closed ? `${said} (the period asked for ends later, at ${readable(to)})` : said;
  };

  const viewings = (facts, parentsFrom, { start, end }) => {
    const { kind, ref } = facts.scope,
      whom = kind === "actor" ? " to this person" : "";
    if (kind === "target" && !ref.startsWith("recording:")) return "not stated: this scope cannot hold viewings";
    const refused = facts.refused ? `; refusals among the events: ${facts.refused}` : "";
    if (facts.issued) return `${many(facts.issued, "once", "times")} the address of a video was issued${whom}${refused}`;
    if (facts.wentOn) return "none began in this time; one that began before went on";
    if (kind === "target" && !facts.discovered) return "not stated: the log does not know this recording";
    if (kind === "object" && !facts.discovered) return "not stated: the log does not know any recording of this object";
    if (start >= end) return "not stated: the log does not vouch for this time";
    if (kind === "object" && parentsFrom > 0) return `none from leaf ${parentsFrom} until ${readable(end)}`;
    const nobody = kind === "actor" ? "this person was not" : "nobody was";
    return `none: ${nobody} given the address of a video from ${readable(start)} until ${readable(end)}`;
  };

  const TRUST = {
    own: "the bundle’s own policy: only its maker vouches for it",
    same: "the policy you brought, which is the one in the bundle: if you took it from there, only its maker vouches for it",
    brought: "the policy you brought",
  };

  const seenBy = (witnesses) =>
    witnesses.map(({ name, seconds }) => `${name} at ${readable(timeAt(seconds))}`).join(", ") || "no witness";

  const logSentence = ({ claim, kept }) => {
    const first = kept.get(0),
      opening = kept.get(claim.opening),
      detail = first.body.action_detail;
    let text = `${claim.origin}, ${claim.size} leaves, open since ${readable(first.entry.r)}`;
    if (detail.previous_origin) text += `; leaf 0 goes on from ${detail.previous_origin}, which is not in this log`;
    if (claim.opening > 0)
      text += `; since leaf ${claim.opening} under this name: ${opening.body.action_detail.reason}`;
    return text;
  };

  /** The sentences about a bundle in which every check holds. */
  const statementOf = (found) => {
    const { claim, kept, facts, manifest, values, witnesses, trusted } = found,
      { scope } = claim,
      request = kept.get(claim.request);
    const time = vouchedFor(claim, kept.get(claim.opening).entry.r, manifest.closed_until);
    const requester = named(request.body.actor.ref, request.reveal["actor.name"]?.value);
    const lines = [
      ["About", about(facts)],
      ["Period", period(scope)],
      ["Complete", complete(time, scope)],
      ["Viewings", viewings(facts, manifest.parents_from, time)],
      ["Events", facts.rows ? many(facts.rows, "1 event", "events") : "no events"],
      ["Requested", `by ${requester} at ${readable(request.entry.r)}, as report ${claim.report}`],
      ["Log", logSentence(found)],
      ["Seen by", seenBy(witnesses)],
      ["Personal values", `${values.shown} shown, ${values.hidden} erased or not opened`],
      ["Sealed late", facts.late && lateSentence(facts.late)],
      [
        "Malformed",
        facts.malformed &&
          many(facts.malformed, "1 entry is no event that can be read", "entries are no events that can be read"),
      ],
      [
        "Recordings named since",
        scope.kind === "object" &&
          manifest.parents_from > 0 &&
          `leaf ${manifest.parents_from}: earlier events on its recordings are not covered`,
      ],
      ["Not covered", "views inside CommBox, and whatever was never recorded here"],
      [
        "Not checked",
        "report.xlsx, report.pdf and README.txt: copies by the portal; only report.csv was made again from the events" +
          (witnesses.length || trusted.length ? "" : "; when it happened: no time stamp or witness was checked"),
      ],
      ["Trust", TRUST[found.trust]],
    ];
    return lines.filter(([, text]) => text).map(([name, text]) => ({ name, text }));
  };

  const lateSentence = (count) =>
    `${many(count, "1 event was", "events were")} sealed after the log was closed for their time: ` +
    `only the portal vouches for when ${count === 1 ? "it" : "they"} happened`;

  /** The last line when no check fails. */
  const verdictOf = ({ trust, signers, trusted }) => {
    if (trust !== "own" && signers.length) return `WITNESSED by ${signers.join(", ")}`;
    if (!trusted.length) return "CONSISTENT (self-signed only)";
    const { time, size } = trusted.at(-1);
    return `ANCHORED (time-stamped ${readable(time)}, leaves below ${size})`;
  };

  Object.assign(auditVerifier, { Facts, statementOf, verdictOf, seenBy, TRUST });
})();

/* The statement about a verified bundle and the verdict (docs/trail-format.md, section 10). */
"use strict";
(() => {
  const { MALFORMED, readable, timeAt, gettext, ngettext, pgettext, partsOf } = auditVerifier;
  const WENT_ON = ["viewing.url_renewed", "viewing.watched", "viewing.finished"];

  /** Counts what the statement says, line by line. */
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

  /** Quote a name. Quotation marks in it are replaced, so that it cannot end its own quotation. */
  const quoted = (name) => name.replace(/[“”]/g, '"');

  const about = ({ scope: { kind, ref }, label }) => {
    const [plain, named] = {
      target: [gettext("all events about %(ref)s"), gettext("all events about %(ref)s (“%(label)s”)")],
      object: [
        gettext("all events about %(ref)s and its recordings"),
        gettext("all events about %(ref)s and its recordings (“%(label)s”)"),
      ],
      actor: [gettext("all events by %(ref)s"), gettext("all events by %(ref)s (“%(label)s”)")],
      all: [gettext("all events"), gettext("all events")],
    }[kind];
    return partsOf(label ? named : plain, { ref, label: quoted(label) });
  };

  const period = ({ from, to }) => {
    const times = { from: from && readable(from), to: to && readable(to) };
    if (from && to) return partsOf(gettext("from %(from)s, before %(to)s"), times);
    if (from) return partsOf(gettext("from %(from)s, no end"), times);
    if (to) return partsOf(gettext("from the beginning of the log, before %(to)s"), times);
    return gettext("from the beginning of the log, no end");
  };

  /** The time in which no event is missing: only since the log was opened, and until it was closed. */
  const covered = ({ scope: { from, to } }, opened, closed) => ({
    opened,
    closed,
    start: from !== undefined && from > opened ? from : opened,
    end: to !== undefined && to < closed ? to : closed,
  });

  const complete = ({ opened, closed, start, end }, { to }) => {
    const times = {
      opened: readable(opened),
      closed: readable(closed),
      start: readable(start),
      end: readable(end),
      to: to && readable(to),
    };
    if (opened >= closed)
      return partsOf(gettext("not stated: the log was opened at %(opened)s and covers no time yet"), times);
    if (start >= end)
      return partsOf(gettext("not stated: the log covers only the time from %(opened)s until %(closed)s"), times);
    if (to === undefined)
      return partsOf(
        gettext(
          "no event is missing from %(start)s until %(end)s (the report has no end; later events are not covered)",
        ),
        times,
      );
    if (to > closed)
      return partsOf(
        gettext("no event is missing from %(start)s until %(end)s (the requested period ends later, at %(to)s)"),
        times,
      );
    return partsOf(gettext("no event is missing from %(start)s until %(end)s"), times);
  };

  const issued = ({ scope: { kind }, issued: count, refused }) => {
    const toPerson = kind === "actor";
    let sentence = ngettext("%(count)s video URL was issued", "%(count)s video URLs were issued", count);
    if (toPerson && refused)
      sentence = ngettext(
        "%(count)s video URL was issued to this person; URLs refused: %(refused)s",
        "%(count)s video URLs were issued to this person; URLs refused: %(refused)s",
        count,
      );
    else if (toPerson)
      sentence = ngettext(
        "%(count)s video URL was issued to this person",
        "%(count)s video URLs were issued to this person",
        count,
      );
    else if (refused)
      sentence = ngettext(
        "%(count)s video URL was issued; URLs refused: %(refused)s",
        "%(count)s video URLs were issued; URLs refused: %(refused)s",
        count,
      );
    return partsOf(sentence, { count, refused });
  };

  const viewings = (facts, parentsFrom, { start, end }) => {
    const { kind, ref } = facts.scope,
      times = { start: readable(start), end: readable(end), leaf: parentsFrom };
    if (kind === "target" && !ref.startsWith("recording:"))
      return gettext("not stated: this scope cannot contain viewings");
    if (facts.issued) return issued(facts);
    if (facts.wentOn) return gettext("none started in this period; one that started earlier continued");
    if (kind === "target" && !facts.discovered)
      return gettext("not stated: this recording was never registered in the log");
    if (kind === "object" && !facts.discovered)
      return gettext("not stated: no recording of this object was ever registered in the log");
    if (start >= end) return gettext("not stated: the log does not cover this period");
    if (kind === "object" && parentsFrom > 0) return partsOf(gettext("none from leaf %(leaf)s until %(end)s"), times);
    if (kind === "actor")
      return partsOf(gettext("none: no video URL was issued to this person from %(start)s until %(end)s"), times);
    return partsOf(gettext("none: no video URL was issued from %(start)s until %(end)s"), times);
  };

  const TRUST = {
    own: gettext("the bundle’s own policy; only the bundle’s maker vouches for it"),
    same: gettext(
      "your policy, which is the same as the bundle’s; if you took it from there, only the bundle’s maker vouches for it",
    ),
    brought: gettext("your policy"),
  };

  /** Names and times of the witnesses that cosigned; they are the same in every language. */
  const seenBy = (witnesses) =>
    witnesses.map(({ name, seconds }) => `${name} (${readable(timeAt(seconds))})`).join(", ");

  const requested = (request, report) => {
    const label = request.reveal["actor.name"]?.value;
    const sentence = label
      ? gettext("by %(ref)s (“%(label)s”) at %(time)s, as report %(report)s")
      : gettext("by %(ref)s at %(time)s, as report %(report)s");
    return partsOf(sentence, {
      ref: request.body.actor.ref,
      label: label && quoted(label),
      time: readable(request.entry.r),
      report,
    });
  };

  const logSentence = ({ claim: { origin, size, opening: leaf }, kept }) => {
    const first = kept.get(0),
      previous = first.body.action_detail.previous_origin,
      { reason } = kept.get(leaf).body.action_detail;
    const values = { origin, size, time: readable(first.entry.r), previous, leaf, reason };
    if (previous && leaf)
      return partsOf(
        gettext(
          "%(origin)s, %(size)s leaves, opened at %(time)s; leaf 0 continues %(previous)s, which is not part of this log; under this name since leaf %(leaf)s: %(reason)s",
        ),
        values,
      );
    if (previous)
      return partsOf(
        gettext(
          "%(origin)s, %(size)s leaves, opened at %(time)s; leaf 0 continues %(previous)s, which is not part of this log",
        ),
        values,
      );
    if (leaf)
      return partsOf(
        gettext(
          "%(origin)s, %(size)s leaves, opened at %(time)s; under this name since leaf %(leaf)s: %(reason)s",
        ),
        values,
      );
    return partsOf(gettext("%(origin)s, %(size)s leaves, opened at %(time)s"), values);
  };

  const late = (count) =>
    partsOf(
      ngettext(
        "%(count)s event was sealed after the log was closed for its time; only the portal vouches for when it happened",
        "%(count)s events were sealed after the log was closed for their time; only the portal vouches for when they happened",
        count,
      ),
      { count },
    );

  const malformed = (count) =>
    partsOf(
      ngettext("%(count)s entry is not a readable event", "%(count)s entries are not readable events", count),
      { count },
    );

  const notChecked = (confirmed) =>
    confirmed
      ? gettext(
          "report.xlsx, report.pdf and README.txt are copies made by the portal; only report.csv was recomputed from the events",
        )
      : gettext(
          "report.xlsx, report.pdf and README.txt are copies made by the portal; only report.csv was recomputed from the events; no time stamp or witness confirms the times",
        );

  /** The names of the lines as they are shown; a result has the English ones. */
  const NAMES = {
    About: pgettext("statement", "About"),
    Period: pgettext("statement", "Period"),
    Complete: pgettext("statement", "Complete"),
    Viewings: pgettext("statement", "Viewings"),
    Events: pgettext("statement", "Events"),
    Requested: pgettext("statement", "Requested"),
    Log: pgettext("statement", "Log"),
    "Cosigned by": pgettext("statement", "Cosigned by"),
    "Personal values": pgettext("statement", "Personal values"),
    "Sealed late": pgettext("statement", "Sealed late"),
    Malformed: pgettext("statement", "Malformed"),
    "Recordings covered from": pgettext("statement", "Recordings covered from"),
    "Not covered": pgettext("statement", "Not covered"),
    "Not checked": pgettext("statement", "Not checked"),
    Trust: pgettext("statement", "Trust"),
  };

  /** The statement about a bundle in which no check failed: names, and sentences in parts (language.js). */
  const statementOf = (found) => {
    const { claim, kept, facts, manifest, values, witnesses, trusted } = found,
      { scope } = claim;
    const time = covered(claim, kept.get(claim.opening).entry.r, manifest.closed_until),
      parentsFrom = scope.kind === "object" ? manifest.parents_from : 0;
    const lines = [
      ["About", about(facts)],
      ["Period", period(scope)],
      ["Complete", complete(time, scope)],
      ["Viewings", viewings(facts, manifest.parents_from, time)],
      [
        "Events",
        facts.rows
          ? partsOf(ngettext("%(count)s event", "%(count)s events", facts.rows), { count: facts.rows })
          : gettext("no events"),
      ],
      ["Requested", requested(kept.get(claim.request), claim.report)],
      ["Log", logSentence(found)],
      ["Cosigned by", seenBy(witnesses) || gettext("no witness")],
      [
        "Personal values",
        partsOf(gettext("%(shown)s shown, %(erased)s erased or not disclosed"), {
          shown: values.shown,
          erased: values.hidden,
        }),
      ],
      ["Sealed late", facts.late && late(facts.late)],
      ["Malformed", facts.malformed && malformed(facts.malformed)],
      [
        "Recordings covered from",
        parentsFrom > 0 &&
          partsOf(gettext("leaf %(leaf)s; earlier events about its recordings are not covered"), { leaf: parentsFrom }),
      ],
      ["Not covered", gettext("viewings inside CommBox, and anything that the portal did not record")],
      ["Not checked", notChecked(witnesses.length || trusted.length)],
      ["Trust", TRUST[found.trust]],
    ];
    return lines.filter(([, said]) => said).map(([name, said]) => ({ name, parts: [said].flat() }));
  };

  /** The verdict when no check failed. It is a code, the same in every language. */
  const verdictOf = ({ trust, signers, trusted }) => {
    if (trust !== "own" && signers.length) return `WITNESSED by ${signers.join(", ")}`;
    if (!trusted.length) return "CONSISTENT (self-signed only)";
    const { time, size } = trusted.at(-1);
    return `ANCHORED (time-stamped ${readable(time)}, leaves below ${size})`;
  };

  Object.assign(auditVerifier, { Facts, statementOf, verdictOf, seenBy, NAMES });
})();

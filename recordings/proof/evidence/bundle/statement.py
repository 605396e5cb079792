"""What a bundle claims, in the sentences of docs/trail-format.md, section 10: made once, from facts, for the report's
page, the PDF and README.txt. The verifiers print the same from what they find in the bundle."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from recordings.audit import Kind
from recordings.proof.evidence.bundle.scope import ACTOR, ALL, OBJECT, TARGET, Scope
from recordings.proof.sealing.entries import stamp

# Somebody who had begun to watch before goes on: not a new viewing, and not nobody either.
_GOES_ON = (Kind.URL_RENEWED.value, Kind.WATCHED.value, Kind.VIEWING_FINISHED.value)
# What could end a line or turn the order of letters round; shown as the character that stands for none.
_UNPRINTABLE = re.compile("[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
TRUST = "the bundle’s own policy: only its maker vouches for it"


class Sentence(NamedTuple):
    """One line of the statement."""

    name: str
    text: str


@dataclass(frozen=True)
class Facts:
    """What the statement is made of. Times are spelled as in the log's entries."""

    scope: Scope
    label: str
    closed_until: str
    kinds: Mapping[str, int]  # rows by type
    discovered: bool  # the scope has a leaf that made the recording known
    parents_from: int
    requester: str
    requester_name: str
    requested_at: str
    report: str
    origin: str
    size: int
    open_since: str
    goes_on_from: str
    opening: int
    reason: str
    seen_by: Sequence[tuple[str, str]]
    shown: int
    unopened: int
    late: int
    malformed: int
    stamped: bool = False
    begun_at: str = (
        ""  # when the leaf that opened the log under its present name was recorded; leaf 0 if empty
    )

    @property
    def rows(self) -> int:
        return sum(self.kinds.values())

    @property
    def start(self) -> str:
        """From when on nothing is missing: nobody vouches for a time in which there was no log."""
        return max(stamp(self.scope.since), self.opened) if self.scope.since else self.opened

    @property
    def opened(self) -> str:
        """When the log was opened under its name: of an epoch before it something may be lost."""
        return self.begun_at or self.open_since

    @property
    def end(self) -> str:
        """The moment up to which nothing is missing; not behind `start` when the log vouches for nothing."""
        until = self.scope.until
        return min(stamp(until), self.closed_until) if until else self.closed_until


def statement(facts: Facts) -> list[Sentence]:
    """All sentences, in their order. Whoever trusts the bundle's own policy reads them so."""
    sentences = [
        ("About", _about(facts)),
        ("Period", _period(facts.scope)),
        ("Complete", _complete(facts)),
        ("Viewings", _viewings(facts)),
        ("Events", _count(facts.rows, "event", "events")),
        ("Requested", _requested(facts)),
        ("Log", _log(facts)),
        ("Seen by", ", ".join(f"{name} at {_utc(time)}" for name, time in facts.seen_by) or "no witness"),
        ("Personal values", f"{facts.shown} shown, {facts.unopened} erased or not opened"),
        ("Sealed late", _late(facts.late)),
        ("Malformed", _malformed(facts.malformed)),
        ("Recordings named since", _named_since(facts)),
        ("Not covered", "views inside CommBox, and whatever was never recorded here"),
        ("Not checked", _not_checked(facts)),
        ("Trust", TRUST),
    ]
    return [Sentence(name, _UNPRINTABLE.sub("\ufffd", text)) for name, text in sentences if text]


def _utc(time: str) -> str:
    """A time of an entry as people read it; the fraction of the second is cut off."""
    return f"{time[:10]} {time[11:19]} UTC"


def _about(facts: Facts) -> str:
    ref = facts.scope.ref
    events = {
        TARGET: f"every event on {ref}",
        OBJECT: f"every event on {ref} and on its recordings",
        ACTOR: f"every event by {ref}",
        ALL: "every event",
    }[facts.scope.kind]
    return events + _quoted(facts.label)


def _quoted(name: str) -> str:
    """A name behind what it names. It cannot end its own quotation, whatever was typed."""
    plain = name.replace("“", '"').replace("”", '"')
    return f" (“{plain}”)" if name else ""


def _period(scope: Scope) -> str:
    begins = f"from {_utc(stamp(scope.since))}" if scope.since else "from the beginning of the log"
    return f"{begins}, before {_utc(stamp(scope.until))}" if scope.until else f"{begins}, no end"


def _complete(facts: Facts) -> str:
    opened, closed, until = facts.opened, facts.closed_until, facts.scope.until
    if opened >= closed:
        return f"not stated: the log was opened at {_utc(opened)} and vouches for no time yet"
    if facts.start >= facts.end:
        return f"not stated: the log vouches for the time from {_utc(opened)} until {_utc(closed)} only"
    holds = f"no event is missing from {_utc(facts.start)} until {_utc(facts.end)}"
    if until is None:
        return f"{holds} (the report has no end; later events are not covered)"
    if stamp(until) > facts.closed_until:
        return f"{holds} (the period asked for ends later, at {_utc(stamp(until))})"
    return holds


def _viewings(facts: Facts) -> str:
    """Computed from what the scope can hold: where no viewing could stand, none is not a finding."""
    kind, ref = facts.scope.kind, facts.scope.ref
    if kind == TARGET and not ref.startswith("recording:"):
        return "not stated: this scope cannot hold viewings"
    if count := facts.kinds.get(Kind.URL_ISSUED.value, 0):
        whom = " to this person" if kind == ACTOR else ""
        refused = facts.kinds.get(Kind.URL_REFUSED.value, 0)
        seen = f"; refusals among the events: {refused}" if refused else ""
        return f"{'once' if count == 1 else f'{count} times'} the address of a video was issued{whom}{seen}"
    if any(facts.kinds.get(kind_of_event) for kind_of_event in _GOES_ON):
        return "none began in this time; one that began before went on"
    if kind in (TARGET, OBJECT) and not facts.discovered:
        which = "any recording of this object" if kind == OBJECT else "this recording"
        return f"not stated: the log does not know {which}"
    if facts.start >= facts.end:
        return "not stated: the log does not vouch for this time"
    if kind == OBJECT and facts.parents_from:
        return f"none from leaf {facts.parents_from} until {_utc(facts.end)}"
    nobody = "this person was not" if kind == ACTOR else "nobody was"
    times = f"from {_utc(facts.start)} until {_utc(facts.end)}"
    return f"none: {nobody} given the address of a video {times}"


def _requested(facts: Facts) -> str:
    who = facts.requester + _quoted(facts.requester_name)
    return f"by {who} at {_utc(facts.requested_at)}, as report {facts.report}"


def _log(facts: Facts) -> str:
    parts = [f"{facts.origin}, {facts.size} leaves, open since {_utc(facts.open_since)}"]
    if facts.goes_on_from:
        parts.append(f"leaf 0 goes on from {facts.goes_on_from}, which is not in this log")
    if facts.opening:
        parts.append(f"since leaf {facts.opening} under this name: {facts.reason}")
    return "; ".join(parts)


def _late(count: int) -> str:
    if not count:
        return ""
    verb, it = ("was", "it") if count == 1 else ("were", "they")
    events = _count(count, "event", "events")
    vouched = f"only the portal vouches for when {it} happened"
    return f"{events} {verb} sealed after the log was closed for their time: {vouched}"


def _malformed(count: int) -> str:
    if not count:
        return ""
    return (
        "1 entry is no event that can be read"
        if count == 1
        else f"{count} entries are no events that can be read"
    )


def _named_since(facts: Facts) -> str:
    if facts.scope.kind != OBJECT or not facts.parents_from:
        return ""
    return f"leaf {facts.parents_from}: earlier events on its recordings are not covered"


def _not_checked(facts: Facts) -> str:
    copies = (
        "report.xlsx, report.pdf and README.txt: copies by the portal; "
        "only report.csv was made again from the events"
    )
    if facts.seen_by or facts.stamped:
        return copies
    return f"{copies}; when it happened: no time stamp or witness was checked"


def _count(count: int, one: str, many: str) -> str:
    return f"no {many}" if not count else f"1 {one}" if count == 1 else f"{count} {many}"

"""State what a bundle claims, in the sentences of docs/trail-format.md, section 10, always in English.

README.txt, the PDF and the report's page all show this one statement; the verifiers print the same sentences from what
they find in the bundle. verifier_wording.py translates it for readers: a new sentence is added there too.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from recordings.audit import Kind
from recordings.proof.evidence.bundle.scope import ACTOR, ALL, OBJECT, TARGET, Scope
from recordings.proof.sealing.entries import stamp

# A viewing that started before the period continues: not a new viewing, but not "none" either.
_CONTINUES = (Kind.URL_RENEWED.value, Kind.WATCHED.value, Kind.VIEWING_FINISHED.value)
# Characters that could end a line or change the direction of text are replaced by U+FFFD.
_UNPRINTABLE = re.compile("[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
TRUST = "the bundle’s own policy; only the bundle’s maker vouches for it"


class Sentence(NamedTuple):
    """One line of the statement."""

    name: str
    text: str


@dataclass(frozen=True)
class Facts:
    """What the statement is made of. Times have the form of the log's entries: 2026-11-20T09:14:22.000001Z."""

    scope: Scope
    label: str
    closed_until: str
    kinds: Mapping[str, int]  # rows by type
    discovered: bool  # the scope has a recording.discovered event
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
    begun_at: str = ""  # when the log was opened under its current name; if empty, with leaf 0

    @property
    def rows(self) -> int:
        return sum(self.kinds.values())

    @property
    def start(self) -> str:
        """Return from when on no event is missing: not before the log was opened."""
        return max(stamp(self.scope.since), self.opened) if self.scope.since else self.opened

    @property
    def opened(self) -> str:
        """Return when the log was opened under its current name: of an earlier epoch something may be lost."""
        return self.begun_at or self.open_since

    @property
    def end(self) -> str:
        """Return until when no event is missing. It is not after `start` when the log covers no time of the scope."""
        until = self.scope.until
        return min(stamp(until), self.closed_until) if until else self.closed_until


def statement(facts: Facts) -> list[Sentence]:
    """Return all sentences, in order, as a verifier prints them that was given no policy."""
    sentences = [
        ("About", _about(facts)),
        ("Period", _period(facts.scope)),
        ("Complete", _complete(facts)),
        ("Viewings", _viewings(facts)),
        ("Events", _events(facts.rows)),
        ("Requested", _requested(facts)),
        ("Log", _log(facts)),
        ("Cosigned by", ", ".join(f"{name} ({_utc(time)})" for name, time in facts.seen_by) or "no witness"),
        ("Personal values", f"{facts.shown} shown, {facts.unopened} erased or not disclosed"),
        ("Sealed late", _late(facts.late)),
        ("Malformed", _malformed(facts.malformed)),
        ("Recordings covered from", _covered_from(facts)),
        ("Not covered", "viewings inside CommBox, and anything that the portal did not record"),
        ("Not checked", _not_checked(facts)),
        ("Trust", TRUST),
    ]
    return [Sentence(name, _UNPRINTABLE.sub("\ufffd", text)) for name, text in sentences if text]


def _utc(time: str) -> str:
    """Write a time of an entry for people, to the second."""
    return f"{time[:10]} {time[11:19]} UTC"


def _about(facts: Facts) -> str:
    ref = facts.scope.ref
    events = {
        TARGET: f"all events about {ref}",
        OBJECT: f"all events about {ref} and its recordings",
        ACTOR: f"all events by {ref}",
        ALL: "all events",
    }[facts.scope.kind]
    return events + _quoted(facts.label)


def _quoted(name: str) -> str:
    """Quote a name. Quotation marks in it are replaced, so that it cannot end its own quotation."""
    plain = name.replace("“", '"').replace("”", '"')
    return f" (“{plain}”)" if name else ""


def _period(scope: Scope) -> str:
    begins = f"from {_utc(stamp(scope.since))}" if scope.since else "from the beginning of the log"
    return f"{begins}, before {_utc(stamp(scope.until))}" if scope.until else f"{begins}, no end"


def _complete(facts: Facts) -> str:
    opened, closed, until = facts.opened, facts.closed_until, facts.scope.until
    if opened >= closed:
        return f"not stated: the log was opened at {_utc(opened)} and covers no time yet"
    if facts.start >= facts.end:
        return f"not stated: the log covers only the time from {_utc(opened)} until {_utc(closed)}"
    holds = f"no event is missing from {_utc(facts.start)} until {_utc(facts.end)}"
    if until is None:
        return f"{holds} (the report has no end; later events are not covered)"
    if stamp(until) > facts.closed_until:
        return f"{holds} (the requested period ends later, at {_utc(stamp(until))})"
    return holds


def _viewings(facts: Facts) -> str:
    """State how many viewings there were. "None" is stated only for a scope that could contain viewings."""
    kind, ref = facts.scope.kind, facts.scope.ref
    if kind == TARGET and not ref.startswith("recording:"):
        return "not stated: this scope cannot contain viewings"
    person = " to this person" if kind == ACTOR else ""
    if count := facts.kinds.get(Kind.URL_ISSUED.value, 0):
        issued = "1 video URL was issued" if count == 1 else f"{count} video URLs were issued"
        refused = facts.kinds.get(Kind.URL_REFUSED.value, 0)
        return issued + person + (f"; URLs refused: {refused}" if refused else "")
    if any(facts.kinds.get(continued) for continued in _CONTINUES):
        return "none started in this period; one that started earlier continued"
    if kind == TARGET and not facts.discovered:
        return "not stated: this recording was never registered in the log"
    if kind == OBJECT and not facts.discovered:
        return "not stated: no recording of this object was ever registered in the log"
    if facts.start >= facts.end:
        return "not stated: the log does not cover this period"
    if kind == OBJECT and facts.parents_from:
        return f"none from leaf {facts.parents_from} until {_utc(facts.end)}"
    return f"none: no video URL was issued{person} from {_utc(facts.start)} until {_utc(facts.end)}"


def _requested(facts: Facts) -> str:
    who = facts.requester + _quoted(facts.requester_name)
    return f"by {who} at {_utc(facts.requested_at)}, as report {facts.report}"


def _log(facts: Facts) -> str:
    parts = [f"{facts.origin}, {facts.size} leaves, opened at {_utc(facts.open_since)}"]
    if facts.goes_on_from:
        parts.append(f"leaf 0 continues {facts.goes_on_from}, which is not part of this log")
    if facts.opening:
        parts.append(f"under this name since leaf {facts.opening}: {facts.reason}")
    return "; ".join(parts)


def _late(count: int) -> str:
    if not count:
        return ""
    if count == 1:
        sealed = "1 event was sealed after the log was closed for its time"
        return f"{sealed}; only the portal vouches for when it happened"
    sealed = f"{count} events were sealed after the log was closed for their time"
    return f"{sealed}; only the portal vouches for when they happened"


def _malformed(count: int) -> str:
    if not count:
        return ""
    return "1 entry is not a readable event" if count == 1 else f"{count} entries are not readable events"


def _covered_from(facts: Facts) -> str:
    if facts.scope.kind != OBJECT or not facts.parents_from:
        return ""
    return f"leaf {facts.parents_from}; earlier events about its recordings are not covered"


def _not_checked(facts: Facts) -> str:
    copies = (
        "report.xlsx, report.pdf and README.txt are copies made by the portal; "
        "only report.csv was recomputed from the events"
    )
    if facts.seen_by or facts.stamped:
        return copies
    return f"{copies}; no time stamp or witness confirms the times"


def _events(count: int) -> str:
    return {0: "no events", 1: "1 event"}.get(count, f"{count} events")

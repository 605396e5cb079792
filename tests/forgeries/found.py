"""What a second verifier and a round of attacks found: rows T1 to T24, as far as a bundle shows them."""

import json
from datetime import timedelta
from typing import Any

from tests.forge import Log
from tests.forge_parts import START, canonical, recording
from tests.forge_tools import changed_json, story
from tests.forgeries.base import SEVEN, Case, asked, bad, files_of, forged, good, log


@forged
def _T1_an_object_whose_recording_was_viewed() -> Case:
    """Views name the recording, and the object stands in them as its parent only."""
    viewed = Log()
    for _ in range(3):
        viewed.add(about=recording(7), object={"parent": "object:3"})
    said = {"Viewings": "3 video URLs were issued", "Events": "3 events"}
    return good(viewed.bundle("object", "object:3"), says=said)


@forged
def _T1_an_object_without_the_chain_of_its_recordings() -> Case:
    files = changed_json(files_of("object", "object:3"), lambda c: c["chains"].pop())
    return bad(files, "files")


@forged
def _T1_an_object_whose_recordings_are_said_to_be_absent() -> Case:
    whole = story().asked("object", "object:3")
    absent = {"kind": "par", "absence": {}}
    files = whole.bundle(
        "object", "object:3", leaves=[8], claims=lambda c: c["chains"].__setitem__(1, absent)
    )
    return bad(files, "completeness")


@forged
def _T2_a_recording_that_does_not_exist() -> Case:
    said = {"Viewings": "not stated: this recording was never registered in the log", "Events": "no events"}
    return good(files_of("target", recording(99)), says=said)


@forged
def _T2_an_object_that_does_not_exist() -> Case:
    said = {"Viewings": "not stated: no recording of this object was ever registered in the log"}
    return good(files_of("object", "object:999999999999"), says=said)


def _spelled(kind: str, ref: str) -> Case:
    return bad(log().bundle(kind, ref), "files")


@forged
def _T2_an_object_with_a_zero_before() -> Case:
    return _spelled("object", "object:03")


@forged
def _T2_a_recording_in_capitals() -> Case:
    return _spelled("target", "recording:0198C0DE-0000-7000-8000-00000000000A")


@forged
def _T2_a_person_with_a_zero_before() -> Case:
    return _spelled("actor", "user:01")


@forged
def _T2_a_person_in_other_digits() -> Case:
    return _spelled("actor", "user:١")


@forged
def _T3_a_period_in_the_future() -> Case:
    since, until = START + timedelta(days=34), START + timedelta(days=41)
    said = {
        "Period": "from 2026-12-24 09:00:00 UTC, before 2026-12-31 09:00:00 UTC",
        "Complete": (
            "not stated: the log covers only the time from 2026-11-20 09:00:01 UTC until 2026-11-20 10:00:42 UTC"
        ),
        "Viewings": "not stated: this recording was never registered in the log",
    }
    return good(log().bundle(*SEVEN[:1], recording(99), since=since, until=until), says=said)


def _relabelled(**scope: str) -> Case:
    return bad(changed_json(files_of(*SEVEN), lambda c: c["scope"].update(scope)), "request")


@forged
def _T4_a_bundle_relabelled_to_end_later() -> Case:
    return _relabelled(to="2026-12-31T00:00:00.000000Z")


@forged
def _T4_a_bundle_relabelled_to_begin_earlier() -> Case:
    return _relabelled(**{"from": "2026-01-01T00:00:00.000000Z"})


@forged
def _T4_a_bundle_about_another_recording() -> Case:
    """All leaves, chains and rows are those of recording 8; what was asked for is recording 7."""
    files = asked(*SEVEN).bundle("target", recording(8), request=10)
    return bad(files, "request")


@forged
def _T4_a_report_that_somebody_else_asked_for() -> Case:
    longer = log().copy()
    longer.ask(*SEVEN, report="0198c0de-0000-7000-8000-00000000000f")
    longer.close(after=90)
    return bad(longer.bundle(*SEVEN, request=10), "request")


@forged
def _T4_a_request_that_asked_for_nothing() -> Case:
    longer = log().copy()
    longer.add("export.requested", by="user:9", about="report:0198c0de-0000-7000-8000-000000000001")
    longer.close(after=90)
    return bad(longer.bundle(*SEVEN, request=10), "request")


@forged
def _T8_a_manifest_of_the_application_among_the_leaves() -> Case:
    """A manifest by anybody but the sealer is an event like others: it closes nothing."""
    forged_one = Log()
    forged_one.add(about=recording(7))
    forged_one.add("heads.manifest", by="user:1", detail={"newest": "2020-01-01T00:00:00.000000Z"})
    return good(forged_one.bundle())


@forged
def _T8_a_period_that_begins_at_a_manifest_of_the_application() -> Case:
    wrong = Log()
    wrong.add(about=recording(7))
    wrong.add("heads.manifest", by="user:1", detail={"newest": "2020-01-01T00:00:00.000000Z"})
    since = START + timedelta(minutes=1)
    wrong = wrong.asked("all", since=since)
    return bad(wrong.bundle(since=since, leaves=range(2, 5)), "completeness")


@forged
def _T10_a_second_log_under_the_same_name() -> Case:
    """The views stand under another tag key, before a second opening of the same origin."""
    wrong = Log(tag_key=bytes(32))
    wrong.add(about=recording(7))
    second = Log(opens=False, tag_key=bytes([7]) * 32)
    second.leaves, second.clock = wrong.leaves, wrong.clock
    second.open(previous_origin=wrong.origin, previous_size=2, previous_root="x", reason="maintenance")
    return bad(second.bundle(*SEVEN, opening=2), "bodies")


@forged
def _T10_a_later_opening_with_the_same_tag_key() -> Case:
    wrong = Log()
    wrong.add(about=recording(7))
    wrong.open(previous_origin=wrong.origin, previous_size=2, previous_root="x", reason="maintenance")
    return bad(wrong.bundle(*SEVEN, opening=2), "opening")


@forged
def _T10_an_epoch_with_another_tag_key() -> Case:
    wrong = Log(tag_key=bytes(32))
    wrong.add(about=recording(7))
    wrong.tag_key = bytes([7]) * 32
    return bad(wrong.epoch("portal.example/audit/2").bundle(*SEVEN), "bodies", policy=_policy_of_2())


def _policy_of_2() -> str:
    return Log().epoch("portal.example/audit/2").policy()


def _epoch(origin: str, **other: Any) -> Case:
    later = Log().epoch(origin, **other)
    return bad(later.bundle(), "opening", policy=later.policy())


@forged
def _T10_an_epoch_that_skips_one() -> Case:
    return _epoch("portal.example/audit/3")


@forged
def _T10_an_epoch_that_goes_on_from_another_log() -> Case:
    return _epoch("portal.example/audit/2", previous_origin="elsewhere.example")


@forged
def _T10_an_epoch_numbered_with_a_zero() -> Case:
    return _epoch("portal.example/audit/02")


@forged
def _T10_an_epoch_without_reason() -> Case:
    return _epoch("portal.example/audit/2", reason=7)


@forged
def _T17_an_origin_that_ends_in_a_number() -> Case:
    """`portal.example/1` is a first origin like others: its successor is `portal.example/1/2`."""
    later = Log(origin="portal.example/1").epoch("portal.example/1/2")
    return good(later.bundle(), policy=later.policy())


@forged
def _T17_nothing_is_stated_of_a_time_before_the_epoch() -> Case:
    """What happened before may have been lost: the new epoch vouches for the time from its own opening on."""
    first = Log()
    first.add("recording.discovered", by="system:refresh", about=recording(7))
    first.clock += timedelta(hours=1)
    later = first.epoch(f"{first.origin}/2")
    result = {"Viewings": "not stated: the log does not cover this period"}
    until = START + timedelta(minutes=30)
    return good(later.bundle(*SEVEN, until=until), policy=later.policy(), says=result)


def _late_log() -> Log:
    late = Log()
    late.add(about=recording(7), after=3600)
    late.close()
    return late


@forged
def _T12_a_late_event_that_is_not_marked() -> Case:
    late = _late_log()
    late.add(about=recording(7), at=START + timedelta(seconds=9))
    return bad(late.bundle(), "times")


@forged
def _T12_a_late_event_without_incident() -> Case:
    late = _late_log()
    late.add(about=recording(7), at=START + timedelta(seconds=9), late=True)
    return bad(late.bundle(), "times")


@forged
def _T12_a_period_whose_late_event_lies_behind_its_range() -> Case:
    """The period was closed, then an event of it came late: its bundle may not end before that."""
    late = _late_log()
    closing = len(late.leaves) - 1
    late.incident("event_late", 1)
    late.add(about=recording(7), at=START + timedelta(seconds=9), late=True)
    late.close()
    return bad(late.bundle(until=START + timedelta(minutes=5), leaves=range(closing + 1)), "completeness")


@forged
def _T12_a_period_that_reaches_to_its_late_event() -> Case:
    late = _late_log()
    late.incident("event_late", 1)
    late.add(about=recording(7), at=START + timedelta(seconds=9), late=True)
    late.close()
    late.add(about=recording(8), after=60)
    result = {"Viewings": "1 video URL was issued"}
    return good(late.bundle(until=START + timedelta(minutes=5)), policy=late.policy(), says=result)


@forged
def _T12_an_incident_that_comes_late_itself() -> Case:
    """The clock of the database stepped back: the incident that speaks of late leaves is late, too."""
    late = _late_log()
    back = START + timedelta(seconds=9)
    detail = {"code": "event_late", "sentence": "x", "first": len(late.leaves) + 1, "count": 1}
    late.own("sealer.incident", detail, at=back, late=True)
    late.add(about=recording(7), at=back, late=True)
    return good(late.bundle(), policy=late.policy())


@forged
def _T12_a_late_event_behind_the_span_of_its_incident() -> Case:
    late = _late_log()
    late.incident("event_late", 1)
    late.add(about=recording(7), at=START + timedelta(seconds=9), late=True)
    late.add(about=recording(7), at=START + timedelta(seconds=9), late=True)
    return bad(late.bundle(), "times")


@forged
def _T12_an_incident_of_another_code() -> Case:
    late = _late_log()
    late.incident("event_malformed", 1)
    late.add(about=recording(7), at=START + timedelta(seconds=9), late=True)
    return bad(late.bundle(), "times")


@forged
def _T12_an_incident_that_speaks_of_other_leaves() -> Case:
    late = _late_log()
    late.incident("event_late", 1, first=1)
    late.add(about=recording(7), at=START + timedelta(seconds=9), late=True)
    return bad(late.bundle(), "times")


@forged
def _T12_an_incident_by_a_user() -> Case:
    late = _late_log()
    detail = {"code": "event_late", "sentence": "x", "first": len(late.leaves) + 1, "count": 1}
    late.add("sealer.incident", by="user:1", detail=detail)
    late.add(about=recording(7), at=START + timedelta(seconds=9), late=True)
    return bad(late.bundle(), "times")


@forged
def _T12_a_late_event_whose_incident_is_not_shipped() -> Case:
    late = _late_log()
    late.incident("event_late", 1)
    late.add(about=recording(7), at=START + timedelta(seconds=9), late=True)
    late = late.asked(*SEVEN)
    return bad(late.bundle(*SEVEN, shipped=[0, 1, 4, 5, 6]), "times")


@forged
def _T12_an_incident_that_speaks_of_nothing_here() -> Case:
    late = _late_log()
    late.incident("event_late", 1)
    late.add(about=recording(8), at=START + timedelta(seconds=9), late=True)
    late = late.asked(*SEVEN)
    return bad(late.bundle(*SEVEN, shipped=[0, 1, 3, 5, 6]), "inclusion")


@forged
def _T13_a_malformed_event_without_incident() -> Case:
    wrong = Log()
    wrong.malformed()
    return bad(wrong.bundle(), "times")


@forged
def _T13_a_malformed_event_with_a_body() -> Case:
    wrong = Log()
    wrong.incident("event_malformed", 1)
    wrong.add("event.malformed", by="system:sealer", outcome="error")
    files = wrong.bundle()
    lines = files["events.jsonl"].splitlines(keepends=True)
    said = json.loads(lines[2])
    said |= {"body": json.loads(wrong.leaves[2].body), "reveal": {}}
    lines[2] = canonical(said) + b"\n"
    return bad(files | {"events.jsonl": b"".join(lines)}, "bodies")


@forged
def _T13_a_malformed_event_of_a_user() -> Case:
    wrong = Log()
    wrong.incident("event_malformed", 1)
    wrong.add("event.malformed", by="user:1", outcome="error")
    return bad(wrong.bundle(), "bodies")


@forged
def _T13_a_malformed_event_that_was_granted() -> Case:
    wrong = Log()
    wrong.incident("event_malformed", 1)
    wrong.add("event.malformed", by="system:sealer", outcome="granted")
    return bad(wrong.bundle(), "bodies")


def _old(*, parent: bool) -> Log:
    old = Log(parents_from=3)
    old.add(about=recording(7), object={"parent": "object:3"})
    if parent:
        entry = old.leaves[1].said | {"par": old.tag("par", "object:3"), "par_n": 1}
        old.leaves[1] = old.leaves[1].__class__(old.leaves[1].body, {}, canonical(entry))
    old.add(about=recording(7), object={"parent": "object:3"})
    return old


@forged
def _an_entry_of_version_1_with_a_parent() -> Case:
    return bad(_old(parent=True).bundle("target", recording(7)), "inclusion")


@forged
def _an_entry_of_version_1_behind_the_change() -> Case:
    old = Log(parents_from=4)
    for _ in range(4):
        old.add(about=recording(7))
    old.parents_from = 3
    return bad(old.bundle(*SEVEN), "inclusion")


@forged
def _an_entry_of_version_2_before_the_change() -> Case:
    old = Log(parents_from=2)
    for _ in range(4):
        old.add(about=recording(7))
    old.parents_from = 4
    return bad(old.bundle(*SEVEN), "inclusion")

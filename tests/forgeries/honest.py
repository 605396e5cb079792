"""Bundles that are true, and what they say."""

from datetime import timedelta

from tests.forge import REPORT, Log
from tests.forge_parts import START, recording
from tests.forge_stamps import Stamper
from tests.forge_tools import NOA, story
from tests.forge_zip import pack
from tests.forgeries.base import SELF_SIGNED, SEVEN, Case, asked, files_of, forged, good, log

ANCHORED = "ANCHORED (time-stamped 2026-11-20 09:00:09 UTC, leaves below 7)"

OPENED = "2026-11-20 09:00:01 UTC"
NOBODY = "none: no video URL was issued"


@forged
def _everybody() -> Case:
    said = {
        "About": "all events",
        "Period": "from the beginning of the log, no end",
        "Complete": (
            f"no event is missing from {OPENED} until 2026-11-20 10:00:42 UTC "
            "(the report has no end; later events are not covered)"
        ),
        "Viewings": "3 video URLs were issued",
        "Events": "12 events",
        "Requested": f"by user:9 (“Noa Levi”) at 2026-11-20 10:00:12 UTC, as report {REPORT}",
        "Log": "portal.example/audit, 12 leaves, opened at 2026-11-20 09:00:01 UTC",
        "Cosigned by": "w0 (2026-11-20 10:01:42 UTC), w1 (2026-11-20 10:01:42 UTC)",
        "Personal values": "18 shown, 2 erased or not disclosed",
        "Not covered": "viewings inside CommBox, and anything that the portal did not record",
        "Not checked": (
            "report.xlsx, report.pdf and README.txt are copies made by the portal; "
            "only report.csv was recomputed from the events"
        ),
        "Trust": (
            "your policy, which is the same as the bundle’s; if you took it from there, only the bundle’s maker "
            "vouches for it"
        ),
    }
    return good(files_of("all"), says=said)


@forged
def _one_recording() -> Case:
    said = {
        "About": f"all events about {SEVEN[1]} (“מרים כהן”)",
        "Viewings": "2 video URLs were issued",
        "Events": "4 events",
    }
    return good(files_of(*SEVEN), says=said)


@forged
def _one_object_and_its_recordings() -> Case:
    said = {
        "About": "all events about object:3 and its recordings",
        "Viewings": "2 video URLs were issued",
        "Events": "5 events",
    }
    return good(files_of("object", "object:3"), says=said)


@forged
def _one_person() -> Case:
    said = {
        "About": "all events by user:1 (“נועה לוי”)",
        "Viewings": "2 video URLs were issued to this person",
    }
    return good(files_of("actor", "user:1"), says=said)


@forged
def _the_sealer_itself() -> Case:
    return good(files_of("actor", "system:sealer"))


@forged
def _nobody_viewed_a_recording_that_is_known() -> Case:
    known = Log()
    known.add(
        "recording.discovered", by="system:refresh", about=recording(7), names={"object.label": "A call"}
    )
    said = {
        "About": f"all events about {SEVEN[1]} (“A call”)",
        "Viewings": f"{NOBODY} from {OPENED} until 2026-11-20 09:00:33 UTC",
        "Events": "1 event",
    }
    return good(known.bundle(*SEVEN), says=said)


@forged
def _a_name_that_would_end_its_own_quotation() -> Case:
    known = Log()
    label = "A”), no event on others (“call"
    known.add("recording.discovered", by="system:refresh", about=recording(7), names={"object.label": label})
    said = {"About": f'all events about {SEVEN[1]} (“A"), no event on others ("call”)'}
    return good(known.bundle(*SEVEN), says=said)


@forged
def _nobody_viewed_an_object_that_has_a_recording() -> Case:
    known = Log()
    known.add("recording.discovered", by="system:refresh", about=recording(7), object={"parent": "object:3"})
    said = {"Viewings": f"{NOBODY} from {OPENED} until 2026-11-20 09:00:33 UTC"}
    return good(known.bundle("object", "object:3"), says=said)


@forged
def _nobody_viewed_it_in_this_time() -> Case:
    """A leaf of the scope outside of the report's time makes the recording known, and its event travels."""
    known = Log()
    known.add("recording.discovered", by="system:refresh", about=recording(7))
    known.add(about=recording(7), after=3600)
    known.clock += timedelta(hours=3)
    since, until = START + timedelta(minutes=5), START + timedelta(minutes=55)
    said = {
        "Period": "from 2026-11-20 09:05:00 UTC, before 2026-11-20 09:55:00 UTC",
        "Complete": "no event is missing from 2026-11-20 09:05:00 UTC until 2026-11-20 09:55:00 UTC",
        "Viewings": f"{NOBODY} from 2026-11-20 09:05:00 UTC until 2026-11-20 09:55:00 UTC",
        "Events": "no events",
    }
    return good(known.bundle(*SEVEN, since=since, until=until), says=said)


@forged
def _nobody_viewed_it_before_there_was_a_log() -> Case:
    """A time in which no log was open is one of which nobody knows what is missing."""
    known = Log()
    known.add("recording.discovered", by="system:refresh", about=recording(7))
    known.clock += timedelta(hours=1)
    said = {
        "Complete": "not stated: the log covers only the time from 2026-11-20 09:00:01 UTC until "
        "2026-11-20 10:00:33 UTC",
        "Viewings": "not stated: the log does not cover this period",
    }
    return good(
        known.bundle(*SEVEN, since=START - timedelta(days=30), until=START - timedelta(days=1)), says=said
    )


@forged
def _nobody_viewed_it_partly_before_there_was_a_log() -> Case:
    known = Log()
    known.add("recording.discovered", by="system:refresh", about=recording(7))
    known.clock += timedelta(hours=1)
    until = START + timedelta(minutes=30)
    said = {
        "Period": "from 2026-10-21 09:00:00 UTC, before 2026-11-20 09:30:00 UTC",
        "Complete": "no event is missing from 2026-11-20 09:00:01 UTC until 2026-11-20 09:30:00 UTC",
        "Viewings": "none: no video URL was issued from 2026-11-20 09:00:01 UTC until "
        "2026-11-20 09:30:00 UTC",
    }
    return good(known.bundle(*SEVEN, since=START - timedelta(days=30), until=until), says=said)


@forged
def _a_log_that_has_just_been_opened() -> Case:
    young = Log()
    young.add("recording.discovered", by="system:refresh", about=recording(7))
    young.ask(*SEVEN)
    young.close(after=20)  # and closed for a time before that
    said = {
        "Complete": "not stated: the log was opened at 2026-11-20 09:00:01 UTC and covers no time yet",
        "Viewings": "not stated: the log does not cover this period",
    }
    return good(young.bundle(*SEVEN), says=said)


@forged
def _somebody_went_on_viewing() -> Case:
    watched = Log()
    watched.add("viewing.finished", about=recording(7))
    return good(
        watched.bundle(*SEVEN),
        says={"Viewings": "none started in this period; one that started earlier continued"},
    )


@forged
def _somebody_viewed_once() -> Case:
    watched = Log()
    watched.add(about=recording(7))
    said = {"Viewings": "1 video URL was issued", "Events": "1 event"}
    return good(watched.bundle(*SEVEN), says=said)


@forged
def _somebody_who_did_nothing() -> Case:
    said = {
        "Viewings": "none: no video URL was issued to this person "
        f"from {OPENED} until 2026-11-20 10:00:42 UTC"
    }
    return good(files_of("actor", "user:99"), says=said)


@forged
def _a_report_about_a_report() -> Case:
    said = {"Viewings": "not stated: this scope cannot contain viewings"}
    return good(log().bundle("target", f"report:{REPORT}"), says=said)


def _nobody(tag: str) -> Case:
    """An absence at one end of the sorted heads: the reference is searched for."""
    for number in range(10_000):
        longer = log().asked("target", recording(number))
        heads = [head["tag"] for head in longer.heads("obj", len(longer.leaves) - 1)]
        mine = log().tag("obj", recording(number))
        if (tag == "first" and mine < heads[0]) or (tag == "last" and mine > heads[-1]):
            return good(longer.bundle("target", recording(number)))
    raise AssertionError(tag)


@forged
def _absence_before_all_others() -> Case:
    return _nobody("first")


@forged
def _absence_after_all_others() -> Case:
    return _nobody("last")


@forged
def _absence_in_an_empty_list() -> Case:
    """No event has a parent yet."""
    return good(Log().bundle("object", "object:7"))


@forged
def _a_period() -> Case:
    long = Log()
    for _ in range(20):
        long.add(about=recording(7), after=50)
        long.close()
    since, until = START + timedelta(seconds=170), START + timedelta(seconds=260)
    files = long.bundle(since=since, until=until)
    said = {
        "Period": "from 2026-11-20 09:02:50 UTC, before 2026-11-20 09:04:20 UTC",
        "Complete": "no event is missing from 2026-11-20 09:02:50 UTC until 2026-11-20 09:04:20 UTC",
    }
    return good(files, says=said)


@forged
def _a_period_of_one_recording() -> Case:
    said = {
        "Complete": "no event is missing from 2026-11-20 09:00:01 UTC until 2026-11-20 09:01:00 UTC",
        "Events": "3 events",
    }
    return good(log().bundle(*SEVEN, since=START, until=START + timedelta(minutes=1)), says=said)


@forged
def _a_period_that_starts_at_the_end_of_another() -> Case:
    since = START + timedelta(seconds=4)
    return good(log().bundle(*SEVEN, since=since), says={"Events": "3 events"})


@forged
def _with_the_portals_own_policy() -> Case:
    said = {"Trust": "the bundle’s own policy; only the bundle’s maker vouches for it"}
    return Case(pack(files_of("all")).getvalue(), "", SELF_SIGNED, says=said)


@forged
def _with_a_policy_without_quorum() -> Case:
    """Who signed is said; nobody was asked for, so the verdict is not lifted."""
    policy = log().policy("quorum none\n")
    seen = "w0 (2026-11-20 10:01:42 UTC), w1 (2026-11-20 10:01:42 UTC)"
    return good(
        files_of("all"), SELF_SIGNED, policy=policy, says={"Cosigned by": seen}, states={"witnesses": "ok"}
    )


@forged
def _with_nothing_that_tells_the_time() -> Case:
    """T6: what had nothing to check says so."""
    alone = Log(witnesses=())
    alone.add()
    copies = "report.xlsx, report.pdf and README.txt are copies made by the portal; "
    copies += "only report.csv was recomputed from the events"
    said = {
        "Cosigned by": "no witness",
        "Not checked": f"{copies}; no time stamp or witness confirms the times",
    }
    states = {"witnesses": "none", "values": "ok", "anchors": "none"}
    return good(alone.bundle(), SELF_SIGNED, policy=log().policy("quorum none\n"), says=said, states=states)


@forged
def _with_nothing_revealed() -> Case:
    closed = Log()
    closed.add(names=NOA, erased=tuple(NOA))
    closed.ask("actor", "user:1", by="user:3")
    closed.close(after=90)
    said = {"Personal values": "0 shown, 3 erased or not disclosed", "About": "all events by user:1"}
    return good(closed.bundle("actor", "user:1"), says=said, states={"values": "none"})


@forged
def _with_a_time_stamp() -> Case:
    policy = log().policy("quorum none\n")
    return good(files_of("all"), ANCHORED, policy=policy, tsa=log().stamper.pem)


@forged
def _with_a_certificate_of_another_authority() -> Case:
    policy = log().policy("quorum none\n")
    return good(files_of("all"), SELF_SIGNED, policy=policy, tsa=Stamper("Another TSA").pem)


@forged
def _with_several_certificates() -> Case:
    policy = log().policy("quorum none\n")
    return good(files_of("all"), ANCHORED, policy=policy, tsa=Stamper("Another TSA").pem + log().stamper.pem)


@forged
def _with_an_older_checkpoint() -> Case:
    return good(files_of("all"), older=log().note(4), proof=asked().request(4), states={"older": "ok"})


@forged
def _with_the_same_checkpoint() -> Case:
    return good(files_of("all"), older=asked().note())


@forged
def _with_a_newer_checkpoint() -> Case:
    longer = asked().copy()
    size = len(longer.leaves)
    longer.add(after=7200)
    return good(files_of("all"), older=longer.note(), proof=longer.request(size))


@forged
def _a_new_epoch() -> Case:
    goes_on = story().epoch("portal.example/audit/2")
    goes_on.add(about=recording(7))
    said = {
        "Log": (
            "portal.example/audit/2, 14 leaves, opened at 2026-11-20 09:00:01 UTC; "
            "under this name since leaf 10: restored from a backup"
        )
    }
    return good(goes_on.bundle(*SEVEN), policy=goes_on.policy(), says=said)


@forged
def _the_tenth_epoch() -> Case:
    goes_on = Log(origin="portal.example/audit/9", opens=False)
    goes_on.open(previous_origin="portal.example/audit/8", previous_size=7, previous_root="x", reason="lost")
    tenth = goes_on.epoch("portal.example/audit/10")
    said = {
        "Log": (
            "portal.example/audit/10, 4 leaves, opened at 2026-11-20 09:00:01 UTC; "
            "leaf 0 continues portal.example/audit/8, which is not part of this log; "
            "under this name since leaf 1: restored from a backup"
        )
    }
    return good(tenth.bundle(), policy=tenth.policy(), says=said)


@forged
def _a_log_begun_before_version_2() -> Case:
    old = Log(parents_from=4)
    old.add(about=recording(7), object={"parent": "object:3"})
    old.close()
    old.add(about=recording(7), object={"parent": "object:3"})
    old.add("recording.discovered", about=recording(8), object={"parent": "object:3"})
    said = {
        "Viewings": "none from leaf 4 until 2026-11-20 09:00:36 UTC",
        "Recordings covered from": "leaf 4; earlier events about its recordings are not covered",
    }
    return good(old.bundle("object", "object:3"), says=said)


@forged
def _late_and_malformed() -> Case:
    """T12, T13: what was sealed late or is no event stands behind an incident that says so."""
    late = Log()
    late.add(about=recording(7), after=3600)
    late.close()
    late.incident("event_late", 2)
    late.add(about=recording(7), at=START + timedelta(seconds=9), late=True)
    late.add(about=recording(7), at=START + timedelta(seconds=9), late=True)
    late.incident("event_malformed", 1)
    late.malformed()
    late.incident("settled", settled="looked at")
    said = {
        "Sealed late": (
            "2 events were sealed after the log was closed for their time; "
            "only the portal vouches for when they happened"
        ),
        "Malformed": "1 entry is not a readable event",
    }
    return good(late.bundle(), says=said)


@forged
def _late_events_on_a_recording() -> Case:
    late = Log()
    late.add(about=recording(7), after=3600)
    late.close()
    late.incident("event_late", 2)
    late.add(about=recording(8), at=START + timedelta(seconds=9), late=True)
    late.add(about=recording(7), at=START + timedelta(seconds=9), late=True)
    said = {
        "Sealed late": "1 event was sealed after the log was closed for its time; "
        "only the portal vouches for when it happened"
    }
    return good(late.bundle(*SEVEN), says=said)


@forged
def _a_malformed_event_that_came_late() -> Case:
    late = Log()
    late.add(about=recording(7), after=3600)
    late.close()
    late.incident("event_malformed", 2)
    late.malformed(b"one", at=START + timedelta(seconds=9), late=True)
    late.malformed(b"two")
    said = {"Malformed": "2 entries are not readable events"}
    return good(late.bundle("actor", "system:sealer"), says=said)


@forged
def _values_of_all_kinds() -> Case:
    """Cells that spreadsheets would take for formulas, at their beginning and behind separators; erased ones."""
    texts = [
        "=1",
        "'x",
        "\t+1",
        "a;=1",
        "a\t\u200f@x",
        ";\u3000＝1",
        "a,b",
        'a"b',
        "\ufeff-1",
        "\u00ad=1",
        "\r\n=1",
        "x\n+1",
    ]
    log = Log()
    for number, text in enumerate(texts):
        names = {"actor.name": text, "action_detail.terms": text, "purpose.note": text}
        log.add(
            "search.run", names=names, erased=("purpose.note",) if number % 2 else (), detail={"n": number}
        )
    log.add(
        "search.run",
        purpose={"code": "=1"},
        request={"id": "@1"},
        detail={"deep": {"list": [1, "=", {"a": []}]}},
    )
    return good(log.bundle())

"""The sentences of a bundle, word for word as docs/trail-format.md, section 10, has them."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from recordings.proof.evidence.bundle.readme import statement_in, statement_lines
from recordings.proof.evidence.bundle.scope import Scope
from recordings.proof.evidence.bundle.statement import TRUST, Facts, statement

RECORDING = "recording:0198f3a2-7c11-7000-8000-000000000001"
DAY = datetime(2026, 11, 20, tzinfo=UTC)
OPENED = "2026-01-02 03:04:05 UTC"
FACTS = Facts(
    scope=Scope("target", RECORDING),
    label="Dana Marlowe",
    closed_until="2026-11-30T10:00:00.999999Z",
    kinds=Counter(),
    discovered=True,
    parents_from=0,
    requester="user:7",
    requester_name="Noa Levi",
    requested_at="2026-11-30T10:01:00.000001Z",
    report="0198f3a2-7c11-7000-8000-0000000000aa",
    origin="audit.example.com/trail",
    size=1234,
    open_since="2026-01-02T03:04:05.000000Z",
    goes_on_from="",
    opening=0,
    reason="",
    seen_by=[],
    shown=3,
    unopened=1,
    late=0,
    malformed=0,
)


def said(**changes: Any) -> dict[str, str]:
    return dict(statement(replace(FACTS, **changes)))


def test_all_sentences_in_their_order() -> None:
    assert statement(FACTS) == [
        ("About", f"every event on {RECORDING} (“Dana Marlowe”)"),
        ("Period", "from the beginning of the log, no end"),
        (
            "Complete",
            "no event is missing from 2026-01-02 03:04:05 UTC until 2026-11-30 10:00:00 UTC (the report has no end; "
            "later events are not covered)",
        ),
        (
            "Viewings",
            f"none: nobody was given the address of a video from {OPENED} until 2026-11-30 10:00:00 UTC",
        ),
        ("Events", "no events"),
        (
            "Requested",
            "by user:7 (“Noa Levi”) at 2026-11-30 10:01:00 UTC, as report 0198f3a2-7c11-7000-8000-0000000000aa",
        ),
        ("Log", "audit.example.com/trail, 1234 leaves, open since 2026-01-02 03:04:05 UTC"),
        ("Seen by", "no witness"),
        ("Personal values", "3 shown, 1 erased or not opened"),
        ("Not covered", "views inside CommBox, and whatever was never recorded here"),
        (
            "Not checked",
            "report.xlsx, report.pdf and README.txt: copies by the portal; only report.csv was made again from the "
            "events; when it happened: no time stamp or witness was checked",
        ),
        ("Trust", TRUST),
    ]


@pytest.mark.parametrize(
    ("changes", "viewings"),
    [
        ({"kinds": {"viewing.url_issued": 60}}, "60 times the address of a video was issued"),
        ({"kinds": {"viewing.url_issued": 1}}, "once the address of a video was issued"),
        (
            {"scope": Scope("actor", "user:7"), "kinds": {"viewing.url_issued": 2}},
            "2 times the address of a video was issued to this person",
        ),
        ({"kinds": {"viewing.watched": 4}}, "none began in this time; one that began before went on"),
        ({"discovered": False}, "not stated: the log does not know this recording"),
        (
            {"scope": Scope("object", "object:14"), "discovered": False},
            "not stated: the log does not know any recording of this object",
        ),
        (
            {"scope": Scope("object", "object:14"), "parents_from": 70},
            "none from leaf 70 until 2026-11-30 10:00:00 UTC",
        ),
        ({"scope": Scope("target", "statement:1")}, "not stated: this scope cannot hold viewings"),
        ({"scope": Scope("target", "user:7")}, "not stated: this scope cannot hold viewings"),
        (
            {"scope": Scope("actor", "user:7"), "discovered": False},
            f"none: this person was not given the address of a video from {OPENED} until 2026-11-30 10:00:00 UTC",
        ),
        (
            {"scope": Scope("all", until=DAY), "discovered": False},
            f"none: nobody was given the address of a video from {OPENED} until 2026-11-20 00:00:00 UTC",
        ),
    ],
)
def test_viewings_are_computed_from_what_the_scope_can_hold(changes: dict[str, Any], viewings: str) -> None:
    assert said(**changes)["Viewings"] == viewings


def test_a_period_is_complete_until_its_end_or_until_the_log_was_closed() -> None:
    period = Scope("all", since=datetime(2026, 11, 1, tzinfo=UTC), until=DAY)
    assert said(scope=period)["Period"] == "from 2026-11-01 00:00:00 UTC, before 2026-11-20 00:00:00 UTC"
    assert said(scope=period)["Complete"] == (
        "no event is missing from 2026-11-01 00:00:00 UTC until 2026-11-20 00:00:00 UTC"
    )
    assert said(scope=period, closed_until="2026-11-19T23:59:01.000000Z")["Complete"] == (
        "no event is missing from 2026-11-01 00:00:00 UTC until 2026-11-19 23:59:01 UTC "
        "(the period asked for ends later, at 2026-11-20 00:00:00 UTC)"
    )


@pytest.mark.parametrize(
    ("changes", "complete"),
    [
        (
            {"scope": Scope("all", until=datetime(2025, 12, 31, tzinfo=UTC))},
            "the log vouches for the time from 2026-01-02 03:04:05 UTC until 2026-11-30 10:00:00 UTC only",
        ),
        (
            {"scope": Scope("all", since=datetime(2026, 11, 30, 10, 1, tzinfo=UTC))},
            "the log vouches for the time from 2026-01-02 03:04:05 UTC until 2026-11-30 10:00:00 UTC only",
        ),
        (
            {"open_since": "2026-11-30T10:00:30.000000Z"},
            "the log was opened at 2026-11-30 10:00:30 UTC and vouches for no time yet",
        ),
    ],
)
def test_nobody_vouches_for_a_time_in_which_there_was_no_log(changes: dict[str, Any], complete: str) -> None:
    assert said(**changes)["Complete"] == f"not stated: {complete}"
    assert said(**changes)["Viewings"] == "not stated: the log does not vouch for this time"
    assert "once" in said(**changes, kinds={"viewing.url_issued": 1})["Viewings"]


def test_what_applies_only_sometimes_is_said_then() -> None:
    assert said(late=1)["Sealed late"] == (
        "1 event was sealed after the log was closed for their time: only the portal vouches for when it happened"
    )
    assert said(late=2)["Sealed late"].startswith("2 events were sealed")
    assert said(malformed=1)["Malformed"] == "1 entry is no event that can be read"
    assert said(malformed=2)["Malformed"] == "2 entries are no events that can be read"
    named = said(scope=Scope("object", "object:14"), parents_from=70)["Recordings named since"]
    assert named == "leaf 70: earlier events on its recordings are not covered"
    log = said(opening=9, reason="the disk was lost", goes_on_from="old.example/log")["Log"]
    assert log.endswith(
        "; leaf 0 goes on from old.example/log, which is not in this log"
        "; since leaf 9 under this name: the disk was lost"
    )
    seen = said(seen_by=[("ann", "2026-11-30T10:02:00.000000Z"), ("bob", "2026-11-30T10:02:01.000000Z")])
    assert seen["Seen by"] == "ann at 2026-11-30 10:02:00 UTC, bob at 2026-11-30 10:02:01 UTC"
    assert "when it happened" not in seen["Not checked"]


@pytest.mark.parametrize("label", ["a\nb: c", "\n\n  About: nothing", "x\u2028y", "tab\there"])
def test_a_label_cannot_make_a_sentence_of_its_own(label: str) -> None:
    sentences = statement(replace(FACTS, label=label))
    readme = f"Title\n\n{statement_lines(sentences)}\n\nmore"
    assert statement_in(readme) == sentences
    assert [name for name, _ in sentences].count("About") == 1

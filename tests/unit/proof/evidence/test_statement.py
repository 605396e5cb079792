"""The sentences of a bundle, word for word as docs/trail-format.md, section 10, has them."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import translation

from recordings.proof.evidence.bundle.readme import statement_in, statement_lines
from recordings.proof.evidence.bundle.scope import Scope
from recordings.proof.evidence.bundle.statement import TRUST, Facts, statement
from recordings.proof.evidence.verifier_wording import is_known, translated, translated_plain

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
    facts = replace(FACTS, **changes)
    sentences = statement(replace(facts, label="") if facts.scope.kind == "all" else facts)
    assert [sentence for sentence in sentences if not is_known(sentence)] == [], "cannot be translated"
    return dict(sentences)


def test_all_sentences_in_their_order() -> None:
    assert statement(FACTS) == [
        ("About", f"all events about {RECORDING} (“Dana Marlowe”)"),
        ("Period", "from the beginning of the log, no end"),
        (
            "Complete",
            "no event is missing from 2026-01-02 03:04:05 UTC until 2026-11-30 10:00:00 UTC (the report has no end; "
            "later events are not covered)",
        ),
        (
            "Viewings",
            f"none: no video URL was issued from {OPENED} until 2026-11-30 10:00:00 UTC",
        ),
        ("Events", "no events"),
        (
            "Requested",
            "by user:7 (“Noa Levi”) at 2026-11-30 10:01:00 UTC, as report 0198f3a2-7c11-7000-8000-0000000000aa",
        ),
        ("Log", "audit.example.com/trail, 1234 leaves, opened at 2026-01-02 03:04:05 UTC"),
        ("Cosigned by", "no witness"),
        ("Personal values", "3 shown, 1 erased or not disclosed"),
        ("Not covered", "viewings inside CommBox, and anything that the portal did not record"),
        (
            "Not checked",
            "report.xlsx, report.pdf and README.txt are copies made by the portal; only report.csv was recomputed "
            "from the events; no time stamp or witness confirms the times",
        ),
        ("Trust", TRUST),
    ]


@pytest.mark.parametrize(
    ("changes", "viewings"),
    [
        ({"kinds": {"viewing.url_issued": 60}}, "60 video URLs were issued"),
        ({"kinds": {"viewing.url_issued": 1}}, "1 video URL was issued"),
        (
            {"scope": Scope("actor", "user:7"), "kinds": {"viewing.url_issued": 2}},
            "2 video URLs were issued to this person",
        ),
        (
            {"kinds": {"viewing.watched": 4}},
            "none started in this period; one that started earlier continued",
        ),
        ({"discovered": False}, "not stated: this recording was never registered in the log"),
        (
            {"scope": Scope("object", "object:14"), "discovered": False},
            "not stated: no recording of this object was ever registered in the log",
        ),
        (
            {"scope": Scope("object", "object:14"), "parents_from": 70},
            "none from leaf 70 until 2026-11-30 10:00:00 UTC",
        ),
        ({"scope": Scope("target", "statement:1")}, "not stated: this scope cannot contain viewings"),
        ({"scope": Scope("target", "user:7")}, "not stated: this scope cannot contain viewings"),
        (
            {"scope": Scope("actor", "user:7"), "discovered": False},
            f"none: no video URL was issued to this person from {OPENED} until 2026-11-30 10:00:00 UTC",
        ),
        (
            {"scope": Scope("all", until=DAY), "discovered": False},
            f"none: no video URL was issued from {OPENED} until 2026-11-20 00:00:00 UTC",
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
        "(the requested period ends later, at 2026-11-20 00:00:00 UTC)"
    )


@pytest.mark.parametrize(
    ("changes", "complete"),
    [
        (
            {"scope": Scope("all", until=datetime(2025, 12, 31, tzinfo=UTC))},
            "the log covers only the time from 2026-01-02 03:04:05 UTC until 2026-11-30 10:00:00 UTC",
        ),
        (
            {"scope": Scope("all", since=datetime(2026, 11, 30, 10, 1, tzinfo=UTC))},
            "the log covers only the time from 2026-01-02 03:04:05 UTC until 2026-11-30 10:00:00 UTC",
        ),
        (
            {"open_since": "2026-11-30T10:00:30.000000Z"},
            "the log was opened at 2026-11-30 10:00:30 UTC and covers no time yet",
        ),
    ],
)
def test_nobody_vouches_for_a_time_in_which_there_was_no_log(changes: dict[str, Any], complete: str) -> None:
    assert said(**changes)["Complete"] == f"not stated: {complete}"
    assert said(**changes)["Viewings"] == "not stated: the log does not cover this period"
    assert said(**changes, kinds={"viewing.url_issued": 1})["Viewings"] == "1 video URL was issued"


def test_what_applies_only_sometimes_is_said_then() -> None:
    assert said(late=1)["Sealed late"] == (
        "1 event was sealed after the log was closed for its time; only the portal vouches for when it happened"
    )
    assert said(late=2)["Sealed late"].startswith("2 events were sealed")
    assert said(malformed=1)["Malformed"] == "1 entry is not a readable event"
    assert said(malformed=2)["Malformed"] == "2 entries are not readable events"
    named = said(scope=Scope("object", "object:14"), parents_from=70)["Recordings covered from"]
    assert named == "leaf 70; earlier events about its recordings are not covered"
    log = said(opening=9, reason="the disk was lost", goes_on_from="old.example/log")["Log"]
    assert log.endswith(
        "; leaf 0 continues old.example/log, which is not part of this log"
        "; under this name since leaf 9: the disk was lost"
    )
    seen = said(seen_by=[("ann", "2026-11-30T10:02:00.000000Z"), ("bob", "2026-11-30T10:02:01.000000Z")])
    assert seen["Cosigned by"] == "ann (2026-11-30 10:02:00 UTC), bob (2026-11-30 10:02:01 UTC)"
    assert "when it happened" not in seen["Not checked"]


@pytest.mark.parametrize("label", ["a\nb: c", "\n\n  About: nothing", "x\u2028y", "tab\there"])
def test_a_label_cannot_make_a_sentence_of_its_own(label: str) -> None:
    sentences = statement(replace(FACTS, label=label))
    readme = f"Title\n\n{statement_lines(sentences)}\n\nmore"
    assert statement_in(readme) == sentences
    assert [name for name, _ in sentences].count("About") == 1


def test_a_sentence_is_found_again_by_its_message() -> None:
    """Its values are told apart from its words, whatever a person typed; they keep their own direction."""
    label = "all events by user:8 (“x"
    about = ("About", f"all events by user:7 (“{label}”)")
    with translation.override("he"):
        assert translated_plain(about)[1].endswith(f"(“\u2068{label}\u2069”)")
        assert (
            "<bdi>object:&lt;b&gt;</bdi>"
            in translated(("About", "all events about object:<b> and its recordings"))[1]
        )
    with translation.override("en"):
        assert translated(about) == about


def test_a_sentence_that_is_not_known_is_shown_as_it_is() -> None:
    old = ("Viewings", "<b>once the address of a video was issued</b>")
    for language in ("en", "he"):
        with translation.override(language):
            assert translated(old)[1] == translated_plain(old)[1] == old[1]
            assert not hasattr(translated(old)[1], "__html__")

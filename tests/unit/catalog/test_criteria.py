"""Filters become terms of a tsquery, and facts of an event."""

from datetime import UTC, datetime

from recordings.catalog.criteria import Criteria, filter_terms


def test_filter_terms():
    asked = Criteria(agent=5501, stream=31245, status=8, type="Screen share", states=("file_missing",))
    assert filter_terms(asked) == ["'a~5501'", "'c~31245'", "'s~8'", "'t~screenshare'", "'z~filemissing'"]
    assert filter_terms(Criteria(states=("none", "playable"))) == ["('z~none' | 'z~playable')"]
    assert filter_terms(Criteria(words="dana", shortest=60)) == []


def test_filters_as_the_trail_keeps_them():
    asked = Criteria(
        words="dana",
        agent=0,
        since=datetime(2026, 11, 1, tzinfo=UTC),
        shortest=0,
        states=("playable", "none"),
    )
    assert asked.filters() == {
        "agent": 0,
        "since": "2026-11-01T00:00:00Z",
        "shortest": 0,
        "states": "playable, none",
    }

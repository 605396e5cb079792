"""What a list was filtered by reads as a colleague would say it, whichever version wrote it."""

import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.audit.kinds import Kind, Outcome, Purpose
from recordings.trail.compose import ENGLISH, joined, plain
from recordings.trail.filter_words import filter_phrases
from recordings.trail.filters import TrailFilters
from recordings.trail.groups import GROUPS
from recordings.trail.sentences import plain_sentence
from tests.unit.trail.test_sentences import event

UUID = "01890a5d-ac96-774b-bcce-b3029f2c1a2b"
# No code, no reference of the database, no machine's time, no UUID.
INTERNAL = re.compile(r"_|\w:\w|\d{4}-\d\d|T\d\d|\dZ|[0-9a-f]{8}-[0-9a-f]{4}|nothing yes|\bNone\b|[{}\[\]]")


def said(filters: dict[str, Any]) -> str:
    return plain(joined(filter_phrases(filters, ENGLISH)))


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"any_ref": ["user:2"]}, "by or on person 2"),
        ({"nothing": "yes"}, "matches nothing in the trail"),
        (
            {
                "any_ref": [f"{kind}:{UUID}" for kind in ("recording", "report", "event")],
                "event": UUID,
                "request": UUID,
            },
            "on whatever has the id 9F2C1A2B",
        ),
        ({"since": "2026-11-24T00:00:00Z", "until": "2026-11-25T00:00:00Z"}, "on 24 November 2026"),
        (
            {"since": "2026-11-01", "zone": "Asia/Jerusalem"},
            "from 1 November 2026 · time zone Asia/Jerusalem",
        ),
        ({"since": "2026-11-01", "until": "2026-11-30"}, "from 1 November 2026 to 30 November 2026"),
        ({"until": "2026-11-25T14:30:00Z"}, "until 25 November 2026 14:30 UTC"),
        (
            {"groups": ["viewing", "people"], "outcome": "denied"},
            "events: Watching and downloading, People and sign-in · outcome: Refused",
        ),
        (
            {"stream": 31245, "shortest": 150, "states": "not_playable"},
            "at least 2:30 long · state: Not playable · channel 31245",
        ),
        ({"target": f"recording:{UUID}"}, "on recording 9F2C1A2B"),
        ({"actor": "system:refresh"}, "by the portal (refresh)"),
        (
            {"any_ref": [f"object:{n}" for n in range(9)]},
            "on object 0, object 1, object 2, object 3 and 5 more",
        ),
    ],
)
def test_filters_read_as_words(filters: dict[str, Any], words: str) -> None:
    assert sorted(said(filters).split(" · ")) == sorted(words.split(" · "))


def test_what_was_typed_is_said_once() -> None:
    seen = event(
        Kind.TRAIL_SEARCHED,
        names={"action_detail.q": "tom"},
        action_detail={"filters": {"any_ref": ["user:2"], "since": "2026-11-01"}},
    )
    assert (
        plain_sentence(seen)
        == "Noa Levi searched the audit trail · words “\u2068tom\u2069” · from 1 November 2026"
    )


days = st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1))
references = st.sampled_from(
    ["user:7", f"recording:{UUID}", f"report:{UUID}", "object:1407374990000101", "system:refresh"]
)
trail_filters = st.builds(
    TrailFilters,
    groups=st.lists(st.sampled_from(sorted(GROUPS)), max_size=3).map(tuple),
    kinds=st.lists(st.sampled_from([kind.value for kind in Kind]), max_size=3).map(tuple),
    actor=st.sampled_from(["", "user:7", "system:sealer"]),
    target=st.just("") | references,
    any_ref=st.lists(references, max_size=6).map(tuple),
    request=st.sampled_from(["", UUID.replace("-", "")]),
    event=st.sampled_from(["", UUID]),
    outcome=st.sampled_from(["", *Outcome]),
    purpose=st.sampled_from(["", *Purpose]),
    since=days,
    until=days,
    nothing=st.booleans(),
    no_reading=st.booleans(),
)
searches = st.fixed_dictionaries(
    {},
    optional={
        "agent": st.integers(1, 10**6),
        "stream": st.integers(1, 10**6),
        "shortest": st.integers(0, 10**5),
        "longest": st.integers(0, 10**5),
        "states": st.sampled_from(["playable", "not_playable, changed_at_source"]),
        "since": st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(
            lambda at: f"{at:%Y-%m-%dT%H:%M:%SZ}"
        ),
        "until": st.dates(date(2020, 1, 1), date(2030, 1, 1)).map(
            lambda day: f"{day + timedelta(1)}T00:00:00Z"
        ),
    },
)


@given(trail_filters.map(TrailFilters.as_logged) | searches)
def test_no_filter_of_a_list_shows_what_it_is_inside(filters: dict[str, Any]) -> None:
    words = said(filters)
    assert bool(words) == bool(filters)
    assert not INTERNAL.search(re.sub(r"\d+(:\d\d)+|“[a-z]+: ", "", words)), words

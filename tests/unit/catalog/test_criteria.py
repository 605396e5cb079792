"""Typed words become terms that PostgreSQL cannot misread."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recordings.catalog.criteria import MOST_WORDS, Criteria, TooManyWords, filter_terms, word_terms

TERM = re.compile(r"[()& |]|'\w+'(:\*)?")


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("Dana", ["'wdana':*"]),
        ("  cohen   PREMIUM ", ["'wcohen':*", "'wpremium':*"]),
        ("O'Brien", ["('wo':* & 'wbrien':*)"]),
        ("12", ["('o12' | 'w12':*)"]),
        ("4417", ["('o4417' | 'p7144':* | 'w4417':*)"]),
        ("٤٤١٧", ["('o4417' | 'p7144':* | 'w4417':*)"]),
        ("054-123", ["('p321450':* | 'p32145':* | ('w054':* & 'w123':*))"]),
        ("dana 4417", ["'wdana':*", "('o4417' | 'p7144':* | 'w4417':*)"]),
        ("+1 44", ["(('w1':* & ('o44' | 'w44':*)) | 'p441':*)"]),
        ("dana@example.com", ["'edanaexamplecom':*"]),
        ("dana@exam", ["'edanaexam':*"]),
        ("@example.com", ["'wexample':*"]),
        ("% \\ ' :* & | ! <-> \u200f", []),
        ("", []),
        ("1" * 40, [f"('p{'1' * 40}':* | 'w{'1' * 40}':*)"]),
    ],
)
def test_word_terms(typed, terms):
    assert word_terms(typed) == terms


@given(st.text(max_size=80))
@example("'; DROP TABLE x --")
@example("a:* | !b <2> c\0\ud800")
@example("()@.")
def test_terms_are_quoted_lexemes_and_operators_of_ours(typed):
    for term in word_terms(" ".join(typed.split()[:MOST_WORDS])):
        assert TERM.sub("", term) == "", term
        assert term.count("(") == term.count(")")


def test_too_many_words():
    assert len(word_terms("a " * MOST_WORDS)) == MOST_WORDS
    with pytest.raises(TooManyWords):
        word_terms("a " * (MOST_WORDS + 1))


def test_filter_terms():
    asked = Criteria(agent=5501, stream=31245, status=8, type="Screen share", states=("file_missing",))
    assert filter_terms(asked) == ["'a5501'", "'c31245'", "'s8'", "'tscreenshare'", "'zfilemissing'"]
    assert filter_terms(Criteria(states=("none", "playable"))) == ["('znone' | 'zplayable')"]
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

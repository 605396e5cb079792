"""The player's reports are read strictly, and read as they were sent."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.playback.errors import BadReport
from recordings.playback.spans import (
    LENGTH_SLACK_MS,
    LONGEST_MS,
    MAX_SPANS,
    WatchReport,
    first_of,
    is_beyond_length,
    read_report,
    spans_in_words,
)


def test_a_report_is_read():
    watched = read_report({"spans": [[0, 190_000], [282_000, 330_000]], "speed": 1.5, "position_ms": 330_000})
    assert watched == WatchReport([(0, 190_000), (282_000, 330_000)], 150, 330_000)


def test_speed_and_position_may_be_missing():
    assert read_report({"spans": []}) == WatchReport([], 100, 0)


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "spans",
        {},
        {"spans": None},
        {"spans": {"0": 1}},
        {"spans": [[0]]},
        {"spans": [[0, 1, 2]]},
        {"spans": [[0, 0]]},
        {"spans": [[5, 3]]},
        {"spans": [[-1, 3]]},
        {"spans": [[0, 1.5]]},
        {"spans": [["0", "5"]]},
        {"spans": [[False, True]]},
        {"spans": [[0, True]]},
        {"spans": [[0, None]]},
        {"spans": [[0, LONGEST_MS + 1]]},
        {"spans": [[0, 10**40]]},
        {"spans": [[0, 1]] * (MAX_SPANS + 1)},
        {"spans": [], "speed": 0},
        {"spans": [], "speed": -1},
        {"spans": [], "speed": 17},
        {"spans": [], "speed": True},
        {"spans": [], "speed": "1"},
        {"spans": [], "speed": None},
        {"spans": [], "speed": float("nan")},
        {"spans": [], "speed": float("inf")},
        {"spans": [], "position_ms": -1},
        {"spans": [], "position_ms": 1.5},
        {"spans": [], "position_ms": True},
    ],
)
def test_everything_odd_is_refused_with_a_sentence(document):
    """A bool or a text is not a number, and nothing is rounded."""
    with pytest.raises(BadReport) as caught:
        read_report(document)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("speed", [0.0625, 0.25, 1, 1.0, 1.5, 16])
def test_every_speed_a_browser_plays_at_is_taken(speed):
    assert read_report({"spans": [], "speed": speed}).rate_percent == round(speed * 100)


@pytest.mark.parametrize(
    ("reported", "end", "is_beyond"),
    [
        (60, 60_000 + LENGTH_SLACK_MS, False),
        (60, 60_001 + LENGTH_SLACK_MS, True),
        (30, 413_000, True),
        (0, 413_000, False),
        (None, 413_000, False),
    ],
)
def test_a_reported_length_is_compared_with_what_was_watched(reported, end, is_beyond):
    """CommBox sends 0 when it does not know the length."""
    assert is_beyond_length([(0, 5), (end - 10, end)], reported) is is_beyond
    assert not is_beyond_length([], reported)


moments = st.integers(0, LONGEST_MS - 1)
spans = st.lists(
    st.tuples(moments, st.integers(1, 10_000)).map(
        lambda pair: (pair[0], min(LONGEST_MS, pair[0] + pair[1]))
    ),
    max_size=20,  # few enough to be drawn quickly on a busy machine; MAX_SPANS of them are posted in test_going_on
)


@given(spans)
def test_reading_keeps_every_span(given_spans):
    assert read_report(json.loads(json.dumps({"spans": given_spans}))).spans == given_spans


apart = st.lists(st.integers(0, 60), unique=True, max_size=12).map(
    lambda edges: list(zip(*[iter(sorted(edges))] * 2, strict=False))
)


@given(apart, st.integers(-5, 100))
def test_the_first_of_spans_against_a_list_of_moments(given_spans, limit):
    moments = [ms for start, end in given_spans for ms in range(start, end)]
    kept = first_of(given_spans, limit)
    assert [ms for start, end in kept for ms in range(start, end)] == moments[: max(0, limit)]
    assert all(start < end for start, end in kept)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["spans", "speed", "x"]), inner)
    ),
    max_leaves=12,
)


@given(json_values)
def test_no_document_breaks_the_reader(document):
    """Any JSON is a report or is refused with a sentence."""
    try:
        watched = read_report(document)
    except BadReport:
        return
    assert all(type(edge) is int for span in watched.spans for edge in span)


def test_spans_in_words():
    assert spans_in_words([(0, 190_999), (3_723_000, 3_724_000)]) == "0:00–3:10, 1:02:03–1:02:04"

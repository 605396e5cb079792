"""The geometry of the pictures the server draws."""

import re
from itertools import pairwise

from django.template import Context, Template
from hypothesis import given
from hypothesis import strategies as st

from recordings.templatetags.pictures import bars, clock, merge, timeline

MOMENTS = st.integers(0, 5_000)
SPANS = st.lists(st.tuples(MOMENTS, MOMENTS), max_size=12)


def moments(spans):
    return {moment for start, end in spans for moment in range(start, end)}


@given(SPANS)
def test_merging_keeps_every_moment_and_adds_none(spans):
    assert moments(merge(spans)) == moments(spans)


@given(SPANS)
def test_merged_spans_are_in_order_and_never_touch(spans):
    merged = merge(spans)
    assert all(start < end for start, end in merged)
    assert all(before[1] < after[0] for before, after in pairwise(merged))


def test_clock():
    written = {ms: clock(ms) for ms in (-5, 0, 999, 1_000, 61_000, 3_599_999, 3_600_000, 36_061_000)}
    assert written == {
        -5: "0:00",
        0: "0:00",
        999: "0:00",
        1_000: "0:01",
        61_000: "1:01",
        3_599_999: "59:59",
        3_600_000: "1:00:00",
        36_061_000: "10:01:01",
    }


def test_the_mock_recording():
    drawn = timeline(542_000, you=[(0, 190_000), (282_000, 330_000)], everyone=[(0, 488_000)], at_ms=312_000)
    assert drawn["you"] == [
        {"x": "0.00", "width": "350.55", "title": "0:00 to 3:10"},
        {"x": "520.30", "width": "88.56", "title": "4:42 to 5:30"},
    ]
    assert drawn["you_words"] == {"clock": "3:58", "percent": "43"}
    assert drawn["everyone_words"] == {"clock": "8:08", "percent": "90"}
    assert (drawn["at"], drawn["max"], drawn["length_words"]) == ("575.65", "542000", "9:02")


@given(st.one_of(st.none(), st.integers(-10, 10_000)), SPANS, st.integers(-10, 20_000))
def test_a_timeline_never_leaves_its_track(length, spans, at):
    """Watched spans may lie behind a length the source got wrong, or the length may be missing."""
    drawn = timeline(length, you=spans, at_ms=at)
    edges = [float(box["x"]) + float(box["width"]) for box in drawn["you"]] + [float(drawn["at"])]
    assert all(0 <= edge <= 1000.01 for edge in edges)
    assert 0 <= int(drawn["you_words"]["percent"]) <= 100


@given(st.lists(st.integers(-3, 10**9), max_size=40))
def test_bars_stand_on_the_ground_and_below_the_top(counts):
    drawn = bars([(str(place), count) for place, count in enumerate(counts)], "Recordings per day")
    for bar in drawn["bars"]:
        assert 0 <= float(bar["y"]) <= 100
        assert abs(float(bar["y"]) + float(bar["height"]) - 100) < 0.011
        assert (float(bar["height"]) > 0) == (bar["count"] > 0)


def test_no_number_of_a_drawing_wears_a_thousands_separator(settings):
    settings.USE_THOUSAND_SEPARATOR = True
    text = '{% load pictures %}{% bars days "Calls" %}{% timeline 5400000 you=spans at_ms=1234567 %}'
    days = [(f"day {number}", number * 1_000) for number in range(150)]
    drawn = Template(text).render(Context({"days": days, "spans": [(0, 1_234_567)]}))
    numbers = re.findall(r' (?:x|y|x1|x2|y1|y2|width|height|viewBox|min|max|value)="([^"]*)"', drawn)
    assert len(numbers) > 600
    assert [number for number in numbers if "," in number] == []
    assert "149,000" in drawn  # in words, for people, it does

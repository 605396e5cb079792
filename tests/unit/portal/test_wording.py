"""How times, lengths and sizes are written."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation
from django.utils.functional import lazy
from hypothesis import given
from hypothesis import strategies as st

from recordings.wording import (
    clock,
    filled,
    how_long_ago,
    in_english,
    interval,
    size,
    stored,
    utc,
    utc_minute,
)

NOW = datetime(2026, 11, 20, 9, 14, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "now"),
        (-30, "now"),
        (12, "12 s ago"),
        (59.9, "59 s ago"),
        (60, "1 m ago"),
        (3599, "59 m ago"),
        (3600, "1 h ago"),
        (86_399, "23 h ago"),
        (86_400, "1 d ago"),
        (59 * 86_400, "59 d ago"),
        (60 * 86_400, "2026-09-21"),
    ],
)
def test_an_age_in_its_largest_unit(seconds, words):
    assert how_long_ago(NOW - timedelta(seconds=seconds), NOW) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "unknown"),
        (0, "0:00"),
        (7, "0:07"),
        (542, "9:02"),
        (3600, "1:00:00"),
        (3723, "1:02:03"),
        (-4, "-4 s"),
    ],
)
def test_a_length_as_people_say_it(seconds, words):
    assert clock(seconds) == words


@given(st.integers(min_value=0, max_value=10**7))
def test_a_length_can_be_read_back(seconds):
    total = 0
    for part in clock(seconds).split(":"):
        total = total * 60 + int(part)
    assert total == seconds


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (None, "unknown"),
        (0, '<bdi dir="ltr" title="0 bytes">0 B</bdi>'),
        (1023, '<bdi dir="ltr" title="1,023 bytes">1023 B</bdi>'),
        (104_857_600, '<bdi dir="ltr" title="104,857,600 bytes">100.0 MiB</bdi>'),
        (2**45, f'<bdi dir="ltr" title="{2**45:,} bytes">32.0 TiB</bdi>'),
    ],
)
def test_a_size_with_its_exact_bytes(count, words):
    assert size(count) == words


def test_times_are_utc_and_machine_readable():
    assert utc(NOW) == '<time datetime="2026-11-20T09:14:22+00:00" data-utc>2026-11-20 09:14:22</time>'
    assert utc_minute(NOW) == '<time datetime="2026-11-20T09:14:22+00:00" data-utc>2026-11-20 09:14</time>'
    assert utc(None) == utc_minute(None) == "not given"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(10, "10 s"), (60, "1 m"), (90, "90 s"), (3600, "1 h"), (86_400, "1 d"), (0, "0 s")],
)
def test_how_often_something_happens(seconds, words):
    assert interval(timedelta(seconds=seconds)) == words


WORDS = {
    "The file is gone.": "⟦gone⟧",
    "It had %(n1)s bytes, now %(n2)s.": "⟦%(n2)s⟧ after ⟦%(n1)s⟧",
    "%(n1)s minutes": "⟦%(n1)s⟧",
}


@pytest.mark.parametrize(
    ("text", "translated"),
    [
        ("", ""),
        ("The file is gone.", "⟦gone⟧"),
        ("It had 100 bytes, now 7.", "⟦7⟧ after ⟦100⟧"),
        ("The file is gone. Nobody knows why.", "⟦gone⟧ Nobody knows why."),
        ("The file is gone. It had 1 bytes, now 2.", "⟦gone⟧ ⟦2⟧ after ⟦1⟧"),
        ("100 % of 3", "100 % of 3"),
        ("יעל 5", "יעל 5"),
    ],
)
def test_a_stored_text_is_translated_as_far_as_it_is_known(monkeypatch, text, translated):
    monkeypatch.setattr("recordings.wording.gettext", lambda message: WORDS.get(message, message))
    assert stored(text) == translated


def test_a_filled_message_is_translated_when_it_is_shown(monkeypatch):
    message = lazy(lambda: "%(n1)s דקות" if translation.get_language() == "he" else "%(n1)s minutes", str)()
    text = filled(message, n1=5)
    with translation.override("he"):
        assert str(text) == "5 דקות"
    assert in_english(text) == "5 minutes"

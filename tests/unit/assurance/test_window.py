"""Days and months, their ends and the turns of years."""

from datetime import UTC, date, datetime

import pytest

from recordings.assurance.window import DAYS, Window, last_month


@pytest.mark.parametrize(
    ("today", "first", "until"),
    [
        (date(2026, 11, 1), date(2026, 10, 1), date(2026, 11, 1)),
        (date(2026, 1, 31), date(2025, 12, 1), date(2026, 1, 1)),
        (date(2024, 3, 1), date(2024, 2, 1), date(2024, 3, 1)),
    ],
)
def test_the_month_that_is_over(today: date, first: date, until: date) -> None:
    assert last_month(today) == first
    window = Window.month(last_month(today))
    assert (window.since, window.until, window.last.month) == (first, until, first.month)
    assert len(window.days) == (until - first).days


def test_a_window_ends_with_its_last_day() -> None:
    window = Window.ending(date(2026, 11, 20))
    assert (len(window.days), window.days[-1]) == (DAYS, date(2026, 11, 20))
    assert window.ends_at == datetime(2026, 11, 21, tzinfo=UTC)

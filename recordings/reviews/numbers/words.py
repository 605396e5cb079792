"""How the numbers are written: one decimal, and the interval beside every average and share."""

from dataclasses import dataclass

from django.utils.translation import gettext

from recordings.reviews.numbers.tallies import BIN, BINS, Tally
from recordings.reviews.statistics import Interval


@dataclass(frozen=True)
class Shown:
    """An average or a share as it is written. `range` is empty where one value gives no interval."""

    n: int
    value: str
    range: str


def figure(value: float) -> str:
    """Write an average or a share in per cent."""
    return f"{value:.1f}"


def figure_range(average: Interval, scale: float = 1) -> str:
    """Write an interval, such as 79.1–85.6; empty where one value gives none. No score and no share is below 0."""
    if average.low is None or average.high is None:
        return ""
    return f"{figure(max(0.0, average.low) * scale)}–{figure(average.high * scale)}"


def percent(share: Interval | None) -> str:
    """Write a share between 0 and 1 in per cent."""
    return figure(share.value * 100) if share else "–"


def percent_range(share: Interval | None) -> str:
    """Write the interval of a share between 0 and 1 in per cent."""
    return figure_range(share, 100) if share else ""


def scores_of(place: int) -> str:
    """Write the scores of a bar of the distribution: 80–84.99, or ≥ 100 for the last one."""
    low = place * BIN
    return f"≥ {low}" if place == BINS - 1 else f"{low}–{low + BIN - 0.01:.2f}"


def averages_of(tally: Tally) -> list[tuple[str, Shown]]:
    """Return the averages and shares of some evaluations with their labels."""
    return labelled(tally.score, tally.failed_share, tally.na_share, tally.watched_share)


def labelled(
    score: Interval | None, failed: Interval | None, na: Interval | None, watched: Interval | None
) -> list[tuple[str, Shown]]:
    """Return averages and shares with their labels."""
    return [
        (gettext("Average score (current scores)"), shown_average(score)),
        (gettext("Evaluations with a failing answer, per cent"), shown_share(failed)),
        (gettext("Average share of N/A, per cent"), shown_average(na)),
        (gettext("Average share watched by the scorer, per cent"), shown_average(watched)),
    ]


def shown_average(value: Interval | None) -> Shown:
    """Write an average with its interval."""
    return Shown(value.n, figure(value.value), figure_range(value)) if value else Shown(0, "–", "")


def shown_share(value: Interval | None) -> Shown:
    """Write a share between 0 and 1 with its interval, in per cent."""
    return Shown(value.n, percent(value), percent_range(value)) if value else Shown(0, "–", "")

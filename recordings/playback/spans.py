"""Read the player's reports of watched ranges strictly, and write ranges as text.

A span is half-open, in milliseconds from the start of the recording. PostgreSQL merges spans (`int8multirange`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from recordings.models.fields import Spans
from recordings.playback.errors import BadReport
from recordings.wording import clock

MAX_SPANS = 200
# A file may be a little longer than the length that CommBox reports.
LENGTH_SLACK_MS = 5000
LONGEST_MS = 24 * 3600 * 1000
SLOWEST_PERCENT, FASTEST_PERCENT = 6, 1600  # browsers play at 0.0625 to 16 times the speed


@dataclass(frozen=True, slots=True)
class WatchReport:
    """One report of the player: the spans that were played, their speed, and the current position.

    A span is not cut at the length that CommBox reports, because that may be wrong.
    """

    spans: Spans
    rate_percent: int = 100
    position_ms: int = 0


def read_report(document: Any) -> WatchReport:
    """Read `{"spans": [[from_ms, to_ms], …], "speed": 1.5, "position_ms": …}`. Raises BadReport for everything else."""
    if not isinstance(document, dict):
        raise BadReport("The report is not an object with spans.")
    spans = document.get("spans")
    if not isinstance(spans, list) or len(spans) > MAX_SPANS:
        raise BadReport(f"Spans are a list of at most {MAX_SPANS}.")
    position = _milliseconds(document.get("position_ms", 0))
    return WatchReport([_span(span) for span in spans], _rate_percent(document.get("speed", 1)), position)


def total_ms(spans: Iterable[tuple[int, int]]) -> int:
    """Return the total length of spans that do not overlap."""
    return sum(end - start for start, end in spans)


def is_beyond_length(spans: Spans, reported_seconds: int | None) -> bool:
    """Return whether spans end more than LENGTH_SLACK_MS after the reported length. A length of 0 is unknown."""
    if not spans or not reported_seconds:
        return False
    return spans[-1][1] > reported_seconds * 1000 + LENGTH_SLACK_MS


def first_of(spans: Spans, limit_ms: int) -> Spans:
    """Return the first spans, up to a total of `limit_ms`; the last one is cut."""
    kept: Spans = []
    left = limit_ms
    for start, end in spans:
        if left <= 0:
            break
        kept.append((start, min(end, start + left)))
        left -= end - start
    return kept


def spans_in_words(spans: Iterable[tuple[int, int]]) -> str:
    """Write the spans as text: "0:00–3:10, 4:42–5:30"."""
    return ", ".join(f"{clock(start // 1000)}–{clock(end // 1000)}" for start, end in spans)


def _span(value: Any) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise BadReport("A span is a pair: its start and its end.")
    start, end = _milliseconds(value[0]), _milliseconds(value[1])
    if end <= start:
        raise BadReport("A span ends after it starts.")
    return start, end


def _milliseconds(value: Any) -> int:
    # A bool is an int in Python.
    if type(value) is not int or not 0 <= value <= LONGEST_MS:
        raise BadReport("Moments are whole milliseconds from 0 to a day.")
    return value


def _rate_percent(value: Any) -> int:
    if type(value) not in (int, float) or not SLOWEST_PERCENT <= value * 100 <= FASTEST_PERCENT + 0.5:
        raise BadReport("The speed is a number from 0.0625 to 16.")
    speed: float = value
    return round(speed * 100)

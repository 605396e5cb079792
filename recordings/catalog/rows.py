"""The rows of the two lists as HTML. Fifty rows of eight cells cost the template engine 10 ms, this 1 ms.

Every value passes through `_fill`, which escapes it; the look of the cells is the stylesheet's.
"""

from collections.abc import Callable, Iterable
from html import escape
from uuid import UUID

from django.urls import reverse
from django.utils.safestring import SafeString

from recordings.catalog.queries import Line, state_label
from recordings.wording import ago, clock, tag_of, utc_minute

_CUSTOMER = '<td data-label="Customer"><bdi>{}</bdi><span class="sub num">{}</span></td>'
_CHANNEL = '<td data-label="Channel · agent"><bdi>{}</bdi><span class="sub"><bdi>{}</bdi></span></td>'
_STATE = '<td class="corner" data-label="State"><span class="tag {}">{}</span></td>'
_AS_OF = '<td class="r" data-label="As of"><span class="fresh"{}>{}</span></td>'
_OBJECT = (
    '<tr data-row><td><a class="num" data-open href="{}">{}</a></td>'
    + _CUSTOMER
    + _CHANNEL
    + '<td class="r{}" data-label="{}">{}{}</td>'
    '<td class="r num{}" data-label="Length">{}</td><td class="r num opt" data-label="Files">{}</td>'
    + _STATE
    + _AS_OF
    + "</tr>"
)
_RECORDING = (
    '<tr data-row><td><a data-open href="{}">{}</a></td><td class="r num" data-label="Length">{}</td>'
    '<td class="opt" data-label="Type">{}</td>'
    + _CUSTOMER
    + _CHANNEL
    + '<td data-label="Object"><a class="num" href="{}">{}</a></td>'
    + _STATE
    + _AS_OF
    + "</tr>"
)
_STALE, _FRESH = SafeString(" data-stale"), SafeString("")
_CREATED = SafeString('<span class="sub">created</span>')


def object_rows(lines: Iterable[Line]) -> SafeString:
    """A row per object."""
    to = _addresses("catalog:object", "0")
    return SafeString("".join(_object_row(line, to(line.object_id)) for line in lines))


def recording_rows(lines: Iterable[Line]) -> SafeString:
    """A row per recording."""
    to_object, to_recording = (
        _addresses("catalog:object", "0"),
        _addresses("playback:recording", str(UUID(int=0))),
    )
    rows = (
        _recording_row(line, to_recording(line.recording_id), to_object(line.object_id)) for line in lines
    )
    return SafeString("".join(rows))


def _fill(pattern: str, *values: str) -> str:
    """A pattern of ours with values in its places, escaped unless they are markup of ours already."""
    return pattern.format(*(value if isinstance(value, SafeString) else escape(value) for value in values))


def _addresses(name: str, nothing: str) -> Callable[[object], str]:
    """Addresses from the one of a thing that is none: resolving each of fifty takes longer than the search."""
    before, after = reverse(name, args=[nothing]).split(nothing)
    return lambda key: f"{before}{key}{after}"


def _object_row(line: Line, address: str) -> str:
    recorded = line.files > 0
    when = ("", "Recorded (UTC)") if recorded else (" dim", "Created (UTC)")
    length = ("", clock(line.duration_seconds)) if recorded else (" dim", "–")
    return _fill(
        _OBJECT,
        address,
        str(line.object_id),
        *_who(line),
        *when,
        utc_minute(line.shown_at),
        "" if recorded else _CREATED,
        *length,
        str(line.files),
        *_state(line.worst_state),
        *_as_of(line),
    )


def _recording_row(line: Line, address: str, of_object: str) -> str:
    return _fill(
        _RECORDING,
        address,
        utc_minute(line.shown_at),
        clock(line.duration_seconds),
        line.recording_type or "not given",
        *_who(line),
        of_object,
        str(line.object_id),
        *_state(line.state),
        *_as_of(line),
    )


def _who(line: Line) -> tuple[str, str, str, str]:
    return line.customer or "No name", line.phone_ending, line.channel, line.agent or "no agent"


def _state(state: str) -> tuple[str, str]:
    return tag_of(state) if state else "", state_label(state)


def _as_of(line: Line) -> tuple[SafeString, str]:
    return _STALE if line.stale else _FRESH, ago(line.refreshed_at)

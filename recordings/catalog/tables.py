"""Show lists of recordings and of objects as tables: what a column is called, and its cell in HTML.

Every list of the portal is made of these cells, so a recording looks the same wherever it is listed. Each value passes
through `format_html`, which escapes it; the words beside it are ours. Fifty rows of eight cells cost 3 ms so, and 8 ms
as a template.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Generic, TypeVar
from uuid import UUID

from django.urls import reverse
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

from recordings.catalog.queries import UNCHECKED, CatalogLine, RecordingLine, state_label
from recordings.wording import ago, clock, size, tag_of, utc, utc_minute

Row = TypeVar("Row")


@dataclass(frozen=True)
class Column(Generic[Row]):
    """A column: its heading with the heading's classes, and how its cell is made of a row."""

    heading: str
    cell: Callable[[Row], SafeString]
    classes: str = ""


@dataclass(frozen=True)
class Table(Generic[Row]):
    """A table as parts/_table.html shows it."""

    columns: Sequence[Column[Row]]
    lines: Iterable[Row]

    @property
    def rows(self) -> SafeString:
        cells = [column.cell for column in self.columns]
        return SafeString(
            "".join(f"<tr data-row>{''.join(cell(line) for cell in cells)}</tr>" for line in self.lines)
        )


# --- cells, for every list of recordings or objects


def cell(label: str, value: SafeString | str, classes: str = "") -> SafeString:
    """A cell. `label` names it where the table becomes cards; the cell that opens the row has none."""
    attributes = (f' class="{classes}"' if classes else "") + (f' data-label="{label}"' if label else "")
    return SafeString(f"<td{attributes}>{conditional_escape(value)}</td>")


def opener(address: str, text: SafeString | str, *, numeric: bool = False) -> SafeString:
    """The link that opens the row, wherever the row is clicked."""
    return format_html('<a{} data-open href="{}">{}</a>', _NUMERIC if numeric else "", address, text)


def channel_cell(channel: str, agent: str) -> SafeString:
    names = format_html('<bdi>{}</bdi><span class="sub"><bdi>{}</bdi></span>', channel, agent)
    return cell("Channel · agent", names)


def object_cell(object_id: int, *, linked: bool = True) -> SafeString:
    if not linked:
        return cell("Object", format_html('<span class="num">{}</span>', str(object_id)))
    return cell(
        "Object", format_html('<a class="num" href="{}">{}</a>', object_url(object_id), str(object_id))
    )


def length_cell(seconds: int | None, *, known: bool = True, classes: str = "") -> SafeString:
    return cell("Length", clock(seconds) if known else "–", f"r num{classes}")


def size_cell(count: int | None, *, known: bool = True) -> SafeString:
    return cell("Size", size(count) if known else "–", "r num")


def type_cell(recording_type: str, classes: str = "") -> SafeString:
    return cell("Type", recording_type or "not given", classes)


def state_cell(state: str, notes: Iterable[str] = (), classes: str = "") -> SafeString:
    tag = format_html('<span class="tag {}">{}</span>', tag_of(state) if state else "", state_label(state))
    return cell(
        "State",
        tag + format_html_join("", '<span class="sub">{}</span>', ((note,) for note in notes)),
        classes,
    )


def as_of_cell(moment: datetime | None, *, stale: bool = False) -> SafeString:
    return cell(
        "As of", format_html('<span class="fresh"{}>{}</span>', _STALE if stale else "", ago(moment)), "r"
    )


def object_url(object_id: int) -> str:
    before, after = _around("catalog:object", "0")
    return f"{before}{object_id}{after}"


def recording_url(recording_id: UUID) -> str:
    before, after = _around("playback:recording", str(UUID(int=0)))
    return f"{before}{recording_id}{after}"


@cache
def _around(name: str, key: str) -> list[str]:
    """Split an address around its key: resolving each of fifty takes longer than the search."""
    return reverse(name, args=[key]).split(key)


_NUMERIC, _STALE = SafeString(' class="num"'), SafeString(" data-stale")
_CREATED = SafeString('<span class="sub">created</span>')

# --- the lists


def _recorded_or_created(line: CatalogLine) -> SafeString:
    if line.files:
        return cell("Recorded (UTC)", utc_minute(line.shown_at), "r")
    return cell("Created (UTC)", SafeString(f"{utc_minute(line.shown_at)}{_CREATED}"), "r dim")


def _customer(line: CatalogLine) -> SafeString:
    value = format_html(
        '<bdi>{}</bdi><span class="sub num">{}</span>', line.customer or "No name", line.phone_ending
    )
    return cell("Customer", value)


_CUSTOMER = Column("Customer", _customer)
_CHANNEL = Column[CatalogLine](
    "Channel · agent", lambda line: channel_cell(line.channel, line.agent or "no agent")
)
_AS_OF = Column[CatalogLine]("As of", lambda line: as_of_cell(line.refreshed_at, stale=line.stale), "r")
_RECORDED = Column[CatalogLine](
    "Recorded (UTC)",
    lambda line: cell(
        "", opener(recording_url(line.recording_id) + line.opened_from, utc_minute(line.shown_at))
    ),
)
_LENGTH = Column[CatalogLine]("Length", lambda line: length_cell(line.duration_seconds), "r")
_TYPE = Column[CatalogLine]("Type", lambda line: type_cell(line.recording_type, "opt"), "opt")
_OBJECT = Column[CatalogLine]("Object", lambda line: object_cell(line.object_id))
_STATE = Column[CatalogLine]("State", lambda line: state_cell(line.state, classes="corner"))

OBJECTS = (
    Column[CatalogLine](
        "Object", lambda line: cell("", opener(object_url(line.object_id), str(line.object_id), numeric=True))
    ),
    _CUSTOMER,
    _CHANNEL,
    Column("When (UTC)", _recorded_or_created, "r"),
    Column[CatalogLine](
        "Length",
        lambda line: length_cell(
            line.duration_seconds, known=line.files > 0, classes="" if line.files else " dim"
        ),
        "r",
    ),
    Column[CatalogLine]("Files", lambda line: cell("Files", str(line.files), "r num opt"), "r opt"),
    Column[CatalogLine]("State", lambda line: state_cell(line.worst_state, classes="corner")),
    _AS_OF,
)
RECORDINGS = (_RECORDED, _LENGTH, _TYPE, _CUSTOMER, _CHANNEL, _OBJECT, _STATE, _AS_OF)
NEWEST_RECORDINGS = (_RECORDED, _LENGTH, _TYPE, _OBJECT, _CHANNEL, _STATE, _AS_OF)
NEWEST_WITH_CUSTOMER = (_RECORDED, _LENGTH, _CUSTOMER, _OBJECT, _CHANNEL, _STATE, _AS_OF)


def _state_and_why(line: RecordingLine) -> SafeString:
    notes = [line.state_reason] if line.state_reason else []
    if line.vanished_at:
        notes.insert(0, format_html("no longer reported since {} UTC", utc_minute(line.vanished_at)))
    return state_cell(UNCHECKED if line.is_unchecked else line.state, notes)


OF_ONE_OBJECT = (
    Column[RecordingLine](
        "Recorded (UTC)", lambda line: cell("", opener(recording_url(line.id), utc(line.recorded_at)))
    ),
    Column[RecordingLine]("Length", lambda line: length_cell(line.duration_seconds), "r"),
    Column[RecordingLine]("Size", lambda line: size_cell(line.file_size_bytes), "r"),
    Column[RecordingLine]("Type", lambda line: type_cell(line.recording_type)),
    Column("State", _state_and_why),
    Column[RecordingLine]("As of", lambda line: as_of_cell(line.as_of), "r"),
)

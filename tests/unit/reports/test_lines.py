"""What a report says of an event is what the trail's page says of it, for every kind, in every kind of table."""

import csv
import io
import json
import re
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from recordings.audit.kinds import Kind, Outcome
from recordings.audit.vault import Disclosed
from recordings.reports import lines
from recordings.reports.events import Line
from recordings.sheets.cells import csv_cell, neutral
from recordings.trail.compose import ENGLISH
from recordings.trail.sentences import sentence

EVENT = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
HOSTILE = ["=1+1", "'s-Gravenhage", 'a "b"', "a,b", "a\r\nb", "\t@x", "\x1f=x", "דנה מרלו", ""]
texts = st.text(max_size=12) | st.sampled_from(HOSTILE)
values = st.recursive(
    texts | st.integers(-(2**53), 2**53),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
# What presenters look for in the details of an event.
_DETAILS = """spans rate_percent ttl_seconds size_bytes seconds filters found found_capped reason sentence error rows
first_byte role format area leaves duration_ms old_size sha256 verdict size values origin previous_size upto objects_n
actors_n code vkey key recordings expected exceptions month version part playback_url_ttl"""
DETAILS = re.findall(r"\w+", _DETAILS)
details = st.dictionaries(st.sampled_from(DETAILS), values, max_size=4) | st.fixed_dictionaries(
    {"spans": st.lists(st.lists(st.integers(0, 9_999_999), min_size=2, max_size=2), max_size=8)}
)
PRIVATE = ("actor.name", "object.label", "purpose.note", "source.ip", "action_detail.q")


@st.composite
def events(draw: st.DrawFn) -> Line:
    """An event of any kind, this version's or not, with any of its parts missing, strange or erased."""
    revealed = draw(st.dictionaries(st.sampled_from(PRIVATE), st.none() | texts, max_size=5))
    body: dict[str, Any] = {
        "type": draw(st.sampled_from([*Kind, "future.kind_of_event"])),
        "outcome": draw(st.sampled_from([*Outcome])),
        "occurred_at": "2026-11-20T12:00:00.000000Z",
        "actor": {
            "ref": draw(st.sampled_from(["user:7", "system:refresh", "anonymous", ""])),
            "role": draw(texts),
        },
        "object": {
            "kind": draw(st.sampled_from(["person", "recording", "object", "log"])),
            "ref": draw(texts),
        },
        "purpose": {"code": draw(texts)},
        "request": {"id": draw(texts)},
        "action_detail": draw(details),
        "change": {"before": draw(details), "after": draw(details)},
        "source": {},
    }
    for name in draw(st.sets(st.sampled_from(sorted(body)), max_size=3)):
        body[name] = draw(st.sampled_from(["no part", 3, {}]))
    for part, key in (name.split(".") for name in (*revealed, *draw(st.sets(st.sampled_from(PRIVATE))))):
        if isinstance(body[part], dict):
            body[part][key] = "0" * 64
    data = json.dumps(body, ensure_ascii=True).encode()
    disclosed = {
        name: Disclosed(value, b"s" * 16) if value is not None else None for name, value in revealed.items()
    }
    return Line(
        body, disclosed, draw(st.integers(1, 2**60)), str(EVENT), "2026-11-20T12:00:00.1Z", data, "f" * 64
    )


def said(event: Line) -> str:
    """The sentence as the page has it: pieces, each of which may be a link."""
    return "".join(part.text for part in sentence(event, ENGLISH))


def plain_row(event: Line) -> list[str]:
    """The row, written down once more, without any haste."""

    def part(name: str) -> dict[str, Any]:
        found = event.body.get(name)
        return found if isinstance(found, dict) else {}

    ref = str(part("object").get("ref", ""))
    found = {
        "event_no": event.number,
        "recorded_at": event.recorded_at,
        "occurred_at": event.body["occurred_at"],
        "kind": event.body["type"],
        "outcome": event.body["outcome"],
        "actor": part("actor").get("ref", ""),
        "actor_name": event.actor_name,
        "role": part("actor").get("role", ""),
        "purpose": part("purpose").get("code", ""),
        "note": event.private("purpose.note"),
        "target_kind": part("object").get("kind", ""),
        "target": ref,
        "target_label": event.private("object.label"),
        "object": ref if ref.startswith("object:") else part("object").get("parent", ""),
        "address": event.private("source.ip"),
        "request_id": part("request").get("id", ""),
        "sentence": said(event),
        "event_id": event.event_id,
        "body_sha256": event.sha256,
    }
    return [str(found[name]) for name in lines.COLUMNS]


batches = st.lists(events(), min_size=1, max_size=4)


@given(batches)
def test_a_csv_says_what_the_page_says_byte_for_byte(batch: list[Line]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([map(neutral, plain_row(event)) for event in batch])
    assert lines.csv_lines(batch) == out.getvalue().encode()


@given(batches)
def test_a_workbook_says_what_the_page_says(batch: list[Line]) -> None:
    block = lines.FORMATS["xlsx"].encoder()(batch)
    alone = [lines.FORMATS["xlsx"].encoder()([event]) for event in batch]
    assert block.xml == b"".join(one.xml for one in alone)
    assert [lines.row(event) for event in batch] == [tuple(plain_row(event)) for event in batch]


def test_every_kind_is_said_as_the_page_says_it() -> None:
    """No kind is left to chance."""
    for kind in (*Kind, "future.kind_of_event"):
        body = {"type": kind, "actor": {"ref": "user:7"}, "object": {"kind": "person", "ref": "user:8"}}
        event = Line(body, {"actor.name": Disclosed("Noa, Levi", b"")}, 1, str(EVENT), "", b"", "")
        cells = next(csv.reader(io.StringIO(lines.csv_lines([event]).decode(), newline="")))
        assert cells[lines.COLUMNS.index("sentence")] == said(event)
        assert csv_cell(said(event)).startswith('"')
        assert "Noa, Levi" in said(event)

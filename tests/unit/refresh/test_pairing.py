"""Which row an item of an answer belongs to, whatever the answer says and leaves out."""

from datetime import UTC, datetime
from typing import Any

from recordings.audit import Kind
from recordings.commbox.parsing.recordings import parse_recordings
from recordings.models import Recording
from recordings.refresh.differences import COMPARED, changes_in, is_unchanged

NOW = datetime(2026, 11, 29, 9, tzinfo=UTC)
COLUMNS = [field.attname for field in Recording._meta.concrete_fields]
PLACE = "https://files.example.com/bucket/"


def told(name: str, **more: Any) -> dict[str, Any]:
    """A recording as CommBox tells of it; `id` only where the shape has one."""
    return {"activityType": 27, "recordingUrl": PLACE + name, "timestamp": "2026-11-28T12:00:00Z", **more}


def answered(known: list[Recording], *items: dict[str, Any]) -> tuple[list[Recording], list[Kind]]:
    """The rows after an answer, and what happened."""
    parsed = parse_recordings(list(items), object_id="7")
    assert not parsed.problems
    rows = [{name: getattr(row, name) for name in COLUMNS} for row in known]
    changes = changes_in(rows, parsed.items, object_id=7, now=NOW, refusal_of=lambda url: "")
    plain = [{name: row[name] for name in COMPARED} for row in rows]
    assert is_unchanged(plain, parsed.items, refusal_of=lambda url: "") is (not changes)
    after = {row.pk: row for row in known} | {change.recording.pk: change.recording for change in changes}
    return list(after.values()), [kind for change in changes for kind in change.kinds]


def test_an_id_that_comes_back_names_the_row_it_named() -> None:
    rows, _ = answered([], told("a.mp4", id=1), told("b.mp4", id=2))
    rows, without = answered(rows, told("b.mp4"), told("a.mp4"))
    rows, again = answered(rows, told("b.mp4", id=2), told("a.mp4", id=1))
    assert (without, again) == ([], [])
    assert [(row.upstream_activity_id, row.url) for row in rows] == [
        ("1", PLACE + "a.mp4"),
        ("2", PLACE + "b.mp4"),
    ]


def test_the_id_tells_before_the_place_does() -> None:
    """While no ids are told two files change places: each row follows its id."""
    rows, _ = answered([], told("a.mp4", id=1), told("b.mp4", id=2))
    rows, _ = answered(rows, told("a.mp4"), told("b.mp4"))
    rows, kinds = answered(rows, told("b.mp4", id=1), told("a.mp4", id=2))
    assert kinds == [Kind.RECORDING_CHANGED] * 2
    assert [(row.upstream_activity_id, row.url) for row in rows] == [
        ("1", PLACE + "b.mp4"),
        ("2", PLACE + "a.mp4"),
    ]


def test_another_version_of_the_file_is_another_recording() -> None:
    rows, _ = answered([], told("a.mp4?versionId=v1", id=1))
    for once_more in (
        told("a.mp4?versionId=v1"),
        told("a.mp4?versionId=v1", id=1),
        told("a.mp4?versionId=v1"),
    ):
        rows, kinds = answered(rows, once_more)
        assert kinds == []
    rows, kinds = answered(rows, told("a.mp4?versionId=v2", id=1))
    assert kinds == [Kind.RECORDING_DISCOVERED]
    assert [row.url for row in rows] == [PLACE + "a.mp4?versionId=v1", PLACE + "a.mp4?versionId=v2"]


def test_another_id_at_the_same_place_is_another_recording() -> None:
    rows, _ = answered([], told("a.mp4", id=1))
    rows, _ = answered(rows, told("a.mp4"))
    rows, kinds = answered(rows, told("a.mp4", id=2))
    assert kinds == [Kind.RECORDING_DISCOVERED]
    assert [row.upstream_activity_id for row in rows] == ["1", "2"]

"""Which row an item of an answer belongs to, whatever the answer says and leaves out."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from recordings.audit import Kind
from recordings.commbox.parsing.copies import TWO_FILES
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


def urls(rows: list[Recording]) -> list[str]:
    return sorted(row.url.removeprefix(PLACE) for row in rows)


@given(st.permutations([("a.mp4", 5), ("b.mp4", 5), ("c.mp4", 6)]), st.permutations(range(3)))
def test_two_files_of_one_activity_are_two_recordings(answer: Any, order: list[int]) -> None:
    """Whatever the order, each is a recording of its own, flagged, and stays the one it is."""
    rows, kinds = answered([], *(told(name, id=number) for name, number in answer))
    assert (urls(rows), kinds) == (["a.mp4", "b.mp4", "c.mp4"], [Kind.RECORDING_DISCOVERED] * 3)
    flags = {row.url.removeprefix(PLACE): row.flags for row in rows}
    assert flags == {"a.mp4": [TWO_FILES], "b.mp4": [TWO_FILES], "c.mp4": []}
    again, kinds = answered(rows, *(told(*answer[index][:1], id=answer[index][1]) for index in order))
    assert ([row.pk for row in again], kinds) == ([row.pk for row in rows], [])


def test_a_second_file_of_a_known_activity_takes_nothing_from_the_first() -> None:
    rows, _ = answered([], told("m.mp4", id=5))
    first = rows[0].pk
    for second in ("a.mp4", "z.mp4"):
        both, kinds = answered(rows, told(second, id=5), told("m.mp4", id=5))
        assert kinds == [Kind.RECORDING_DISCOVERED]
        assert {row.pk: row.url for row in both}[first] == PLACE + "m.mp4"
        # The next answer names one of them only: it is that one, and the other is missing.
        for name in ("m.mp4", second):
            later, kinds = answered(both, told(name, id=5))
            assert kinds == []
            missing = [row.url for row in later if row.missed_at]
            assert missing == [PLACE + ("m.mp4" if name == second else second)]


@given(
    st.permutations([{"duration": 65}, {"duration": 70}, {"duration": 70, "fileSize": 9}, {}]),
    st.permutations(range(4)),
)
def test_one_file_with_two_lengths_is_one_recording_that_says_so(facts: Any, order: list[int]) -> None:
    rows, kinds = answered([], *(told("a.mp4", **fact) for fact in facts))
    assert kinds == [Kind.RECORDING_DISCOVERED]
    (row,) = rows
    assert (row.duration_seconds, row.flags) == (70, ["contradictory_duration"])
    assert row.raw["otherValues"] == {"duration": ["65"]}
    _, kinds = answered(rows, *(told("a.mp4", **facts[index]) for index in order))
    assert kinds == []

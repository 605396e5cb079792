"""The seed: as much as promised, the same every time, and no conversation in the future."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from unicodedata import bidirectional

import pytest

from auditportal.sandbox import Sandbox
from auditportal.sandbox.world.account import World
from auditportal.sandbox.world.seed import OUTSIDE_BUCKET

TODAY = date(2026, 5, 13)
MIDNIGHT = datetime(2026, 5, 13, tzinfo=UTC)


def world_of(seed: int = 7, today: date = TODAY) -> World:
    """The data of a sandbox that is never started."""
    sandbox = Sandbox(seed=seed, today=today)
    sandbox.close()
    return sandbox.control.world


@pytest.fixture(scope="module")
def world() -> World:
    return world_of()


def test_there_is_as_much_as_promised(world: World) -> None:
    assert len(world.conversations) == 400
    assert len(world.recordings()) == 150
    assert (len(world.agents), len(world.teams)) == (8, 3)
    assert sorted(one.module_id for one in world.streams.values()) == [9, 26, 26]
    assert any(len(one.sub_streams) > 1 for one in world.streams.values())


def test_everything_lies_in_the_120_days_before_today(world: World) -> None:
    talks = world.conversations.values()
    assert min(one.created_at for one in talks) >= MIDNIGHT - timedelta(days=120)
    latest = [[one.updated_at, *(act.created_at for act in one.activities)] for one in talks]
    assert max(at for times in latest for at in times) < MIDNIGHT


def test_ids_have_16_digits_and_some_are_no_floats(world: World) -> None:
    assert {len(str(number)) for number in world.conversations} == {16}
    assert sum(int(float(number)) != number for number in world.conversations) > 20


def test_the_same_seed_gives_the_same_data() -> None:
    one, other = world_of(), world_of()
    assert one.conversations == other.conversations
    assert one.customers == other.customers


def test_another_seed_gives_other_data(world: World) -> None:
    assert world_of(seed=8).conversations != world.conversations


def test_another_day_moves_every_time_by_as_much(world: World) -> None:
    later = world_of(today=TODAY + timedelta(days=3))
    moved = {number: one.created_at + timedelta(days=3) for number, one in world.conversations.items()}
    assert {number: one.created_at for number, one in later.conversations.items()} == moved


def test_names_are_in_three_scripts_and_some_are_missing(world: World) -> None:
    names = [one.last_name for one in world.customers.values()]
    directions = Counter(bidirectional(name[0]) if name else "none" for name in names)
    assert set(directions) >= {"L", "R", "AL", "none"}


def test_objects_without_and_with_several_recordings(world: World) -> None:
    counts = Counter(
        len([1 for act in one.activities if act.type == 27]) for one in world.conversations.values()
    )
    assert counts == {0: 278, 1: 101, 2: 14, 3: 7}


def test_every_recording_is_told_as_it_lies_in_storage() -> None:
    sandbox = Sandbox(today=TODAY)
    sandbox.close()
    missing = []
    for _, activity in sandbox.control.world.recordings():
        assert activity.file
        held = sandbox.control.storage.bucket(activity.file.bucket).newest(activity.file.key)
        if held is None:
            missing.append(activity)
        else:
            assert activity.metadata["fileSize"] == len(held.content)
            assert activity.metadata["timestamp"] == pytest.approx(held.modified_at, abs=timedelta(seconds=1))
    assert len(missing) == 1


def test_the_odd_ones_are_there(world: World) -> None:
    files = [activity.file for _, activity in world.recordings() if activity.file]
    kinds = Counter(one.key.rpartition(".")[2] for one in files)
    assert (kinds["webm"], kinds["m4a"]) == (1, 1)
    assert [one.bucket for one in files].count(OUTSIDE_BUCKET) == 1
    assert sum(one.virtual_host for one in files) == 12
    assert sum("שיחה" in one.key for one in files) == 1
    assert 0 < sum(one.presigned for one in files) < 150


def test_some_messages_are_hostile(world: World) -> None:
    messages = {one.message for one in world.conversations.values()}
    assert any("<script>" in one for one in messages)
    assert any("\x00" in one for one in messages)
    assert any("\ud83d" in one for one in messages)

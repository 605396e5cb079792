"""`rebuild_search` rebuilds every row, shows its progress, and resumes."""

import pytest
from django.core import signing
from django.core.cache import cache
from django.core.management import call_command

from recordings.catalog import rebuild
from recordings.catalog.rebuild import Progress, interrupted_rebuild, rebuild_all
from recordings.models import SearchDoc
from tests.factories import conversation


@pytest.fixture
def seven(transactional_db, monkeypatch):
    """The ids of seven objects without search rows, rebuilt two at a time."""
    monkeypatch.setattr(rebuild, "BATCH", 2)
    cache.delete(rebuild._KEY)
    things = [conversation(recordings=2).pk for _ in range(7)]
    SearchDoc.objects.all().delete()
    yield sorted(things)
    cache.delete(rebuild._KEY)


@pytest.fixture
def rebuilt(monkeypatch):
    """The ids of the objects that were rebuilt."""
    ids: list[int] = []
    monkeypatch.setattr(rebuild, "rebuild_docs", ids.extend)
    return ids


def test_every_row_is_made_again(seven, capsys):
    call_command("rebuild_search")
    assert SearchDoc.objects.count() == 14
    assert capsys.readouterr().out == "Search rows of 7 objects are up to date.\n"
    assert interrupted_rebuild() == Progress()


@pytest.mark.parametrize("number", [0, 1])
def test_a_catalog_of_hardly_any_objects(transactional_db, number, capsys):
    for _ in range(number):
        conversation(recordings=1)
    call_command("rebuild_search")
    assert "Search rows of " in capsys.readouterr().out
    assert SearchDoc.objects.count() == number


def test_progress_is_in_order(seven, rebuilt):
    assert list(rebuild_all(Progress())) == [
        Progress(seven[1], 2),
        Progress(seven[3], 4),
        Progress(seven[5], 6),
        Progress(seven[6], 7),
    ]
    assert sorted(rebuilt) == seven


def test_progress_is_shown(seven, rebuilt, monkeypatch, capsys):
    monkeypatch.setattr("recordings.management.commands.rebuild_search.SECONDS_BETWEEN_LINES", 0)
    call_command("rebuild_search")
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first == "2 of 7 objects (29%), less than a minute left"
    assert last == "Search rows of 7 objects are up to date."


def test_a_rebuild_that_failed_is_resumed(seven, monkeypatch, capsys):
    """Batches after the failed one are repeated, and none before it."""

    def fail(ids):
        if seven[4] in ids:
            raise RuntimeError("the database is away")

    monkeypatch.setattr(rebuild, "rebuild_docs", fail)
    with pytest.raises(RuntimeError):
        call_command("rebuild_search")
    assert interrupted_rebuild() == Progress(seven[3], 4)

    again: list[int] = []
    monkeypatch.setattr(rebuild, "rebuild_docs", again.extend)
    call_command("rebuild_search")
    assert sorted(again) == seven[4:]
    assert f"Resuming after object {seven[3]}: 4 objects already done." in capsys.readouterr().out
    assert interrupted_rebuild() == Progress()


def test_a_rebuild_can_begin_again(seven, rebuilt):
    next(rebuild_all(Progress()))
    rebuilt.clear()
    call_command("rebuild_search", "--restart")
    assert sorted(set(rebuilt)) == seven


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        7,
        ["2", "999", "999"],
        signing.dumps([rebuild.VERSION, 999, 999], salt="another"),
        signing.dumps([rebuild.VERSION - 1, 999, 999], salt=rebuild._SALT),  # read text differently
        signing.dumps([999], salt=rebuild._SALT),
    ],
    ids=range(7),
)
def test_what_somebody_put_into_the_cache_skips_nothing(db, value):
    cache.set(rebuild._KEY, value)
    assert interrupted_rebuild() == Progress()
    cache.delete(rebuild._KEY)


def test_without_a_cache_everything_is_rebuilt(seven, redis_down):
    call_command("rebuild_search")
    assert SearchDoc.objects.count() == 14

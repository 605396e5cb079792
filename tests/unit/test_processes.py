"""Work in child processes: its items come in turn, no child is left behind, and a child that dies is an error."""

import multiprocessing
import multiprocessing.connection
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from select import select
from typing import Any

import pytest

from recordings import processes
from recordings.processes import ChildLost, in_children

PATIENCE = 60  # seconds
LARGE = 1_000_000  # more than a pipe takes


def doubles(parts: Iterable[int]) -> Iterator[tuple[int, int]]:
    for part in parts:
        yield 2 * part, os.getpid()


def dealt(parts: Sequence[int]) -> list[processes.Work[tuple[int, int]]]:
    return [partial(doubles, parts[n::2]) for n in range(2)]


def test_items_come_in_turn_from_processes_that_end() -> None:
    parts = range(23)
    with in_children(dealt(parts)) as items:
        found = list(items)
    assert [double for double, _ in found] == [2 * part for part in parts]
    children = {pid for _, pid in found}
    assert len(children) == 2
    assert os.getpid() not in children
    assert not any(map(alive, children))


@pytest.mark.parametrize("parts", [[], [7]])
def test_a_child_without_an_item_is_no_trouble(parts: list[int]) -> None:
    with in_children(dealt(parts)) as items:
        assert [double for double, _ in items] == [2 * part for part in parts]


def test_when_one_has_ended_the_others_go_on() -> None:
    works = [partial(doubles, parts) for parts in ([1], [10, 20, 30], [100, 200])]
    with in_children(works) as items:
        assert [double for double, _ in items] == [2, 20, 200, 40, 400, 60]


def test_the_preparation_runs_first() -> None:
    with in_children([prepared], prepare=prepare) as items:
        assert list(items) == ["prepared"]


def prepare() -> None:
    os.environ["PREPARED"] = "prepared"


def prepared() -> Iterator[str]:
    yield os.environ.get("PREPARED", "")


def test_what_the_work_prints_does_not_come_between_the_items(capfd: pytest.CaptureFixture[str]) -> None:
    with in_children([talkative]) as items:
        assert list(items) == [1, 2]
    assert capfd.readouterr() == ("", "hello\n")


def talkative() -> Iterator[int]:
    yield 1
    print("hello", flush=True)
    yield 2


def fails_after(parts: Iterable[int]) -> Iterator[int]:
    yield from parts
    raise ValueError("Dana Levi")


def dies_after(parts: Iterable[int]) -> Iterator[int]:
    yield from parts
    os.kill(os.getpid(), signal.SIGKILL)


def exits_after(parts: Iterable[int]) -> Iterator[int]:
    yield from parts
    sys.exit()


@pytest.mark.parametrize(("end", "code"), [(fails_after, 1), (dies_after, -9), (exits_after, 1)])
def test_a_child_that_ends_too_soon_is_an_error(end: Callable[..., Any], code: int) -> None:
    taken: list[Any] = []
    works = [partial(doubles, range(100)), partial(end, [1, 2, 3])]
    with pytest.raises(ChildLost, match=f"ended with code {code}"), in_children(works) as items:
        taken.extend(items)
    assert taken[1::2] == [1, 2, 3]
    assert not any(alive(pid) for _, pid in taken[::2])


def test_the_log_says_what_failed_and_where_but_no_value(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ChildLost), in_children([partial(fails_after, [])]) as items:
        list(items)
    said = capfd.readouterr().err
    assert "in fails_after" in said
    assert said.endswith("ValueError\n")
    assert "Levi\n" not in said


def test_a_child_killed_within_an_item_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    started = remembered(monkeypatch)
    with in_children([large_ones]) as items:
        pid, _ = next(items)
        assert select([started[0].stdout], [], [], PATIENCE)[0]  # some of its second item is there
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(ChildLost, match="code -9"):
            next(items)


def large_ones() -> Iterator[tuple[int, bytes]]:
    for number in count():
        yield os.getpid(), bytes(LARGE if number else 0)


def test_a_child_waits_until_its_items_are_taken(tmp_path: Path) -> None:
    """So memory stays bounded, however slowly they are taken."""
    with in_children([partial(counted, tmp_path / "made")]) as items:
        for taken in (1, 2, 3):
            next(items)
            wait_until(lambda taken=taken: (tmp_path / "made").stat().st_size == taken + 1)
            time.sleep(0.2)  # in which it would go on
            assert (tmp_path / "made").stat().st_size == taken + 1


def counted(made: Path) -> Iterator[bytes]:
    for _ in range(20):
        with made.open("a") as file:
            file.write("x")
        yield bytes(LARGE)


def test_no_child_is_left_when_its_items_are_not_wanted_any_more() -> None:
    with suppress(ZeroDivisionError), in_children(dealt(range(1_000_000))) as items:
        children = {pid for _, pid in (next(items), next(items))}
        raise ZeroDivisionError
    assert len(children) == 2
    assert not any(map(alive, children))


def test_work_that_cannot_be_sent_leaves_no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    started = remembered(monkeypatch)
    with pytest.raises(AttributeError), in_children([partial(doubles, [1]), lambda: iter(())]):
        pass
    assert len(started) == 2
    assert all(child.returncode is not None for child in started)


def remembered(monkeypatch: pytest.MonkeyPatch) -> list["subprocess.Popen[bytes]"]:
    """The children that are started."""
    started: list[subprocess.Popen[bytes]] = []
    start = processes._start

    def remember() -> "subprocess.Popen[bytes]":
        started.append(child := start())
        return child

    monkeypatch.setattr(processes, "_start", remember)
    return started


def test_a_child_that_cannot_be_started_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*command: Any, **options: Any) -> Any:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", none_left)
    with pytest.raises(ChildLost, match="Resource temporarily unavailable"), in_children(dealt([1])):
        pass


def test_a_child_that_cannot_begin_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends before it reads its work, which is larger than a pipe."""
    monkeypatch.setattr(processes, "_CHILD", "raise SystemExit(3)")
    with pytest.raises(ChildLost, match="code 3"), in_children([partial(doubles, [1] * LARGE)]):
        pass


def test_a_worker_of_a_pool_may_have_children() -> None:
    """Celery's workers are daemonic: multiprocessing forbids them children of its own."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    worker = multiprocessing.get_context("fork").Process(target=_say_all, args=(sender,), daemon=True)
    worker.start()
    assert receiver.poll(PATIENCE)
    assert receiver.recv() == [0, 2, 4, 6, 8]
    worker.join(PATIENCE)


def _say_all(sender: "multiprocessing.connection.Connection") -> None:
    with in_children(dealt(range(5))) as items:
        sender.send([double for double, _ in items])


def test_children_end_when_their_parent_was_killed() -> None:
    """One sleeps, the other waits for somebody who takes its second item."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    parent = multiprocessing.get_context("fork").Process(target=_take_one_each, args=(sender,))
    parent.start()
    assert receiver.poll(PATIENCE)
    children = receiver.recv()
    assert all(map(alive, children))
    os.kill(parent.pid or 0, signal.SIGKILL)
    parent.join(PATIENCE)
    wait_until(lambda: not any(map(alive, children)))


def sleeps() -> Iterator[tuple[int, int]]:
    yield os.getpid(), 0
    time.sleep(10 * PATIENCE)


def _take_one_each(sender: "multiprocessing.connection.Connection") -> None:
    with in_children([sleeps, large_ones]) as items:
        taken = [next(items), next(items)]
        sender.send([pid for pid, _ in taken])
        time.sleep(10 * PATIENCE)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether it runs: what has ended and is not waited for does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"

"""Hands: what they make comes back in order, and none is left, whoever fails or is killed."""

import multiprocessing
import multiprocessing.connection
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from recordings.reports import hands
from tests.waiting import wait_for

PARTS = list(range(23))


@contextmanager
def doubling() -> Iterator[Callable[[int], tuple[int, int]]]:
    yield lambda part: (2 * part, os.getpid())


def test_what_is_made_comes_back_in_order_from_two_processes() -> None:
    with hands.at_work(doubling, PARTS) as made:
        found = list(made)
    assert [double for double, _ in found] == [2 * part for part in PARTS]
    workers = {pid for _, pid in found}
    assert len(workers) == hands.HANDS
    assert os.getpid() not in workers
    assert not any(map(alive, workers))


def test_fewer_parts_than_hands_are_no_trouble() -> None:
    for parts in ([], [7]):
        with hands.at_work(doubling, parts) as made:
            assert [double for double, _ in made] == [2 * part for part in parts]


def fail() -> None:
    raise ValueError


def be_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("end", [fail, be_killed])
def test_a_hand_that_is_lost_is_noticed(end: Callable[[], None]) -> None:
    @contextmanager
    def opened() -> Iterator[Callable[[int], tuple[int, int]]]:
        yield lambda part: (part, os.getpid()) if part != 7 else end()

    taken: list[tuple[int, int]] = []
    with pytest.raises(hands.HandLost), hands.at_work(opened, PARTS) as made:
        taken.extend(made)
    assert [part for part, _ in taken] == PARTS[:7]
    assert not any(alive(pid) for _, pid in taken)


def test_a_hand_killed_within_what_it_made_is_noticed() -> None:
    @contextmanager
    def opened() -> Iterator[Callable[[int], tuple[int, bytes]]]:
        yield lambda part: (os.getpid(), bytes(0 if part < hands.HANDS else 10_000_000))

    with hands.at_work(opened, PARTS) as made:
        first, _ = next(made)
        next(made)
        time.sleep(0.3)  # by now it waits for somebody to take the rest of the second one
        os.kill(first, signal.SIGKILL)
        with pytest.raises(hands.HandLost):
            next(made)


def test_no_hand_is_left_when_its_work_is_not_wanted_any_more() -> None:
    with suppress(ZeroDivisionError), hands.at_work(doubling, PARTS) as made:
        workers = {pid for _, pid in (next(made), next(made))}
        raise ZeroDivisionError
    assert not any(map(alive, workers))


def test_what_the_process_does_at_its_end_no_hand_does(capfd: pytest.CaptureFixture[str]) -> None:
    ended = multiprocessing.get_context("fork").Process(target=_with_an_end)
    ended.start()
    ended.join(60)
    assert ended.exitcode == 0
    assert capfd.readouterr().out.count("the end") == 1


def _with_an_end() -> None:
    try:
        with hands.at_work(doubling, PARTS) as made:
            list(made)
    finally:
        print("the end", flush=True)


def test_a_worker_of_a_pool_may_have_hands() -> None:
    """Celery's workers are daemonic: multiprocessing forbids them children of its own."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    worker = multiprocessing.get_context("fork").Process(target=_say_all, args=(sender,), daemon=True)
    worker.start()
    assert receiver.poll(60)
    assert receiver.recv() == [2 * part for part in PARTS]
    worker.join(60)


def _say_all(sender: "multiprocessing.connection.Connection") -> None:
    with hands.at_work(doubling, PARTS) as made:
        sender.send([double for double, _ in made])


def test_hands_end_when_their_worker_was_killed() -> None:
    receiver, sender = multiprocessing.Pipe(duplex=False)
    worker = multiprocessing.get_context("fork").Process(target=_work_on_and_on, args=(sender,))
    worker.start()
    assert receiver.poll(60)
    workers = receiver.recv()
    os.kill(worker.pid or 0, signal.SIGKILL)
    worker.join(60)
    wait_for(lambda: not any(map(alive, workers)))


def _work_on_and_on(sender: "multiprocessing.connection.Connection") -> None:
    with hands.at_work(doubling, range(1_000_000)) as made:
        sender.send({pid for _, pid in (next(made), next(made))})
        for _ in made:
            pass


def alive(pid: int) -> bool:
    """Whether it runs: what has ended and is not waited for does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"

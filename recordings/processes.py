"""Work done by child processes, each a fresh Python: it runs one generator and sends what that yields.

Not `multiprocessing`, because a Celery worker is daemonic and may have no children of that kind. Not a fork, because a
fork inherits connections, locks and threads of its parent. A fresh Python that sets Django up needs about a second.
"""

import gc
import os
import pickle
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

T = TypeVar("T")
Work = Callable[[], Iterable[T]]
"""Must be picklable: a function of a module, or a `partial` of one. So must what it yields."""

_CHILD = """
import pickle, sys
sys.path[:] = pickle.load(sys.stdin.buffer)
from recordings.processes import serve
serve()
"""


class ChildLost(Exception):
    """A child could not be started, or ended before its work was done. Its standard error says why."""


@contextmanager
def in_children(works: Sequence[Work[T]], prepare: Callable[[], object] = tuple) -> Iterator[Iterator[T]]:
    """Run each of `works` in a child of its own, and give what they yield: one item of each in turn, until all ended.

    A child calls `prepare` (`django.setup`, where the work needs Django) before it unpickles its work. A child whose
    items nobody takes waits, so that memory stays bounded. Raises ChildLost, also while the items are iterated. No
    child is left when the block ends; when this process is killed, its children end as well.
    """
    children: list[subprocess.Popen[bytes]] = []
    try:
        for work in works:
            children.append(_start())
            _send(children[-1], work, prepare)
        yield _in_turn(children)
    finally:
        for child in children:
            child.kill()
        for child in children:
            _close(child)


def _start() -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(  # noqa: S603  (our own interpreter and words)
            [sys.executable, "-c", _CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
    except OSError as error:  # no more processes, no more memory: nothing is wrong with the work
        raise ChildLost(f"A child process could not be started: {error.strerror}.") from error


def _send(child: "subprocess.Popen[bytes]", work: Work[Any], prepare: Callable[[], object]) -> None:
    """Send the work. Standard input stays open afterwards: its end tells the child that this process has died."""
    assert child.stdin is not None  # noqa: S101  (it is a pipe)
    try:
        for each in (sys.path, prepare, work):
            pickle.dump(each, child.stdin)
        child.stdin.flush()
    except BrokenPipeError:
        raise ChildLost(f"A child process ended with code {child.wait()}.") from None


def _in_turn(children: Iterable["subprocess.Popen[bytes]"]) -> Iterator[Any]:
    streams = [_items(child) for child in children]
    while streams:
        for stream in [*streams]:
            try:
                yield next(stream)
            except StopIteration:
                streams.remove(stream)


def _items(child: "subprocess.Popen[bytes]") -> Iterator[Any]:
    assert child.stdout is not None  # noqa: S101  (it is a pipe)
    try:
        while message := pickle.load(child.stdout):  # noqa: S301  (from a process of our own)
            yield message[0]
    except (EOFError, pickle.UnpicklingError):  # between two items, or within one
        raise ChildLost(f"A child process ended with code {child.wait()}.") from None


def _close(child: "subprocess.Popen[bytes]") -> None:
    child.wait()
    for pipe in (child.stdin, child.stdout):
        with suppress(BrokenPipeError):  # of work that was not sent whole
            pipe.close()  # type: ignore[union-attr]


def serve() -> None:
    """Do the work that standard input brings, in the child. An item is sent as a tuple of one, the end as an empty one.

    What the work prints must not come between the items: it goes to standard error.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, which ends its children
    gc.disable()  # it would walk millions of short-lived objects; what lies in cycles goes when the child ends
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        pickle.load(sys.stdin.buffer)()  # noqa: S301  (from our parent)
        work = pickle.load(sys.stdin.buffer)  # noqa: S301  (from our parent)
        threading.Thread(target=_end_with_parent, daemon=True).start()
        for item in work():
            pickle.dump((item,), results)
            results.flush()
        pickle.dump((), results)
        results.flush()
    except BaseException as error:
        # The message is left out: it may hold a personal value, or an address with its password.
        traceback.print_tb(error.__traceback__)
        sys.stderr.write(f"{type(error).__name__}\n")
        sys.stderr.flush()
        os._exit(1)


def _end_with_parent() -> None:
    os.read(0, 1)  # nothing more is sent: this returns when the parent has died
    os._exit(1)

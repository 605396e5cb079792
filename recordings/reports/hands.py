"""Hands: forked processes that work on the parts of one list at once; what they make comes back in order.

Forked, because each then has all that is imported for nothing, and because a Celery worker may have no
multiprocessing children. A hand ends by itself when nobody takes what it makes, as when its worker was killed.
"""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, NoReturn, TypeVar

import structlog

logger = structlog.get_logger("portal.reports")

HANDS = 2  # each more takes another 30 MiB
_Part = TypeVar("_Part")
_Made = TypeVar("_Made")
Opened = Callable[[], AbstractContextManager[Callable[[_Part], _Made]]]


class HandLost(Exception):
    """A hand could not begin, or ended before it was done; then its own line in the log says why."""


@contextmanager
def at_work(opened: Opened[_Part, _Made], parts: Sequence[_Part]) -> Iterator[Iterator[_Made]]:
    """What the work makes of each part, in order. Each hand opens the work for itself, and takes its turn of the
    parts. Raises HandLost while it is iterated; when the block ends, however it does, no hand is left."""
    hands: list[_Hand] = []
    try:
        for number in range(HANDS):
            hands.append(_forked(opened, parts[number::HANDS], hands))
        yield _in_turn(hands, len(parts))
    finally:
        for hand in hands:
            hand.dismiss()


def _in_turn(hands: Sequence["_Hand"], count: int) -> Iterator[Any]:
    for number in range(count):
        try:
            yield hands[number % HANDS].pipe.recv()
        except (EOFError, OSError):  # between two things it made, and within one
            raise HandLost from None


def _forked(opened: Opened[Any, Any], parts: Sequence[Any], others: Sequence["_Hand"]) -> "_Hand":
    try:
        return _Hand(opened, parts, others)
    except OSError as error:  # no more processes, no more memory: nothing that is wrong with the file
        raise HandLost from error


class _Hand:
    """One process, as the one that forked it sees it."""

    def __init__(self, opened: Opened[Any, Any], parts: Sequence[Any], others: Sequence["_Hand"]) -> None:
        self.pipe, inside = Pipe(duplex=False)
        self.pid = os.fork()
        if self.pid == 0:
            _serve(opened, parts, inside, [self.pipe, *(other.pipe for other in others)])
        inside.close()

    def dismiss(self) -> None:
        """End it, whatever it is doing."""
        self.pipe.close()
        os.kill(self.pid, signal.SIGKILL)  # nobody else waits for it: the number is still its own
        os.waitpid(self.pid, 0)


def _serve(
    opened: Opened[Any, Any], parts: Sequence[Any], pipe: Connection, inherited: Sequence[Connection]
) -> NoReturn:
    """The life of a hand. It leaves by _exit: what its parent registered for its own end must not run here."""
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for other in inherited:
            other.close()  # a pipe breaks when its last reader is gone: a hand must not be one itself
        with opened() as work:
            for part in parts:
                pipe.send(work(part))
    except BrokenPipeError:
        pass  # nobody wants it any more
    except BaseException as error:
        logger.error("report not worked on", error=type(error).__name__)
    finally:
        os._exit(0)

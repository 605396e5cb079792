"""The pieces of a report's file, in order: those of a small report are made here, of a large one by a child as well."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any

import django

from recordings.processes import in_children
from recordings.reports.events import Slice, Snapshot, Wanted, joined
from recordings.reports.lines import FORMATS

SHARED = 100  # slices: fewer are done here before a child has begun and caught up
# While the child starts, this many slices are done here: one in ten, which is about the second that it takes.
ALONE_AT_FIRST = 12


@contextmanager
def encoded(
    events: Snapshot, wanted: Wanted, format: str, slices: Sequence[Slice]
) -> Iterator[Iterator[Any]]:
    """Encode each slice, in order, from one snapshot whoever encodes it. Raises ChildLost."""
    # Python's cycle collector would walk the objects of each slice again and again, for a third of the time in all.
    # A slice holds no cycles.
    collects = gc.isenabled()
    gc.disable()
    try:
        if len(slices) < SHARED:
            yield _pieces(events, format, slices)
            return
        alone = min(len(slices) // 10, ALONE_AT_FIRST)
        ours, theirs = [*slices[:alone], *slices[alone::2]], slices[alone + 1 :: 2]
        work = partial(_pieces_in_child, events.address, events.name, wanted, format, theirs)
        with in_children([work], prepare=django.setup) as from_child:
            yield _in_order(_pieces(events, format, ours), from_child, alone)
    finally:
        if collects:
            gc.enable()


def _in_order(ours: Iterator[Any], theirs: Iterator[Any], alone: int) -> Iterator[Any]:
    """Give the first pieces of ours, then one of each in turn: the child works on its next while we do ours."""
    yield from islice(ours, alone)
    for piece in ours:
        yield piece
        yield from islice(theirs, 1)
    yield from theirs  # its end, or why it ended early


def _pieces(events: Snapshot, format: str, slices: Sequence[Slice]) -> Iterator[Any]:
    encode = FORMATS[format].encoder()
    for part in slices:
        yield encode(events.read(part))


def _pieces_in_child(
    address: str, name: str, wanted: Wanted, format: str, slices: Sequence[Slice]
) -> Iterator[Any]:
    with joined(address, name, wanted) as events:
        yield from _pieces(events, format, slices)

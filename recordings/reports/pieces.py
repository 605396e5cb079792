"""Encode the slices of a report in order: of a small report in this process, of a large one in a child as well."""

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

SHARED = 100  # slices; fewer are done here before a child has started
# So many slices are done here while the child starts, which takes about a second.
ALONE_AT_FIRST = 12


@contextmanager
def encoded(
    events: Snapshot, wanted: Wanted, format: str, slices: Sequence[Slice]
) -> Iterator[Iterator[Any]]:
    """Encode each slice, in order, from one snapshot. Raises ChildLost."""
    # Without collecting cycles: a slice has none, and looking for them took a third of the time.
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
    """Yield the first pieces of ours, then one of each in turn: the child encodes its next one meanwhile."""
    yield from islice(ours, alone)
    for piece in ours:
        yield piece
        yield from islice(theirs, 1)
    yield from theirs  # its end, or the error that ended it


def _pieces(events: Snapshot, format: str, slices: Sequence[Slice]) -> Iterator[Any]:
    encode = FORMATS[format].encoder()
    for part in slices:
        yield encode(events.read(part))


def _pieces_in_child(
    address: str, name: str, wanted: Wanted, format: str, slices: Sequence[Slice]
) -> Iterator[Any]:
    with joined(address, name, wanted) as events:
        yield from _pieces(events, format, slices)

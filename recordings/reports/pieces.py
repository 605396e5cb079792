"""The pieces of a report's file, in order: those of a small report are made here, of a large one by two children."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import django

from recordings.processes import in_children
from recordings.reports.events import Slice, Snapshot, Wanted, joined
from recordings.reports.lines import FORMATS

SHARED = 100  # slices: fewer are done here before two children have begun and caught up
CHILDREN = 2


@contextmanager
def encoded(
    events: Snapshot, wanted: Wanted, format: str, slices: Sequence[Slice]
) -> Iterator[Iterator[Any]]:
    """Encode each slice, in order, from one snapshot whoever encodes it. Raises ChildLost."""
    if len(slices) >= SHARED:
        snapshot = (events.address, events.name)
        works = [
            partial(_pieces_in_child, *snapshot, wanted, format, slices[n::CHILDREN]) for n in range(CHILDREN)
        ]
        with in_children(works, prepare=django.setup) as pieces:
            yield pieces
        return
    # Python's cycle collector would walk the objects of each slice again and again, for a third of the time in all.
    # A slice holds no cycles.
    collects = gc.isenabled()
    gc.disable()
    try:
        yield _pieces(events, format, slices)
    finally:
        if collects:
            gc.enable()


def _pieces(events: Snapshot, format: str, slices: Sequence[Slice]) -> Iterator[Any]:
    encode = FORMATS[format].encoder()
    for part in slices:
        yield encode(events.read(part))


def _pieces_in_child(
    address: str, name: str, wanted: Wanted, format: str, slices: Sequence[Slice]
) -> Iterator[Any]:
    with joined(address, name, wanted) as events:
        yield from _pieces(events, format, slices)

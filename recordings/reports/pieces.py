"""The pieces of a report's file, in order: a small one's made here, a large one's by several processes at once."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from recordings.reports import hands
from recordings.reports.lines import Format
from recordings.reports.trail import Slice, Snapshot, Wanted, joined

SHARED = 10  # slices: fewer are done before other processes have begun


def made(
    events: Snapshot, wanted: Wanted, form: Format, slices: Sequence[Slice]
) -> AbstractContextManager[Iterator[Any]]:
    """A piece for each slice, of one snapshot whoever makes it."""
    if len(slices) < SHARED:
        return _here(events, form, slices)
    name = events.name

    @contextmanager
    def opened() -> Iterator[Callable[[Slice], Any]]:
        with joined(name, wanted) as same:
            encode = form.encoder()
            yield lambda one: encode(same.read(one))

    return hands.at_work(opened, slices)


@contextmanager
def _here(events: Snapshot, form: Format, slices: Sequence[Slice]) -> Iterator[Iterator[Any]]:
    encode = form.encoder()
    yield (encode(events.read(one)) for one in slices)

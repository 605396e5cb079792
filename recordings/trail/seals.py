"""How far each event of a list has come: its leaf, and who has signed a checkpoint that reaches it."""

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from recordings.audit.signed import newest_cosigned, newest_signed
from recordings.models import Leaf


class Seal(NamedTuple):
    """The number of an event's leaf and a word for how far it has come; without a leaf it is not sealed yet."""

    leaf: int | None
    words: str


UNSEALED = Seal(None, "not sealed")


def seals_of(events: Collection[UUID]) -> dict[UUID, Seal]:
    """The seals of these events, as far as they have one: three queries however many they are."""
    leaves = dict(Leaf.objects.filter(event_id__in=events).values_list("event_id", "n")) if events else {}
    if not leaves:
        return {}
    newest = newest_signed()
    signed, cosigned = newest.size if newest else 0, newest_cosigned()
    return {event: Seal(n, _words(n, signed, cosigned)) for event, n in leaves.items()}


def _words(n: int, signed: int, cosigned: int) -> str:
    """A cosignature on a later checkpoint covers every leaf before it."""
    return "witnessed" if n < cosigned else "signed" if n < signed else "sealed"

"""The seal of each event of a list: its leaf, and who has signed a checkpoint that covers it."""

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext_noop as _

from recordings.audit.signed import newest_cosigned, newest_signed
from recordings.models import Leaf

SEALS = {
    "unsealed": _("not sealed"),
    "sealed": _("sealed"),
    "signed": _("signed"),
    "witnessed": _("witnessed"),
}


class Seal(NamedTuple):
    """The number of an event's leaf, None while it is not sealed, and a state of SEALS."""

    leaf: int | None
    state: str


UNSEALED = Seal(None, "unsealed")


def seals_of(events: Collection[UUID]) -> dict[UUID, Seal]:
    """Return the seals of these events, as far as they have one: three queries however many they are."""
    leaves = dict(Leaf.objects.filter(event_id__in=events).values_list("event_id", "n")) if events else {}
    if not leaves:
        return {}
    newest = newest_signed()
    signed, cosigned = newest.size if newest else 0, newest_cosigned()
    return {event: Seal(n, _state(n, signed, cosigned)) for event, n in leaves.items()}


def _state(n: int, signed: int, cosigned: int) -> str:
    """Return the furthest state: a cosignature on a later checkpoint covers every leaf before it."""
    return "witnessed" if n < cosigned else "signed" if n < signed else "sealed"

"""Check one event: its hash, its index columns and its personal values."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recordings.audit.opened import OpenedRow, open_event
from recordings.audit.vault import commitment
from recordings.models import AuditEvent
from recordings.reach import Reach
from recordings.trail.visible import is_visible

LABELS = {
    "actor.name": _("Actor's name"),
    "action_detail.q": _("Search words"),
    "action_detail.left_out": _("Not carried over"),
    "object.label": _("Name of what was acted on"),
    "purpose.note": _("Note on the purpose"),
    "source.ip": _("IP address"),
    "source.user_agent": _("Browser"),
}
# By index column, where the body has the same value.
_COLUMNS = {
    "kind": ("type",),
    "outcome": ("outcome",),
    "actor_ref": ("actor", "ref"),
    "actor_role": ("actor", "role"),
    "target_kind": ("object", "kind"),
    "target_ref": ("object", "ref"),
    "parent_ref": ("object", "parent"),
    "purpose": ("purpose", "code"),
    "request_id": ("request", "id"),
}


@dataclass(frozen=True)
class Commitment:
    """A personal value, its hash in the event, and whether the two match."""

    field: str
    label: str | Promise
    value: str
    salt: str
    in_event: str
    erased: bool
    holds: bool


@dataclass(frozen=True)
class Examined:
    """An event, and what can be checked about it without the sealed log."""

    event: OpenedRow
    pretty: str
    stored_hash: str
    computed_hash: str
    disagreeing: tuple[str, ...]
    commitments: tuple[Commitment, ...]
    clock_difference: float

    @property
    def hash_holds(self) -> bool:
        return hmac.compare_digest(self.stored_hash, self.computed_hash)

    @property
    def all_holds(self) -> bool:
        """Whether nothing disagrees. An erased value cannot disagree."""
        values = all(value.holds or value.erased for value in self.commitments)
        return self.hash_holds and not self.disagreeing and values


def examine(event_id: UUID, reach: Reach) -> Examined | None:
    """Read an event and check it; None when this reach has no such event."""
    if not reach.is_everything and not is_visible(event_id, reach):
        return None
    event = open_event(event_id)
    if event is None:
        return None
    row = event.stored
    # Every field with a commitment: those with a stored value, and those erased since.
    fields = sorted({*(name for name in LABELS if _in_event(event, name)), *event.disclosed})
    return Examined(
        event=event,
        pretty=json.dumps(event.body, indent=2, ensure_ascii=False),
        stored_hash=row.body_hash.hex(),
        computed_hash=hashlib.sha256(row.body).hexdigest(),
        disagreeing=_disagreeing(event),
        commitments=tuple(_commitment(event, name) for name in fields),
        clock_difference=(row.recorded_at - row.occurred_at).total_seconds(),
    )


def _disagreeing(event: OpenedRow) -> tuple[str, ...]:
    row = AuditEvent.objects.filter(event_id=event.stored.event_id).values(*_COLUMNS).get()
    in_body = {column: _at(event.body, path) for column, path in _COLUMNS.items()}
    wrong = [column for column, value in in_body.items() if row[column] != value]
    own = [] if event.body.get("id") == str(event.stored.event_id) else ["event_id"]
    return tuple(own + wrong)


def _at(body: Any, path: tuple[str, ...]) -> str:
    for step in path:
        body = body.get(step, "") if isinstance(body, dict) else ""
    return str(body)


def _in_event(event: OpenedRow, name: str) -> str:
    part, _dot, key = name.partition(".")
    return str(event.part(part).get(key, ""))


def _commitment(event: OpenedRow, name: str) -> Commitment:
    disclosed = event.disclosed.get(name)
    in_event = _in_event(event, name)
    return Commitment(
        field=name,
        label=LABELS.get(name, name.partition(".")[2].replace("_", " ").capitalize()),
        value=disclosed.value if disclosed else "",
        salt=disclosed.salt.hex() if disclosed else "",
        in_event=in_event,
        erased=disclosed is None,
        holds=disclosed is not None and commitment(name, disclosed.salt, disclosed.value) == in_event,
    )

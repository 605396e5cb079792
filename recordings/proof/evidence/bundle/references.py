"""Read references in their one canonical form, and only to what exists: a proof that a misspelled reference has no
events would be valid but worthless."""

import re
from collections.abc import Callable
from uuid import UUID

from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _

from recordings.db import BIGGEST_ID
from recordings.models import AuditEvent, CommBoxObject, CompletenessStatement, Recording, Report
from recordings.proof.evidence.errors import UnknownReference
from recordings.reach import Reach
from recordings.wording import filled

_NUMBER = re.compile(r"[0-9]{1,19}\Z")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}\Z")


def canonical_reference(text: str) -> str:
    """Return a reference in the trail's form (docs/trail-format.md, 2), such as object:14. Raises UnknownReference."""
    kind, colon, key = text.strip().partition(":")
    kind, key = kind.strip().lower(), key.strip()
    if not (colon and kind.isascii() and kind.isidentifier() and key):
        raise UnknownReference(_UNREADABLE)
    if kind in ("recording", "statement", "report", "event"):
        return f"{kind}:{_parse_uuid(key)}"
    if kind in ("object", "user"):
        return f"{kind}:{_parse_number(kind, key)}"
    if not _NAME.match(key):
        raise UnknownReference(_UNREADABLE)
    return f"{kind}:{key}"


def known_reference(text: str, reach: Reach) -> str:
    """Return the canonical reference if what it names exists, an object or a recording in this reach.

    Raises UnknownReference, the same for what is outside the reach.
    """
    ref = canonical_reference(text)
    kind, key = ref.split(":", 1)
    if kind == "recording":
        exists = Recording.objects.filter(reach.q("object__"), pk=key).exists()
    elif kind == "object":
        exists = CommBoxObject.objects.filter(reach.q(), pk=key).exists()
    else:
        exists = _EXISTS[kind](key) if kind in _EXISTS else _in_the_trail(ref)
    if not exists:
        raise UnknownReference(filled(_UNKNOWN.get(kind, _NOT_IN_TRAIL), key=key, ref=ref))
    return ref


_UNREADABLE = _(
    "This is not a reference. A reference is a kind, a colon and an id, such as object:1407374990000101, user:7, or "
    "recording: followed by a UUID."
)
_UNKNOWN = {
    "recording": _("There is no recording %(key)s. A report about it would prove nothing. Check the id."),
    "object": _("There is no object %(key)s. A report about it would prove nothing. Check the number."),
    "user": _(
        "There is no person with the number %(key)s. A report about them would prove nothing. Check the number."
    ),
    "statement": _(
        "There is no monthly statement %(key)s. A report about it would prove nothing. Check the id."
    ),
    "report": _("There is no report %(key)s. A report about it would prove nothing. Check the id."),
}
_NOT_IN_TRAIL = _("The trail contains no %(ref)s. A report about it would prove nothing. Check the spelling.")
_NO_NUMBER = {
    "object": _("%(key)s is not the number of an object."),
    "user": _("%(key)s is not the number of a person."),
}
_NO_UUID = _("%(key)s is not an id of this kind. The id is a UUID: 32 hexadecimal digits.")


def _parse_uuid(key: str) -> UUID:
    try:
        return UUID(key)
    except ValueError:
        raise UnknownReference(filled(_NO_UUID, key=key[:64])) from None


def _parse_number(kind: str, key: str) -> int:
    if not _NUMBER.match(key) or int(key) > BIGGEST_ID:
        raise UnknownReference(filled(_NO_NUMBER[kind], key=key[:64]))
    return int(key)


def _in_the_trail(ref: str) -> bool:
    return any(AuditEvent.objects.filter(**{column: ref}).exists() for column in ("actor_ref", "target_ref"))


def _report_exists(key: str) -> bool:
    """Return whether the report exists. Reports of the command export_report have only events, no row."""
    return Report.objects.filter(pk=key).exists() or _in_the_trail(f"report:{key}")


_EXISTS: dict[str, Callable[[str], bool]] = {
    "user": lambda key: get_user_model().objects.filter(pk=key).exists(),
    "statement": lambda key: CompletenessStatement.objects.filter(pk=key).exists(),
    "report": _report_exists,
}

"""One spelling for each reference, and only references to what exists: a claim of absence about a name that nothing
ever had would be true and worthless."""

import re
from collections.abc import Callable
from uuid import UUID

from django.contrib.auth import get_user_model

from recordings.db import BIGGEST_ID
from recordings.models import AuditEvent, CommBoxObject, CompletenessStatement, Recording, Report
from recordings.proof.evidence.errors import UnknownReference

_NUMBER = re.compile(r"[0-9]{1,19}\Z")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}\Z")


def canonical_reference(text: str) -> str:
    """A reference as the trail spells it (docs/trail-format.md, 2): UUIDs in lower case, numbers without leading zeros.

    Raises UnknownReference for what has no such spelling.
    """
    kind, colon, key = text.strip().partition(":")
    kind, key = kind.strip().lower(), key.strip()
    if not (colon and kind.isascii() and kind.isidentifier() and key):
        raise UnknownReference(_UNREADABLE)
    if kind in ("recording", "statement", "report", "event"):
        return f"{kind}:{_uuid(kind, key)}"
    if kind in ("object", "user"):
        return f"{kind}:{_number(kind, key)}"
    if not _NAME.match(key):
        raise UnknownReference(_UNREADABLE)
    return f"{kind}:{key}"


def known_reference(text: str) -> str:
    """The canonical reference to something that exists. Raises UnknownReference, with a sentence, for anything else."""
    ref = canonical_reference(text)
    kind, _, key = ref.partition(":")
    exists = _EXISTS.get(kind, _in_the_trail)
    if not exists(ref if exists is _in_the_trail else key):
        raise UnknownReference(_UNKNOWN.get(kind, _NOT_IN_TRAIL).format(key=key, ref=ref))
    return ref


_UNREADABLE = (
    "This is no reference that the trail could hold. A reference is a kind, a colon and an id, such as "
    "object:1407374990000101, user:7 or recording: followed by a UUID."
)
_UNKNOWN = {
    "recording": "The portal knows no recording {key}. A report about it would prove nothing: check the id.",
    "object": "The portal knows no object {key}. A report about it would prove nothing: check the number.",
    "user": "The portal has no person with the number {key}. A report about them would prove nothing: check it.",
    "statement": "There is no completeness statement {key}. A report about it would prove nothing: check the id.",
    "report": "There is no report {key}. A report about it would prove nothing: check the id.",
}
_NOT_IN_TRAIL = (
    "The trail has never heard of {ref}. A report about it would prove nothing: check the spelling."
)


def _uuid(kind: str, key: str) -> UUID:
    try:
        return UUID(key)
    except ValueError:
        raise UnknownReference(
            f"{key[:64]} is no id of a {kind}: that is a UUID, 32 hexadecimal digits."
        ) from None


def _number(kind: str, key: str) -> int:
    if not _NUMBER.match(key) or int(key) > BIGGEST_ID:
        raise UnknownReference(f"{key[:64]} is no number of {_ARTICLES[kind]}.")
    return int(key)


_ARTICLES = {"object": "an object", "user": "a person"}


def _in_the_trail(ref: str) -> bool:
    return any(AuditEvent.objects.filter(**{column: ref}).exists() for column in ("actor_ref", "target_ref"))


def _report_exists(key: str) -> bool:
    """Reports of the command have no row; the trail knows them."""
    return Report.objects.filter(pk=key).exists() or _in_the_trail(f"report:{key}")


_EXISTS: dict[str, Callable[[str], bool]] = {
    "recording": lambda key: Recording.objects.filter(pk=key).exists(),
    "object": lambda key: CommBoxObject.objects.filter(pk=key).exists(),
    "user": lambda key: get_user_model().objects.filter(pk=key).exists(),
    "statement": lambda key: CompletenessStatement.objects.filter(pk=key).exists(),
    "report": _report_exists,
}

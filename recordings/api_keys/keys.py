"""Add, retire and list CommBox's API keys.

An installation starts with the keys of its settings; keys that a person adds later are used before them. On a 401 the
client tries the next one, so a rotation needs no restart.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from recordings.api_keys import encryption
from recordings.audit import Actor, Kind, Outcome, record, record_committed
from recordings.commbox import CommBox, CommBoxError
from recordings.commbox.assembly import configured_keys
from recordings.commbox.keys import expiry_of, last_four
from recordings.models import ApiKey
from recordings.timed import TimedValue

logger = structlog.get_logger("portal.refresh")

WARN_BEFORE = timedelta(days=30)
_known = TimedValue[list[str]](10.0)


@dataclass(frozen=True)
class KeyLine:
    """A key as pages show it. Those of the settings have no `pk` and no `added_by`."""

    last_four: str
    expires_at: datetime | None
    added_at: datetime | None = None
    added_by: str = ""
    pk: int | None = None
    in_settings: bool = False

    @property
    def ends_soon(self) -> bool:
        return self.expires_at is not None and self.expires_at - timezone.now() < WARN_BEFORE

    @property
    def has_ended(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()


def current_keys() -> list[str]:
    """Return the keys to use, newest first. Cached for ten seconds, so that a new key needs no restart."""
    if known := _known.get():
        return known
    try:
        return _known.set(list(dict.fromkeys(_stored() + configured_keys())))
    except DatabaseError:
        return _known.set(_known.last or configured_keys())


def refusal_of(key: str) -> str:
    """Test a key with CommBox. Return "" when it is accepted, else the English sentence that says why not."""
    with CommBox(settings.COMMBOX_API_URL, [key], attempts=1) as client:
        try:
            client.system_status()
        except CommBoxError as error:
            return error.sentence
    return ""


def is_in_use(key: str) -> bool:
    """Return whether this key is in use already."""
    return key in _stored() + configured_keys()


def record_refusal(*, reason: str, by: Actor) -> None:
    """Record that a key was refused, without any part of it: it may be another system's secret."""
    detail = {"setting": "commbox_api_key", "reason": reason}
    record_committed(Kind.CONFIG_CHANGED, by=by, outcome=Outcome.DENIED, detail=detail)


def add_key(*, key: str, added_by: Any, by: Actor) -> ApiKey:
    """Add a tested key, and retire all but the two newest: two are enough for a rotation."""
    sealed, key_id = encryption.encrypt(key)
    with transaction.atomic():
        row = ApiKey.objects.create(
            sealed=sealed,
            key_id=key_id,
            last_four=last_four(key),
            expires_at=expiry_of(key),
            added_by=added_by,
        )
        keep = list(ApiKey.objects.filter(retired_at=None).order_by("-pk").values_list("pk", flat=True)[:2])
        _retire(ApiKey.objects.filter(retired_at=None).exclude(pk__in=keep))
        record(Kind.CONFIG_CHANGED, by=by, change=({}, _event_facts(row)))
        transaction.on_commit(_known.forget)
    return row


def retire_key(*, key_id: int, by: Actor) -> bool:
    """Retire a key; return False when no such key is in use."""
    with transaction.atomic():
        row = ApiKey.objects.select_for_update().filter(pk=key_id, retired_at=None).first()
        if row is None:
            return False
        _retire(ApiKey.objects.filter(pk=key_id))
        record(Kind.CONFIG_CHANGED, by=by, change=(_event_facts(row), {}))
        transaction.on_commit(_known.forget)
    return True


def _retire(rows: QuerySet[ApiKey]) -> None:
    """Mark keys as retired and delete their secrets. The last four characters stay, because events name them."""
    rows.update(retired_at=timezone.now(), sealed=b"")


def _event_facts(row: ApiKey) -> dict[str, str]:
    return {"setting": "commbox_api_key", "ends_in": row.last_four}


def key_lines() -> list[KeyLine]:
    """Return every key in use, each once, in the order of use."""
    stored = ApiKey.objects.filter(retired_at=None).order_by("-pk").select_related("added_by")
    added, configured = [(row, _decrypted(row)) for row in stored], list(dict.fromkeys(configured_keys()))
    lines = [
        KeyLine(
            row.last_four,
            row.expires_at,
            row.added_at,
            str(row.added_by),
            row.pk,
            in_settings=key in configured,
        )
        for row, key in added
    ]
    known = {key for _, key in added}
    return lines + [KeyLine(last_four(key), expiry_of(key)) for key in configured if key not in known]


def line_of(key_id: int) -> KeyLine | None:
    """Return a key in use that a person added; None when there is none."""
    return next((line for line in key_lines() if line.pk == key_id), None)


def ending_soon() -> KeyLine | None:
    """Return the key that expires last, if that is within WARN_BEFORE; None when a key lasts longer."""
    lines = key_lines()
    if any(line.expires_at is None for line in lines):
        return None
    last = max(lines, key=lambda line: line.expires_at or timezone.now(), default=None)
    return last if last is not None and last.ends_soon else None


def _stored() -> list[str]:
    return [key for row in ApiKey.objects.filter(retired_at=None).order_by("-pk") if (key := _decrypted(row))]


def _decrypted(row: ApiKey) -> str:
    """Return the key; "" when it cannot be decrypted, so that the others stay in use."""
    try:
        return encryption.decrypt(bytes(row.sealed), row.key_id)
    except encryption.CannotDecrypt as reason:
        logger.error("api key cannot be decrypted", ends_in=row.last_four, reason=str(reason))
        return ""


@transaction.atomic
def reencrypt(*, by: Actor) -> tuple[int, int]:
    """Encrypt every key in use again with the first of KEY_ENCRYPTION_KEYS.

    Returns how many were encrypted and how many could not be decrypted. Other processes can decrypt a row before and
    after, because both encryption keys are in the settings.
    """
    now_under = encryption.current_id()
    rows = list(ApiKey.objects.select_for_update().filter(retired_at=None).exclude(key_id=now_under))
    opened = [(row, key) for row in rows if (key := _decrypted(row))]
    for row, key in opened:
        sealed, key_id = encryption.encrypt(key)
        ApiKey.objects.filter(pk=row.pk).update(sealed=sealed, key_id=key_id)
    if opened:
        before = sorted({row.key_id for row, _ in opened})
        setting = {"setting": "key_encryption_key"}
        change = ({**setting, "key_id": ", ".join(before)}, {**setting, "key_id": now_under})
        record(Kind.CONFIG_CHANGED, by=by, change=change, detail={"keys": len(opened)})
        transaction.on_commit(_known.forget)
    return len(opened), len(rows) - len(opened)

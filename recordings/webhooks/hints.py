"""Webhook deliveries: stored, counted when repeated, and turned into a due object. Nothing of them becomes a fact."""

import hashlib
from datetime import timedelta
from typing import Any

import structlog
from django.db.models import F
from django.utils import timezone

from recordings import breaker
from recordings.breaker import ANSWERED
from recordings.commbox import CommBoxError
from recordings.commbox.assembly import client
from recordings.models import Delivery, Stream
from recordings.refresh.actions import mark_due
from recordings.refresh.objects import upsert_objects
from recordings.webhooks.payload import Hint, Unreadable, read
from recordings.worded import Worded

logger = structlog.get_logger("portal.refresh")

FETCH_AT_ONCE = 5
# Listing finds within the hour what a hint could not.
KEEP_TRYING = timedelta(hours=1)


class Fate(Worded):
    """What became of a delivery; `sentence` says it on the operations page."""

    sentence: str

    DUE = "due", "The object is refreshed."
    WAITING = "waiting", "The object is new and will be fetched."
    FETCHED = "fetched", "The object was new and has been fetched."
    REPEATED = "repeated", "The same delivery came before."
    IGNORED = "ignored", "It is not about a recording."
    UNKNOWN_STREAM = "unknown_stream", "Its channel is not one of ours."
    UNKNOWN_OBJECT = "unknown_object", "CommBox does not know the object."
    UNREADABLE = "unreadable", "It could not be read."


def take(body: bytes) -> tuple[Fate, Hint | None]:
    """Store a delivery and mark its object as due. A body that came before only counts up: replays ask for nothing."""
    digest = hashlib.sha256(body).hexdigest()
    if Delivery.objects.filter(body_sha256=digest).update(repeats=F("repeats") + 1):
        return Fate.REPEATED, None
    hint = _read(body)
    fate = _fate(hint)
    row: dict[str, Any] = {"outcome": fate.value}
    if hint is not None:
        row |= {"event_name": hint.event_name, "object_id": hint.object_id, "stream_id": hint.stream_id}
    Delivery.objects.get_or_create(body_sha256=digest, defaults=row)
    return fate, hint


def _read(body: bytes) -> Hint | None:
    try:
        return read(body)
    except Unreadable as reason:
        logger.warning("delivery not read", reason=str(reason))
        return None


def _fate(hint: Hint | None) -> Fate:
    if hint is None:
        return Fate.UNREADABLE
    if not hint.about_recording or hint.object_id is None:
        return Fate.IGNORED
    if mark_due(hint.object_id):
        return Fate.DUE
    known = hint.stream_id is not None and Stream.objects.filter(pk=hint.stream_id).exists()
    return Fate.WAITING if known else Fate.UNKNOWN_STREAM


def fetch_hinted() -> int:
    """Fetch the objects that deliveries named and the catalog does not know; return how many were found.

    A few at a time: whoever knows the webhook's address must not spend the account's calls.
    """
    young = timezone.now() - KEEP_TRYING
    waiting = Delivery.objects.filter(outcome=Fate.WAITING, received_at__gt=young)
    hints = waiting.order_by("received_at")[:FETCH_AT_ONCE]
    return sum(_fetch(delivery) for delivery in hints if breaker.may_call())


def _fetch(delivery: Delivery) -> bool:
    fate = _ask_for(delivery)
    if fate is not None:
        Delivery.objects.filter(pk=delivery.pk).update(outcome=fate.value)
    return fate is Fate.FETCHED


def _ask_for(delivery: Delivery) -> Fate | None:
    """Fetch and store the object; None when CommBox could not be asked now."""
    if delivery.object_id is None or delivery.stream_id is None:
        return Fate.IGNORED
    try:
        item = client().get_object(delivery.stream_id, delivery.object_id)
    except CommBoxError as error:
        breaker.record_result(error)
        return Fate.UNKNOWN_OBJECT if isinstance(error, ANSWERED) else None
    breaker.record_result()
    if item.stream_id != delivery.stream_id:
        return Fate.UNKNOWN_STREAM
    if not upsert_objects([item], now=timezone.now()):
        mark_due(item.object_id)  # a listing was faster: what it found is due for another reason now
    return Fate.FETCHED

"""What becomes of deliveries, and the objects that they named and the catalog does not know."""

from datetime import timedelta

from django.utils import timezone

from recordings import breaker
from recordings.breaker import ANSWERED
from recordings.commbox import CommBoxError
from recordings.commbox.assembly import client
from recordings.models import Delivery
from recordings.refresh.actions import mark_due
from recordings.refresh.objects import upsert_objects
from recordings.worded import Worded

FETCH_AT_ONCE = 5
# Listing finds within the hour what a hint could not.
KEEP_TRYING = timedelta(hours=1)


class DeliveryOutcome(Worded):
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


def fetch_hinted() -> int:
    """Fetch the objects that deliveries named and the catalog does not know; return how many were found.

    A few at a time: whoever knows the webhook's address must not spend the account's calls.
    """
    young = timezone.now() - KEEP_TRYING
    waiting = Delivery.objects.filter(outcome=DeliveryOutcome.WAITING, received_at__gt=young)
    fetched = 0
    for delivery in waiting.order_by("received_at")[:FETCH_AT_ONCE]:
        if not breaker.may_call():
            break
        outcome = _fetch(delivery)
        Delivery.objects.filter(pk=delivery.pk).update(outcome=outcome.value)
        fetched += outcome is DeliveryOutcome.FETCHED
    return fetched


def _fetch(delivery: Delivery) -> DeliveryOutcome:
    """Fetch and store the object of a delivery; it goes on waiting when CommBox could not be asked now."""
    if delivery.object_id is None or delivery.stream_id is None:
        return DeliveryOutcome.IGNORED
    try:
        item = client().get_object(delivery.stream_id, delivery.object_id)
    except CommBoxError as error:
        breaker.record_result(error)
        return DeliveryOutcome.UNKNOWN_OBJECT if isinstance(error, ANSWERED) else DeliveryOutcome.WAITING
    breaker.record_result()
    if item.stream_id != delivery.stream_id:
        return DeliveryOutcome.UNKNOWN_STREAM
    if not upsert_objects([item], now=timezone.now()):
        mark_due(item.object_id)  # a listing was faster: what it found is due for another reason now
    return DeliveryOutcome.FETCHED

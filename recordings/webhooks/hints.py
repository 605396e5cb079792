"""Outcomes of deliveries, and fetching objects that a delivery named and the catalog does not have."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_noop

from recordings import breaker
from recordings.breaker import ANSWERED
from recordings.commbox import CommBoxError
from recordings.commbox.assembly import client
from recordings.models import Delivery
from recordings.refresh.actions import mark_due
from recordings.refresh.objects import upsert_objects
from recordings.worded import Worded

FETCH_AT_ONCE = 5
# After this, listings have found the object.
KEEP_TRYING = timedelta(hours=1)


class DeliveryOutcome(Worded):
    """What became of a delivery. `sentence` is English: the answer to CommBox, translated on the operations page."""

    sentence: str

    DUE = "due", gettext_noop("The object is being refreshed.")
    WAITING = "waiting", gettext_noop("The object is new and will be fetched.")
    FETCHED = "fetched", gettext_noop("The object was new and has been fetched.")
    REPEATED = "repeated", gettext_noop("The same delivery was received before.")
    IGNORED = "ignored", gettext_noop("It is not about a recording.")
    UNKNOWN_STREAM = "unknown_stream", gettext_noop("Its channel is not known to the portal.")
    UNKNOWN_OBJECT = "unknown_object", gettext_noop("CommBox does not know the object.")
    UNREADABLE = "unreadable", gettext_noop("It could not be read.")


def fetch_hinted() -> int:
    """Fetch objects that deliveries named and the catalog does not have; return how many were found.

    Only a few per call, so that someone who knows the webhook's URL cannot use up the account's calls.
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
    """Fetch and store the object of a delivery. It stays WAITING when the call to CommBox fails."""
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
        mark_due(item.object_id)  # a listing stored it first; the delivery is another reason to refresh it
    return DeliveryOutcome.FETCHED

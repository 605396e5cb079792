"""Receive CommBox's webhook deliveries."""

import hashlib
from datetime import timedelta

import structlog
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from recordings.models import Delivery, Stream
from recordings.nudge import nudge
from recordings.policies import open_view
from recordings.refresh.actions import mark_due
from recordings.refresh.tasks import refresh_one
from recordings.webhooks.authentication import may_deliver
from recordings.webhooks.hints import DeliveryOutcome
from recordings.webhooks.payload import MAX_BYTES, NO_HINT, Hint, Unreadable, parse
from recordings.webhooks.tasks import follow_hints

logger = structlog.get_logger("portal.refresh")

# CommBox repeats a delivery within minutes. An equal body after this may be about a new change.
REPEAT_WINDOW = timedelta(minutes=10)


@open_view
@csrf_exempt
def receive(request: HttpRequest, token: str) -> HttpResponse:
    """Receive a delivery. It is only a hint that an object changed; none of its data is stored as fact."""
    # 1. Authenticate. A wrong token gets the same answer as an unknown URL.
    if not may_deliver(request, token):
        raise Http404
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    # 2. Read the body, up to one byte beyond the limit.
    body = request.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        return _text(413, "A delivery has at most 1 MiB.")
    # 3. Count a duplicate and stop, so that a replay causes no calls.
    digest, now = hashlib.sha256(body).hexdigest(), timezone.now()
    recent = Delivery.objects.filter(body_sha256=digest, received_at__gt=now - REPEAT_WINDOW)
    if recent.update(repeats=F("repeats") + 1):
        return _text(200, DeliveryOutcome.REPEATED.sentence)
    # 4. Parse the untrusted body; only its ids are used.
    try:
        hint = parse(body)
    except Unreadable as reason:
        logger.warning("delivery not read", reason=str(reason))
        hint, outcome = NO_HINT, DeliveryOutcome.UNREADABLE
    else:
        # 5. Make the object due. The refresh asks CommBox's API what changed.
        outcome = _mark_due(hint)
    # 6. Store the delivery, to recognise duplicates.
    facts = {"event_name": hint.event_name, "object_id": hint.object_id, "stream_id": hint.stream_id}
    row = {**facts, "outcome": outcome.value, "received_at": now}
    Delivery.objects.update_or_create(body_sha256=digest, defaults=row)
    # 7. Wake a worker. The message may be lost: the rows above are the queue.
    if outcome is DeliveryOutcome.DUE and hint.object_id is not None:
        nudge(refresh_one, hint.object_id)
    elif outcome is DeliveryOutcome.WAITING:
        nudge(follow_hints)
    return _text(400 if outcome is DeliveryOutcome.UNREADABLE else 200, outcome.sentence)


def _mark_due(hint: Hint) -> DeliveryOutcome:
    """Make the object due if the hint is about a recording and the catalog has the object."""
    if not hint.about_recording or hint.object_id is None:
        return DeliveryOutcome.IGNORED
    if mark_due(hint.object_id):
        return DeliveryOutcome.DUE
    known = hint.stream_id is not None and Stream.objects.filter(pk=hint.stream_id).exists()
    return DeliveryOutcome.WAITING if known else DeliveryOutcome.UNKNOWN_STREAM


def _text(status: int, sentence: str) -> HttpResponse:
    return HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")

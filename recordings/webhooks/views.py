"""The address that CommBox delivers to."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.views.decorators.csrf import csrf_exempt

from recordings.nudge import nudge
from recordings.policies import open_view
from recordings.refresh.tasks import refresh_one
from recordings.webhooks.authentication import may_deliver
from recordings.webhooks.hints import Fate, take
from recordings.webhooks.payload import MAX_BYTES
from recordings.webhooks.tasks import follow_hints


@open_view
@csrf_exempt
def webhook(request: HttpRequest, token: str) -> HttpResponse:
    """Take a delivery. A wrong token answers as any address that does not exist."""
    if not may_deliver(request, token):
        raise Http404
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    body = request.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        return _said(413, "A delivery has at most 1 MiB.")
    fate, hint = take(body)
    if fate is Fate.DUE and hint is not None and hint.object_id is not None:
        nudge(refresh_one, hint.object_id)
    elif fate is Fate.WAITING:
        nudge(follow_hints)
    return _said(400 if fate is Fate.UNREADABLE else 200, fate.sentence)


def _said(status: int, sentence: str) -> HttpResponse:
    return HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")

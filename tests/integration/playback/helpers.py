"""Helpers for the tests of playback."""

import html
import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

from django.test import Client
from django.utils import timezone

from auditportal.accounts.models import HELD, Grant
from auditportal.sandbox.control.control import Control
from auditportal.sandbox.world.seed import DIRECT_BUCKET, PRESIGNED_BUCKET
from recordings.audit import Actor
from recordings.models import AuditEvent, CommBoxObject, Recording, Stream, Viewing
from recordings.refresh.actions import refresh_object
from tests.factories import person

VIDEO = 31245
_SOURCE = re.compile(r'<video[^>]* src="([^"]+)"')


def signed_in(role: str, client: Any = None, **fields: Any) -> Any:
    """Return the client of a person with this role."""
    client = client or Client()
    client.person = person(role, **fields)
    client.force_login(client.person)
    return client


def limit(person: Any, **scope: Any) -> None:
    """Replace the grants of a person by one with this scope and level, and the role of the newest."""
    last = Grant.objects.filter(user=person).latest("pk")
    end_grants(person)
    given = {name: scope.get(name, getattr(last, name)) for name in HELD}
    Grant.objects.create(user=person, **given)


def end_grants(person: Any) -> None:
    Grant.objects.filter(user=person, ended_at=None).update(ended_at=timezone.now())


def comparable(response: Any, *ids: Any) -> tuple[Any, ...]:
    """Return status, headers and body of a response without the ids and what differs in each request."""
    headers = {
        name: value for name, value in response.headers.items() if name not in ("X-Request-ID", "Expires")
    }
    body = response.content.decode()
    for differing in (response.headers["X-Request-ID"], *map(str, ids)):
        body = body.replace(differing, "…")
        headers = {name: value.replace(differing, "…") for name, value in headers.items()}
    tokens = r'(csrfmiddlewaretoken" value="|X-CSRFToken": "|data-ends-in=")[^"]+'
    return response.status_code, headers, re.sub(tokens, r"\1…", body)


def recorded(upstream: Control, *, presigned: bool = False, **wish: Any) -> Recording:
    """A new recording of one of the sandbox's open objects, brought into the catalog by a refresh."""
    talk = next(
        one for one in upstream.world.of_stream(VIDEO) if not one.activities_of(27) and not one.closed_at
    )
    upstream.add_recording(
        talk.id,
        **{"presigned": presigned, "bucket": PRESIGNED_BUCKET if presigned else DIRECT_BUCKET, **wish},
    )
    Stream.objects.get_or_create(pk=talk.stream_id, defaults={"name": "Premium video"})
    CommBoxObject.objects.get_or_create(
        id=talk.id,
        defaults={
            "stream_id": talk.stream_id,
            "customer_name": "Dana Marlowe",
            "created_at": talk.created_at,
        },
    )
    refresh_object(object_id=talk.id, by=Actor.system("refresh"))
    return Recording.objects.get(object_id=talk.id)


def known_for_a_day(recording: Recording) -> Recording:
    """Make a recording so old that its file must have arrived in storage."""
    yesterday = timezone.now() - timedelta(days=1)
    Recording.objects.filter(pk=recording.pk).update(first_seen_at=yesterday, recorded_at=yesterday)
    recording.refresh_from_db()
    return recording


def start(client: Any, recording: Recording, *, htmx: bool = True, **more: Any) -> Any:
    """Press play."""
    headers = {"HX-Request": "true"} if htmx else {}
    data = {"purpose": "compliance", "note": "case 14", **more.pop("data", {})}
    headers |= more.pop("headers", {})
    return client.post(f"/recordings/{recording.pk}/viewings/", data, headers=headers, **more)


def post(client: Any, viewing: Viewing, what: str, document: Any = None, **headers: str) -> Any:
    """Post to a URL of the player."""
    return client.post(
        f"/viewings/{viewing.pk}/{what}/",
        json.dumps({} if document is None else document),
        content_type="application/json",
        headers={"Accept": "application/json", **headers},
    )


def url_in(response: Any) -> str:
    """Return the URL of the video in a response."""
    found = _SOURCE.search(response.content.decode())
    assert found, response.content.decode()[:500]
    return html.unescape(found[1])


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def fetch(url: str, byte_range: str = "") -> tuple[int, bytes]:
    """GET it as a browser does; return status and body."""
    from urllib.error import HTTPError

    request = Request(url, headers={"Range": byte_range} if byte_range else {})
    try:
        with urlopen(request, timeout=60) as response:
            return response.status, response.read()
    except HTTPError as error:
        return error.code, error.read()


def kinds() -> list[str]:
    """Return the kinds of playback's events in the trail, in order."""
    return list(
        AuditEvent.objects.filter(kind__startswith="viewing.").order_by("id").values_list("kind", flat=True)
    )


def bodies(kind: str) -> list[dict[str, Any]]:
    """Return the bodies of all events of this kind."""
    rows = AuditEvent.objects.filter(kind=kind).order_by("id").values_list("body", flat=True)
    return [json.loads(bytes(row)) for row in rows]

"""Pressing play: the whole answer – session, right, read, committed request, presigned URL, committed issue, fragment –
against the same written the usual way: ORM reads, `create()` for each event, `generate_presigned_url` of a warm client.

Both go through the same WSGI application and middleware, the rounds alternating, the best of each counts. The usual way
writes into a plain table: no commitments, no encryption, no append-only function. It gets as many events and commits.
"""

import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest import mock
from urllib.parse import urlencode
from uuid import UUID

import botocore.session
from botocore.config import Config
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections, models, transaction
from django.http import HttpResponse
from django.test import override_settings
from django.urls import include, path
from django.utils import timezone

from recordings.audit import Actor, Kind, Purpose
from recordings.http import page
from recordings.media_urls import FreshUrl
from recordings.media_urls import fresh as media_urls
from recordings.models import Recording, Viewing
from recordings.models.fields import uuid7
from recordings.permissions import Permission
from recordings.playback import actions, queries, views
from recordings.playback.forms import ViewingForm, remember_purpose
from recordings.playback.player_page import PlayerPage
from recordings.policies import can, permission_required
from recordings.storage import ProbeResult, StorageOutcome, locate
from tests.bench.results import Measured
from tests.factories import conversation, person, recording

REQUESTS, ROUNDS = 150, 5
BUCKET = "https://s3.eu-west-1.amazonaws.com/eu-recordings"
TOKEN = "t" * 32
STORAGE = {
    "RECORDING_BUCKETS": (BUCKET,),
    "AWS_ACCESS_KEY_ID": "AKIABENCHBENCHBENCH1",
    "AWS_SECRET_ACCESS_KEY": "only/for/the/bench/only/for/the/bench000",
    "S3_REGION": "eu-west-1",
}
# The network is not measured: storage answers at once.
ANSWER = ProbeResult(StorageOutcome.FOUND, 206, 1_000_000, '"etag"')


class PlainEvent(models.Model):
    """An audit row as it is usually kept."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    kind = models.CharField(max_length=40, db_index=True)
    actor = models.CharField(max_length=40, db_index=True)
    target = models.CharField(max_length=60, db_index=True)
    body = models.JSONField()
    recorded_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        app_label = "recordings"
        db_table = "bench_event"
        managed = False


def measure() -> Iterator[Measured]:
    """The whole answer against the usual way, and what of it is spent where."""
    with _plain_table(), override_settings(**STORAGE), mock.patch.object(media_urls, "probe", _answer):
        apart = conversation(id=1_900_000_000_000_001)  # beside the 100,000 objects of the other parts
        made = recording(apart, url=f"{BUCKET}/2026/11/20/1.mp4")
        ours, usual = _Browser(made, None), _Browser(made, __name__)
        rate, plain = _side_by_side(ours.play, usual.play)
        parts = _parts(ours)
    against = "ORM reads, create(), generate_presigned_url"
    yield Measured("play, the whole answer", rate, "requests/s", rate / plain, against)
    for name, seconds in parts.items():
        yield Measured(f"play, {name}", seconds * 1000, "ms")


# --- the usual way


def _client() -> Any:
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    return botocore.session.get_session().create_client(
        "s3",
        region_name="eu-west-1",
        aws_access_key_id=STORAGE["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=STORAGE["AWS_SECRET_ACCESS_KEY"],
        config=config,
    )


_S3: list[Any] = []


@permission_required(Permission.PLAY_RECORDINGS)
def usual_start(request: Any, pk: UUID) -> HttpResponse:
    """The same answer, written as it usually is."""
    found = Recording.objects.select_related("object__agent", "object__stream").get(pk=pk)
    actor = Actor.from_request(request)
    form = ViewingForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=422)
    given = form.cleaned_data
    remember_purpose(request.session, found.object_id, given["purpose"], given["note"])
    with transaction.atomic():
        viewing = Viewing.objects.create(
            recording=found,
            viewer=request.user,
            purpose=given["purpose"],
            note=given["note"],
            session_ref=actor.session,
        )
        _create(Kind.VIEWING_REQUESTED, viewing, actor, {})
    key = found.url.removeprefix(f"{BUCKET}/")
    _S3[:] = _S3 or [_client()]
    url = _S3[0].generate_presigned_url(
        "get_object",
        Params={"Bucket": "eu-recordings", "Key": key, "ResponseContentType": "video/mp4"},
        ExpiresIn=settings.PLAYBACK_URL_TTL,
    )
    expires_at = timezone.now() + timedelta(seconds=settings.PLAYBACK_URL_TTL)
    location = locate(found.url, settings.RECORDING_BUCKETS)
    fresh = FreshUrl(url, location, expires_at, "portal", ANSWER)
    with transaction.atomic():
        viewing.url_expires_at = expires_at
        viewing.url_issued_at = timezone.now()
        viewing.save(update_fields=["url_expires_at", "url_issued_at"])  # the role may update no more
        _create(Kind.URL_ISSUED, viewing, actor, fresh.detail)
    shown = PlayerPage(
        recording=found,
        form=form,
        watched=queries.watched_of(found.pk, request.user.pk),
        may_play=can(request.user, Permission.PLAY_RECORDINGS),
        started=actions.StartedViewing(viewing, fresh),
    )
    return page(request, views.PAGE, {"page": shown}, fragment="viewing")


def _create(kind: Kind, viewing: Viewing, by: Actor, detail: dict[str, Any]) -> None:
    PlainEvent.objects.create(
        kind=kind,
        actor=by.ref,
        target=f"recording:{viewing.recording_id}",
        body={
            "actor": {"ref": by.ref, "name": by.name, "role": by.role},
            "source": {"ip": by.address, "user_agent": by.user_agent},
            "purpose": {"code": Purpose(viewing.purpose).value, "note": viewing.note},
            "detail": {"viewing": str(viewing.pk), **detail},
        },
    )


urlpatterns = [
    path("recordings/<uuid:pk>/viewings/", usual_start),
    path("", include("auditportal.urls")),
]


def _answer(url: str, **_: Any) -> ProbeResult:
    return ANSWER


@contextmanager
def _plain_table() -> Iterator[None]:
    owner = connections["owner"]
    with owner.schema_editor() as editor:
        editor.create_model(PlainEvent)
    with owner.cursor() as cursor:
        cursor.execute("GRANT SELECT, INSERT ON bench_event TO auditportal_app")
    yield
    with owner.schema_editor() as editor:
        editor.delete_model(PlainEvent)


# --- measuring


class _Browser:
    """Somebody signed in, pressing play again and again through the WSGI application."""

    def __init__(self, made: Recording, urlconf: str | None) -> None:
        user = person("compliance_officer", f"bench.{uuid7().hex[-8:]}")
        now = timezone.now().timestamp()
        session = SessionStore()
        session.update({SESSION_KEY: str(user.pk), HASH_SESSION_KEY: user.get_session_auth_hash()})
        session.update({"_auth_user_backend": settings.AUTHENTICATION_BACKENDS[0]})
        session.update({"seen_at": now + 3600, "ends_at": now + 7200})
        session.save()
        self.path = f"/recordings/{made.pk}/viewings/"
        self.cookies = (
            f"{settings.SESSION_COOKIE_NAME}={session.session_key}; {settings.CSRF_COOKIE_NAME}={TOKEN}"
        )
        self.body = urlencode({"purpose": "compliance", "note": "case 14"}).encode()
        self.urlconf = urlconf
        with self._urls():
            self.application = WSGIHandler()
        self.play(3)

    def _urls(self) -> Any:
        return override_settings(**({"ROOT_URLCONF": self.urlconf} if self.urlconf else {}))

    def play(self, times: int) -> None:
        with self._urls():
            for _ in range(times):
                self._once()

    def _once(self) -> None:
        statuses: list[str] = []
        answer = self.application(self._environ(), lambda status, headers: statuses.append(status))
        text = b"".join(answer)
        answer.close()
        if statuses != ["200 OK"] or b"X-Amz-Signature" not in text:
            raise AssertionError(f"{statuses}: {text[:500]!r}")

    def _environ(self) -> dict[str, Any]:
        return {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": self.path,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "HTTP_HOST": "localhost",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_USER_AGENT": "bench",
            "HTTP_COOKIE": self.cookies,
            "HTTP_X_CSRFTOKEN": TOKEN,
            "HTTP_HX_REQUEST": "true",
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(self.body)),
            "wsgi.input": io.BytesIO(self.body),
            "wsgi.url_scheme": "http",
            "wsgi.errors": io.StringIO(),
        }


def _side_by_side(one: Callable[[int], None], other: Callable[[int], None]) -> tuple[float, float]:
    """Requests per second of each, the better of the rounds."""
    best = [0.0, 0.0]
    for _ in range(ROUNDS):
        for place, play in enumerate((one, other)):
            started = time.perf_counter()
            play(REQUESTS)
            best[place] = max(best[place], REQUESTS / (time.perf_counter() - started))
    return best[0], best[1]


def _parts(browser: _Browser) -> dict[str, float]:
    """Seconds per answer spent committing the two events, presigning, and in everything else."""
    spent = {"both events committed": 0.0, "presigning": 0.0}
    commit, sign = actions.committed, media_urls.presign

    @contextmanager
    def timed_commit() -> Iterator[None]:
        started = time.perf_counter()
        try:
            with commit():
                yield
        finally:
            spent["both events committed"] += time.perf_counter() - started

    def timed_presign(*args: Any, **kwargs: Any) -> Any:
        started = time.perf_counter()
        try:
            return sign(*args, **kwargs)
        finally:
            spent["presigning"] += time.perf_counter() - started

    actions.committed, media_urls.presign = timed_commit, timed_presign
    try:
        started = time.perf_counter()
        browser.play(REQUESTS)
        whole = time.perf_counter() - started
    finally:
        actions.committed, media_urls.presign = commit, sign
    spent["everything else"] = whole - sum(spent.values())
    return {name: seconds / REQUESTS for name, seconds in spent.items()}

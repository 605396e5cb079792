"""The endpoint for CommBox's deliveries: who may deliver, and what becomes of what they deliver."""

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from auditportal.sandbox.control.control import Control
from recordings.models import CommBoxObject, Delivery
from recordings.refresh.sweep import refresh_due
from recordings.webhooks.hints import DeliveryOutcome
from recordings.webhooks.payload import MAX_BYTES
from recordings.webhooks.views import REPEAT_WINDOW
from tests.integration.webhooks.helpers import TOKEN

pytestmark = pytest.mark.django_db


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def hook(settings: Any) -> str:
    settings.COMMBOX_WEBHOOK_TOKEN = TOKEN
    return f"/webhooks/commbox/{TOKEN}"


@pytest.fixture
def stranger() -> Client:
    return Client(enforce_csrf_checks=True)


def delivery(object_id: int) -> bytes:
    return (
        f'{{"Event": {{"Name": "OnNewActivity", "Object": {{"Id": "{object_id}", "StreamId": "31245",'
        ' "Activities": {"Activity": {"Type": "27"}}}}}'
    ).encode()


def test_a_delivery_is_taken_without_sign_in_or_csrf_token(
    hook: str, stranger: Client, held: CommBoxObject, upstream: Control
) -> None:
    upstream.add_recording(held.pk)
    response = stranger.post(hook, delivery(held.pk), content_type="application/json")
    assert (response.status_code, text(response)) == (200, "The object is being refreshed.")
    assert refresh_due() == 1
    assert held.recordings.count() == 1


def test_a_wrong_token_answers_like_any_address_that_does_not_exist(hook: str, stranger: Client) -> None:
    nowhere = stranger.get("/nowhere/at/all")

    def plain(response: Any) -> bytes:
        return bytes(response.content.replace(response.headers["X-Request-ID"].encode(), b""))

    for token in ("", "x", TOKEN[:-1], TOKEN + "0", TOKEN.upper(), "é" * 40):
        for send in (stranger.get, stranger.post, stranger.put):
            response = send(f"/webhooks/commbox/{token}")
            assert (response.status_code, plain(response)) == (404, plain(nowhere))
    assert not Delivery.objects.exists()


def test_without_a_token_in_the_settings_there_is_no_receiver(settings: Any, stranger: Client) -> None:
    settings.COMMBOX_WEBHOOK_TOKEN = ""
    assert stranger.post("/webhooks/commbox/", b"{}", content_type="text/plain").status_code == 404
    assert stranger.post("/webhooks/commbox/None", b"{}", content_type="text/plain").status_code == 404


def test_two_tokens_serve_during_a_rotation_and_a_hash_is_enough(
    settings: Any, stranger: Client, held: CommBoxObject
) -> None:
    hashed = "sha256:" + hashlib.sha256(b"the next token, long enough").hexdigest()
    settings.COMMBOX_WEBHOOK_TOKEN = f"{TOKEN}, {hashed}"

    def status(token: str) -> int:
        return stranger.post(f"/webhooks/commbox/{token}", b"{}", content_type="text/plain").status_code

    assert [
        status(token) for token in (TOKEN, "the next token, long enough", hashed, f"{TOKEN}, {hashed}", "")
    ] == [
        200,
        200,
        404,
        404,
        404,
    ]


def test_factors_that_are_set_are_required(settings: Any, hook: str, stranger: Client) -> None:
    """An address list, a header; each missing one is a 404."""

    def status(**headers: str) -> int:
        return stranger.post(hook, b"{}", content_type="text/plain", headers=headers).status_code

    settings.COMMBOX_WEBHOOK_ALLOW_FROM = ("203.0.113.0/24",)
    assert status() == 404
    settings.COMMBOX_WEBHOOK_ALLOW_FROM = ("203.0.113.0/24", "127.0.0.1")
    assert status() == 200
    settings.COMMBOX_WEBHOOK_HEADER = "X-Proxy-Secret: sixteen characters"
    assert [status(), status(**{"X-Proxy-Secret": "other"})] == [404, 404]
    assert status(**{"X-Proxy-Secret": "sixteen characters"}) == 200


def test_only_post_delivers(hook: str, stranger: Client) -> None:
    response = stranger.get(hook)
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("body_", "status"),
    [(b"x" * (MAX_BYTES + 1), 413), (b"{", 400), (b"<!DOCTYPE e><e/>", 400), (b"{}", 200)],
)
def test_bad_deliveries_get_a_sentence(hook: str, stranger: Client, body_: bytes, status: int) -> None:
    response = stranger.post(hook, body_, content_type="application/json")
    assert response.status_code == status
    assert text(response).endswith(".")


@pytest.mark.parametrize("name", ["On\ud800New", "\udfff", "a\0b", "נועה", "x" * 100_000])
def test_any_name_is_kept(hook: str, stranger: Client, name: str) -> None:
    body = json.dumps({"Event": {"Name": name, "Object": {"Id": 7}}})
    response = stranger.post(hook, body, content_type="application/json")
    assert (response.status_code, text(response)) == (200, DeliveryOutcome.IGNORED.sentence)
    assert len(Delivery.objects.get().event_name) <= 100


@pytest.mark.parametrize("charset", ["windows-1255", "utf-16", "utf-16-le"])
def test_a_delivery_in_another_charset_is_read(
    hook: str, stranger: Client, held: CommBoxObject, charset: str
) -> None:
    body = delivery(held.pk).decode().replace("{", '{"Customer": "נועה", ', 1).encode(charset)
    response = stranger.generic("POST", hook, body, content_type=f"application/json; charset={charset}")
    assert text(response) == DeliveryOutcome.DUE.sentence


def test_an_equal_delivery_counts_anew_once_the_window_for_repeats_is_over(
    hook: str, stranger: Client, held: CommBoxObject
) -> None:
    def send() -> str:
        return text(stranger.post(hook, delivery(held.pk), content_type="application/json"))

    assert [send(), send()] == [DeliveryOutcome.DUE.sentence, DeliveryOutcome.REPEATED.sentence]
    CommBoxObject.objects.update(refresh_due_at=None)
    long_ago = timezone.now() - REPEAT_WINDOW - timedelta(seconds=1)
    Delivery.objects.update(received_at=long_ago)
    assert [send(), send()] == [DeliveryOutcome.DUE.sentence, DeliveryOutcome.REPEATED.sentence]
    assert CommBoxObject.objects.get(pk=held.pk).refresh_due_at is not None
    (kept,) = Delivery.objects.all()
    assert (kept.repeats, kept.outcome) == (2, DeliveryOutcome.DUE)
    assert kept.received_at > long_ago

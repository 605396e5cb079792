"""Two keys at once, a new one without a restart, none of them readable anywhere (F13)."""

import threading
from datetime import timedelta
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from auditportal.embedded.process import Process
from auditportal.sandbox.control.control import Control
from recordings.api_keys import keys
from recordings.models import ApiKey, CommBoxObject
from recordings.operations import banners
from recordings.refresh.actions import refresh_object
from recordings.timed import forget_all
from tests.factories import PASSWORD, forget_confirmation, person
from tests.integration.refresh.helpers import BY, body, body_of_last, hold, kinds
from tests.unit.commbox.test_keys import jwt
from tests.waiting import wait_for


@pytest.fixture(autouse=True)
def _fresh(settings: Any) -> Any:
    settings.COMMBOX_API_KEY_NEXT = ""
    forget_all()
    yield
    forget_all()


@pytest.fixture
def administrator(client: Client) -> Client:
    client.force_login(person("administrator"))
    return client


def put_in(client: Client, key: str, password: str = PASSWORD) -> Any:
    return client.post("/operations/keys/", {"key": key, "password": password}, follow=True)


def new_key(upstream: Control, days: int = 300) -> str:
    key = jwt({"exp": int((timezone.now() + timedelta(days=days)).timestamp()), "nonce": days})
    upstream.add_key(key)
    return key


def test_a_key_is_tested_taken_and_asked_first_without_a_restart(
    db: None, held: CommBoxObject, upstream: Control, administrator: Client, settings: Any
) -> None:
    assert refresh_object(object_id=held.pk, by=BY).ok
    key = new_key(upstream)
    page = put_in(administrator, key).content.decode()
    assert f"The key ending in {key[-4:]} is now the primary key." in page
    assert key not in page
    forget_all()  # as after ten seconds, in every process
    upstream.revoke_key(settings.COMMBOX_API_KEY)
    before = len(upstream.requests())
    assert refresh_object(object_id=held.pk, by=BY).ok
    assert [one.status for one in upstream.requests()[before:]] == [200]
    event = body("config.changed")
    assert event["change"] == {"after": {"setting": "commbox_api_key", "ends_in": key[-4:]}, "before": {}}


@pytest.mark.parametrize(
    "given", ["", "tiny", "with a blank in it", "ключ-ключ-ключ", "never-heard-of-this-key"]
)
def test_a_key_that_is_none_or_is_refused_is_not_taken(
    db: None, upstream: Control, administrator: Client, given: str
) -> None:
    response = put_in(administrator, given)
    assert response.status_code == 422
    assert 'class="errors"' in response.content.decode()
    assert given == "" or given not in response.content.decode()
    assert not ApiKey.objects.exists()


def test_a_refused_key_is_an_event_that_holds_nothing_of_it(
    db: None, upstream: Control, administrator: Client
) -> None:
    put_in(administrator, "never-heard-of-this-key")
    event = body("config.changed")
    assert event["outcome"] == "denied"
    assert event["action_detail"] == {
        "setting": "commbox_api_key",
        "reason": "CommBox rejected the API key.",
    }
    assert "-key" not in str(event).replace("api-key", "")
    assert kinds().count("config.changed") == 1


def test_the_same_key_is_listed_and_asked_once(
    db: None, upstream: Control, administrator: Client, settings: Any
) -> None:
    key = new_key(upstream)
    put_in(administrator, key)
    settings.COMMBOX_API_KEY_NEXT = settings.COMMBOX_API_KEY
    forget_all()
    assert keys.current_keys() == [key, settings.COMMBOX_API_KEY]
    assert [line.last_four for line in keys.key_lines()] == [key[-4:], settings.COMMBOX_API_KEY[-4:]]
    settings.COMMBOX_API_KEY = key
    settings.COMMBOX_API_KEY_NEXT = ""
    forget_all()
    assert keys.current_keys() == [key]
    assert [(line.last_four, line.in_settings) for line in keys.key_lines()] == [(key[-4:], True)]


def test_a_key_in_use_is_not_put_in_again(db: None, upstream: Control, administrator: Client) -> None:
    key = new_key(upstream)
    put_in(administrator, key)
    response = put_in(administrator, key)
    assert response.status_code == 422
    assert "This key is already in use." in response.content.decode()
    assert ApiKey.objects.count() == 1


def test_a_third_key_retires_the_first_and_a_person_may_retire_one(
    db: None, upstream: Control, administrator: Client
) -> None:
    taken = [new_key(upstream, days) for days in (100, 200, 300)]
    for key in taken:
        put_in(administrator, key)
    forget_all()
    assert keys.current_keys()[:2] == [taken[2], taken[1]]
    newest = ApiKey.objects.order_by("-pk")[0]
    address = f"/operations/keys/{newest.pk}/retire/"
    assert f">{taken[2][-4:]}</bdi>" in administrator.get(address).content.decode()
    page = administrator.post(address, {"password": PASSWORD}, follow=True).content.decode()
    assert f"The key ending in {taken[2][-4:]} was retired." in page
    forget_all()
    assert keys.current_keys()[0] == taken[1]
    assert administrator.post(address, {"password": PASSWORD}).status_code == 404
    assert kinds().count("config.changed") == 4
    assert [bytes(row.sealed) for row in ApiKey.objects.exclude(retired_at=None)] == [b"", b""]


@pytest.mark.parametrize(
    ("password", "said"),
    [("", "Enter your password or a code."), ("guessed", "The password or code is wrong.")],
)
def test_without_ones_own_password_nothing_is_done(
    db: None, upstream: Control, administrator: Client, password: str, said: str
) -> None:
    """An open browser is not enough; a wrong guess is an event and no call to CommBox."""
    put_in(administrator, new_key(upstream))
    forget_confirmation(administrator)
    row = ApiKey.objects.get()
    calls = len(upstream.requests())
    for response in (
        put_in(administrator, new_key(upstream, 200), password),
        administrator.post(f"/operations/keys/{row.pk}/retire/", {"password": password}),
    ):
        assert response.status_code == 422
        assert said in response.content.decode()
    assert ApiKey.objects.filter(retired_at=None).count() == ApiKey.objects.count() == 1
    assert len(upstream.requests()) == calls
    assert kinds().count("auth.confirmation_failed") == (2 if password else 0)


def test_guesses_are_counted_and_the_sixth_is_refused_unheard(
    db: None, upstream: Control, administrator: Client
) -> None:
    key = new_key(upstream)
    for _ in range(5):
        put_in(administrator, key, "guessed")
    assert "Too many wrong passwords or codes." in put_in(administrator, key).content.decode()
    assert not ApiKey.objects.exists()


def test_while_guesses_cannot_be_counted_nobody_passes(
    db: None, upstream: Control, administrator: Client, redis_down: Process
) -> None:
    page = put_in(administrator, new_key(upstream)).content.decode()
    assert "failed attempts cannot be counted" in page
    assert not ApiKey.objects.exists()


# --- the keys' own key


@pytest.fixture
def newer() -> bytes:
    return b"a newer key of thirty-two bytes!"


def test_keys_are_encrypted_anew_under_the_first_of_the_settings(
    db: None, upstream: Control, administrator: Client, settings: Any, newer: bytes
) -> None:
    taken = [new_key(upstream, days) for days in (100, 200)]
    for key in taken:
        put_in(administrator, key)
    before = {row.key_id for row in ApiKey.objects.all()}
    settings.KEY_ENCRYPTION_KEYS = (newer,)
    out = StringIO()
    call_command("reencrypt_keys", stdout=out)
    (after,) = {row.key_id for row in ApiKey.objects.all()}
    assert out.getvalue() == f"2 API keys re-encrypted; all use key {after}.\n"
    assert before == {body_of_last("config.changed")["change"]["before"]["key_id"]}
    settings.AUDIT_FIELD_KEY = b"no more needed for them, 32 bytes"
    forget_all()
    assert keys.current_keys()[:2] == [taken[1], taken[0]]
    call_command("reencrypt_keys", stdout=out)
    assert kinds().count("config.changed") == 3  # nothing was left to do: no event


def test_what_cannot_be_opened_is_counted_and_left(
    db: None, upstream: Control, administrator: Client, settings: Any, newer: bytes
) -> None:
    settings.KEY_ENCRYPTION_KEYS = (b"a key that somebody threw away!!",)
    put_in(administrator, new_key(upstream))
    before = bytes(ApiKey.objects.get().sealed)
    settings.KEY_ENCRYPTION_KEYS = (newer,)
    with pytest.raises(CommandError, match="1 API key could not be decrypted"):
        call_command("reencrypt_keys")
    assert bytes(ApiKey.objects.get().sealed) == before


def test_a_changed_ciphertext_opens_nothing(
    db: None, upstream: Control, administrator: Client, settings: Any
) -> None:
    put_in(administrator, new_key(upstream))
    row = ApiKey.objects.get()
    sealed = bytearray(row.sealed)
    sealed[-1] ^= 1
    ApiKey.objects.update(sealed=bytes(sealed))
    forget_all()
    assert keys.current_keys() == [settings.COMMBOX_API_KEY]


def test_both_kinds_of_key_are_rotated_while_calls_are_made(
    committed_db: None, upstream: Control, administrator: Client, settings: Any, newer: bytes
) -> None:
    """No call fails while CommBox's key changes hands and the keys' own key does."""
    thing = hold(upstream)
    done = threading.Event()
    failures: list[str] = []
    calls: list[int] = []

    def several_more_calls() -> None:
        goal = len(calls) + 10
        wait_for(lambda: failures or len(calls) >= goal)

    def work() -> None:
        try:
            while not done.is_set():
                calls.append(1)
                if error := refresh_object(object_id=thing.pk, by=BY).error:
                    failures.append(error)
        except Exception as error:
            failures.append(repr(error))
        finally:
            connection.close()

    assert refresh_object(
        object_id=thing.pk, by=BY
    ).ok  # the process's one client is made before they share it
    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    try:
        put_in(administrator, key := new_key(upstream))
        forget_all()  # as after ten seconds, in every process
        several_more_calls()
        upstream.revoke_key(settings.COMMBOX_API_KEY)
        settings.KEY_ENCRYPTION_KEYS = (newer,)
        several_more_calls()
        assert keys.reencrypt(by=BY) == (1, 0)
        several_more_calls()
        put_in(administrator, newest := new_key(upstream, 301))
        forget_all()
        upstream.revoke_key(key)
        several_more_calls()
    finally:
        done.set()
        for worker in workers:
            worker.join(60)
    assert failures == []
    assert len(calls) > 30
    assert keys.current_keys()[0] == newest


def test_nothing_of_a_key_rests_in_the_clear(
    committed_db: None, upstream: Control, administrator: Client, admin_connection: psycopg.Connection
) -> None:
    """A look through every column of the key's row and through the trail."""
    key = new_key(upstream)
    put_in(administrator, key)
    rows = admin_connection.execute("SELECT k::text FROM recordings_apikey k").fetchall()
    events = admin_connection.execute("SELECT encode(body, 'escape') FROM audit.event").fetchall()
    for (text,) in [*rows, *events]:
        assert key not in text
        assert key.encode().hex() not in text
    forget_all()
    assert keys.current_keys()[0] == key


def test_another_encryption_key_is_said_in_the_log_and_the_settings_still_serve(
    db: None, upstream: Control, administrator: Client, settings: Any
) -> None:
    put_in(administrator, new_key(upstream))
    assert ApiKey.objects.count() == 1
    settings.AUDIT_FIELD_KEY = b"another key of thirty-two bytes!"
    forget_all()
    assert keys.current_keys() == [settings.COMMBOX_API_KEY]


@pytest.mark.parametrize(("days", "level"), [(31, None), (29, "warn"), (-1, "bad")])
def test_an_end_within_a_month_is_said_to_administrators(
    db: None, settings: Any, days: int, level: str | None
) -> None:
    end = timezone.now() + timedelta(days=days, hours=1)
    settings.COMMBOX_API_KEY = jwt({"exp": int(end.timestamp())})
    from recordings import breaker

    breaker.record_result()
    assert banners.banners() == []
    found = [banner["level"] for banner in banners.banners(operations=True)]
    assert found == ([level] if level else [])

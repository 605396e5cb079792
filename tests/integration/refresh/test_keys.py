"""Two keys at once, a new one without a restart, none of them readable anywhere (F13, S67)."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.test import Client
from django.utils import timezone

from auditportal.sandbox.control import Control
from recordings.models import ApiKey, CommBoxObject
from recordings.refresh import keys, queries
from recordings.refresh.actions import refresh_object
from tests.factories import person
from tests.integration.refresh.helpers import BY, body, kinds
from tests.unit.commbox.test_keys import jwt


@pytest.fixture(autouse=True)
def _fresh(settings: Any) -> Any:
    settings.COMMBOX_API_KEY_NEXT = ""
    keys.forget()
    yield
    keys.forget()


@pytest.fixture
def administrator(client: Client) -> Client:
    client.force_login(person("administrator"))
    return client


def new_key(upstream: Control, days: int = 300) -> str:
    key = jwt({"exp": int((timezone.now() + timedelta(days=days)).timestamp()), "nonce": days})
    upstream.add_key(key)
    return key


def test_a_key_is_tested_taken_and_asked_first_without_a_restart(
    db: None, held: CommBoxObject, upstream: Control, administrator: Client, settings: Any
) -> None:
    assert refresh_object(object_id=held.pk, by=BY).ok
    key = new_key(upstream)
    page = administrator.post("/operations/keys/", {"key": key}, follow=True).content.decode()
    assert f"The key ending in {key[-4:]} is asked first from now on." in page
    assert key not in page
    keys.forget()  # as after ten seconds, in every process
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
    response = administrator.post("/operations/keys/", {"key": given})
    assert response.status_code == 422
    assert 'class="errors"' in response.content.decode()
    assert given == "" or given not in response.content.decode()
    assert not ApiKey.objects.exists()


def test_a_third_key_retires_the_first_and_a_person_may_retire_one(
    db: None, upstream: Control, administrator: Client
) -> None:
    taken = [new_key(upstream, days) for days in (100, 200, 300)]
    for key in taken:
        administrator.post("/operations/keys/", {"key": key})
    keys.forget()
    assert keys.current_keys()[:2] == [taken[2], taken[1]]
    newest = ApiKey.objects.order_by("-pk")[0]
    administrator.post(f"/operations/keys/{newest.pk}/retire/")
    keys.forget()
    assert keys.current_keys()[0] == taken[1]
    assert administrator.post(f"/operations/keys/{newest.pk}/retire/").status_code == 404
    assert kinds().count("config.changed") == 4


def test_nothing_of_a_key_rests_in_the_clear(
    committed_db: None, upstream: Control, administrator: Client, admin_connection: psycopg.Connection
) -> None:
    """S67: a look through every column of the key's row and through the trail."""
    key = new_key(upstream)
    administrator.post("/operations/keys/", {"key": key})
    rows = admin_connection.execute("SELECT k::text FROM recordings_apikey k").fetchall()
    events = admin_connection.execute("SELECT encode(body, 'escape') FROM audit.event").fetchall()
    for (text,) in [*rows, *events]:
        assert key not in text
        assert key.encode().hex() not in text
    keys.forget()
    assert keys.current_keys()[0] == key


def test_another_encryption_key_is_said_in_the_log_and_the_settings_still_serve(
    db: None, upstream: Control, administrator: Client, settings: Any
) -> None:
    administrator.post("/operations/keys/", {"key": new_key(upstream)})
    assert ApiKey.objects.count() == 1
    settings.AUDIT_FIELD_KEY = b"another key of thirty-two bytes!"
    keys.forget()
    assert keys.current_keys() == [settings.COMMBOX_API_KEY]


@pytest.mark.parametrize(("days", "level"), [(31, None), (29, "warn"), (-1, "bad")])
def test_an_end_within_a_month_is_said_to_administrators(
    db: None, settings: Any, days: int, level: str | None
) -> None:
    end = timezone.now() + timedelta(days=days, hours=1)
    settings.COMMBOX_API_KEY = jwt({"exp": int(end.timestamp())})
    from recordings.refresh import source

    source.heard()
    assert queries.banners() == []
    found = [banner["level"] for banner in queries.banners(operations=True)]
    assert found == ([level] if level else [])

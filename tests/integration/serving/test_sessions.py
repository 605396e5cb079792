"""Who may send a large body: whoever has a session, which is only read for that."""

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from auditportal.serving.server import _has_session
from tests.factories import PASSWORD, person


@pytest.fixture
def cookie(committed_db: None) -> str:
    client = Client()
    form = {"login": person("external_auditor").username, "password": PASSWORD}
    assert client.post("/accounts/login/", form).status_code == 302
    return f"session={client.cookies['session'].value}"


def test_a_session_from_before_a_new_secret_key_stays_as_it_is(cookie: str, settings: Any) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "n" * 60
    for _ in range(2):
        assert _has_session(cookie)
    assert Session.objects.filter(pk=cookie.partition("=")[2]).exists()


def test_a_session_that_is_over_or_nobodys_is_none(cookie: str, settings: Any) -> None:
    assert not _has_session("session=" + "x" * 32)
    assert not _has_session("a=b")
    settings.SESSION_IDLE_SECONDS = -1
    assert not _has_session(cookie)

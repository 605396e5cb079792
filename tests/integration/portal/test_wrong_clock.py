"""The clock of a web process is an hour wrong: nothing lives longer than the database's time allows.

Sessions: test_session_end.py.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone

from auditportal.accounts.invitations import LIFE, LinkOver, Over, invite, usable
from auditportal.accounts.models import Grant, Invitation
from auditportal.accounts.provisioning.models import Token
from recordings.audit import Actor
from tests.factories import person

pytestmark = pytest.mark.django_db
BY = Actor.system("tests")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def database_time() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    assert isinstance(now, datetime)
    return now


@pytest.fixture(params=[-HOUR, HOUR], ids=["an hour back", "an hour ahead"])
def wrong(request: pytest.FixtureRequest, db: None) -> Iterator[timedelta]:
    with time_machine.travel(timezone.now() + request.param):
        yield request.param


def test_a_grant_begins_and_ends_by_the_databases_clock(wrong: timedelta) -> None:
    now, noa = database_time(), person()
    for role, starts_at, until in (
        ("compliance_officer", now - 2 * HOUR, now - MINUTE),
        ("administrator", now + MINUTE, None),
        ("qa_manager", now - MINUTE, now + MINUTE),
    ):
        Grant.objects.create(user=noa, role=role, starts_at=starts_at, until=until)
    assert [role.code for role in noa.roles] == ["qa_manager"]
    client = Client()
    client.force_login(noa)
    assert [client.get(path).status_code for path in ("/objects/", "/audit/", "/people/")] == [200, 403, 403]


def test_an_invitation_expires_by_the_databases_clock(wrong: timedelta) -> None:
    invite(user=person(), by=BY, created_by=None)
    made = Invitation.objects.get()
    assert abs(made.expires_at - database_time() - LIFE) < MINUTE
    for token, expires_at in (("usable", database_time() + MINUTE), ("over", database_time() - MINUTE)):
        hashed = hashlib.sha256(token.encode()).hexdigest()
        Invitation.objects.create(user=person(), token_sha256=hashed, expires_at=expires_at)
    assert usable("usable").user.is_active
    with pytest.raises(LinkOver) as over:
        usable("over")
    assert over.value.args == (Over.EXPIRED.value,)


def test_a_token_expires_by_the_databases_clock(wrong: timedelta) -> None:
    facts: Any = {"name": "x", "scope": "read", "created_by": person()}
    over = Token.objects.create(token_sha256="0" * 64, expires_at=database_time() - MINUTE, **facts)
    usable_one = Token.objects.create(token_sha256="1" * 64, expires_at=database_time() + MINUTE, **facts)
    assert list(Token.objects.usable()) == [usable_one]
    assert over.revoked_at is None

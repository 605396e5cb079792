"""The ground the other tests stand on, tested itself."""

import socket
from urllib.request import Request, urlopen

import psycopg
import pytest
import redis
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection, connections, transaction

from auditportal.embedded import Services
from auditportal.embedded.process import Process
from auditportal.sandbox import Sandbox
from tests.ceph import Ceph
from tests.services import current_database

User = get_user_model()


def names() -> list[str]:
    return list(User.objects.values_list("username", flat=True))


@pytest.mark.django_db
@pytest.mark.parametrize("turn", [1, 2])
def test_what_a_test_writes_is_gone_in_the_next(turn: int) -> None:
    assert names() == []
    User.objects.create_user(f"person.{turn}")
    assert names() == [f"person.{turn}"]


@pytest.mark.parametrize("turn", [1, 2])
def test_what_a_test_commits_is_gone_in_the_next(committed_db: None, turn: int) -> None:
    assert names() == []
    with transaction.atomic(durable=True):
        User.objects.create_user(f"person.{turn}")
    connection.close()
    assert names() == [f"person.{turn}"]


@pytest.mark.django_db(transaction=True)
def test_the_transaction_mark_gives_a_database_of_its_own(services: Services) -> None:
    User.objects.create_user("committed")
    with psycopg.connect(services.database_url) as other:
        assert other.execute("SELECT username FROM accounts_user").fetchall() == [("committed",)]


@pytest.mark.django_db
def test_the_application_s_role_is_connected(services: Services) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user::text, current_database()::text")
        assert cursor.fetchone() == ("portal_web", current_database())


@pytest.mark.django_db(databases=["default", "owner"])
def test_the_owner_is_there_for_those_who_ask() -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT session_user::text, current_user::text")
        assert cursor.fetchone() == ("portal_migrator", "auditportal_owner")


def test_the_superuser_sees_the_test_s_database(
    committed_db: None, admin_connection: psycopg.Connection
) -> None:
    User.objects.create_user("seen")
    assert admin_connection.execute("SELECT username FROM accounts_user").fetchall() == [("seen",)]


def test_redis_is_down_and_comes_back(redis_down: Process) -> None:
    with redis.Redis.from_url(settings.REDIS_URL, retry=None) as client:
        with pytest.raises(redis.ConnectionError):
            client.ping()
        redis_down.start()
        redis_down.wait_ready(60)
        assert client.ping()


@pytest.mark.parametrize("turn", [1, 2])
def test_redis_is_empty_at_each_start(turn: int) -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        assert client.get("counter") is None
        client.set("counter", turn)


@pytest.mark.parametrize("turn", [1, 2])
def test_the_sandbox_is_as_after_its_start(sandbox: Sandbox, turn: int) -> None:
    asked = Request(
        f"{settings.COMMBOX_API_URL}core/systemstatus",
        headers={"Authorization": f"Bearer {settings.COMMBOX_API_KEY}"},
    )
    assert sandbox.api_url == settings.COMMBOX_API_URL
    assert len(sandbox.control.requests()) == 0
    with urlopen(asked) as answer:
        assert answer.status == 200
    assert len(sandbox.control.requests()) == 1


def test_only_this_machine_can_be_reached() -> None:
    with (
        socket.socket() as outside,
        pytest.warns(match="A test tried"),
        pytest.raises(RuntimeError, match=r"192\.0\.2\.1"),
    ):
        outside.connect(("192.0.2.1", 443))


def test_ceph_stores_and_serves(ceph: Ceph) -> None:
    ceph.create_bucket("ground")
    ceph.put("ground", "a/b.mp4", b"0123456789")
    url = ceph.client.generate_presigned_url(
        "get_object", Params={"Bucket": "ground", "Key": "a/b.mp4"}, ExpiresIn=30
    )
    with urlopen(Request(url, headers={"Range": "bytes=2-4"})) as answer:
        assert (answer.status, answer.read()) == (206, b"234")

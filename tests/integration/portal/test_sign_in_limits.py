"""Nobody guesses many passwords, and nobody keeps another person out by guessing."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from django.conf import settings
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client

from auditportal.accounts import attempts
from auditportal.accounts.models import User
from recordings.audit import Kind
from recordings.models import AuditEvent
from tests.factories import PASSWORD, forget_confirmation, person

LOGIN = "/accounts/login/"


def attempt(username: str, password: str = "wrong", client: Client | None = None, **meta: str) -> str:
    """What the page says; empty after signing in."""
    response = (client or Client()).post(LOGIN, {"login": username, "password": password}, **meta)
    return "" if response.status_code == 302 else response.content.decode()


def refused(said: str) -> bool:
    return "Too many failed attempts. Wait" in said


def events(kind: Kind) -> int:
    return AuditEvent.objects.filter(kind=kind).count()


@pytest.fixture
def owner(db: None) -> Any:
    return person("compliance_officer")


@pytest.fixture
def neighbour() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        yield client


@pytest.fixture
def attacked(owner: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Guess so many times, each from another address; waits do not end by themselves."""
    monkeypatch.setattr(attempts, "LONGEST_DELAY", 600)

    def attack(times: int) -> None:
        for number in range(times):
            attempt(owner.username, REMOTE_ADDR=f"10.0.{number // 250}.{number % 250}")

    return attack


def test_five_failures_stop_the_account_for_their_address_only(owner: Any) -> None:
    for _ in range(5):
        assert "The user name or the password is wrong." in attempt(owner.username, REMOTE_ADDR="10.0.0.1")
    assert refused(attempt(owner.username, PASSWORD, REMOTE_ADDR="10.0.0.1"))
    assert attempt(owner.username, PASSWORD, REMOTE_ADDR="10.0.0.2") == ""
    # The name is one, however it is spelt.
    assert refused(attempt(owner.username.upper(), PASSWORD, REMOTE_ADDR="10.0.0.1"))
    assert events(Kind.ACCOUNT_LOCKED) == 1


def test_a_refusal_is_429_and_says_when_to_come_back(owner: Any) -> None:
    statuses = [Client().post(LOGIN, {"login": owner.username, "password": "wrong"}) for _ in range(7)]
    assert [response.status_code for response in statuses] == [200] * 5 + [429] * 2
    assert 290 <= int(statuses[-1]["Retry-After"]) <= 300


def test_a_refusal_says_what_is_left_of_the_wait(owner: Any, neighbour: redis.Redis) -> None:
    for _ in range(5):
        attempt(owner.username)
    for key in neighbour.keys("*:from:*"):
        neighbour.expire(key, 100)
    response = Client().post(LOGIN, {"login": owner.username, "password": "wrong"})
    left = int(response["Retry-After"])
    assert 30 <= left <= 100
    assert f"Wait {left} seconds" in response.content.decode()


def test_attempts_that_a_delay_refuses_leave_the_five_tries(
    owner: Any, attacked: Callable[[int], None], neighbour: redis.Redis
) -> None:
    attacked(attempts.FREE_TRIES + 8)
    delays = neighbour.keys("*:next")
    assert len(delays) == 1
    neighbour.expire(delays[0], 60)  # a slow machine takes longer than the first second
    for _ in range(6):
        assert refused(attempt(owner.username, PASSWORD, REMOTE_ADDR="10.4.0.1"))
    neighbour.delete(*delays)
    assert attempt(owner.username, PASSWORD, REMOTE_ADDR="10.4.0.1") == ""


def test_colleagues_at_one_address_do_not_delay_a_known_device(owner: Any) -> None:
    office: dict[str, str] = {"REMOTE_ADDR": "10.3.0.1"}
    device = Client(**office)
    assert attempt(owner.username, PASSWORD, device) == ""
    device.post("/accounts/logout/")
    said = [attempt(f"somebody.{number}", **office) for number in range(12)]
    assert refused(said[-1])
    assert attempt(owner.username, PASSWORD, device) == ""
    assert refused(attempt(owner.username, PASSWORD, **office))


@pytest.mark.parametrize("typed", ["dıvı", "DIVI", "Divi", "dIvı"])
def test_spellings_that_find_one_account_are_counted_as_one(db: None, typed: str) -> None:
    """The database takes a dotless i in capitals for an i, Python does not."""
    person("compliance_officer", username="divi")
    assert User.objects.filter(username__iexact=typed).exists()
    for _ in range(5):
        attempt(typed)
    assert refused(attempt("divi", PASSWORD))


def test_a_network_of_ipv6_addresses_is_one(owner: Any) -> None:
    for number in range(5):
        attempt(owner.username, REMOTE_ADDR=f"2001:db8::{number:x}")
    assert refused(attempt(owner.username, PASSWORD, REMOTE_ADDR="2001:db8::ffff"))
    assert attempt(owner.username, PASSWORD, REMOTE_ADDR="2001:db8:0:1::1") == ""


def test_an_account_that_is_guessed_from_everywhere_is_slowed_down(
    owner: Any, attacked: Callable[[int], None]
) -> None:
    attacked(attempts.FREE_TRIES)
    assert events(Kind.ACCOUNT_LOCKED) == 1
    assert "The user name or the password is wrong." in attempt(owner.username, REMOTE_ADDR="10.9.0.1")
    waiting = [attempt(owner.username, REMOTE_ADDR=f"10.9.1.{number}") for number in range(20)]
    assert sum(map(refused, waiting)) >= 18
    failed = events(Kind.SIGN_IN_FAILED)
    assert failed >= attempts.FREE_TRIES + 1


def test_a_device_that_has_signed_in_is_not_delayed_by_others(
    owner: Any, attacked: Callable[[int], None]
) -> None:
    device = Client(REMOTE_ADDR="10.8.0.1")
    assert attempt(owner.username, PASSWORD, device) == ""
    device.post("/accounts/logout/")
    attacked(40)
    assert attempt(owner.username, PASSWORD, device) == ""
    device.post("/accounts/logout/")
    # It is no device of anybody else, and it has its own five tries.
    other = person("qa_manager")
    for _ in range(5):
        attempt(other.username, client=device)
        attempt(owner.username, client=device)
    assert refused(attempt(other.username, PASSWORD, device))
    assert refused(attempt(owner.username, PASSWORD, device))


def test_a_mark_of_a_device_cannot_be_made_up(owner: Any, attacked: Callable[[int], None]) -> None:
    first = Client()
    attempt(owner.username, PASSWORD, first)
    other = person("qa_manager")
    attacked(20)
    genuine = first.cookies[f"device-{owner.pk}"]
    assert genuine["httponly"]
    for value in ("x", genuine.value + "x", genuine.value[:-1]):
        forged = Client(REMOTE_ADDR="10.7.0.1")
        forged.cookies[f"device-{owner.pk}"] = value
        forged.cookies[f"device-{other.pk}"] = genuine.value
        assert not attempts._device(_request(forged), owner)
        assert not attempts._device(_request(forged), other)


def _request(client: Client) -> Any:
    return client.get(LOGIN).wsgi_request


def test_one_address_cannot_try_many_names(db: None) -> None:
    said = [attempt(f"somebody.{number}", REMOTE_ADDR="10.6.0.1") for number in range(12)]
    assert [refused(text) for text in said] == [False] * 10 + [True] * 2


def test_attempts_while_one_must_wait_are_one_event_a_minute(owner: Any) -> None:
    for _ in range(5):
        attempt(owner.username)
    before = events(Kind.SIGN_IN_FAILED)
    for _ in range(4):
        assert refused(attempt(owner.username))
    assert events(Kind.SIGN_IN_FAILED) == before + 1


def test_signing_in_is_no_failure(owner: Any) -> None:
    for _ in range(3 * attempts.FREE_TRIES):
        cache.delete(f"{attempts._SALT}:address:127.0.0.1")
        assert attempt(owner.username, PASSWORD) == ""
    assert events(Kind.ACCOUNT_LOCKED) == 0


def test_a_forged_forwarded_list_changes_neither_limit_nor_address(owner: Any) -> None:
    """With no trusted hop, the header is nothing."""
    for number in range(5):
        attempt(owner.username, HTTP_X_FORWARDED_FOR=f"1.2.3.{number}")
    assert refused(attempt(owner.username, PASSWORD, HTTP_X_FORWARDED_FOR="9.9.9.9"))


def test_an_account_is_unlocked_by_a_command(owner: Any, attacked: Callable[[int], None]) -> None:
    attacked(40)
    for _ in range(6):
        attempt(owner.username, REMOTE_ADDR="10.5.0.1")
    cache.delete(f"{attempts._SALT}:address:10.5.0.1")
    assert refused(attempt(owner.username, PASSWORD, REMOTE_ADDR="10.5.0.1"))
    call_command("unlock_account", owner.username.upper())
    assert attempt(owner.username, PASSWORD, REMOTE_ADDR="10.5.0.1") == ""
    event = AuditEvent.objects.get(kind=Kind.ACCOUNT_UNLOCKED)
    assert (event.actor_ref, event.target_ref) == ("system:unlock_account", f"user:{owner.pk}")
    with pytest.raises(CommandError, match="There is no account nobody"):
        call_command("unlock_account", "nobody")


@pytest.mark.usefixtures("redis_down")
def test_an_account_is_not_unlocked_where_nothing_is_counted(owner: Any) -> None:
    with pytest.raises(CommandError, match="Redis does not answer"):
        call_command("unlock_account", owner.username)
    assert events(Kind.ACCOUNT_UNLOCKED) == 0


def test_wrong_passwords_of_a_confirmation_are_counted_apart(db: None) -> None:
    """Whoever is signed in cannot lock themselves out, and nobody outside can use up a confirmation."""
    admin = person("administrator")
    client = Client()
    assert attempt(admin.username, PASSWORD, client) == ""
    forget_confirmation(client)
    key = {"key": "k" * 40, "expires_at": "", "password": "wrong"}
    said = [client.post("/operations/keys/", key).content.decode() for _ in range(6)]
    assert ["Too many wrong passwords or codes." in text for text in said] == [False] * 5 + [True]
    assert (events(Kind.CONFIRMATION_FAILED), events(Kind.SIGN_IN_FAILED)) == (5, 0)
    assert attempt(admin.username, PASSWORD) == ""

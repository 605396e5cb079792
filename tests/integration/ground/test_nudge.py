"""Messages: ids only, JSON only, and a broker that is away keeps nobody waiting and loses nothing."""

import importlib
import json
import time
from typing import Any
from unittest import mock

import pytest
import redis
import structlog
from django.conf import settings
from django.db import transaction

from auditportal.celery import app
from auditportal.embedded.process import Process
from recordings import nudge as nudging
from recordings.nudge import nudge, send
from recordings.refresh import tasks
from recordings.timed import forget_all
from recordings.webhooks.tasks import follow_hints


@pytest.fixture
def broker() -> redis.Redis:
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.delete("celery")
    yield client
    client.delete("celery")
    client.close()


def messages(broker: redis.Redis) -> list[dict[str, Any]]:
    return [json.loads(text) for text in broker.lrange("celery", 0, -1)]


def test_a_message_holds_the_id_and_the_request_it_came_from(broker: redis.Redis) -> None:
    with structlog.contextvars.bound_contextvars(request_id="req-12345678"):
        assert send(tasks.refresh_one, 1407374990000101)
    (message,) = messages(broker)
    assert message["headers"]["task"] == "recordings.refresh.tasks.refresh_one"
    assert message["headers"]["argsrepr"] == "(1407374990000101,)"
    assert message["headers"]["portal_request_id"] == "req-12345678"
    assert message["content-type"] == "application/json"


def test_a_worker_accepts_nothing_but_json() -> None:
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == "json"


@pytest.mark.django_db(transaction=True)
def test_a_nudge_waits_for_the_commit_and_dies_with_a_rollback(broker: redis.Redis) -> None:
    with transaction.atomic():
        nudge(follow_hints)
        assert messages(broker) == []
    assert len(messages(broker)) == 1
    with transaction.atomic():
        nudge(follow_hints)
        transaction.set_rollback(True)
    assert len(messages(broker)) == 1


def test_without_redis_a_nudge_is_tried_once_and_silent(
    redis_down: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F21."""
    monkeypatch.setattr(nudging._away, "seconds", 600.0)
    assert not send(tasks.refresh_one, 5)
    with mock.patch.object(tasks.refresh_one, "apply_async") as tried:
        for _ in range(100):
            assert not send(tasks.refresh_one, 5)
    assert tried.call_count == 0  # for a while nobody tries: each time would cost half a second


def test_after_redis_is_back_nudges_arrive_again(redis_down: Process) -> None:
    assert not send(tasks.refresh_one, 5)
    redis_down.start()
    redis_down.wait_ready(60)
    forget_all()  # as after PAUSE_SECONDS
    assert send(tasks.refresh_one, 5)


def test_the_first_nudge_after_a_restart_of_redis_arrives(
    broker: redis.Redis, pytestconfig: pytest.Config
) -> None:
    """The connection in the pool is dead by then."""
    assert send(tasks.refresh_one, 5)
    broker.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    assert send(tasks.refresh_one, 5)
    assert len(messages(broker)) == 2


def test_a_stalled_redis_costs_a_moment_once(broker: redis.Redis, pytestconfig: pytest.Config) -> None:
    """F22: connected, but it does not answer."""
    import os
    import signal

    assert send(tasks.refresh_one, 5)
    pid = broker.info("server")["process_id"]
    os.kill(pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        assert not send(tasks.refresh_one, 5)
        assert time.monotonic() - started < 60
    finally:
        os.kill(pid, signal.SIGCONT)


def test_every_beat_entry_names_a_task_that_exists() -> None:
    for entry in app.conf.beat_schedule.values():
        importlib.import_module(entry["task"].rpartition(".")[0])
        assert entry["task"] in app.tasks
        every = entry["schedule"]
        assert entry["options"]["expires"] == (every if isinstance(every, float) else 3600)

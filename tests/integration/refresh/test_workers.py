"""Real Celery workers that are killed at any moment: work is taken up again, done once, and poison is set aside."""

import base64
import json
import os
import pickle
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from django.conf import settings
from django.utils import timezone

from auditportal.embedded import Services
from auditportal.sandbox.control.control import Control
from recordings.models import AuditEvent, CommBoxObject, Recording
from recordings.nudge import send
from recordings.refresh import leases, tasks
from tests.faultproxy import FaultProxy, between
from tests.integration.refresh.helpers import hold
from tests.thorough import amount
from tests.waiting import wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

OBJECTS = 8
ROUNDS = amount(4, 40)


class Worker:
    """A worker with two children."""

    def __init__(self, app: str, environment: dict[str, str]) -> None:
        command = [sys.executable, "-W", "ignore", "-m", "celery", "-A", app, "worker", "--concurrency", "2"]
        command += ["--loglevel", "ERROR", "--without-gossip", "--without-mingle", "--without-heartbeat"]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)

    def wait_ready(self) -> None:
        wait_for(lambda: len(self.children) == 2, 120)

    @property
    def children(self) -> list[int]:
        pid = self.process.pid
        return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def kill_children(self) -> None:
        for pid in self.children:
            os.kill(pid, signal.SIGKILL)

    def kill(self) -> None:
        """All of it, as when its machine goes."""
        children = self.children if self.process.poll() is None else []
        self.process.kill()
        self.process.wait()
        for pid in children:
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def start(services: Services, wire: FaultProxy) -> Iterator[Callable[..., Worker]]:
    """Starts workers on this test's database and behind its wire; ends them with it."""
    workers: list[Worker] = []
    broker = redis.Redis.from_url(settings.REDIS_URL)

    def one(app: str = "auditportal.celery", **more: str) -> Worker:
        own = {
            "DATABASE_URL": services.database_url,
            "COMMBOX_API_URL": wire.url,
            "COMMBOX_REQUESTS_AT_ONCE": "5",
        }
        workers.append(Worker(app, {**os.environ, **own, **more}))
        workers[-1].wait_ready()
        return workers[-1]

    broker.delete("celery", "unacked", "unacked_index")
    yield one
    for worker in workers:
        worker.kill()
    broker.delete("celery", "unacked", "unacked_index")
    broker.close()


@pytest.fixture
def wire(upstream: Control) -> Iterator[FaultProxy]:
    """CommBox, 40 ms away: time to be killed in."""
    address = urlsplit(settings.COMMBOX_API_URL)
    with between(address.hostname or "", address.port or 0) as proxy:
        proxy.wire.latency = 0.04
        yield proxy


@pytest.fixture
def things(transactional_db: Any, upstream: Control) -> list[CommBoxObject]:
    return [hold(upstream, nth=number) for number in range(OBJECTS)]


def ask_for_all(upstream: Control, things: list[CommBoxObject]) -> None:
    """A new recording each, all due, and one message."""
    for thing in things:
        upstream.advance_clock(60)
        upstream.add_recording(thing.pk, stored=False)
    CommBoxObject.objects.update(refresh_due_at=timezone.now())
    assert send(tasks.sweep_due)


def open_work() -> int:
    return CommBoxObject.objects.filter(refresh_due_at__lte=timezone.now()).count()


def all_done() -> bool:
    return not open_work()


def work_has_begun() -> bool:
    return CommBoxObject.objects.exclude(refresh_leased_until=None).exists() or all_done()


def each_was_done_once(rounds: int) -> None:
    assert Recording.objects.count() == OBJECTS * rounds
    assert AuditEvent.objects.filter(kind="recording.discovered").count() == OBJECTS * rounds
    assert not CommBoxObject.objects.exclude(refresh_deaths=0, refresh_leased_until=None).exists()


def test_a_killed_child_costs_seconds_and_no_effect_is_doubled(
    start: Callable[..., Worker], things: list[CommBoxObject], upstream: Control
) -> None:
    """F17: at random points; the message comes again by itself, and a lease ends with its holder's session."""
    worker, chance, in_time, number = start(), random.Random(17), 0, 0
    # A kill may come when all is done, on a slow machine often: rounds go on until enough have come in time.
    while number < ROUNDS or in_time < ROUNDS // 2:
        number += 1
        assert number < 20 * ROUNDS, "every kill came too late"
        ask_for_all(upstream, things)
        wait_for(work_has_begun)
        time.sleep(chance.uniform(0, 0.15))
        in_time += not all_done()
        worker.kill_children()
        began = timezone.now()
        # Celery sees a child's end at once or, when the child's pipe closed before its process ended, at its next look
        # five seconds later: the bound is for a busy machine, not the promise.
        wait_for(lambda: all_done() or leases_since(began))  # noqa: B023 (called at once)
        send(tasks.sweep_due)  # as beat does each five seconds
        wait_for(all_done)
        each_was_done_once(number)


def leases_since(began: Any) -> bool:
    """Whether somebody has leased an object anew: a lease lasts a minute from when it was taken."""
    from recordings.refresh.schedule import LEASE

    return CommBoxObject.objects.filter(refresh_leased_until__gt=began + LEASE).exists()


def test_a_killed_worker_leaves_nothing_that_another_does_not_take_up(
    start: Callable[..., Worker], things: list[CommBoxObject], upstream: Control, wire: FaultProxy
) -> None:
    """F18: the broker would give the message to the next one after minutes; the rows do after beat's next turn."""
    first = start()
    wire.wire.latency = 1.0  # eight objects, five calls at once: seconds to be killed in
    ask_for_all(upstream, things)
    wait_for(work_has_begun)
    first.kill()
    left = open_work()
    wire.wire.latency = 0.04
    start()
    send(tasks.sweep_due)
    wait_for(all_done, 120)
    each_was_done_once(1)
    assert left > 0  # else it was too late for killing anything


class Canary:
    """Whoever unpickles this makes a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._path,)


def test_a_pickle_in_the_broker_is_refused_and_harms_nobody(
    start: Callable[..., Worker], things: list[CommBoxObject], upstream: Control, tmp_path: Path
) -> None:
    path = tmp_path / "canary"
    pickle.loads(pickle.dumps(Canary(path)))
    assert path.exists()
    path.unlink()

    with redis.Redis.from_url(settings.REDIS_URL) as broker:
        assert send(tasks.sweep_due)
        message = json.loads(broker.lpop("celery"))
        worker = start()
        body = base64.b64encode(pickle.dumps([[Canary(path)], {}, {}])).decode()
        for kind in ("application/x-python-serialize", "application/x-python-pickle", "pickle"):
            broker.lpush("celery", json.dumps({**message, "body": body, "content-type": kind}))
        wait_for(lambda: broker.llen("celery") == 0)
    ask_for_all(upstream, things)  # the worker lives and works
    wait_for(all_done)
    assert worker.process.poll() is None
    assert not path.exists()


def test_poison_is_set_aside_after_three_deaths_and_nothing_else_is(
    start: Callable[..., Worker], things: list[CommBoxObject], upstream: Control
) -> None:
    """F19: its neighbours in the batch died with it, and travelled alone from then on."""
    poison, *others = things
    start("tests.integration.refresh.poisoned", POISON=str(poison.pk))
    ask_for_all(upstream, things)

    def swept() -> bool:
        send(tasks.sweep_due)
        time.sleep(0.5)
        return all_done()

    wait_for(swept, 180)
    poison.refresh_from_db()
    assert (poison.refresh_error, poison.refresh_deaths) == (leases.SET_ASIDE, leases.DEATHS)
    assert (poison.refresh_due_at, poison.refresh_leased_until) == (None, None)
    assert set(Recording.objects.values_list("object", flat=True)) == {thing.pk for thing in others}
    assert not CommBoxObject.objects.exclude(pk=poison.pk).exclude(refresh_deaths=0).exists()

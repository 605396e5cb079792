"""The last phase of `make bench-load`: parts are slow or away, one after the other, while people work.

Half the highest rate, each beat an event of its own, with signer, sealer, worker and beat as processes. CommBox answers
after five seconds all the time. Each fault begins a while after the requests and lasts AWAY_SECONDS:

- nothing more than the slow CommBox; Redis away: no wrong answer.
- PostgreSQL restarted: until BACK_SECONDS after it is back, answers may be 503 with Retry-After and a sentence.
- one web process killed: until BACK_SECONDS later, requests that it had may break off, and answers may be 503.

At the end every acknowledged beat is in the trail, and every event of the database is under a signed checkpoint.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from auditportal.embedded import Embedded, Services
from auditportal.embedded.process import Process
from tests.bench.load_generator import ROOT, Answer, Person, Served, ask, serving
from tests.bench.results import Measured

AWAY_SECONDS = 5.0
BACK_SECONDS = 10.0
SLOW_MS = "5000"
SEALED_SECONDS = 120.0
_CUT_OFF = {"ReadError", "WriteError", "ConnectError", "RemoteProtocolError", "CloseError"}


@dataclass(frozen=True)
class Fault:
    """What is done to a part, and what may be answered meanwhile beside what is right."""

    name: str
    act: Callable[[], object]
    allowed: frozenset[str] = frozenset()


def with_parts_away(services: Services, embedded: Embedded, rate: float, *, seconds: float) -> list[str]:
    """Ask at this rate, for so long with each fault; print what was heard and return what was not kept."""
    from tests.bench import logs

    postgres, redis = (_named(embedded, name) for name in ("PostgreSQL", "Redis"))
    with (
        logs.sealing(services) as environment,
        _slow_commbox() as address,
        _celery({**environment, "COMMBOX_API_URL": address}),
        serving({**environment, "COMMBOX_API_URL": address}, beat_ms=1000) as served,
    ):
        refused = frozenset({"refused"})
        faults = (
            Fault("CommBox slow", bool),
            Fault("Redis away", lambda: _restart(redis)),
            Fault("PostgreSQL restarted", lambda: _restart(postgres), refused),
            Fault("a web process killed", lambda: _kill_one(served), refused | _CUT_OFF),
        )
        broken = [what for fault in faults for what in _ask_during(fault, served, rate, seconds)]
        broken += _lost(services, served.people)
        started = time.monotonic()
        try:
            logs.wait_sealed(services, SEALED_SECONDS)
            logs.check_whole(services)
        except (RuntimeError, AssertionError) as error:
            broken.append(f"not everything is sealed at the end: {error}")
        print(f"  {Measured('everything sealed after', time.monotonic() - started, 's')}")
    return broken


def _ask_during(fault: Fault, served: Served, rate: float, seconds: float) -> Iterator[str]:
    heard, begins, ended = _asked(fault, served, rate, seconds)
    # Requests that were under way when the part went, and those that came until it had been back for a while.
    meanwhile = [one for one in heard if one.at + one.seconds >= begins and one.at <= ended + BACK_SECONDS]
    others = [one for one in heard if one not in set(meanwhile)]
    print(
        f"  {fault.name}, for {ended - begins:.0f} s: {_counted(heard)}; meanwhile and {BACK_SECONDS:.0f} s later: "
        f"{_counted(meanwhile)}",
        flush=True,
    )
    for when, answers, allowed in (("while", meanwhile, fault.allowed), ("apart from", others, frozenset())):
        if wrong := [one for one in answers if one.what not in {"right", *allowed}]:
            yield f"{fault.name}: wrong answers {when} that: {_counted(wrong)}"


def _counted(answers: Sequence[Answer]) -> str:
    kinds = sorted({one.what for one in answers})
    return ", ".join(f"{sum(one.what == kind for one in answers)} {kind}" for kind in kinds) or "none"


def _asked(fault: Fault, served: Served, rate: float, seconds: float) -> tuple[list[Answer], float, float]:
    """The answers, and when the fault began and ended, by time.perf_counter().

    The people ask from another thread: a server that this process starts ends with the thread that started it.
    """
    with ThreadPoolExecutor(1) as people:
        asking = people.submit(asyncio.run, ask(served, rate, seconds))
        time.sleep(seconds / 4)
        begins = time.perf_counter()
        fault.act()
        ended = time.perf_counter()
        return asking.result().answers, begins, ended


def _named(embedded: Embedded, name: str) -> Process:
    return next(process for process in embedded.processes if process.name == name)


def _restart(server: Process) -> None:
    server.stop()
    time.sleep(AWAY_SECONDS)
    server.start()
    server.wait_ready(60)


def _kill_one(served: Served) -> None:
    """Kill the largest child of the web server: one that serves."""
    pid = served.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    resident = {int(child): int(Path(f"/proc/{child}/statm").read_text().split()[1]) for child in children}
    os.kill(max(resident, key=lambda child: resident[child]), signal.SIGKILL)


def _lost(services: Services, people: Sequence[Person]) -> list[str]:
    """Count the acknowledged milliseconds that no event of their viewing names."""
    told: dict[str, set[int]] = {}
    with psycopg.connect(services.admin_url) as connection:
        for (body,) in connection.execute("SELECT body FROM audit.event WHERE kind = 'viewing.watched'"):
            detail = json.loads(bytes(body))["action_detail"]
            told.setdefault(detail["viewing"], set()).update(
                ms for start, end in detail["spans"] for ms in range(start, end, 1000)
            )
    acknowledged = [(person.viewing, beat.start) for person in people for beat in person.acknowledged]
    lost = [beat for viewing, beat in acknowledged if beat not in told.get(viewing, set())]
    print(f"  {Measured('acknowledged beats', len(acknowledged), 'beats')}")
    return [f"{len(lost)} acknowledged beats are not in the trail"] if lost else []


@contextmanager
def _slow_commbox() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.bench.slow_commbox", SLOW_MS]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/"
        finally:
            process.terminate()


@contextmanager
def _celery(environment: dict[str, str]) -> Iterator[None]:
    """A worker, and the clock that gives it work."""
    celery = [sys.executable, "-W", "ignore", "-m", "celery", "--app", "auditportal"]
    commands = (
        [
            *celery,
            "worker",
            "--loglevel",
            "ERROR",
            "--concurrency",
            "2",
            "--without-mingle",
            "--without-gossip",
        ],
        [*celery, "beat", "--loglevel", "ERROR", "--pidfile="],
    )
    started = [
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for command in commands
    ]
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

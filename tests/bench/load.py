"""`make bench-load`: how many pages a second the web server answers well, and what happens beyond.

Whole pages of a list, and half as many reports of a player (beats), arrive at a fixed rate whether or not the answers
have come: as people do. Everything runs on loopback on one machine, the generator beside the server, each part bounded
in time.

1. The rate is raised by a quarter until p95 is over 300 ms or an answer is wrong (or it is given: BENCH_LOAD_RATE).
2. The highest good rate is kept for five minutes (BENCH_LOAD_SECONDS): no wrong answer, memory flat.
3. Three times that rate for thirty seconds: each answer is right, or 503 with Retry-After within two seconds.
4. The highest good rate again: as before.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx

from auditportal.embedded.process import Process
from auditportal.embedded.redis import free_port
from tests.bench.ground import ground
from tests.bench.results import Measured

WELL_SECONDS = 0.3
PROMISED_SECONDS = 2.0
STEP_SECONDS = 10.0
HELD_SECONDS = float(os.environ.get("BENCH_LOAD_SECONDS", "300"))
OVER_SECONDS = min(30.0, HELD_SECONDS)
FIRST_RATE, LARGEST_RATE, GROWTH = 10.0, 400.0, 1.25
PEOPLE = 50
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in and watches a recording."""

    headers: dict[str, str]
    viewing: str


@dataclass
class Served:
    """A web server, and the people who use it in turn: a person has two searches at once at most."""

    url: str
    process: Process
    people: list[Person]
    beats: Iterator[int] = field(default_factory=count)


@dataclass
class Heard:
    """The answers of a while."""

    seconds: list[float] = field(default_factory=list)
    refused_after: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)

    @property
    def p95(self) -> float:
        return quantiles(self.seconds, n=20)[-1] if len(self.seconds) > 1 else 0.0

    @property
    def is_well(self) -> bool:
        return not set(self.answers) - {"right"} and self.p95 <= WELL_SECONDS


def main() -> None:
    """Measure, print each step, and end with 1 when a promise is not kept."""
    with ground() as services, _served(services.database_url) as served:
        rate = float(os.environ.get("BENCH_LOAD_RATE", "0")) or _highest(served)
        before = _memory(served)
        held = asyncio.run(_ask(served, rate, HELD_SECONDS))
        grown = _memory(served) - before
        over = asyncio.run(_ask(served, 3 * rate, OVER_SECONDS))
        after = asyncio.run(_ask(served, rate, STEP_SECONDS))
    for measured in (
        Measured("pages a second", rate, "1/s"),
        Measured("p95 held at that rate", held.p95 * 1000, "ms"),
        Measured("memory grown meanwhile", grown / 2**20, "MiB"),
        Measured("at three times the rate: answered", over.answers["right"], "answers"),
        Measured("at three times the rate: 503 with Retry-After", over.answers["refused"], "answers"),
        Measured("at three times the rate: the slowest 503", max(over.refused_after, default=0) * 1000, "ms"),
        Measured("p95 at the first rate afterwards", after.p95 * 1000, "ms"),
    ):
        print(f"  {measured}")
    wrong = [
        what
        for what, holds in (
            (f"wrong answers at the highest rate: {dict(held.answers)}", not set(held.answers) - {"right"}),
            (f"wrong answers beyond it: {dict(over.answers)}", not set(over.answers) - {"right", "refused"}),
            (
                "a refusal beyond it took longer than two seconds",
                max(over.refused_after, default=0) <= PROMISED_SECONDS,
            ),
            (f"wrong answers afterwards: {dict(after.answers)}", not set(after.answers) - {"right"}),
        )
        if not holds
    ]
    sys.exit("\n".join(wrong) or 0)


def _highest(served: Served) -> float:
    """The highest rate that was answered well; the first is answered once before, to warm up."""
    asyncio.run(_ask(served, FIRST_RATE, STEP_SECONDS))
    rate, best = FIRST_RATE, 0.0
    while rate <= LARGEST_RATE:
        heard = asyncio.run(_ask(served, rate, STEP_SECONDS))
        print(
            f"  {rate:6.1f} + {rate / 2:5.1f} a second: p95 {heard.p95 * 1000:6.0f} ms, {dict(heard.answers)}"
        )
        if not heard.is_well:
            break
        best, rate = rate, rate * GROWTH
    if not best:
        sys.exit("Not even the first rate is answered well: is the machine busy?")
    return best


async def _ask(served: Served, rate: float, seconds: float) -> Heard:
    """Send pages at `rate`, and after each second page a beat; wait for every answer."""
    heard, waiting = Heard(), set()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=200)
    async with httpx.AsyncClient(base_url=served.url, limits=limits, timeout=30) as client:
        began = time.perf_counter()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            person = served.people[number % len(served.people)]
            waiting.add(asyncio.ensure_future(_one(client, heard, person, "GET", "/objects/")))
            if number % 2:
                start = next(served.beats) % 500_000
                body = {"spans": [[start, start + 1]], "speed": 1}
                path = f"/viewings/{person.viewing}/watched/"
                waiting.add(asyncio.ensure_future(_one(client, heard, person, "POST", path, body)))
        await asyncio.gather(*waiting)
    return heard


async def _one(
    client: httpx.AsyncClient, heard: Heard, person: Person, method: str, path: str, body: Any = None
) -> None:
    started = time.perf_counter()
    try:
        answer = await client.request(method, path, json=body, headers=person.headers)
    except httpx.HTTPError as error:
        heard.answers[type(error).__name__] += 1
    else:
        refused = answer.status_code == 503 and "Retry-After" in answer.headers
        said = "right" if answer.status_code == 200 else "refused" if refused else str(answer.status_code)
        heard.answers[said] += 1
        if said == "refused":
            heard.refused_after.append(time.perf_counter() - started)
    heard.seconds.append(time.perf_counter() - started)


@contextmanager
def _served(database_url: str) -> Iterator[Served]:
    port = free_port()
    environment = {**os.environ, "DATABASE_POOL_SIZE": "8", "ALLOWED_HOSTS": "127.0.0.1"}
    command = [sys.executable, "-W", "ignore", "manage.py", "serve", "--port", str(port)]
    with tempfile.TemporaryDirectory(prefix="auditportal-load-") as folder:
        lock, log = Path(folder) / "web.lock", Path(folder) / "web.log"
        process = Process("web", command, lock, log, directory=ROOT, env=environment)
        process.ready = lambda: _answers(port)
        process.start()
        try:
            process.wait_ready(180)
            yield Served(f"http://127.0.0.1:{port}", process, [_signed_in() for _ in range(PEOPLE)])
        finally:
            process.stop()


def _signed_in() -> Person:
    """A session as signing in makes it: the limits of sign-in let nobody do it so often from one address."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from auditportal.accounts.session import ENDS_AT, SEEN_AT
    from recordings.audit import session_ref
    from recordings.models import Recording
    from tests.factories import person, viewing

    user, session, token = person("compliance_officer"), SessionStore(), "t" * 32
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session[SEEN_AT], session[ENDS_AT] = time.time() + 3600, time.time() + 12 * 3600
    session.save()
    cookies = f"{settings.SESSION_COOKIE_NAME}={session.session_key}; {settings.CSRF_COOKIE_NAME}={token}"
    made = viewing(Recording.objects.first(), user, session_ref=session_ref(session.session_key))
    return Person({"Cookie": cookies, "X-CSRFToken": token}, str(made.pk))


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def _memory(served: Served) -> int:
    """Bytes of the server's processes: the one that was started and its children."""
    pages, parent = 0, served.process.pid
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            own, after = int(status.parent.name), status.read_text().rpartition(")")[2].split()
            if parent in (own, int(after[1])):
                pages += int((status.parent / "statm").read_text().split()[1])
        except (OSError, ValueError):
            continue
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()

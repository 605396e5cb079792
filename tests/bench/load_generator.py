"""People at work, for `make bench-load`: a web server, who is signed in, and requests that arrive at a fixed rate."""

import asyncio
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import quantiles

import httpx

from auditportal.embedded.process import Process
from auditportal.embedded.redis import free_port

WELL_SECONDS = 0.3
PEOPLE = 50
SPEED = 4  # so that no beat is ahead of the server's clock
ROOT = Path(__file__).resolve().parents[2]
_TAGS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]+>", re.DOTALL)


@dataclass
class Person:
    """Somebody who is signed in and watches a recording; `acknowledged` are the milliseconds that the portal has."""

    headers: dict[str, str]
    viewing: str
    beats: Iterator[int] = field(default_factory=count)
    acknowledged: list[range] = field(default_factory=list)


@dataclass
class Served:
    """A web server, and the people who use it in turn: a person has two searches at once at most.

    A beat reports `beat_ms` of the recording. Below a second many beats become one event, as those of pressed buttons.
    """

    url: str
    process: Process
    people: list[Person]
    beat_ms: int


@dataclass(frozen=True)
class Answer:
    """What one request got: "right", "refused" (503 with Retry-After and a sentence), else a status or an error."""

    what: str
    at: float  # by time.perf_counter()
    seconds: float


@dataclass
class Heard:
    """The answers of a while."""

    answers: list[Answer] = field(default_factory=list)

    @property
    def p95(self) -> float:
        return quantiles([one.seconds for one in self.answers], n=20)[-1] if len(self.answers) > 1 else 0.0

    @property
    def kinds(self) -> Counter[str]:
        return Counter(one.what for one in self.answers)

    @property
    def slowest_refusal(self) -> float:
        return max((one.seconds for one in self.answers if one.what == "refused"), default=0.0)

    @property
    def is_well(self) -> bool:
        return not self.kinds.keys() - {"right"} and self.p95 <= WELL_SECONDS


async def ask(served: Served, rate: float, seconds: float) -> Heard:
    """Send pages at `rate`, and after each second page a beat; wait for every answer."""
    heard, waiting = Heard(), set()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=200)
    async with httpx.AsyncClient(base_url=served.url, limits=limits, timeout=30) as client:
        began = time.perf_counter()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            person = served.people[number % len(served.people)]
            waiting.add(asyncio.ensure_future(_page(client, heard, person)))
            if number % 2:
                waiting.add(asyncio.ensure_future(_beat(client, heard, person, served.beat_ms)))
        await asyncio.gather(*waiting)
    return heard


async def _page(client: httpx.AsyncClient, heard: Heard, person: Person) -> None:
    request = client.build_request("GET", "/objects/", headers=person.headers)
    await _answer(client, heard, request)


async def _beat(client: httpx.AsyncClient, heard: Heard, person: Person, ms: int) -> None:
    start = next(person.beats) * ms
    body = {"spans": [[start, start + ms]], "speed": SPEED}
    path = f"/viewings/{person.viewing}/watched/"
    request = client.build_request("POST", path, json=body, headers=person.headers)
    if await _answer(client, heard, request) == "right":
        person.acknowledged.append(range(start, start + ms))


async def _answer(client: httpx.AsyncClient, heard: Heard, request: httpx.Request) -> str:
    started = time.perf_counter()
    try:
        response = await client.send(request)
    except httpx.HTTPError as error:
        what = type(error).__name__
    else:
        what = "right" if response.status_code == 200 else _refusal(response)
    heard.answers.append(Answer(what, started, time.perf_counter() - started))
    return what


def _refusal(response: httpx.Response) -> str:
    """Whether an answer says with a sentence that it has to be asked again later, and when."""
    words = _TAGS.sub(" ", response.text).split()
    is_said = len(words) > 3 and "Retry-After" in response.headers
    return "refused" if response.status_code == 503 and is_said else f"status {response.status_code}"


@contextmanager
def serving(environment: Mapping[str, str], *, beat_ms: int = 1) -> Iterator[Served]:
    """The web server with this environment and PEOPLE who are signed in, while the block runs."""
    port = free_port()
    environment = {**environment, "DATABASE_POOL_SIZE": "8", "ALLOWED_HOSTS": "127.0.0.1"}
    command = [sys.executable, "-W", "ignore", "manage.py", "serve", "--port", str(port)]
    with tempfile.TemporaryDirectory(prefix="auditportal-load-") as folder:
        lock, log = Path(folder) / "web.lock", Path(folder) / "web.log"
        process = Process("web", command, lock, log, directory=ROOT, env=environment)
        process.ready = lambda: _answers(port)
        process.start()
        try:
            process.wait_ready(180)
            people = [_signed_in() for _ in range(PEOPLE)]
            yield Served(f"http://127.0.0.1:{port}", process, people, beat_ms)
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

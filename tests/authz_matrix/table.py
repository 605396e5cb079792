"""The committed table, and what the portal answers now."""

import csv
import fcntl
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import unified_diff
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from django.db import transaction
from django.db.models import Sum
from django.test import Client

from auditportal.accounts.roles import ROLES
from recordings.audit import Outcome
from recordings.models import AuditEvent, OwedEvent
from tests.authz_matrix.urls import address, missing, patterns, takes_an_id
from tests.authz_matrix.world import World

FILE = Path(__file__).parent / "matrix.csv"
ANONYMOUS, NO_ROLE = "anonymous", "no role"
# The same role for one channel: what is of another channel does not exist for them.
SCOPED = {f"{role}, one channel": role for role in ("compliance_officer", "qa_manager")}
PEOPLE = (ANONYMOUS, NO_ROLE, *ROLES, *SCOPED)
METHODS = ("GET", "POST")
# How a browser, htmx and a script ask.
MANNERS: tuple[dict[str, str], ...] = ({}, {"HX-Request": "true"}, {"Accept": "application/json"})
# What is sent to views that read it before they look up the id.
_BODIES = {"playback:watched": {"spans": []}, "playback:finish": {"spans": []}}
OWN, FOREIGN, MISSING, NO_ID = "own", "foreign", "missing", "-"
SIGN_IN = "sign-in"
NOTHING = "-"  # there is no such id for this person


class Cell(NamedTuple):
    """A request: a URL's name, which id it holds, and its method."""

    url: str
    id: str
    method: str


class Answer(NamedTuple):
    status: str
    content: bytes
    refusals: int  # recorded, or counted to be recorded
    headers: dict[str, str]


def cells() -> Iterator[Cell]:
    """Yield every request of the matrix, in the order of the resolver."""
    for name, route, _ in patterns():
        for id in (OWN, FOREIGN, MISSING) if takes_an_id(route) else (NO_ID,):
            yield from (Cell(name, id, method) for method in METHODS)


def read() -> dict[str, dict[Cell, str]]:
    """Return the committed statuses, by person."""
    with FILE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    people = list(rows[0])[3:] if rows else []
    return {who: {Cell(row["url"], row["id"], row["method"]): row[who] for row in rows} for who in people}


def update(who: str, found: dict[Cell, str]) -> None:
    """Write what somebody gets into the table, while other processes write what others get."""
    with (Path(tempfile.gettempdir()) / "authz-matrix.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _write(read() | {who: found})


def _write(statuses: dict[str, dict[Cell, str]]) -> None:
    with FILE.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["url", "id", "method", *PEOPLE])
        for cell in cells():
            writer.writerow([*cell, *(statuses.get(who, {}).get(cell, NOTHING) for who in PEOPLE)])


class Asking:
    """Somebody who sends every request of the matrix. What a request changes is rolled back before the next."""

    def __init__(self, world: World) -> None:
        self._own, self._foreign = world.own(), world.foreign()
        self._routes = {name: route for name, route, _ in patterns()}
        self._client = Client(raise_request_exception=False)
        if world.who is not None:
            self._client.force_login(world.who)
        self._signed_in = {name: morsel.value for name, morsel in self._client.cookies.items()}

    def ids(self, cell: Cell) -> Any:
        """Return the ids in the address; None where the person can have no such id."""
        if cell.id == NO_ID:
            return {}
        if cell.id == MISSING:
            return missing(self._routes[cell.url])
        return (self._own if cell.id == OWN else self._foreign).get(cell.url)

    def answer(self, cell: Cell, ids: Any, manner: Mapping[str, str] = MANNERS[0]) -> Answer:
        self._client.cookies = SimpleCookie(self._signed_in)
        with _rolled_back():
            before, where = _refusals(), address(self._routes[cell.url], ids)
            response: Any = self._client.generic(
                cell.method,
                where,
                json.dumps(_BODIES[cell.url]) if cell.url in _BODIES else "",
                content_type="application/json"
                if cell.url in _BODIES
                else "application/x-www-form-urlencoded",
                headers=manner,
            )
            content = b"".join(response.streaming_content) if response.streaming else response.content
            refusals = _refusals() - before
        return Answer(_status(response), _without(content, where, ids), refusals, dict(response.items()))

    def difference(self, cell: Cell) -> list[str]:
        """Return how the answer to a foreign id differs, in any manner of asking, from that to a missing one."""
        return next(filter(None, (self._difference(cell, manner) for manner in MANNERS)), [])

    def _difference(self, cell: Cell, manner: Mapping[str, str]) -> list[str]:
        none = cell._replace(id=MISSING)
        before, missing, after = (self.answer(one, self.ids(one), manner)[:2] for one in (cell, none, cell))
        # A page may show something new meanwhile, such as a banner: it is then in two of the three.
        if missing in (before, after):
            return []
        pages = (answer[1].decode(errors="replace").splitlines() for answer in (after, missing))
        return [f"{after[0]} {missing[0]}", *unified_diff(*pages, n=0, lineterm="")][:8]


@contextmanager
def _rolled_back() -> Iterator[None]:
    block: Any = transaction.atomic()
    # As Django's TestCase marks its own: inside, a block that must be the outermost is let pass.
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)


def _refusals() -> int:
    counted = OwedEvent.objects.aggregate(all=Sum("count"))["all"] or 0
    return int(counted) + AuditEvent.objects.filter(outcome=Outcome.DENIED).count()


def _status(response: Any) -> str:
    to_sign_in = response.status_code == 302 and response["Location"].startswith("/accounts/login/")
    return SIGN_IN if to_sign_in else str(response.status_code)


def _without(content: bytes, where: str, ids: Mapping[str, Any]) -> bytes:
    """Return an answer without what differs each time: its address and ids, the request's own id, the form's token."""
    long_ids = [str(value) for value in ids.values() if len(str(value)) > 8]
    for text in (where, quote(where, safe=""), *long_ids):
        content = content.replace(text.encode(), b"ID")
    # When the session ends, on every page.
    content = re.sub(rb"data-ends-in=\"\d+\"|session ends\s*<time[^>]*>[^<]*</time>", b"", content)
    return re.sub(rb"\b(?:[0-9a-f]{32}|[0-9A-Za-z]{64})\b", b"ONCE", content)

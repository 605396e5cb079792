"""Pages with 500 people and 20,000 grants, beside the same pages with a handful, and beside the list of objects."""

from collections.abc import Iterator
from datetime import timedelta

from django.db import connection
from django.test import Client
from django.utils import timezone

from auditportal.accounts.models import Grant, User
from recordings.models.fields import uuid7
from tests.bench.data import FIRST_ID
from tests.bench.results import Measured, Stopwatch, timed
from tests.factories import person

PEOPLE, GRANTS_EACH = 500, 40
RUNS = 150
AGAINST = "the same with three people"
OBJECTS = "list of 50 objects"
# Name, role of the reader, address.
PAGES = (
    (OBJECTS, "compliance_officer", "/objects/"),
    ("search for objects", "compliance_officer", "/objects/?q=dana"),
    ("an object", "compliance_officer", f"/objects/{FIRST_ID + 1000}/"),
    ("list of people", "administrator", "/people/"),
    ("people of one role", "administrator", "/people/?role=qa_manager"),
    ("search for people", "administrator", "/people/?q=person+4"),
)


def measure() -> Iterator[Measured]:
    """p95 of each page before and after; the pages take turns within a measurement."""
    clients = {role: _signed_in(role) for role in ("compliance_officer", "administrator")}
    few = _measured(clients)
    _fill()
    many = _measured(clients)
    label = f"{PEOPLE} people, {PEOPLE * GRANTS_EACH:,} grants"
    for name, watch in many.items():
        yield Measured(f"{name}, p50 with {label}", watch.p50, "ms", few[name].p50 / watch.p50, AGAINST)
        yield Measured(f"{name}, p95 with {label}", watch.p95, "ms", few[name].p95 / watch.p95, AGAINST)
    ratio = many[OBJECTS].p95 / many["list of people"].p95
    yield Measured("list of people, p95", many["list of people"].p95, "ms", ratio, f"{OBJECTS}, p95")


def _signed_in(role: str) -> Client:
    client = Client()
    client.force_login(person(role, f"bench.{uuid7().hex[-8:]}"))
    return client


def _measured(clients: dict[str, Client]) -> dict[str, Stopwatch]:
    def ask(page: tuple[str, str, str]) -> None:
        _, role, address = page
        status = clients[role].get(address).status_code
        assert status == 200, (address, status)

    return {page[0]: timed(ask, [page] * 5, RUNS) for page in PAGES}


def _fill() -> None:
    """Each person has one grant in force; the others have ended."""
    now = timezone.now()
    users = User.objects.bulk_create(
        User(username=f"person.{n}", full_name=f"Person {n}", password="!", last_login=now)
        for n in range(PEOPLE)
    )
    roles = ("qa_manager", "compliance_officer", "external_auditor")
    Grant.objects.bulk_create(
        Grant(
            user=user,
            role=roles[number % 3],
            starts_at=now - timedelta(days=number + 1),
            ended_at=now - timedelta(days=number) if number else None,
        )
        for user in users
        for number in range(GRANTS_EACH)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_user, accounts_grant")

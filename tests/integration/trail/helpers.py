"""People and actors for the tests of the trail."""

import uuid
from typing import Any

from django.test import Client

from auditportal.accounts.models import Grant, User
from recordings.audit import Actor, Kind, Outcome, Target, record
from tests.factories import PASSWORD

TRAIL = "/audit/"


def user(username: str = "noa.levi", full_name: str = "Noa Levi", role: str = "compliance_officer") -> User:
    made = User.objects.create(username=username, full_name=full_name, password="!")
    Grant.objects.create(user=made, role=role)
    return made


def acting(who: User, **more: Any) -> Actor:
    """This person as the actor of an event."""
    return Actor(ref=f"user:{who.pk}", kind="person", name=who.full_name, role=who.role_codes, **more)


def signed_in(user: User) -> Client:
    client = Client()
    response = client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    assert response.status_code == 302
    return client


def opened(user: User, object_id: int, label: str = "Dana Marlowe", **facts: Any) -> uuid.UUID:
    target = Target("object", f"object:{object_id}", label, subject=f"customer:{object_id}")
    return record(Kind.OBJECT_OPENED, by=acting(user), target=target, outcome=Outcome.GRANTED, **facts)

"""People and actors for the tests of the trail."""

from typing import Any

from auditportal.accounts.models import Grant, User
from recordings.audit import Actor


def user(username: str = "noa.levi", full_name: str = "Noa Levi", role: str = "compliance_officer") -> User:
    made = User.objects.create(username=username, full_name=full_name, password="!")
    Grant.objects.create(user=made, role=role)
    return made


def acting(who: User, **more: Any) -> Actor:
    """This person as the actor of an event."""
    return Actor(ref=f"user:{who.pk}", kind="person", name=who.full_name, role=who.role_codes, **more)

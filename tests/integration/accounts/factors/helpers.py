"""What a browser does at sign-in, and what the trail has of it."""

import json
from typing import Any

from django.test import Client

from auditportal.accounts.factors import totp
from auditportal.accounts.models import User
from auditportal.accounts.sessions import database_time
from recordings.models import AuditEvent
from tests.factories import PASSWORD
from tests.passkey import SoftKey

LOGIN = "/accounts/login/"
SECOND_STEP = "/accounts/second-step/"
JSON = {"Accept": "application/json"}


def with_password(user: User, client: Client | None = None, password: str = PASSWORD) -> Client:
    client = client or Client()
    client.post(LOGIN, {"login": user.username, "password": password})
    return client


def enrol(client: Client, key: SoftKey | None = None, name: str = "test key") -> SoftKey:
    """Add a passkey to the account of whoever is signed in."""
    key = key or SoftKey()
    options = client.post("/accounts/second-factor/passkey/options/", headers=JSON).json()
    answer = {"name": name, "credential": json.dumps(key.create(options))}
    assert client.post("/accounts/second-factor/passkey/", answer).status_code == 302
    return key


def step(client: Client, key: SoftKey) -> Any:
    """The second step with a passkey."""
    options = client.post(f"{SECOND_STEP}options/", headers=JSON).json()
    return client.post(SECOND_STEP, {"credential": json.dumps(key.get(options))})


def with_passkey(key: SoftKey, client: Client | None = None, **form: str) -> tuple[Client, Any]:
    """Sign in with a passkey alone."""
    client = client or Client()
    options = client.post(f"{LOGIN}passkey/options/", headers=JSON).json()
    return client, client.post(f"{LOGIN}passkey/", {"credential": json.dumps(key.get(options)), **form})


def code_of(secret: bytes, steps: int = 0) -> str:
    at = int(database_time() // totp.STEP_SECONDS) + steps
    return totp._totp(secret).generate(at * totp.STEP_SECONDS).decode()


def kinds() -> list[str]:
    return list(AuditEvent.objects.order_by("id").values_list("kind", flat=True))


def bodies(kind: str) -> list[dict[str, Any]]:
    rows = AuditEvent.objects.filter(kind=kind).order_by("id").values_list("body", flat=True)
    return [json.loads(bytes(row)) for row in rows]

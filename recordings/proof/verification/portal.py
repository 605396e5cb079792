"""Verify this portal's own log, with its database, trust policy and limits."""

from collections.abc import Callable

import psycopg
from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo

from recordings.exceptions import PortalError
from recordings.processes import ChildLost
from recordings.proof.verification.findings import Verification
from recordings.proof.verification.verify import verify
from recordings.tlog.policy import Policy, PolicyError

_LIBPQ = ("host", "port", "user", "password", "dbname", "sslmode", "sslrootcert", "connect_timeout")


class CannotVerify(PortalError):
    """The verification could not run, so nothing is known about the log."""

    status = 503
    sentence = "The log could not be verified."


def verify_portal(
    progress: Callable[[int, int], None] | None = None, *, every_manifest: bool = False
) -> Verification:
    """Verify everything, as the application's role can read it. Raises CannotVerify."""
    try:
        return verify(
            database_address(),
            progress,
            policy=_policy(),
            lag_limit=settings.AUDIT_LAG_LIMIT_SECONDS,
            every_manifest=every_manifest,
            field_key=settings.AUDIT_FIELD_KEY,
        )
    except psycopg.Error as error:
        raise CannotVerify(f"The database could not be read: {str(error).strip()}") from None
    except ChildLost as error:
        raise CannotVerify(f"A part of the log could not be checked. {error}") from None


def database_address() -> str:
    """Return the address of the application's database for libpq. Its role can read the trail but not change it."""
    parameters = connection.get_connection_params()
    return make_conninfo("", **{name: parameters[name] for name in _LIBPQ if parameters.get(name)})


def _policy() -> Policy | None:
    path = settings.AUDIT_POLICY_FILE
    try:
        return Policy.parse(path.read_bytes()) if path else None
    except OSError as error:
        raise CannotVerify(f"The trust policy {path} cannot be read: {error.strerror}.") from None
    except PolicyError as error:
        raise CannotVerify(f"The trust policy {path} cannot be used: {error}") from None

"""What waits for an administrator: requests for access, and grants to keep or remove."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from auditportal.accounts.models import User
from recordings.db import fetch_all

# Written out, because the overview and each page about people reads it: one statement.
_WAITING = """
SELECT (SELECT count(*) FROM accounts_accessrequest WHERE decided_at IS NULL AND asked_by_id <> %(user)s),
       (SELECT count(*) FROM accounts_recertifiedgrant g JOIN accounts_grant h ON h.id = g.grant_id
        WHERE g.recertification_id = r.id AND g.decision = '' AND h.user_id <> %(user)s),
       r.id, r.due_at
FROM (SELECT 1) one LEFT JOIN accounts_recertification r ON r.closed_at IS NULL
"""


@dataclass(frozen=True)
class Waiting:
    """Numbers of what this administrator may decide; nobody decides about their own."""

    requests: int
    decisions: int
    recertification: int | None
    due_at: datetime | None


def waiting_for(user: User) -> Waiting:
    """Count what waits for this administrator."""
    (row,) = fetch_all(connection, _WAITING, {"user": user.pk})
    return Waiting(*row)

"""Who can see a recording, and recertifications, as CSV. Times are UTC, words English: the file is evidence."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from auditportal.accounts import scopes
from auditportal.accounts.access.assigned import AssignedAccess
from auditportal.accounts.access.who import ACTS, Access
from auditportal.accounts.access_models import RecertifiedGrant
from auditportal.accounts.models import Grant
from auditportal.accounts.roles import ROLES
from recordings.permissions import Permission
from recordings.sheets.cells import csv_cell
from recordings.wording import in_english

GRANT = ("person", "user name", "role", "level", "scope", "granted by", "from (UTC)", "until (UTC)", "reason")


def access_csv(accesses: Sequence[Access], assigned: Sequence[AssignedAccess]) -> bytes:
    """Write a line for each grant through which somebody can see a recording, and for each viewing assigned to them."""
    names = scopes.Names([scopes.limits_of(access.grant) for access in accesses])
    lines = (
        [*_grant(access.grant, names), ", ".join(in_english(act) for act in access.acts)]
        for access in accesses
    )
    return _csv([*GRANT, "may"], [*lines, *map(_assigned, assigned)])


def recertification_csv(rows: Sequence[RecertifiedGrant]) -> bytes:
    """Write a line for each grant of a recertification."""
    names = scopes.Names([scopes.limits_of(row.grant) for row in rows])
    lines = (
        [
            *_grant(row.grant, names),
            _utc(row.last_used_at),
            row.decision or "open",
            row.reason,
            row.decided_by.display_name if row.decided_by else "",
            _utc(row.decided_at),
        ]
        for row in rows
    )
    columns = ["last sign-in or viewing (UTC)", "decision", "reason for it", "decided by", "decided at (UTC)"]
    return _csv([*GRANT, *columns], lines)


def _assigned(access: AssignedAccess) -> list[str]:
    row = access.viewing
    person, by = row.person, row.assigned_by
    return [
        person.display_name,
        person.username,
        "assigned viewing",
        "",
        "this recording only",
        by.display_name,
        _utc(row.assigned_at),
        _utc(access.until),
        row.exemplar.title,
        in_english(ACTS[Permission.PLAY_RECORDINGS]),
    ]


def _grant(grant: Grant, names: scopes.Names) -> list[str]:
    role = ROLES.get(grant.role)
    ends = min((at for at in (grant.ended_at, grant.until) if at is not None), default=None)
    return [
        grant.user.display_name,
        grant.user.username,
        in_english(role.label) if role else grant.role,
        grant.level,
        "; ".join(names.phrases(scopes.limits_of(grant))),
        grant.granted_by.display_name if grant.granted_by else "",
        _utc(grant.starts_at),
        _utc(ends),
        grant.reason,
    ]


def _csv(columns: Sequence[str], lines: Iterable[Sequence[str]]) -> bytes:
    return "".join(",".join(map(csv_cell, line)) + "\r\n" for line in (columns, *lines)).encode()


def _utc(at: datetime | None) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""

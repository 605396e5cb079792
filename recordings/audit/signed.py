"""Find the checkpoints that are trusted: their signatures verify with a log key of the trust policy.

The sealer's login can write rows of audit.checkpoint, so that only the signed note in a row counts.
"""

import re
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.db import connection

from recordings.db import BIGGEST_ID
from recordings.tlog.checkpoint import Checkpoint
from recordings.tlog.notes import NoteError
from recordings.tlog.policy import CheckedCheckpoint, Policy, PolicyError

_BELOW = "SELECT size, note FROM audit.checkpoint WHERE size < %s ORDER BY size DESC LIMIT %s"
_COSIGNED = """
SELECT c.size, c.note, w.line FROM (SELECT size, line FROM audit.cosignature ORDER BY size DESC LIMIT 50) AS w
JOIN audit.checkpoint c USING (size) ORDER BY c.size DESC
"""
# So many rows with invalid signatures are skipped before the log counts as unsigned.
_MOST_FAKES = 1000


def trusted() -> Policy | None:
    """Return the installation's trust policy; None when it cannot be read."""
    path: Path | None = settings.AUDIT_POLICY_FILE
    try:
        return _policy(path, path.stat().st_mtime_ns) if path else None
    except (OSError, PolicyError):
        return None


@lru_cache(maxsize=4)
def _policy(path: Path, changed: int) -> Policy:
    """Parse a policy; `changed` makes an edited file a new cache entry."""
    return Policy.parse(path.read_bytes())


def check_note(note: str) -> CheckedCheckpoint | None:
    """Check a note by the policy, cosigned or not; None when no log key of this installation signed it."""
    path: Path | None = settings.AUDIT_POLICY_FILE
    try:
        return _check_note(path, path.stat().st_mtime_ns, settings.AUDIT_ORIGIN, note) if path else None
    except (OSError, PolicyError):
        return None


@lru_cache(maxsize=4096)
def _check_note(path: Path, changed: int, first_origin: str, note: str) -> CheckedCheckpoint | None:
    try:
        checked = _policy(path, changed).check(note)
    except NoteError:
        return None
    return checked if is_ours(checked.checkpoint.origin, first_origin) else None


def is_ours(origin: str, first_origin: str) -> bool:
    """Whether a log belongs to this installation, since a policy may name others. Later epochs end in /2, /3 …"""
    later = re.escape(first_origin) + r"/([2-9]|[1-9][0-9]+)"
    return not first_origin or origin == first_origin or re.fullmatch(later, origin) is not None


def newest_signed() -> Checkpoint | None:
    """Return the largest trusted checkpoint in the database; None without one."""
    below, skipped, limit = BIGGEST_ID, 0, 1
    while skipped < _MOST_FAKES:
        with connection.cursor() as cursor:
            cursor.execute(_BELOW, [below, limit])
            rows = cursor.fetchall()
        for _, note in rows:
            if checked := check_note(note):
                return checked.checkpoint
        if len(rows) < limit:
            return None
        below, skipped, limit = rows[-1][0], skipped + len(rows), 100
    return None


def newest_cosigned() -> int:
    """Return the size of the largest checkpoint that a witness of the policy cosigned; 0 without one."""
    with connection.cursor() as cursor:
        cursor.execute(_COSIGNED)
        for _, note, line in cursor.fetchall():
            checked = check_note(note + line.rstrip("\n") + "\n")
            if checked and checked.witnesses:
                return checked.checkpoint.size
    return 0

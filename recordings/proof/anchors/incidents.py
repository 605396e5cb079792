"""Report incidents of outside parties as rows. The sealer writes the event of each, with its leaf in the log."""

from recordings.audit.schema import plain
from recordings.models.fields import uuid7
from recordings.proof.anchors.ledger import Connection

# A party that keeps refusing gets one incident, until it succeeds again.
_OPEN = """
SELECT FROM audit.incident AS i LEFT JOIN audit.outside AS o ON o.name = %(party)s
WHERE i.code = %(code)s AND starts_with(i.detail, %(party)s || ': ') AND i.at > coalesce(o.success_at, '-infinity')
LIMIT 1
"""
_INSERT = "INSERT INTO audit.incident (code, detail, event_id) VALUES (%s, %s, %s)"


def report_incident(connection: Connection, code: str, party: str, sentence: str) -> None:
    """Insert an incident, unless the same one was reported since this party's last success.

    Events of the log must get their leaves in the transaction that writes them, so the sealer writes this one. Its id
    is set here.
    """
    with connection.transaction():
        if connection.execute(_OPEN, {"code": code, "party": party}).fetchone() is not None:
            return
        connection.execute(_INSERT, [code, str(plain(f"{party}: {sentence}"))[:2000], uuid7()])

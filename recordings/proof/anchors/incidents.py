"""Report what a party outside must never do: a row that stays; the sealer adds the event, with its leaf in the log."""

from recordings.audit.schema import plain
from recordings.models.fields import uuid7
from recordings.proof.anchors.ledger import Connection

# One incident for one unbroken run of refusals: while a party keeps refusing, the first row says it.
_OPEN = """
SELECT FROM audit.incident AS i LEFT JOIN audit.outside AS o ON o.name = %(party)s
WHERE i.code = %(code)s AND starts_with(i.detail, %(party)s || ': ') AND i.at > coalesce(o.success_at, '-infinity')
LIMIT 1
"""
_INSERT = "INSERT INTO audit.incident (code, detail, event_id) VALUES (%s, %s, %s)"


def report_incident(connection: Connection, code: str, party: str, sentence: str) -> None:
    """Write the incident, unless the same one was written since this party's last success.

    The sealer writes its event, whose id is set here: events of the log get their leaves in the transaction that writes
    them.
    """
    with connection.transaction():
        if connection.execute(_OPEN, {"code": code, "party": party}).fetchone() is not None:
            return
        connection.execute(_INSERT, [code, str(plain(f"{party}: {sentence}"))[:2000], uuid7()])

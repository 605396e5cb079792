"""What must never happen and did: a row that stays; the sealer adds the event, with its leaf in the log itself."""

from recordings.audit.schema import plain
from recordings.models.fields import uuid7
from recordings.proof.anchors.ledger import Connection

# One incident for one unbroken run of refusals: while a party keeps refusing, the first row says it.
_STANDS = """
SELECT FROM audit.incident AS i LEFT JOIN audit.outside AS o ON o.name = %(party)s
WHERE i.code = %(code)s AND starts_with(i.detail, %(party)s || ': ') AND i.at > coalesce(o.success_at, '-infinity')
LIMIT 1
"""
_REPORT = "INSERT INTO audit.incident (code, detail, event_id) VALUES (%s, %s, %s)"


def report(connection: Connection, code: str, party: str, sentence: str) -> None:
    """Write the incident, unless this party's trouble already stands since its last success. Its event, whose id is
    set here, is written by the sealer: events of the log get their leaves in the transaction that writes them."""
    with connection.transaction():
        if connection.execute(_STANDS, {"code": code, "party": party}).fetchone() is not None:
            return
        connection.execute(_REPORT, [code, str(plain(f"{party}: {sentence}"))[:2000], uuid7()])

"""What must never happen and did: a row that stays. The sealer writes the event of it, with its leaf."""

from recordings.anchors.ledger import Connection
from recordings.models.fields import uuid7

# One incident for one unbroken run of refusals: while a party keeps refusing, the first row says it.
_STANDS = """
SELECT FROM audit.incident AS i LEFT JOIN audit.outside AS o ON o.name = %(party)s
WHERE i.code = %(code)s AND starts_with(i.detail, %(party)s || ': ') AND i.at > coalesce(o.success_at, '-infinity')
LIMIT 1
"""


def report(connection: Connection, code: str, party: str, sentence: str) -> None:
    """Write the incident, unless this party's trouble already stands since its last success.

    It names the event that the sealer is to write of it: nobody else may speak as the log does.
    """
    with connection.transaction():
        if connection.execute(_STANDS, {"code": code, "party": party}).fetchone() is not None:
            return
        connection.execute(
            "INSERT INTO audit.incident (code, detail, event_id) VALUES (%s, %s, %s)",
            [code, f"{party}: {sentence}", uuid7()],
        )

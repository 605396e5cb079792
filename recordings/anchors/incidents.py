"""What must never happen and did: a row that stays, and an event that is sealed into the log itself."""

from recordings.anchors.ledger import Connection
from recordings.audit.kinds import Kind, Outcome
from recordings.sealing.own import write_own

# One incident for one unbroken run of refusals: while a party keeps refusing, the first row says it.
_STANDS = """
SELECT FROM audit.incident AS i LEFT JOIN audit.outside AS o ON o.name = %(party)s
WHERE i.code = %(code)s AND starts_with(i.detail, %(party)s || ': ') AND i.at > coalesce(o.success_at, '-infinity')
LIMIT 1
"""


def report(connection: Connection, code: str, party: str, sentence: str) -> None:
    """Write the incident and its event, unless this party's trouble already stands since its last success."""
    with connection.transaction():
        if connection.execute(_STANDS, {"code": code, "party": party}).fetchone() is not None:
            return
        detail = f"{party}: {sentence}"
        connection.execute("INSERT INTO audit.incident (code, detail) VALUES (%s, %s)", [code, detail])
        write_own(connection, Kind.SEALER_INCIDENT, {"code": code, "sentence": detail}, Outcome.ERROR)

"""Write the audit trail: append-only tables with one writer.

`record` and `record_all` join the caller's transaction, so that a change and its event are committed together.
`record_committed` has committed when it returns, before anything is sent. `refuse` commits a refusal, then raises it.
`committed()` is the transaction for rows and events that must be committed before continuing. `record_once` is
`record_committed` for an act that is one event within a minute.
"""

from recordings.audit.actor import (
    AUTHN,
    REFERENCE,
    Actor,
    Target,
    client_address,
    reference_of,
    request_id,
    session_ref,
)
from recordings.audit.kinds import Kind, Outcome, Purpose
from recordings.audit.once import record_once
from recordings.audit.owed import owe, record_refusal
from recordings.audit.record import (
    Entry,
    committed,
    record,
    record_all,
    record_committed,
    refuse,
)
from recordings.exceptions import AuditUnavailable

__all__ = [
    "AUTHN",
    "REFERENCE",
    "Actor",
    "AuditUnavailable",
    "Entry",
    "Kind",
    "Outcome",
    "Purpose",
    "Target",
    "client_address",
    "committed",
    "owe",
    "record",
    "record_all",
    "record_committed",
    "record_once",
    "record_refusal",
    "reference_of",
    "refuse",
    "request_id",
    "session_ref",
]

"""The tamper-evident trail: one writer, append-only tables, and the sentences people read.

`record` and `record_all` join the caller's transaction; `record_durably` has committed when it returns, and
`record_once` as well, unless the same act is in the trail since less than a minute.
"""

from recordings.audit.actor import Actor, Target, client_address, request_id, session_ref
from recordings.audit.kinds import Kind, Outcome, Purpose
from recordings.audit.once import record_once
from recordings.audit.record import Entry, record, record_all, record_durably
from recordings.exceptions import AuditUnavailable

__all__ = [
    "Actor",
    "AuditUnavailable",
    "Entry",
    "Kind",
    "Outcome",
    "Purpose",
    "Target",
    "client_address",
    "record",
    "record_all",
    "record_durably",
    "record_once",
    "request_id",
    "session_ref",
]

"""Check personal values: decrypt each that can be decrypted, and compare it with its commitment in the event.

A missing value must have been erased by a later `subject.erased` event. Otherwise somebody deleted it, and every page
would show it as erased.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic_core import from_json

from recordings.proof.verification.findings import moment, plural
from recordings.proof.verification.log import Log

_EVENTS = """
SELECT e.event_id, e.recorded_at, e.body, coalesce(l.n, -1), p.fields, p.subjects, p.sealed
FROM audit.event e LEFT JOIN audit.personal p USING (event_id) LEFT JOIN audit.leaf l ON l.event_no = e.id
"""
_KEYS = "SELECT subject, wrapped FROM audit.subject_keys"
_ERASED = "SELECT recorded_at, body FROM audit.event WHERE kind = 'subject.erased'"
_FIELDS = ("actor.name", "source.ip", "source.user_agent", "purpose.note", "object.label")
# A commitment in action_detail looks like any other text. In events of these types, `q` is one.
_SEARCHES = ("search.run", "audit.searched", "audit.viewed", "export.requested")
# Kinds of objects whose label is a customer's name. The event does not say which customer's.
_LABELLED_WITH_CUSTOMER = ("object", "recording")
_NONCE = 12
_ROWS_AT_ONCE = 2000


class Event(NamedTuple):
    """An event and its stored personal values."""

    event_id: UUID
    recorded_at: int
    body: bytes
    n: int
    fields: list[str] | None
    subjects: list[str] | None
    sealed: list[bytes] | None


@dataclass
class Count:
    """How many values are as expected. Missing values of customers are only counted, as events do not name them."""

    opened: int = 0
    erased: int = 0
    wrong: int = 0
    of_customers: int = 0
    first_of_customers: tuple[int, str, str] = (-1, "", "")


def check_values(log: Log) -> str:
    """Check that each personal value matches its commitment, and that each missing one was erased."""
    if not log.field_key:
        return "not checked: the key of the personal values was not given"
    keys, erasures, count = _Keys(log), _Erasures(log), Count()
    with log.connection.cursor("values", binary=True) as cursor:
        cursor.itersize = _ROWS_AT_ONCE
        for row in cursor.execute(_EVENTS):
            _check_event(log, keys, erasures, count, Event._make(row))
    if count.of_customers > erasures.of_customers:
        gone = count.of_customers - erasures.of_customers
        what = f"Customers' labels are missing ({gone:,} more than were erased). This is the first."
        log.add("values", what, *count.first_of_customers)
    values = plural(count.opened + count.wrong + count.erased + count.of_customers, "value")
    return f"{values}, {count.opened:,} decrypted and compared, {count.erased + count.of_customers:,} erased"


def _check_event(log: Log, keys: "_Keys", erasures: "_Erasures", count: Count, event: Event) -> None:
    body, present = _parse(event.body), set()
    where = event.n, str(event.event_id), moment(event.recorded_at)
    stored = zip(event.fields or (), event.subjects or (), event.sealed or (), strict=False)
    for name, subject, sealed in stored:
        if ciphers := keys.of(subject):  # without its key a value counts as missing
            present.add(name)
            problem = _value_problem(ciphers, event.event_id, name, sealed, _text_at(body, name))
            count.opened, count.wrong = count.opened + (not problem), count.wrong + bool(problem)
            if problem:
                log.add("values", f"its {name} {problem}", *where)
    for name in _committed(body):
        if name in present:
            continue
        if name == "object.label" and _text_at(body, "object.kind") in _LABELLED_WITH_CUSTOMER:
            count.of_customers += 1
            if not count.first_of_customers[1] or event.n < count.first_of_customers[0]:
                count.first_of_customers = where
        elif erasures.explain(_subject(body, name), event.recorded_at):
            count.erased += 1
        else:
            count.wrong += 1
            log.add("values", f"its {name} is missing, and no erasure explains it.", *where)


def _value_problem(ciphers: list[AESGCM], event_id: UUID, name: str, sealed: bytes, commitment: str) -> str:
    """Return what is wrong with a value; empty when it matches its commitment."""
    for cipher in ciphers:
        try:
            plain = cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], event_id.bytes + name.encode())
        except (InvalidTag, ValueError):
            continue
        # The decrypted bytes are salt and value in the order in which the commitment hashes them.
        matches = sha256(b"audit-field-v1\0" + name.encode() + b"\0" + plain).hexdigest() == commitment
        return "" if matches else "is not the value to which the event commits."
    return "cannot be decrypted: it belongs to another event, field or person."


def _committed(body: Mapping[str, Any]) -> Iterator[str]:
    for name in _FIELDS:
        if _text_at(body, name):
            yield name
    if body.get("type") in _SEARCHES and _text_at(body, "action_detail.q"):
        yield "action_detail.q"


def _text_at(body: Mapping[str, Any], name: str) -> str:
    """Return the text of a field such as actor.name; empty when there is none."""
    part, _, key = name.partition(".")
    fields = body.get(part)
    text = fields.get(key) if isinstance(fields, dict) else None
    return text if isinstance(text, str) else ""


def _subject(body: Mapping[str, Any], name: str) -> str:
    """Return whose value it is, unless it is a customer's."""
    return _text_at(body, "object.ref" if name == "object.label" else "actor.ref")


def _parse(data: bytes) -> Mapping[str, Any]:
    try:
        body = from_json(data)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


class _Erasures:
    """Who was erased, when last, and how many values of customers were erased."""

    def __init__(self, log: Log) -> None:
        self._last: dict[str, int] = {}
        self.of_customers = 0
        for recorded_at, data in log.rows(_ERASED):
            body = _parse(data)
            subject, detail = _text_at(body, "object.ref"), body.get("action_detail")
            self._last[subject] = max(recorded_at, self._last.get(subject, recorded_at))
            if subject.startswith("customer:") and isinstance(detail, dict):
                self.of_customers += int(detail.get("values", 0))

    def explain(self, subject: str, recorded_at: int) -> bool:
        """Tell whether the subject was erased after this time."""
        return self._last.get(subject, recorded_at - 1) >= recorded_at


class _Keys:
    """The ciphers of each subject: the current key and earlier ones. Unwrapped when first needed."""

    def __init__(self, log: Log) -> None:
        self._log, self._unwrapped = log, dict[str, list[AESGCM]]()
        self._wrapped: dict[str, list[bytes]] = defaultdict(list)
        with log.connection.cursor("keys", binary=True) as cursor:
            for subject, wrapped in cursor.execute(_KEYS):
                self._wrapped[subject].append(wrapped)

    def of(self, subject: str) -> list[AESGCM]:
        if subject not in self._unwrapped:
            ciphers = [self._unwrap(subject, wrapped) for wrapped in self._wrapped.get(subject, ())]
            self._unwrapped[subject] = [cipher for cipher in ciphers if cipher]
        return self._unwrapped[subject]

    def _unwrap(self, subject: str, wrapped: bytes) -> AESGCM | None:
        try:
            return AESGCM(
                AESGCM(self._log.field_key).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], subject.encode())
            )
        except (InvalidTag, ValueError):
            return None

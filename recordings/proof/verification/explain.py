"""Find out what is wrong with a leaf and its event. Slow and tolerant of errors; few rows need it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from recordings.proof.event_form import FormError, read_event
from recordings.proof.verification.chains import Chain, Chains
from recordings.proof.verification.entries import make_entry, stamp
from recordings.proof.verification.findings import Problem, moment
from recordings.proof.verification.marks import ACTOR, LOG_KINDS, Marks

SKEW = 2_000_000
_MALFORMED_END = b'"y":"event.malformed"}'
_COLUMNS = (
    "event_id",
    "kind",
    "outcome",
    "actor_ref",
    "actor_role",
    "target_kind",
    "target_ref",
    "parent_ref",
    "purpose",
    "request_id",
)
_PATHS = ("id", "type", "outcome", "actor.ref", "actor.role", "object.kind", "object.ref", "object.parent",
          "purpose.code", "request.id")  # fmt: skip


class Row(NamedTuple):
    """A leaf and its event as stored in the database. The event's columns are None when it is missing."""

    event_id: str | None
    kind: str
    outcome: str
    actor_ref: str
    actor_role: str
    target_kind: str
    target_ref: str
    parent_ref: str
    purpose: str
    request_id: str
    body: bytes
    body_hash: bytes
    recorded_at: int
    occurred_at: int
    skewed: bool
    n: int
    event_no: int | None
    leaf_event: str
    entry: bytes
    hash: bytes
    obj: bytes | None
    obj_n: int | None
    par: bytes | None
    par_n: int | None
    act: bytes
    act_n: int


Problems = Iterator[tuple[str, str]]  # the name of the failed check, and what is wrong


class ChainsSoFar(NamedTuple):
    """The chains before a leaf."""

    acts: Chains
    objs: Chains
    pars: Chains


def explain(row: Row, chains: ChainsSoFar, marks: Marks, version: int) -> list[Problem]:
    """List everything that is wrong with this leaf; nothing when it is only unusual. Chains and marks follow its entry.

    `version` is the version that entries have at this leaf.
    """
    malformed = version == 2 and row.entry.endswith(_MALFORMED_END)
    body = _parsed(row.body) if row.event_id is not None else None
    entry, recorded_at = _parsed(row.entry), stamp(row.recorded_at) if row.event_id is not None else ""
    late = version == 2 and "" < recorded_at < marks.closed_until
    if version == 2 and "" < recorded_at < marks.unsure_until:
        late = late or (entry or {}).get("late") == 1
    if malformed:
        problems = [*_malformed_problems(row, entry, chains, late), *_leaf_problems(row, entry)]
    else:
        expected = _make_entry(row, body, chains, late, version) if body is not None else None
        if row.event_id is None and entry is not None:
            expected = _remake_entry(row, entry, chains, version)
        problems = [
            *_event_problems(row, body),
            *_entry_problems(entry, row.entry, expected),
            *_leaf_problems(row, entry),
        ]
    for chains_of_kind in chains:
        _follow(chains_of_kind, row, entry)
    at = recorded_at or str((entry or {}).get("r", ""))
    if malformed:
        marks.add_malformed(row.n, at, (entry or {}).get("late") == 1)
    elif entry is not None:
        is_late, kind = entry.get("late") == 1, str(entry.get("y"))
        if body is None:
            marks.add_restored(row.n, at, is_late, kind)
        else:
            marks.add(row.n, at, is_late, kind, _at(body, "actor.ref"), body)
    return [Problem(check, what, row.n, row.leaf_event, at) for check, what in problems]


def _malformed_problems(row: Row, entry: dict[str, Any] | None, chains: ChainsSoFar, late: bool) -> Problems:
    """Check a leaf that marks its event as malformed, or as falsely claiming to be written by the log."""
    digest = sha256(row.body or b"").digest()
    if row.event_id is None:
        yield "leaves", "its event is missing from the trail."
        return
    if digest != row.body_hash:
        yield (
            "bodies",
            f"its body hashes to {_short(digest)}, but the stored hash is {_short(row.body_hash)}.",
        )
    try:
        body = read_event(row.body)
        if body["type"] not in LOG_KINDS and body["actor"]["ref"] != ACTOR:
            yield "entries", "it is sealed as malformed, but its event is valid."
    except FormError:
        pass
    act = chains.acts.by_ref.get(ACTOR) or chains.acts.begin(ACTOR, row.n, row.leaf_event, row.entry)
    expected = make_entry(
        row.n,
        row.event_id,
        digest.hex(),
        stamp(row.recorded_at),
        "event.malformed",
        "error",
        act,
        None,
        None,
        late,
        2,
    )
    yield from _entry_problems(entry, row.entry, expected)


def _event_problems(row: Row, body: dict[str, Any] | None) -> Problems:
    if row.event_id is None:
        if row.event_no is not None:
            yield "leaves", "its event is missing from the trail."
        return
    digest = sha256(row.body).digest()
    if digest != row.body_hash:
        yield (
            "bodies",
            f"its body hashes to {_short(digest)}, but the stored hash is {_short(row.body_hash)}.",
        )
    if body is None:
        yield "bodies", "its body is not a JSON object."
        return
    for name, path, column in zip(_COLUMNS, _PATHS, row, strict=False):
        if column != (value := _at(body, path)):
            yield "columns", f"the column {name} is {column!r}, but the event has {value!r}."
    if _microseconds(body.get("occurred_at")) != row.occurred_at:
        yield (
            "columns",
            f"the column occurred_at is {moment(row.occurred_at)}, but the event has {body.get('occurred_at')}.",
        )
    if (abs(row.recorded_at - row.occurred_at) > SKEW) != row.skewed:
        yield "columns", "the column skewed does not match the difference between the two clocks."


def _entry_problems(entry: dict[str, Any] | None, data: bytes, expected: bytes | None) -> Problems:
    if entry is None:
        yield "entries", "its entry is not a JSON object."
        return
    if expected == data:
        return
    other = _parsed(expected or b"") or {}
    wrong = [name for name in sorted({*entry, *other}) if entry.get(name) != other.get(name)]
    differences = "; ".join(
        f"{name} is {_display(entry, name)}, should be {_display(other, name)}" for name in wrong
    )
    yield (
        "entries",
        f"its entry does not match its event and counters: {differences or 'same values, different bytes'}.",
    )


def _make_entry(row: Row, body: dict[str, Any], chains: ChainsSoFar, late: bool, version: int) -> bytes:
    """Compute the entry from the event and the chains."""

    def chain(kind: Chains, ref: str) -> Chain:
        return kind.by_ref.get(ref) or kind.begin(ref, row.n, row.leaf_event, row.entry)

    act = chain(chains.acts, _at(body, "actor.ref"))
    target, parent = _at(body, "object.ref"), _at(body, "object.parent")
    obj = chain(chains.objs, target) if target else None
    par = chain(chains.pars, parent) if parent and version == 2 else None
    digest, recorded = sha256(row.body).hexdigest(), stamp(row.recorded_at)
    kind, outcome = _at(body, "type"), _at(body, "outcome")
    return make_entry(row.n, _at(body, "id"), digest, recorded, kind, outcome, act, obj, par, late, version)


def _remake_entry(row: Row, entry: dict[str, Any], chains: ChainsSoFar, version: int) -> bytes | None:
    """Compute the entry from its own values and the chains, because its event is missing."""
    act = _chain(chains.acts, row, entry)
    if act is None or not all(isinstance(entry.get(name), str) for name in ("bh", "r", "y", "o")):
        return None
    obj, par = _chain(chains.objs, row, entry), _chain(chains.pars, row, entry)
    hashed = (entry["bh"], entry["r"], entry["y"], entry["o"])
    return make_entry(row.n, row.leaf_event, *hashed, act, obj, par, entry.get("late") == 1, version)


def _leaf_problems(row: Row, entry: dict[str, Any] | None) -> Problems:
    if sha256(b"\0" + row.entry).digest() != row.hash:
        yield "leaves", "the stored hash of the leaf is not the hash of its entry."
    if entry is None:
        return
    columns = {"e": row.leaf_event, "act": row.act.hex(), "act_n": row.act_n}
    columns |= {"obj": row.obj.hex() if row.obj else None, "obj_n": row.obj_n}
    columns |= {"par": row.par.hex() if row.par else None, "par_n": row.par_n}
    for name, column in columns.items():
        if entry.get(name) != column:
            yield (
                "leaves",
                f"the leaf's column for {name} is {column}, but its entry has {_display(entry, name)}.",
            )
    if row.event_id is not None and row.event_id != row.leaf_event:
        yield "leaves", f"the leaf refers to another event, {row.event_id}."


def _follow(chains: Chains, row: Row, entry: dict[str, Any] | None) -> None:
    """Continue the chain from the sealed entry, so that one wrong leaf does not make all later ones wrong."""
    chain = _chain(chains, row, entry or {})
    if chain is not None:
        count = (entry or {}).get(f"{chains.kind}_n")
        chain.count = count if isinstance(count, int) and count > 0 else chain.count + 1
        chain.last = row.n


def _chain(chains: Chains, row: Row, entry: dict[str, Any]) -> Chain | None:
    try:
        return chains.of_tag(bytes.fromhex(entry[chains.kind]), row.n, row.leaf_event, row.entry)
    except (KeyError, ValueError, TypeError):
        return None


def _parsed(data: bytes) -> dict[str, Any] | None:
    try:
        parsed = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def _at(body: dict[str, Any], path: str) -> str:
    """Return what the database's ->> gives for strings and integers; "" when there is no value."""
    value: Any = body
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return "" if value is None else str(value)


def _microseconds(text: Any) -> int | None:
    try:
        since = datetime.fromisoformat(text).astimezone(UTC) - datetime(2000, 1, 1, tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return None
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _display(entry: dict[str, Any], name: str) -> str:
    value = entry.get(name)
    return "missing" if value is None else _short(value) if len(str(value)) == 64 else str(value)


def _short(digest: bytes | str) -> str:
    return f"{digest.hex() if isinstance(digest, bytes) else digest:.12}…"

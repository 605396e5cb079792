"""What is wrong with a leaf and its event, in words. The slow and tolerant way; most rows never come here."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from recordings.proof.event_form import FormError, read_event
from recordings.proof.verification.chains import Chain, Chains
from recordings.proof.verification.entries import make_entry, stamp
from recordings.proof.verification.findings import Problem, moment
from recordings.proof.verification.marks import ACTOR, OWN_KINDS, Marks

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
    """A leaf and its event as they rest in the database; the event's part is None when it is gone."""

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


Found = Iterator[tuple[str, str]]


class Met(NamedTuple):
    """The chains that were met so far."""

    acts: Chains
    objs: Chains
    pars: Chains


def explain(row: Row, chains: Met, marks: Marks, version: int) -> list[Problem]:
    """Everything that is wrong with this leaf; nothing when it is only unusual. The chains and marks follow its entry.

    `version` is that of the entries here.
    """
    malformed = version == 2 and row.entry.endswith(_MALFORMED_END)
    said = _parsed(row.body) if row.event_id is not None else None
    entry, recorded_at = _parsed(row.entry), stamp(row.recorded_at) if row.event_id is not None else ""
    late = version == 2 and "" < recorded_at < marks.closed_until
    if version == 2 and "" < recorded_at < marks.unsure_until:
        late = late or (entry or {}).get("late") == 1
    if malformed:
        found = [*_malformed(row, entry, chains, late), *_leaf(row, entry)]
    else:
        made = _made(row, said, chains, late, version) if said is not None else None
        if row.event_id is None and entry is not None:
            made = _restored(row, entry, chains, version)
        found = [*_event(row, said), *_entry(entry, row.entry, made), *_leaf(row, entry)]
    for each in chains:
        _follow(each, row, entry)
    at = recorded_at or str((entry or {}).get("r", ""))
    if malformed:
        marks.meet_malformed(row.n, at, (entry or {}).get("late") == 1)
    elif entry is not None:
        is_late, kind = entry.get("late") == 1, str(entry.get("y"))
        if said is None:
            marks.meet_restored(row.n, at, is_late, kind)
        else:
            marks.meet(row.n, at, is_late, kind, _at(said, "actor.ref"), said)
    return [Problem(check, what, row.n, row.leaf_event, at) for check, what in found]


def _malformed(row: Row, entry: dict[str, Any] | None, chains: Met, late: bool) -> Found:
    """A leaf that says: these bytes are no event. Or one that spoke as the log does, and was not the log's."""
    digest = sha256(row.body or b"").digest()
    if row.event_id is None:
        yield "leaves", "its event is gone from the trail."
        return
    if digest != row.body_hash:
        yield (
            "bodies",
            f"its bytes hash to {_short(digest)}, not to {_short(row.body_hash)} as kept beside them.",
        )
    try:
        said = read_event(row.body)
        if said["type"] not in OWN_KINDS and said["actor"]["ref"] != ACTOR:
            yield "entries", "it is sealed as malformed, and its event can be read."
    except FormError:
        pass
    act = chains.acts.by_ref.get(ACTOR) or chains.acts.begin(ACTOR, row.n, row.leaf_event, row.entry)
    made = make_entry(
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
    yield from _entry(entry, row.entry, made)


def _event(row: Row, said: dict[str, Any] | None) -> Found:
    if row.event_id is None:
        if row.event_no is not None:
            yield "leaves", "its event is gone from the trail."
        return
    digest = sha256(row.body).digest()
    if digest != row.body_hash:
        yield (
            "bodies",
            f"its bytes hash to {_short(digest)}, not to {_short(row.body_hash)} as kept beside them.",
        )
    if said is None:
        yield "bodies", "its bytes are not a JSON object."
        return
    for name, path, stands in zip(_COLUMNS, _PATHS, row, strict=False):
        if stands != (told := _at(said, path)):
            yield "columns", f"the column {name} says {stands!r}, the event {told!r}."
    if _microseconds(said.get("occurred_at")) != row.occurred_at:
        yield (
            "columns",
            f"the column occurred_at says {moment(row.occurred_at)}, the event {said.get('occurred_at')}.",
        )
    if (abs(row.recorded_at - row.occurred_at) > SKEW) != row.skewed:
        yield "columns", "the column skewed does not say how far the two clocks were apart."


def _entry(entry: dict[str, Any] | None, data: bytes, made: bytes | None) -> Found:
    if entry is None:
        yield "entries", "its entry is not a JSON object."
        return
    if made == data:
        return
    other = _parsed(made or b"") or {}
    wrong = [name for name in sorted({*entry, *other}) if entry.get(name) != other.get(name)]
    told = "; ".join(f"{name} is {_said(entry, name)}, should be {_said(other, name)}" for name in wrong)
    yield "entries", f"its entry is not what event and counters give: {told or 'other bytes for the same'}."


def _made(row: Row, said: dict[str, Any], chains: Met, late: bool, version: int) -> bytes:
    """The entry as the event and the chains give it."""

    def chain(each: Chains, ref: str) -> Chain | None:
        return (each.by_ref.get(ref) or each.begin(ref, row.n, row.leaf_event, row.entry)) if ref else None

    who = _at(said, "actor.ref")
    act = chains.acts.by_ref.get(who) or chains.acts.begin(who, row.n, row.leaf_event, row.entry)
    obj = chain(chains.objs, _at(said, "object.ref"))
    par = chain(chains.pars, _at(said, "object.parent")) if version == 2 else None
    digest, recorded = sha256(row.body).hexdigest(), stamp(row.recorded_at)
    kind, outcome = _at(said, "type"), _at(said, "outcome")
    return make_entry(row.n, _at(said, "id"), digest, recorded, kind, outcome, act, obj, par, late, version)


def _restored(row: Row, entry: dict[str, Any], chains: Met, version: int) -> bytes | None:
    """The entry as itself and the chains give it: there is no event to make it from."""
    act = _chain(chains.acts, row, entry)
    if act is None or not all(isinstance(entry.get(name), str) for name in ("bh", "r", "y", "o")):
        return None
    obj, par = (_chain(each, row, entry) for each in (chains.objs, chains.pars))
    said = (entry["bh"], entry["r"], entry["y"], entry["o"])
    return make_entry(row.n, row.leaf_event, *said, act, obj, par, entry.get("late") == 1, version)


def _leaf(row: Row, entry: dict[str, Any] | None) -> Found:
    if sha256(b"\0" + row.entry).digest() != row.hash:
        yield "leaves", "the leaf's hash is not the hash of its entry."
    if entry is None:
        return
    kept = {"e": row.leaf_event, "act": row.act.hex(), "act_n": row.act_n}
    kept |= {"obj": row.obj.hex() if row.obj else None, "obj_n": row.obj_n}
    kept |= {"par": row.par.hex() if row.par else None, "par_n": row.par_n}
    for name, stands in kept.items():
        if entry.get(name) != stands:
            yield "leaves", f"the leaf's column for {name} says {stands}, its entry {_said(entry, name)}."
    if row.event_id is not None and row.event_id != row.leaf_event:
        yield "leaves", f"the leaf points to another event, {row.event_id}."


def _follow(chains: Chains, row: Row, entry: dict[str, Any] | None) -> None:
    """Go on from what was sealed, so that one wrong leaf does not make all later ones wrong."""
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
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _at(said: dict[str, Any], path: str) -> str:
    """What the database's ->> gives for texts and whole numbers; "" for what is not there."""
    found: Any = said
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return "" if found is None else str(found)


def _microseconds(text: Any) -> int | None:
    try:
        since = datetime.fromisoformat(text).astimezone(UTC) - datetime(2000, 1, 1, tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return None
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _said(entry: dict[str, Any], name: str) -> str:
    value = entry.get(name)
    return "missing" if value is None else _short(value) if len(str(value)) == 64 else str(value)


def _short(digest: bytes | str) -> str:
    return f"{digest.hex() if isinstance(digest, bytes) else digest:.12}…"

"""State the completeness of a month: what was expected, what was found, and every exception.

A statement is canonical JSON (RFC 8785), stored as it was stated and always in English. Its SHA-256 is in the event
`assurance.stated`, which the sealed log signs, so anyone with the file and the event's proof can verify it. It contains
ids of agents and objects but no names, because it can never be changed and names may have to be erased.
"""

import csv
import hashlib
import io
import json
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import rfc8785
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from recordings.assurance.board import Tally, count_board
from recordings.assurance.findings import NOT_FOUND, OPEN, Finding
from recordings.assurance.listing import Item, Selection, select_items
from recordings.assurance.rates import channels, where_missing_counts
from recordings.assurance.usual import Range, Usual, usual_in_channels
from recordings.assurance.window import Window
from recordings.audit import Actor, Kind, Target, record
from recordings.models import CompletenessStatement, Stream
from recordings.models.fields import uuid7
from recordings.reach import EVERYTHING
from recordings.wording import in_english

FORMAT = "auditportal-completeness-v1"
TABLE = (
    "at",
    "findings",
    "object",
    "recording",
    "channel",
    "agent",
    "seconds",
    "usual_seconds",
    "bytes",
    "state",
)
CAVEAT = gettext_noop(
    "CommBox does not report that a call took place. Expected is every recording of the month that CommBox ever "
    "reported and, in channels that recorded nearly all conversations before (missing_is_counted), every closed "
    "conversation that an agent had. A call that left neither is not included."
)
# Explanations in the document. A new wording is no new fact, so it does not make a new version.
_EXPLANATIONS = ("meanings", "caveat")
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('recordings.assurance.statement'))"


@transaction.atomic
def state_month(*, month: date, by: Actor, person: Any = None) -> CompletenessStatement:
    """State a month and return the statement. When the facts have not changed, return the newest version instead.

    Raises AuditUnavailable when the event cannot be recorded; then no statement is stored.
    """
    # 1. Lock, so that versions are numbered one after the other.
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
    # 2. Make a new version only when the facts have changed.
    facts = facts_of(month)
    newest = CompletenessStatement.objects.filter(month=month).order_by("-version").first()
    if newest is not None and _states(newest, facts):
        return newest
    # 3. Write the document, and its hashes into an event, which the sealed log will sign.
    pk, stated_at = uuid7(), timezone.now()
    version = 1 if newest is None else newest.version + 1
    about: dict[str, Any] = {
        "format": FORMAT,
        "id": str(pk),
        "version": version,
        "stated_at": _iso(stated_at),
    }
    document = rfc8785.dumps({**about, "origin": settings.AUDIT_ORIGIN, **facts})
    hashes = {"sha256": _sha256(document), "table_sha256": _sha256(exceptions_csv(document))}
    sums = {name: int(facts["total"][name]) for name in ("expected", "found", "exceptions")}
    event = record(
        Kind.ASSURANCE_STATED,
        by=by,
        target=Target("statement", f"statement:{pk}"),
        detail={"month": f"{month:%Y-%m}", "version": version, **sums, **hashes},
    )
    # 4. Store the statement in the transaction of the event.
    return CompletenessStatement.objects.create(
        id=pk,
        month=month,
        version=version,
        stated_at=stated_at,
        stated_by=person,
        document=document,
        facts_sha256=_sha256(rfc8785.dumps(facts)),
        event_id=event,
        **hashes,
        **sums,
    )


def _states(statement: CompletenessStatement, facts: dict[str, Any]) -> bool:
    stated = json.loads(bytes(statement.document))
    return all(stated.get(name) == fact for name, fact in facts.items() if name not in _EXPLANATIONS)


def facts_of(month: date) -> dict[str, Any]:
    """Collect what is known about a month now in the whole catalog, as the document states it."""
    window = Window.month(month)
    known = channels(window)
    missing_in = where_missing_counts(known)
    board = count_board(window, "channel", missing_in, EVERYTHING)
    exceptions = select_items(window, Selection(), missing_in, EVERYTHING)
    late = select_items(window, Selection(finding=Finding.LATE), missing_in, EVERYTHING)
    names = dict(Stream.objects.values_list("pk", "name"))
    past = {channel.stream_id: channel.past for channel in known}
    lines = [
        {
            **_sums(line.total),
            "channel": str(line.key),
            "name": names.get(line.key, ""),
            "missing_is_counted": (line.key, month) in missing_in,
            "conversations_before": past[line.key].conversations if line.key in past else 0,
            "recorded_before": past[line.key].recorded if line.key in past else 0,
            "days": {str(day): _sums(tally) for day, tally in sorted(line.days.items())},
        }
        for line in sorted(board.lines, key=lambda line: line.key)
    ]
    return {
        "month": f"{month:%Y-%m}",
        "late_after_minutes": int(settings.ASSURANCE_LATE.total_seconds() // 60),
        "meanings": {finding.value: in_english(finding.meaning) for finding in Finding},
        "not_found": [finding.value for finding in NOT_FOUND],
        "exceptions_are": [finding.value for finding in OPEN],
        "caveat": CAVEAT,
        "total": _sums(board.total),
        "channels": lines,
        "usual": [_usual(usual) for usual in usual_in_channels(window)],
        "exceptions": [_exception(item) for item in exceptions],
        "late": [_exception(item) for item in late if not set(item.findings) & set(OPEN)],
    }


def _sums(tally: Tally) -> dict[str, Any]:
    return {
        "expected": tally.expected,
        "found": tally.found,
        "exceptions": tally.wrong,
        "findings": {finding.value: tally.of(finding) for finding in Finding},
    }


def _usual(usual: Usual) -> dict[str, Any]:
    """Write what was usual in a channel in the month before. Values outside lowest and highest are outliers."""
    return {
        "channel": str(usual.stream_id),
        "recordings": usual.recordings,
        "seconds": _range(usual.seconds),
        "bytes_per_second": _range(usual.bytes_per_second),
    }


def _range(values: Range | None) -> dict[str, int] | None:
    return {name: round(value) for name, value in asdict(values).items()} if values else None


def _exception(item: Item) -> dict[str, Any]:
    """Write an exception. Ids are texts, because 16 digits exceed JSON's exact numbers (RFC 8785, section 3.2.2.3)."""
    return {
        "at": _iso(item.at),
        "findings": item.findings,
        "object": str(item.object_id),
        "recording": str(item.id) if item.recorded else "",
        "channel": str(item.stream_id),
        "agent": "" if item.agent_id is None else str(item.agent_id),
        "seconds": "" if item.seconds is None else str(item.seconds),
        "usual_seconds": str(item.usual_seconds) if item.odd_length else "",
        "bytes": "" if item.bytes is None else str(item.bytes),
        "state": item.state,
    }


def exceptions_csv(document: bytes) -> bytes:
    """Write the exceptions of a statement as CSV, the same bytes each time.

    No cell can be mistaken for a formula: each is an id, a number, a time or a code of the portal.
    """
    statement = json.loads(document)
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(TABLE)
    for exception in [*statement["exceptions"], *statement["late"]]:
        cells = {**exception, "findings": " ".join(exception["findings"])}
        rows.writerow(cells[name] for name in TABLE)
    return text.getvalue().encode()


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

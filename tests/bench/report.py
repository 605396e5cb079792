"""A report as CSV through our whole path, against `COPY … TO STDOUT` of the same columns by the server alone.

Our path opens what the server cannot: every name, note, label and address rests encrypted under its person's key,
and every line says its event in words. COPY gets the ciphertexts in those columns, and no words. Both go through
SHA-256 into a file on the same disk; the rounds alternate, the best of each counts.
"""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.db import connection, transaction
from django.test import override_settings

from recordings.audit import Actor, Kind, Outcome, Purpose, Target, record
from recordings.models import AuditEvent, Report
from recordings.models.fields import uuid7
from recordings.reports.building import build
from tests.factories import person

EVENTS = 30_000
PEOPLE, CUSTOMERS = 40, 2_000
ROUNDS = 3
_UTC = """to_char({}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
COPY = f"""
COPY (
    SELECT e.id AS event_no, {_UTC.format("e.recorded_at")} AS recorded_at,
           {_UTC.format("e.occurred_at")} AS occurred_at,
           e.kind, e.outcome, e.actor_ref, s.actor_name, e.actor_role, e.purpose, s.note, e.target_kind, e.target_ref,
           s.label, CASE WHEN e.target_kind = 'object' THEN e.target_ref ELSE e.parent_ref END AS object, s.address,
           e.request_id, e.event_id, encode(e.body_hash, 'hex') AS body_sha256
    FROM audit.event e
    LEFT JOIN (
        SELECT event_id,
               max(sealed) FILTER (WHERE field = 'actor.name') AS actor_name,
               max(sealed) FILTER (WHERE field = 'purpose.note') AS note,
               max(sealed) FILTER (WHERE field = 'object.label') AS label,
               max(sealed) FILTER (WHERE field = 'source.ip') AS address
        FROM audit.secret GROUP BY event_id
    ) s USING (event_id)
    ORDER BY e.id
) TO STDOUT (FORMAT csv, HEADER)
"""


def measure() -> list[dict[str, Any]]:
    """The lines of this part for bench/results.json. Needs a migrated database it may fill."""
    _fill()
    count = AuditEvent.objects.count()
    requester = person("compliance_officer", f"bench.{uuid7().hex[-8:]}")
    with TemporaryDirectory() as folder, override_settings(REPORTS_DIR=Path(folder)):
        ours, copy = _side_by_side(lambda: _ours(requester, "csv"), lambda: _copy(Path(folder)))
        exact, _ = _side_by_side(lambda: _ours(requester, "jsonl"), lambda: 0)
    return [
        {
            "name": "report as CSV, names opened and sentences written",
            "value": round(count / ours),
            "unit": "events/s",
            "ratio": round(ours / copy, 2),
            "against": "COPY of the same columns, names left encrypted (time, ours / theirs)",
        },
        {
            "name": "report as JSON Lines, exact bytes",
            "value": round(count / exact),
            "unit": "events/s",
            "ratio": round(exact / copy, 2),
            "against": "the same COPY (time, ours / theirs)",
        },
    ]


def _side_by_side(ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[float, float]:
    """The best time of each, in seconds, of rounds that take turns."""
    times = [(_seconds(ours), _seconds(theirs)) for _ in range(ROUNDS)]
    return min(mine for mine, _ in times), min(other for _, other in times)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _ours(requester: Any, format: str) -> None:
    newest = AuditEvent.objects.order_by("-id").values_list("id", flat=True)[0]
    report = Report.objects.create(requested_by=requester, format=format, last_event_id=newest)
    build(report.pk)
    report.refresh_from_db()
    if report.state != "ready":
        raise RuntimeError(f"the report is {report.state}: {report.error}")


def _copy(folder: Path) -> str:
    digest = hashlib.sha256()
    with connection.cursor() as cursor, (folder / "copy.csv").open("wb") as file, cursor.copy(COPY) as copy:
        for block in copy:
            file.write(block)
            digest.update(block)
    return digest.hexdigest()


@transaction.atomic
def _fill() -> None:
    """Events as a day brings them: a viewing has about six."""
    for number in range(EVENTS // 6):
        by = Actor(
            f"user:{number % PEOPLE}", "person", f"Person {number % PEOPLE}", "qa_manager", "password", "192.0.2.7",
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "5e55" * 8,
        )  # fmt: skip
        _viewing(by, 1_407_374_990_000_000 + number % CUSTOMERS, str(uuid7()))


def _viewing(by: Actor, object_id: int, viewing: str) -> None:
    customer, label = f"customer:{object_id}", "Dana Marlowe" if object_id % 3 else "דנה מרלו"
    talk = Target("object", f"object:{object_id}", label, subject=customer)
    video = Target("recording", f"recording:{uuid7()}", label, f"object:{object_id}", customer)
    url = {
        "viewing": viewing,
        "host": "s3.eu-west-1.amazonaws.com",
        "bucket": "eu",
        "object_key": f"{viewing}.mp4",
    }
    spans = {"viewing": viewing, "spans": [[0, 190_000], [282_000, 330_000]], "rate_percent": 150}
    record(Kind.SEARCHED, by=by, detail={"area": "objects", "found": 14}, private={"q": "Marlowe"})
    record(Kind.OBJECT_OPENED, by=by, target=talk, outcome=Outcome.GRANTED)
    record(
        Kind.VIEWING_REQUESTED,
        by=by,
        target=video,
        outcome=Outcome.GRANTED,
        purpose=Purpose.QUALITY,
        note="sample",
    )
    record(Kind.URL_ISSUED, by=by, target=video, outcome=Outcome.GRANTED, detail={**url, "ttl_seconds": 90})
    record(Kind.WATCHED, by=by, target=video, detail=spans, asserted_by="client")
    record(Kind.VIEWING_FINISHED, by=by, target=video, detail={"viewing": viewing, "seconds": 238})

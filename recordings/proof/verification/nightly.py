"""Every night the whole log is verified, and whoever opens the portal can see that it was."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import psycopg
import structlog
from django.db import connection, transaction
from django.utils import timezone

from recordings.audit import Actor, Kind, Outcome, record
from recordings.days import latest
from recordings.models import AuditEvent, TrailVerification
from recordings.proof.verification.findings import Verification
from recordings.proof.verification.portal import CannotVerify, database_address, verify_portal

logger = structlog.get_logger("portal.verification")

ACTOR = Actor.system("verification")
HOUR = time(2, 30)
# Two nights and some hours: one that failed for want of a database is not an alarm yet.
SILENCE = timedelta(hours=50)
_LOCK = "SELECT pg_try_advisory_lock(hashtextextended('audit.verification', 0))"


def is_due(now: datetime) -> bool:
    """Whether the night's hour has passed since the last verification began, or since the first event."""
    newest = newest_verification()
    if newest is not None:
        return newest.started_at < latest(HOUR, now)
    first = AuditEvent.objects.order_by("pk").values_list("recorded_at", flat=True).first()
    return first is not None and first < latest(HOUR, now)


def verify_nightly() -> TrailVerification | None:
    """Verify, keep the result, write it into the trail. None when a verification is running already."""
    with psycopg.connect(database_address(), autocommit=True) as holder:
        if holder.execute(_LOCK).fetchone() != (True,):
            return None
        began = timezone.now()
        try:
            return keep(verify_portal(), by=ACTOR)
        except CannotVerify as error:
            row = TrailVerification(
                started_at=began,
                finished_at=timezone.now(),
                events=0,
                leaves=0,
                ok=False,
                problem=error.sentence,
            )
            return _keep(row, ACTOR, {})


def keep(result: Verification, *, by: Actor) -> TrailVerification:
    """Keep a result: a row for the pages, an event for the trail."""
    problem = str(result.problem) if result.problem else ""
    row = TrailVerification(
        started_at=result.started_at,
        finished_at=result.started_at + timedelta(seconds=result.seconds),
        events=result.events,
        leaves=result.leaves,
        ok=result.ok,
        problem=problem,
        lines=result.lines(),
    )
    for check in result.checks:
        if check.name == "values" and not check.ok:
            # The database notes the incident once: the next night finds the same values.
            with connection.cursor() as cursor:
                sentence = check.sentence.partition(" (and ")[0]
                cursor.execute("SELECT audit.note_trouble('values_damaged', %s)", [sentence])
    return _keep(row, by, {"root": result.root.hex()})


def _keep(row: TrailVerification, by: Actor, more: dict[str, Any]) -> TrailVerification:
    detail = {
        "verification": str(row.id),
        "events": row.events,
        "leaves": row.leaves,
        "duration_ms": round(row.duration / timedelta(milliseconds=1)),
        **more,
        **({"sentence": row.problem[:1000]} if row.problem else {}),
    }
    with transaction.atomic():
        row.save(force_insert=True)
        outcome = Outcome.COMPLETED if row.ok else Outcome.ERROR
        record(Kind.TRAIL_VERIFIED, by=by, outcome=outcome, detail=detail)
    log = logger.info if row.ok else logger.error
    log(
        "trail verified",
        ok=row.ok,
        leaves=row.leaves,
        seconds=row.duration.total_seconds(),
        problem=row.problem,
    )
    return row


def newest_verification() -> TrailVerification | None:
    """The newest result; None before the first."""
    return TrailVerification.objects.order_by("-started_at").first()


@dataclass(frozen=True)
class Alarm:
    """What every page must say of the log's verification."""

    title: str
    sentence: str


def alarm() -> Alarm | None:
    """The newest verification found the log broken, or there was none for two nights; None while all is well."""
    newest = newest_verification()
    if newest is not None and not newest.ok:
        return Alarm(
            "The audit trail did not pass its verification.",
            f"{newest.problem} Keep the database as it is, and run manage.py verify_trail.",
        )
    if newest is not None and timezone.now() - newest.started_at > SILENCE:
        return Alarm(
            "The audit trail was not verified last night.",
            "The clock (celery beat) or the worker may not be running.",
        )
    return None


def metrics() -> dict[str, float]:
    """For the metrics page: whether the newest verification passed, how old it is, how long it took, in seconds."""
    newest = newest_verification()
    if newest is None:
        return {}
    return {
        "portal_trail_verified": float(newest.ok),
        "portal_trail_verified_age_seconds": (timezone.now() - newest.finished_at).total_seconds(),
        "portal_trail_verification_seconds": newest.duration.total_seconds(),
        "portal_trail_verified_leaves": float(newest.leaves),
    }

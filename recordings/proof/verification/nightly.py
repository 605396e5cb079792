"""Verify the whole log every night, store the result, and alert everybody when it fails or is missing."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import psycopg
import structlog
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext

from recordings.audit import Actor, Kind, Outcome, record
from recordings.days import latest
from recordings.models import AuditEvent, TrailVerification
from recordings.proof.verification.findings import Verification
from recordings.proof.verification.portal import CannotVerify, database_address, verify_portal

logger = structlog.get_logger("portal.verification")

ACTOR = Actor.system("verification")
HOUR = time(2, 30)
# Two nights and some hours, so that one night without a database raises no alarm.
MAX_AGE = timedelta(hours=50)
_LOCK = "SELECT pg_try_advisory_lock(hashtextextended('audit.verification', 0))"


def is_due(now: datetime) -> bool:
    """Tell whether HOUR has passed since the last verification began, or else since the first event."""
    newest = newest_verification()
    if newest is not None:
        return newest.started_at < latest(HOUR, now)
    first = AuditEvent.objects.order_by("pk").values_list("recorded_at", flat=True).first()
    return first is not None and first < latest(HOUR, now)


def verify_nightly() -> TrailVerification | None:
    """Verify the log and store the result. None when another verification is running."""
    with psycopg.connect(database_address(), autocommit=True) as holder:
        if holder.execute(_LOCK).fetchone() != (True,):
            return None
        began = timezone.now()
        try:
            return store_result(verify_portal(), by=ACTOR)
        except CannotVerify as error:
            row = TrailVerification(
                started_at=began,
                finished_at=timezone.now(),
                events=0,
                leaves=0,
                ok=False,
                problem=error.sentence,
            )
            return _store(row, ACTOR, {})


def store_result(result: Verification, *, by: Actor) -> TrailVerification:
    """Store a result as a row for the pages and as an event in the trail."""
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
            # note_trouble() records the incident only once, although every night finds the same values.
            with connection.cursor() as cursor:
                sentence = check.sentence.partition(" (and ")[0]
                cursor.execute("SELECT audit.note_trouble('values_damaged', %s)", [sentence])
    return _store(row, by, {"root": result.root.hex()})


def _store(row: TrailVerification, by: Actor, extra: dict[str, Any]) -> TrailVerification:
    detail = {
        "verification": str(row.id),
        "events": row.events,
        "leaves": row.leaves,
        "duration_ms": round(row.duration / timedelta(milliseconds=1)),
        **extra,
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
    """Return the newest result; None before the first."""
    return TrailVerification.objects.order_by("-started_at").first()


@dataclass(frozen=True)
class Alarm:
    """A warning about the log's verification, shown on every page."""

    title: str
    sentence: str


def alarm() -> Alarm | None:
    """Return the warning to show: the last verification failed, or there was none for MAX_AGE. None if all is well."""
    newest = newest_verification()
    if newest is not None and not newest.ok:
        return Alarm(
            gettext("The audit trail did not pass its verification."),
            gettext(
                "Keep the database unchanged, and run manage.py verify_trail. The first problem: %(problem)s"
            )
            % {"problem": newest.problem},
        )
    if newest is not None and timezone.now() - newest.started_at > MAX_AGE:
        return Alarm(
            gettext("The audit trail was not verified last night."),
            gettext("Celery beat or the worker may not be running."),
        )
    return None


def metrics() -> dict[str, float]:
    """Return the metrics of the newest verification: whether it passed, its age and duration in seconds, its leaves."""
    newest = newest_verification()
    if newest is None:
        return {}
    return {
        "portal_trail_verified": float(newest.ok),
        "portal_trail_verified_age_seconds": (timezone.now() - newest.finished_at).total_seconds(),
        "portal_trail_verification_seconds": newest.duration.total_seconds(),
        "portal_trail_verified_leaves": float(newest.leaves),
    }

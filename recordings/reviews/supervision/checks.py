"""Spot checks: a second compliance officer reviews a drawn share of closed items again, and agrees or disagrees.

The draw is that of docs/sampling.md. The population is frozen first; its seed comes from a later checkpoint.
"""

import hashlib
import io
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from recordings.audit import Actor, Kind, Target, record
from recordings.days import moment_of
from recordings.models import (
    DONE,
    Disposition,
    DispositionReason,
    SpotCheck,
    SpotDraw,
    SpotVerdict,
    SupervisionDisposition,
)
from recordings.models.fields import uuid7
from recordings.permissions import Permission
from recordings.playback.queries import watched_of
from recordings.policies import reach
from recordings.reviews.evaluations import share_watched
from recordings.reviews.plans.checkpoints import Waiting, seed_after
from recordings.reviews.supervision.errors import CheckedAlready, NothingToDraw, NotSecond
from recordings.reviews.supervision.items import (
    Moment,
    add_disposition,
    moment_detail,
    stamp,
    watched_detail,
)
from recordings.reviews.supervision.rules import Standing, due_after, may_check
from recordings.sampling.draw import Pick, draw
from recordings.sampling.population import unit_id, write_population

PORTAL = Actor.system("supervision")
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('recordings.supervision.draw'))"


@transaction.atomic
def freeze_draw(*, since: date, until: date, share: int, person: Any, by: Actor) -> SpotDraw:
    """Freeze what was closed on these local days and can be drawn: a share of it, in percent, is drawn later.

    Left out is what is outside the person's reach and what was drawn before. Raises NothingToDraw.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME)
    zone = timezone.get_current_timezone()
    within = reach(person, Permission.SUPERVISE).q("item__recording__object__")
    closed = _closed(moment_of(since, time.min, zone), moment_of(until + timedelta(days=1), time.min, zone))
    closed = closed.filter(within)
    units = [_unit(row) for row in _one_of_each(closed.filter(spot_check=None))]
    if not units:
        raise NothingToDraw
    population = io.BytesIO()
    digest, lines = write_population(((unit, "") for unit in units), population)
    draw_id, size = uuid7(), -(-lines * share // 100)
    number = 1 + SpotDraw.objects.filter(since=since, until=until).count()
    event = record(
        Kind.SUPERVISION_FROZEN,
        by=by,
        target=target_of(draw_id),
        detail={
            "since": since.isoformat(),
            "until": until.isoformat(),
            "zone": str(zone),
            "share": share,
            "number": size,
            "units": lines,
            "population_hash": digest,
            "drawn_before": closed.exclude(spot_check=None).count(),
            "draw_number": number,
        },
    )
    return SpotDraw.objects.create(
        id=draw_id,
        frozen_by=person,
        since=since,
        until=until,
        draw_number=number,
        share=share,
        size=size,
        population=population.getvalue(),
        population_sha256=digest,
        population_size=lines,
        event_id=event,
    )


@transaction.atomic
def finish_draw(draw_id: UUID) -> Waiting | None:
    """Draw a frozen population when its checkpoint is there, else return what it waits for."""
    row = SpotDraw.objects.select_for_update().get(pk=draw_id)
    if row.drawn_at is not None:
        return None
    found = seed_after(row.event_id)
    if isinstance(found, Waiting):
        return found
    row.lines, row.checkpoint_size, row.drawn_at = b"".join(found.lines), found.size, timezone.now()
    picks = picks_of(row)
    drawn = {UUID(pick.unit.partition("/")[0]) for pick in picks}
    closed = SupervisionDisposition.objects.filter(
        disposition__in=DONE, disposed_at__lte=row.frozen_at, spot_check=None, item__recording__in=drawn
    )
    checked = _one_of_each(closed.select_related("item__recording"))
    SpotCheck.objects.bulk_create(
        SpotCheck(draw=row, item=disposition.item, disposition=disposition) for disposition in checked
    )
    record(
        Kind.SUPERVISION_DRAWN,
        by=PORTAL,
        target=target_of(row.pk),
        detail={
            "population_hash": row.population_sha256,
            "lines": row.lines.decode().splitlines(),
            "checkpoint_size": found.size,
            "checkpoint_origin": found.origin,
            "picks": len(picks),
            "picks_hash": hashlib.sha256("".join(f"{pick.unit}\n" for pick in picks).encode()).hexdigest(),
            **({"self_drawn": "yes"} if found.self_drawn else {}),
        },
    )
    row.save(update_fields=["lines", "checkpoint_size", "drawn_at"])
    return None


def picks_of(row: SpotDraw) -> list[Pick]:
    """Compute the picks of a draw from what it keeps."""
    lines = bytes(row.lines or b"").splitlines(keepends=True)
    return draw(io.BytesIO(bytes(row.population)), lines, row.size)


def is_self_drawn(row: SpotDraw) -> bool:
    """Whether no witness of another organisation gave the seed."""
    return not bytes(row.lines or b"").startswith("—".encode())


@transaction.atomic
def give_verdict(
    *, spot_check: SpotCheck, agrees: bool, note: str, moment: Moment | None, person: Any, by: Actor
) -> SpotVerdict:
    """Record what a second compliance officer found. Who disagrees opens the item again.

    Raises NotSecond for somebody who decided about the item, CheckedAlready when there is a verdict, and Overtaken.
    """
    item = spot_check.item
    if not may_check(person, item):
        raise NotSecond
    if SpotVerdict.objects.filter(spot_check=spot_check).exists():
        raise CheckedAlready
    watched = watched_of(item.recording_id, person.pk).mine
    percent, due_at = share_watched(watched, item.recording), due_after(0)
    event = record(
        Kind.SUPERVISION_CHECKED,
        by=by,
        target=Target.of(item.recording),
        detail={
            "item": str(item.pk),
            "draw": str(spot_check.draw_id),
            "verdict": "agrees" if agrees else "disagrees",
            "checked": spot_check.disposition.disposition,
            **moment_detail(moment),
            **watched_detail(watched, item.recording),
            **({} if agrees else {"due_at": stamp(due_at)}),
        },
        private={"note": note},
    )
    start, end = moment or (None, None)
    facts = {
        "from_ms": start,
        "to_ms": end,
        "watched": watched,
        "watched_percent": percent,
        "event_id": event,
    }
    try:
        with transaction.atomic():
            verdict = SpotVerdict.objects.create(
                spot_check=spot_check, checked_by=person, agrees=agrees, **facts
            )
    except IntegrityError as error:
        raise CheckedAlready from error
    if not agrees:
        add_disposition(
            item=item,
            number=Standing.of(item).number + 1,
            disposed_by=person,
            disposition=Disposition.QUESTIONED,
            reason=DispositionReason.CHECK_DISAGREED,
            due_at=due_at,
            **facts,
        )
    return verdict


def checks_to_do(person: Any) -> QuerySet[SpotCheck]:
    """Select the open spot checks that a person may do, the oldest first."""
    part = SupervisionDisposition.objects.filter(item=OuterRef("item"), disposed_by=person)
    rows = SpotCheck.objects.filter(
        reach(person, Permission.SUPERVISE).q("item__recording__object__"), ~Exists(part), verdict=None
    )
    if person.own_agent_ids:
        rows = rows.exclude(item__recording__object__agent__in=person.own_agent_ids)
    return rows.select_related("item__recording__object__stream", "disposition").order_by("pk")


def draws_of(person: Any) -> QuerySet[SpotDraw]:
    """Select the draws that a person may see, newest first: all without a scope, else their own."""
    rows = SpotDraw.objects.select_related("frozen_by").order_by("-pk")
    return rows if reach(person, Permission.SUPERVISE).is_everything else rows.filter(frozen_by=person)


def _closed(begin: datetime, end: datetime) -> QuerySet[SupervisionDisposition]:
    """Select the dispositions with which an item left the queue in a period, unless it was opened again."""
    later = SupervisionDisposition.objects.filter(item=OuterRef("item"), number__gt=OuterRef("number"))
    rows = SupervisionDisposition.objects.filter(
        ~Exists(later), disposition__in=DONE, disposed_at__gte=begin, disposed_at__lt=end
    )
    return rows.select_related("item__recording__object")


def _one_of_each(rows: QuerySet[SupervisionDisposition]) -> Iterable[SupervisionDisposition]:
    """Return the newest row of each recording: a unit of a population is a recording."""
    return rows.order_by("item__recording", "-disposed_at", "-pk").distinct("item__recording")


def _unit(row: SupervisionDisposition) -> str:
    recording = row.item.recording
    seconds = recording.duration_seconds
    return unit_id(
        recording.pk,
        agent=recording.object.agent_id,
        length_ms=None if seconds is None or seconds < 0 else seconds * 1000,
    )


def target_of(draw_id: UUID) -> Target:
    """Return the target of an event about a draw."""
    return Target("draw", f"draw:{draw_id}")

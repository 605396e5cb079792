"""Gauges that are read from the database at each scrape."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from recordings.api_keys import keys
from recordings.audit.lag import lag
from recordings.audit.owed import overdue
from recordings.commbox.assembly import budget_left
from recordings.models import LogHead, OwedEvent, RefreshRun, SourceStatus
from recordings.operations import queries, unreadable
from recordings.proof.anchors.state import outside_parties
from recordings.proof.verification import nightly
from recordings.refresh import absence

Values = Mapping[str, float]
_TIMEOUT = "1s"


def _refresh() -> Values:
    waiting = queries.queue()
    oldest = waiting.oldest_due_at
    status = SourceStatus.objects.filter(pk=1).first() or SourceStatus()
    return {
        "portal_refresh_due_objects": waiting.due,
        "portal_refresh_oldest_due_seconds": (timezone.now() - oldest).total_seconds() if oldest else 0,
        "portal_refresh_set_aside_objects": queries.set_aside().count(),
        "portal_refresh_missing_recordings": absence.in_question(),
        "portal_refresh_unreadable_items": sum(group.still for group in unreadable.item_groups()),
        "portal_commbox_answering": status.failing_since is None,
        "portal_commbox_breaker_open": status.failing_since is not None,
        "portal_commbox_failures": status.failures,
    }


def _keys() -> Values:
    ends = [line.expires_at for line in keys.key_lines() if line.expires_at]
    return {"portal_commbox_key_ends_seconds": (max(ends) - timezone.now()).total_seconds()} if ends else {}


def _trail() -> Values:
    behind, head = lag(), LogHead.objects.first()
    sealed = {"portal_trail_sealed_leaves": head.size} if head else {}
    return {
        **sealed,
        "portal_trail_unsealed_events": behind.count,
        "portal_trail_lag_seconds": behind.seconds,
        "portal_trail_owed_events": OwedEvent.objects.filter(overdue()).count(),
    }


def _accounts() -> Values:
    # Written out: accounts count sign-ins in this module's metrics, and are not imported here.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE acknowledged_at IS NULL) FROM accounts_breakglassuse"
        )
        uses, unseen = cursor.fetchone()
    return {"portal_break_glass_sign_ins": uses, "portal_break_glass_unacknowledged": unseen}


def _clock() -> Values:
    """Compare this process's clock with the database's: a difference ends sessions and URLs at the wrong time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
        return {"portal_clock_skew_seconds": time.time() - cursor.fetchone()[0]}


def _budget() -> Values:
    left = budget_left()
    if left is None:
        return {}
    return {
        "portal_commbox_free_turns": left.turns,
        "portal_commbox_free_places": left.places,
        "portal_commbox_pause_seconds": left.pause_seconds,
    }


_HELP = {
    "portal_break_glass_sign_ins": "Sign-ins with a break-glass account so far",
    "portal_break_glass_unacknowledged": "Those that no administrator has acknowledged; more than 0 is an alarm",
    "portal_clock_skew_seconds": "This process's clock ahead of the database's; more than 2 either way is an alarm",
    "portal_refresh_due_objects": "Objects whose turn has come",
    "portal_refresh_oldest_due_seconds": "How long the oldest of them has waited",
    "portal_refresh_set_aside_objects": "Objects whose refresh ended their worker three times",
    "portal_refresh_missing_recordings": "Recordings missing from CommBox's last answer and not marked",
    "portal_refresh_unreadable_items": "Items of CommBox's last answers that could not be read",
    "portal_commbox_answering": "1 while CommBox answers",
    "portal_commbox_breaker_open": "1 while calls are held back but for one probe in 30 seconds",
    "portal_commbox_failures": "Failed calls since the last one that worked",
    "portal_commbox_key_ends_seconds": "Until the last API key ends",
    "portal_commbox_free_turns": "Calls of this second that are left",
    "portal_commbox_free_places": "Calls that may still be in flight",
    "portal_commbox_pause_seconds": "How long background calls rest because CommBox throttles",
    "portal_trail_verified": "1 when the newest verification of the log passed",
    "portal_trail_verified_age_seconds": "Since the newest verification ended",
    "portal_trail_verification_seconds": "How long it took",
    "portal_trail_verified_leaves": "Leaves it verified",
    "portal_trail_sealed_leaves": "Leaves of the sealed log",
    "portal_trail_unsealed_events": "Events that no signed checkpoint covers yet",
    "portal_trail_owed_events": "Ends of sessions that the trail has not taken for two minutes",
    "portal_trail_lag_seconds": "Age of the oldest of them",
}
_GROUPS: tuple[Callable[[], Values], ...] = (
    _refresh,
    _keys,
    _trail,
    _accounts,
    _clock,
    _budget,
    nightly.metrics,
)


class DatabaseGauges(Collector):
    """Every gauge that could be read; what could not is left out rather than guessed."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for group in _GROUPS:
            for name, value in _values_or_none(group).items():
                yield GaugeMetricFamily(name, _HELP[name], value=float(value))
        yield from _labelled("portal_refresh_run_age_seconds", "Since the last run began", "kind", _runs)
        yield from _labelled(
            "portal_outside_age_seconds", "Since a party outside last answered", "party", _outside
        )


def _runs() -> Values:
    newest = RefreshRun.objects.order_by("kind", "-started_at").distinct("kind")
    return {run.kind: (timezone.now() - run.started_at).total_seconds() for run in newest}


def _outside() -> Values:
    if not settings.AUDIT_ORIGIN:
        return {}
    parties = [party for party in outside_parties() if party.success_at]
    return {p.name: (timezone.now() - p.success_at).total_seconds() for p in parties if p.success_at}


def _labelled(name: str, help: str, label: str, group: Callable[[], Values]) -> Iterable[GaugeMetricFamily]:
    family = GaugeMetricFamily(name, help, labels=[label])
    for value, number in _values_or_none(group).items():
        family.add_metric([value], number)
    yield family


def _values_or_none(group: Callable[[], Values]) -> Values:
    """Read a group of gauges, or none of it: one that is slow must not keep the others from being read."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [_TIMEOUT])
            return group()
    except (DatabaseError, OSError):
        return {}

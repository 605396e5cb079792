"""The figures at the top of the overview. Each permission has its own, so each role sees what it works with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from recordings.catalog.conditions import Search
from recordings.catalog.criteria import Criteria
from recordings.catalog.finding import find
from recordings.db import Where, fetch_all
from recordings.models import CommBoxObject, CompletenessStatement, RecordingState
from recordings.paging import COUNTED
from recordings.permissions import Permission
from recordings.reach import EVERYTHING, Reach
from recordings.refresh.source_health import SourceHealth

WEEK = 7
LATE = timedelta(minutes=5)
# What needs attention: label, states, note, level.
ATTENTION = (
    (
        _("Changed or missing"),
        (RecordingState.CHANGED, RecordingState.VANISHED),
        _("at the source, since they were first seen"),
        "warn",
    ),
    (
        _("Not playable"),
        (RecordingState.FILE_MISSING, RecordingState.STORAGE_REFUSED, RecordingState.NOT_PLAYABLE),
        _("no file, refused by storage, or outside the allowed buckets"),
        "bad",
    ),
)
_OVERDUE = "SELECT count(*) FROM (SELECT FROM recordings_commboxobject o {where} LIMIT %s) due"
_EVENTS = """
SELECT (SELECT count(*) FROM (SELECT FROM audit.event WHERE recorded_at >= %(since)s LIMIT %(most)s) e),
       (SELECT count(*) FROM (SELECT FROM audit.event
                              WHERE recorded_at >= %(since)s AND outcome = 'denied' LIMIT %(most)s) d)
"""
NEVER = _("no answer from CommBox yet")


@dataclass(frozen=True)
class Tile:
    """A figure of the overview, and the address of its details."""

    label: str | Promise
    value: str | Promise
    note: str | Promise
    level: str = ""
    url: str = ""


def tiles(
    reach_of: Callable[[Permission], Reach], days: list[tuple[date, int]], health: SourceHealth
) -> list[Tile]:
    """Return the figures for a person with these permissions, of what is in reach.

    Statements and events of everything are for those whose reach is everything. `days`: the recordings of each day,
    today last.
    """

    def may(permission: Permission) -> bool:
        return not reach_of(permission).is_nothing

    found: list[Tile] = []
    listed = reach_of(Permission.SEARCH_OBJECTS)
    if may(Permission.VIEW_OPERATIONS):
        found += _operations(health)
    if may(Permission.SEARCH_OBJECTS):
        found += _recordings(listed, days, health)
    if may(Permission.SEARCH_OBJECTS) or may(Permission.VIEW_OPERATIONS):
        found.append(_overdue(EVERYTHING if may(Permission.VIEW_OPERATIONS) else listed, health))
    if reach_of(Permission.VIEW_ASSURANCE).is_everything:
        found.append(_completeness())
    if reach_of(Permission.READ_TRAIL).is_everything:
        found.append(_events())
    if may(Permission.MANAGE_PEOPLE):
        found.append(_people())
    return found


def _operations(health: SourceHealth) -> list[Tile]:
    address = reverse("operations:operations")
    failed = CommBoxObject.objects.filter(refresh_error_at__isnull=False).count()
    label = gettext("Not refreshed")
    objects = Tile(label, f"{failed:,}", gettext("objects whose last refresh failed"), "warn", address)
    if not failed:
        note: str | Promise = _("the last refresh of every object succeeded") if health.was_asked else NEVER
        objects = Tile(label, "0" if health.was_asked else "–", note, _ok(health), address)
    return [Tile("CommBox", health.word, health.note, health.level, address), objects]


def _recordings(reach: Reach, days: list[tuple[date, int]], health: SourceHealth) -> list[Tile]:
    lists = reverse("catalog:recordings")
    week = sum(number for _, number in days[-WEEK:])
    since = urlencode({"since": days[-WEEK][0]})
    so_far = gettext("%(number)s today") % {"number": f"{days[-1][1]:,}"}
    found = [Tile(gettext("Recordings, 7 days"), f"{week:,}", so_far, url=f"{lists}?{since}")]
    for title, states, note, level in ATTENTION:
        number = find(Search.for_recordings(Criteria(states=states), reach), 1).number
        query = urlencode([("state", state.value) for state in states])
        if number:
            found.append(Tile(title, _capped(number), note, level, f"{lists}?{query}"))
        elif health.was_asked:
            found.append(Tile(title, "0", gettext("no recording"), "ok"))
        else:
            found.append(Tile(title, "–", NEVER))
    return found


def _overdue(reach: Reach, health: SourceHealth) -> Tile:
    where = Where("o.refresh_due_at < %s", (timezone.now() - LATE,)) & reach.where("o")
    ((late,),) = fetch_all(connection, _OVERDUE.format(where=where.clause()), [*where.values, COUNTED + 1])
    label = gettext("Refresh overdue")
    if late:
        return Tile(label, _capped(late), gettext("objects that should have been refreshed by now"), "warn")
    note = _("every object was refreshed on time") if health.was_asked else NEVER
    return Tile(label, "0" if health.was_asked else "–", note, _ok(health))


def _completeness() -> Tile:
    """Return the figure of the newest statement. The assurance page counts live."""
    newest = CompletenessStatement.objects.defer("document").order_by("-month", "-version").first()
    if newest is None:
        address = reverse("assurance:board")
        return Tile(gettext("Completeness"), "–", gettext("no monthly statement yet"), url=address)
    percent = f"{1000 * newest.found // newest.expected / 10:g} %" if newest.expected else "–"
    several = ngettext("%(number)s exception", "%(number)s exceptions", newest.exceptions)
    address = reverse("assurance:statement", args=[newest.pk])
    level = "warn" if newest.exceptions else "ok" if newest.expected else ""
    label = gettext("Recordings found in %(month)s") % {"month": date_format(newest.month, "F Y")}
    return Tile(label, percent, several % {"number": f"{newest.exceptions:,}"}, level, address)


def _events() -> Tile:
    values = {"since": timezone.now() - timedelta(days=1), "most": COUNTED + 1}
    ((events, refused),) = fetch_all(connection, _EVENTS, values)
    note = gettext("none refused")
    if refused:
        note = gettext("%(number)s refused") % {"number": _capped(refused)}
    return Tile(gettext("Events, 24 hours"), _capped(events), note, url=reverse("trail:trail"))


def _people() -> Tile:
    people = get_user_model().objects.filter(is_active=True)
    with_role = people.filter(grants__ended_at=None, grants__isnull=False).distinct().count()
    without = people.count() - with_role
    note = gettext("everyone has a role")
    if without:
        note = gettext("%(number)s without a role") % {"number": f"{without:,}"}
    return Tile(gettext("People"), f"{with_role + without:,}", note, url=reverse("people:list"))


def _ok(health: SourceHealth) -> str:
    return "ok" if health.was_asked else ""


def _capped(number: int) -> str:
    return f"> {COUNTED:,}" if number > COUNTED else f"{number:,}"

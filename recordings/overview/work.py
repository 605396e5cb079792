"""What a person is to do for reviews, as figures of the overview. A figure without work is not shown."""

from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from recordings.models import AssignedViewing, CoachingSession, Exemplar
from recordings.overview.tiles import Tile
from recordings.permissions import Permission
from recordings.reach import Reach
from recordings.reviews.disputes.results import own_results
from recordings.reviews.disputes.standing import State, in_state
from recordings.reviews.plans.work import count_work
from recordings.reviews.queries import counted_evaluations
from recordings.reviews.supervision.queue import due_of


def work_of(person: Any, reach_of: Callable[[Permission], Reach]) -> list[Tile]:
    """Return the figures: evaluations, supervision, disputes, signatures and coaching that wait for this person."""
    may = person.has_permission
    found: list[Tile] = []
    if may(Permission.EVALUATE):
        found += _evaluations(person)
    if may(Permission.SUPERVISE):
        found += _supervision(person)
    if may(Permission.DECIDE_DISPUTES):
        found += _disputes(person, reach_of(Permission.DECIDE_DISPUTES))
    if may(Permission.READ_OWN_CALLS):
        found += _signatures(reach_of(Permission.READ_OWN_CALLS))
    if may(Permission.EVALUATE) or may(Permission.READ_OWN_CALLS):
        found += _coaching(person)
    return found


def _evaluations(person: Any) -> Iterator[Tile]:
    due, in_all = count_work(person)
    if in_all:
        note = ngettext("%(number)s assignment open", "%(number)s assignments open", in_all)
        label = gettext("Evaluations due today")
        yield Tile(label, f"{due:,}", note % {"number": f"{in_all:,}"}, url=reverse("plans:todo"))


def _supervision(person: Any) -> Iterator[Tile]:
    waiting, overdue = due_of(person)
    if waiting:
        note, level = gettext("none overdue"), ""
        if overdue:
            note, level = _overdue(overdue), "warn"
        yield Tile(gettext("To supervise"), f"{waiting:,}", note, level, reverse("supervision:queue"))


def _disputes(person: Any, reach: Reach) -> Iterator[Tile]:
    """Count open disputes in reach. Those of the person's own scores and calls are for somebody else."""
    rows = counted_evaluations().filter(in_state(State.DISPUTED), reach.q("recording__object__"))
    rows = rows.exclude(scorer=person)
    if own := person.own_agent_ids:
        rows = rows.exclude(recording__object__agent_id__in=own)
    if number := rows.count():
        address = f"{reverse('disputes:results')}?state={State.DISPUTED.value}"
        yield Tile(gettext("Evaluations disputed"), f"{number:,}", gettext("to be decided"), url=address)


def _signatures(reach: Reach) -> Iterator[Tile]:
    if number := own_results(reach).filter(in_state(State.WAITING)).count():
        note = gettext("to read, then to sign or dispute")
        yield Tile(gettext("My reviews"), f"{number:,}", note, url=reverse("disputes:own_reviews"))


def _coaching(person: Any) -> Iterator[Tile]:
    open_sessions = CoachingSession.objects.filter(person=person, acknowledged_at=None, closed_at=None)
    viewings = AssignedViewing.objects.open().filter(person=person, exemplar__in=Exemplar.objects.in_use())
    number = open_sessions.count() + viewings.count()
    if number:
        late = Q(due_at__lt=timezone.now())
        overdue = open_sessions.filter(late).count() + viewings.filter(late).count()
        note, level = gettext("to acknowledge or watch"), ""
        if overdue:
            note, level = _overdue(overdue), "warn"
        yield Tile(gettext("My coaching"), f"{number:,}", note, level, reverse("coaching:mine"))


def _overdue(number: int) -> str:
    return ngettext("%(number)s overdue", "%(number)s overdue", number) % {"number": f"{number:,}"}

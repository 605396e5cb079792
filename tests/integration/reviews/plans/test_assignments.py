"""Assignments: shared within loads, reach and never one's own call; begun, given to others, done."""

from collections import Counter
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from auditportal.accounts.models import Grant
from recordings.audit import Actor
from recordings.models import Assignment, AuditEvent, Evaluation, Recording, SamplingPlan, ScorecardVersion
from recordings.reach import EVERYTHING, Reach, Scope
from recordings.reviews import scorecards
from recordings.reviews.evaluations import begin_evaluation
from recordings.reviews.plans import plans, work
from recordings.reviews.plans.assigning import give_to_others, open_picks, reassign
from recordings.reviews.plans.errors import CannotTake, NoActiveVersion
from recordings.reviews.plans.scorers import Place, Scorer, share
from tests.factories import person
from tests.integration.reviews.plans.given import AFTER, SPAN, Planned
from tests.integration.reviews.plans.test_plans import drawn

pytestmark = pytest.mark.django_db

agents = st.integers(1, 4)
scorer = st.builds(
    Scorer,
    pk=st.integers(1, 6),
    name=st.just("x"),
    load=st.integers(0, 5),
    is_active=st.booleans() | st.just(True),
    reach=st.just(EVERYTHING)
    | st.builds(lambda ids: Reach(frozenset({Scope(agents=ids)})), st.frozensets(agents, max_size=3)),
    own_agents=st.frozensets(agents, max_size=1),
)


@given(
    st.lists(scorer, max_size=4, unique_by=lambda one: one.pk),
    st.lists(agents, max_size=20),
    st.dictionaries(st.integers(1, 6), st.integers(0, 3)),
)
def test_shared_work_respects_load_reach_and_own_calls(
    people: list[Scorer], calls: list[int], taken: dict[int, int]
) -> None:
    picks = [(UUID(int=number), Place(1, who, "standard")) for number, who in enumerate(calls)]
    shared = share(picks, people, taken)
    assert share(picks, people, taken) == shared
    by_id, places = {one.pk: one for one in people}, dict(picks)
    for pick, who in shared.items():
        one, place = by_id[who], places[pick]
        assert one.is_active
        assert one.reach.includes(place)
        assert place.agent_id not in one.own_agents
    given_now = Counter(shared.values())
    for one in people:
        assert given_now[one.pk] == 0 or taken.get(one.pk, 0) + given_now[one.pk] <= one.load
    for pick, place in picks:  # nothing waits that somebody has room for
        if pick not in shared:
            assert all(
                not one.may_take(place) or taken.get(one.pk, 0) + given_now[one.pk] >= one.load
                for one in people
            )


def open_counts() -> Counter[int]:
    return Counter(Assignment.objects.filter(ended_at=None).values_list("scorer", flat=True))


def test_work_is_shared_by_load_and_what_is_too_much_waits(
    planned: Planned, calls: list[Recording], scorers: list[Any], by: Actor
) -> None:
    plan = planned(scorers={str(scorers[0].pk): 3, str(scorers[1].pk): 1})
    sample = drawn(plan, by)
    assert open_counts() == {scorers[0].pk: 3, scorers[1].pk: 1}
    assert len(open_picks(sample)) == 2
    SamplingPlan.objects.filter(pk=plan.pk).update(scorers={str(scorers[0].pk): 3, str(scorers[1].pk): 9})
    plans.advance_plan(plan.pk, AFTER)
    assert open_counts() == {scorers[0].pk: 3, scorers[1].pk: 3}


def test_begin_links_the_evaluation_and_what_was_begun_elsewhere_counts(
    plan: SamplingPlan, calls: list[Recording], version: ScorecardVersion, scorers: list[Any], by: Actor
) -> None:
    drawn(plan, by)
    me = scorers[0]
    first, second, third = work.open_work(me)
    begun = work.begin_assignment(assignment=first, person=me, by=by)
    assert work.begin_assignment(assignment=first, person=me, by=by) == begun
    elsewhere = begin_evaluation(recording=second.pick.recording, version=version, scorer=me, by=by)
    assert work.begin_assignment(assignment=second, person=me, by=by) == elsewhere
    own = begin_evaluation(recording=third.pick.recording, version=version, scorer=me, by=by)
    Evaluation.objects.filter(pk=own.pk).update(submitted_at=timezone.now())
    plans.advance_plan(plan.pk, AFTER)
    assert list(work.open_work(me)) == [first, second]
    third.refresh_from_db()
    assert third.evaluation == own


def test_a_retired_scorecard_begins_nothing_and_finishes_what_was_begun(
    plan: SamplingPlan,
    calls: list[Recording],
    version: ScorecardVersion,
    scorers: list[Any],
    manager: Any,
    by: Actor,
) -> None:
    drawn(plan, by)
    first, second, *_rest = work.open_work(scorers[0])
    begun = work.begin_assignment(assignment=first, person=scorers[0], by=by)
    scorecards.retire_version(version=version, person=manager, by=by)
    assert work.begin_assignment(assignment=first, person=scorers[0], by=by) == begun
    with pytest.raises(NoActiveVersion):
        work.begin_assignment(assignment=second, person=scorers[0], by=by)


def test_what_the_scorer_may_not_evaluate_any_more_is_not_shown(
    plan: SamplingPlan, calls: list[Recording], scorers: list[Any], agents: list[Any], by: Actor
) -> None:
    drawn(plan, by)
    me = type(scorers[0]).objects.get(pk=scorers[0].pk)
    me.agent_links.create(agent=agents[0], reason="known")
    shown = {row.pick.recording.object.agent_id for row in work.open_work(me)}
    assert agents[0].pk not in shown
    me.grants.update(ended_at=timezone.now())
    Grant.objects.create(user=me, role="reviewer", agents=[agents[1].pk])
    me = type(me).objects.get(pk=me.pk)
    assert {row.pick.recording.object.agent_id for row in work.open_work(me)} <= {agents[1].pk}


def test_due_today_counts_what_is_due_by_the_end_of_the_day(
    plan: SamplingPlan, calls: list[Recording], scorers: list[Any], by: Actor
) -> None:
    drawn(plan, by)
    assert work.count_work(scorers[0]) == (0, 3)
    week = timezone.now() + timedelta(days=7)
    for moment, due in ((week, 3), (week - timedelta(days=1), 0), (week + timedelta(days=3), 3)):
        with patch("django.utils.timezone.now", return_value=moment):
            assert work.count_work(scorers[0]) == (due, 3)


def test_absence_gives_what_was_not_begun_to_others(
    plan: SamplingPlan, calls: list[Recording], scorers: list[Any], by: Actor
) -> None:
    drawn(plan, by)
    mine = list(work.open_work(scorers[0]))
    work.begin_assignment(assignment=mine[0], person=scorers[0], by=by)
    assert give_to_others(plan=plan, person_id=scorers[0].pk, by=by) == 2
    assert open_counts() == {scorers[0].pk: 1, scorers[1].pk: 5}
    assert AuditEvent.objects.filter(kind="assignment.ended").count() == 2
    plans.advance_plan(plan.pk, AFTER)
    assert open_counts() == {scorers[0].pk: 1, scorers[1].pk: 5}


def test_a_deactivated_scorers_work_goes_to_others(
    plan: SamplingPlan, calls: list[Recording], scorers: list[Any], by: Actor
) -> None:
    drawn(plan, by)
    work.begin_assignment(assignment=work.open_work(scorers[0])[0], person=scorers[0], by=by)
    type(scorers[0]).objects.filter(pk=scorers[0].pk).update(is_active=False)
    plans.advance_plan(plan.pk, AFTER)
    assert open_counts() == {scorers[1].pk: 6}
    assert Assignment.objects.filter(ended_at__isnull=False).count() == 3


def test_a_pick_is_given_to_a_scorer_who_may_take_it(
    plan: SamplingPlan, calls: list[Recording], scorers: list[Any], agents: list[Any], by: Actor
) -> None:
    sample = drawn(plan, by)
    pick = work.open_work(scorers[0])[0].pick
    made = reassign(pick=pick, person=scorers[1], by=by)
    assert made.scorer == scorers[1]
    assert pick.assignments.filter(ended_at=None).get() == made
    with pytest.raises(CannotTake):  # not a scorer of the plan
        reassign(pick=pick, person=person("reviewer"), by=by)
    own = type(scorers[0]).objects.get(pk=scorers[0].pk)
    own.agent_links.create(agent_id=pick.recording.object.agent_id, reason="known")
    with pytest.raises(CannotTake):
        reassign(pick=pick, person=own, by=by)
    assert pick.assignments.filter(ended_at=None).get() == made
    assert sample.period_from == SPAN[0]

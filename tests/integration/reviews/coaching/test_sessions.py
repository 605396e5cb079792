"""Coaching sessions: what is collected for whom, who reads it, and that goals and notes are personal values."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from auditportal.accounts.models import Grant
from recordings.models import AuditEvent, CoachingItem, CoachingSession, Evaluation, Recording
from recordings.reviews import scorecards
from recordings.reviews.coaching import sessions
from recordings.reviews.coaching.errors import AlreadyDone
from recordings.reviews.coaching.forms import NO_SUCH_RECORDING, NOT_THEIRS
from recordings.reviews.coaching.moments import BEYOND, NotAMoment
from recordings.reviews.coaching.sessions import EmptySession, Moment
from tests.factories import person, recording, stream
from tests.integration.reviews.coaching.helpers import SYSTEM, actor
from tests.unit.scorecards.forms import EXAMPLE, as_bytes

pytestmark = pytest.mark.django_db
TOMORROW = timedelta(days=1)


@pytest.fixture
def evaluation(coach: Any, call: Recording) -> Evaluation:
    """A submitted evaluation of the agent's call, by somebody else."""
    scorer = person("qa_manager", full_name="Sam Scorer")
    version = scorecards.create_scorecard(
        document=as_bytes(EXAMPLE), imported=False, person=scorer, by=SYSTEM
    )
    return Evaluation.objects.create(
        recording=call, version=version, scorer=scorer, submitted_at=timezone.now()
    )


@pytest.fixture
def session(coach: Any, trainee: Any, call: Recording, evaluation: Evaluation) -> CoachingSession:
    return sessions.open_session(
        person=trainee,
        evaluations=[evaluation],
        moments=[Moment(call, 83_000, 100_000, "Dana was interrupted")],
        goals="Let Dana finish",
        due_at=timezone.now() + TOMORROW,
        coach=coach,
        by=actor(coach),
    )


def new(who: Any) -> str:
    return f"{reverse('coaching:new')}?person={who.pk}"


def due(days: int = 1) -> str:
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def test_a_coach_collects_and_the_person_acknowledges(
    client: Client, coach: Any, trainee: Any, call: Recording, evaluation: Evaluation
) -> None:
    client.force_login(coach)
    # From the page of the recording, whose agent is the person.
    page = client.get(reverse("playback:recording", args=[call.pk])).content.decode()
    assert f"{reverse('coaching:new')}?recording={call.pk}" in page
    page = client.get(f"{reverse('coaching:new')}?recording={call.pk}&at=1:23").content.decode()
    assert f'value="{call.pk}"' in page
    assert EXAMPLE["title"] in page
    # The page is the coach's own: the script of the session reloads one that names somebody else.
    assert f'data-person="{coach.pk}"' in page
    fields = {
        "goals": "Let Dana finish",
        "due": due(),
        "evaluations": [str(evaluation.pk)],
        "recording_0": f"https://portal.example/recordings/{call.pk}/",
        "at_0": "1:23-1:40",
        "note_0": "Dana was interrupted",
    }
    answer = client.post(f"{reverse('coaching:new')}?recording={call.pk}", fields, follow=True)
    assert "Let Dana finish" in answer.content.decode()
    assert list(CoachingItem.objects.order_by("position").values_list("evaluation", "from_ms", "to_ms")) == [
        (evaluation.pk, None, None),
        (None, 83_000, 100_000),
    ]

    client.force_login(trainee)
    assert reverse("coaching:mine") in client.get(reverse("playback:own_calls")).content.decode()
    row = CoachingSession.objects.get()
    address = reverse("coaching:my_session", args=[row.pk])
    assert address in client.get(reverse("coaching:mine")).content.decode()
    page = client.get(address).content.decode()
    assert all(
        words in page for words in ("Let Dana finish", "Dana was interrupted", "1:23–1:40", "Coach Cole")
    )
    assert "Sam Scorer" not in page
    page = client.post(address, {"comment": "I will"}, follow=True).content.decode()
    assert "I will" in page
    assert client.post(address, {"comment": "again"}).status_code == 409

    client.force_login(coach)
    assert "I will" in client.get(reverse("coaching:session", args=[row.pk])).content.decode()
    assert client.post(reverse("coaching:close", args=[row.pk])).status_code == 302
    row.refresh_from_db()
    assert row.state == "closed"
    assert client.post(reverse("coaching:close", args=[row.pk])).status_code == 409


def test_goals_notes_and_comment_are_personal_values(session: CoachingSession, trainee: Any) -> None:
    sessions.acknowledge(session=session, comment="Dana was rude", by=actor(trainee))
    kinds = ("coaching.session_opened", "coaching.acknowledged")
    bodies = [
        bytes(body).decode()
        for body in AuditEvent.objects.filter(kind__in=kinds).values_list("body", flat=True)
    ]
    assert len(bodies) == 2
    assert not any("Dana" in body for body in bodies)
    detail = json.loads(bodies[0])["action_detail"]
    assert detail["session"] == str(session.pk)
    assert len(detail["goals"]) == 64  # the commitment


@pytest.mark.parametrize(
    ("acknowledged", "closed", "days", "state"),
    [
        (False, False, 1, "open"),
        (False, False, -1, "overdue"),
        (True, False, -1, "acknowledged"),
        (True, True, 1, "closed"),
        (False, True, -1, "closed"),
    ],
)
def test_states_are_derived(acknowledged: bool, closed: bool, days: int, state: str) -> None:
    now = timezone.now()
    row = CoachingSession(
        due_at=now + timedelta(days=days),
        acknowledged_at=now if acknowledged else None,
        closed_at=now if closed else None,
    )
    assert row.state == state


def test_an_empty_session_is_refused(client: Client, coach: Any, trainee: Any) -> None:
    client.force_login(coach)
    answer = client.post(new(trainee), {"goals": "Smile", "due": due()})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert str(EmptySession.sentence) in page
    assert "Smile" in page
    with pytest.raises(EmptySession):
        sessions.open_session(
            person=trainee,
            evaluations=[],
            moments=[],
            goals="",
            due_at=timezone.now(),
            coach=coach,
            by=actor(coach),
        )
    assert not CoachingSession.objects.exists()


def test_what_cannot_be_collected_is_said_at_its_place(
    client: Client, coach: Any, trainee: Any, call: Recording
) -> None:
    others = recording()
    client.force_login(coach)
    fields = {
        "goals": "Smile",
        "due": due(-1),
        "recording_0": "nothing",
        "recording_1": str(others.pk),
        "at_1": "1:23",
        "recording_2": str(call.pk),
        "at_2": "soon",
        "recording_3": str(call.pk),
        "at_3": "9:03",
    }
    answer = client.post(new(trainee), fields)
    page = answer.content.decode()
    assert answer.status_code == 422
    for words in (NO_SUCH_RECORDING, NOT_THEIRS, NotAMoment.sentence, BEYOND, "This day is over."):
        assert str(words) in page
    assert not CoachingSession.objects.exists()


def test_a_scorer_is_coached_on_what_they_evaluated(
    client: Client, coach: Any, evaluation: Evaluation
) -> None:
    client.force_login(coach)
    fields = {"goals": "Be strict", "due": due(), "evaluations": [str(evaluation.pk)]}
    assert client.post(new(evaluation.scorer), fields).status_code == 302
    assert CoachingSession.objects.get().person == evaluation.scorer


def test_who_may_read_a_session(client: Client, session: CoachingSession, coach: Any, trainee: Any) -> None:
    """The person, and coaches in whose reach it is. For everybody else it is as if there was none."""
    outside = person()
    Grant.objects.create(user=outside, role="qa_manager", channels=[stream("Other").pk])
    addresses = [reverse(f"coaching:{name}", args=[session.pk]) for name in ("session", "my_session")]
    expected = {
        coach: [200, 404],
        person("supervisor"): [200, 404],
        outside: [404, 404],
        trainee: [403, 200],
        person("agent"): [403, 404],
        person("compliance_officer"): [403, 404],
    }
    for who, statuses in expected.items():
        client.force_login(who)
        assert [client.get(address).status_code for address in addresses] == statuses, who.role_codes


def test_a_coach_outside_the_scope_opens_none(client: Client, trainee: Any, call: Recording) -> None:
    outside = person()
    Grant.objects.create(user=outside, role="supervisor", channels=[stream("Other").pk])
    client.force_login(outside)
    fields = {"goals": "Smile", "due": due(), "recording_0": str(call.pk), "at_0": "1:23"}
    answer = client.post(new(trainee), fields)
    assert answer.status_code == 422
    assert str(NO_SUCH_RECORDING) in answer.content.decode()


def test_nobody_coaches_themselves_or_the_deactivated(client: Client, coach: Any, trainee: Any) -> None:
    client.force_login(coach)
    type(trainee).objects.filter(pk=trainee.pk).update(is_active=False)
    for who in (coach, trainee):
        assert client.get(new(who)).status_code == 422


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE recordings_coachingsession SET due_at = now()",
        "UPDATE recordings_coachingsession SET acknowledged_at = NULL",
        "DELETE FROM recordings_coachingsession",
        "UPDATE recordings_coachingitem SET position = 9",
        "DELETE FROM recordings_coachingitem",
    ],
)
def test_nobody_changes_what_was_collected(session: CoachingSession, trainee: Any, change: str) -> None:
    sessions.acknowledge(session=session, comment="", by=actor(trainee))
    with pytest.raises(AlreadyDone):
        sessions.acknowledge(session=session, comment="", by=actor(trainee))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_takes_as_many_queries_for_one_as_for_three(
    client: Client, coach: Any, trainee: Any, call: Recording, number: int, django_assert_num_queries: Any
) -> None:
    for _ in range(number):
        sessions.open_session(
            person=trainee,
            evaluations=[],
            moments=[Moment(call, 0, 0, "")],
            goals="Smile",
            due_at=timezone.now(),
            coach=coach,
            by=actor(coach),
        )
    client.force_login(coach)
    client.get(reverse("coaching:sessions"))
    with django_assert_num_queries(4):
        page = client.get(reverse("coaching:sessions")).content.decode()
    assert page.count("data-row") == number

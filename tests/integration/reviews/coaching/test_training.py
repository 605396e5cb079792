"""Assigned viewing: who may play an exemplar's recording and until when, and what completes a viewing."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from auditportal.accounts.models import Grant
from recordings.audit import Actor
from recordings.models import AssignedViewing, AuditEvent, Exemplar, Recording, ViewingAttempt
from recordings.playback.errors import Denial, Denied
from recordings.playback.policies import check_may_go_on, may_play
from recordings.reach import NOTHING
from recordings.reviews.coaching import training
from recordings.reviews.coaching.errors import AlreadyDone, NotAssignable, NotInUse, NotPassable
from recordings.reviews.coaching.training import BARRED, INACTIVE, NOT_ALL, TOO_LITTLE, TWICE
from tests.factories import person, recording, viewing
from tests.integration.reviews.coaching.helpers import RIGHT, WRONG, actor, add, assign

pytestmark = pytest.mark.django_db
SESSION = "a" * 32


def watching(user: Any) -> Actor:
    return Actor(f"user:{user.pk}", "person", user.display_name, user.role_codes, session=SESSION)


def withdraw(exemplar: Exemplar) -> None:
    Exemplar.objects.filter(pk=exemplar.pk).update(withdrawn_at=timezone.now(), withdrawn_why="by_hand")


def expire(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a year pass: passports expire before."""
    later = timezone.now() + timedelta(days=365)
    monkeypatch.setattr(timezone, "now", lambda: later)


def cancel(assigned: AssignedViewing) -> None:
    AssignedViewing.objects.filter(pk=assigned.pk).update(cancelled_at=timezone.now())


FACTS = ("done", "cancelled", "withdrawn", "expired", "missing", "inactive")


def test_the_right_to_play_is_that_of_the_open_assignment(trainee: Any, coach: Any) -> None:
    """Every combination: an agent may play exactly while nothing of FACTS holds."""
    for facts in product([False, True], repeat=len(FACTS)):
        holds = dict(zip(FACTS, facts, strict=True))
        example = recording()
        with transaction.atomic():
            made = add(coach, example, quiz=False)
            row = assign(made, trainee, coach)
            one = viewing(example, trainee, session_ref=SESSION, purpose="training")
            if holds["done"]:
                viewing(example, trainee, watched=[(60_000, 160_000)])
                training.attempt_viewing(assignment=row, fields={}, by=actor(trainee))
            if holds["cancelled"]:
                cancel(row)
            if holds["withdrawn"]:
                withdraw(made)
            if holds["missing"]:
                Recording.objects.filter(pk=example.pk).update(vanished_at=timezone.now())
            if holds["inactive"]:
                type(trainee).objects.filter(pk=trainee.pk).update(is_active=False)
            with pytest.MonkeyPatch.context() as patch:
                if holds["expired"]:
                    expire(patch)
                allowing = AssignedViewing.objects.allowing
                assert allowing(trainee.pk, example.pk).exists() == (not any(facts)), holds
                # A viewing that began before it was completed may continue.
                begun = allowing(trainee.pk, example.pk, begun_at=one.started_at)
                assert begun.exists() == (not any(facts[1:])), holds
            type(trainee).objects.filter(pk=trainee.pk).update(is_active=True)


def test_exactly_that_recording_and_exactly_that_person(
    assigned: AssignedViewing, trainee: Any, example: Recording
) -> None:
    sibling = recording(example.object)
    assert may_play(trainee, example)
    assert not may_play(trainee, sibling)
    assert not may_play(person("agent"), example)
    assert may_play(person("qa_manager"), example)


def test_an_assignment_opens_no_other_page(
    client: Client, assigned: AssignedViewing, trainee: Any, example: Recording
) -> None:
    """Neither the recording's page, nor its player's button, nor a download, nor somebody else's assignment."""
    client.force_login(trainee)
    assert client.get(reverse("playback:recording", args=[example.pk])).status_code == 403
    assert (
        client.post(reverse("playback:start", args=[example.pk]), {"purpose": "training"}).status_code == 403
    )
    assert (
        client.post(reverse("playback:download", args=[example.pk]), {"purpose": "training"}).status_code
        == 403
    )
    address = reverse("coaching:viewing", args=[assigned.pk])
    assert client.get(address).status_code == 200
    client.force_login(person("qa_manager"))
    assert client.get(address).status_code == 404
    assert client.post(reverse("coaching:play", args=[assigned.pk])).status_code == 404
    assert client.post(reverse("coaching:attempt", args=[assigned.pk]), RIGHT).status_code == 404


@pytest.mark.parametrize("why", ["expired", "withdrawn", "cancelled"])
def test_what_ends_while_somebody_watches_ends_the_next_renewal(
    assigned: AssignedViewing,
    trainee: Any,
    example: Recording,
    why: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The refusal is in the trail, and what was watched is kept."""
    one = viewing(example, trainee, session_ref=SESSION, purpose="training", watched=[(60_000, 90_000)])
    check_may_go_on(one, reach=NOTHING, by=watching(trainee))
    if why == "cancelled":
        cancel(assigned)
    elif why == "withdrawn":
        withdraw(assigned.exemplar)
    else:
        expire(monkeypatch)
    with pytest.raises(Denied) as refused:
        check_may_go_on(one, reach=NOTHING, by=watching(trainee))
    assert refused.value.denial is Denial.OUT_OF_REACH
    assert AuditEvent.objects.filter(kind="viewing.denied").count() == 1
    assert training.watched_by(trainee.pk, assigned.exemplar).percent == 30


@pytest.mark.parametrize(
    ("watched", "percent", "is_enough"),
    [
        ([], 0, False),
        ([(0, 60_000)], 0, False),
        ([(0, 109_999)], 49, False),
        ([(0, 110_000)], 50, True),
        ([(60_000, 80_000), (130_000, 542_000)], 50, True),
        ([(0, 542_000)], 100, True),
    ],
)
def test_the_share_is_that_of_the_range(
    exemplar: Exemplar, trainee: Any, watched: list[tuple[int, int]], percent: int, is_enough: bool
) -> None:
    viewing(exemplar.recording, trainee, watched=watched)
    viewing(exemplar.recording, watched=[(0, 542_000)])  # somebody else's do not count
    found = training.watched_by(trainee.pk, exemplar)
    assert (found.percent, found.is_enough) == (percent, is_enough)


def test_attempts_are_kept_until_one_passes(
    assigned: AssignedViewing, trainee: Any, example: Recording
) -> None:
    by = actor(trainee)
    with pytest.raises(NotPassable, match=str(TOO_LITTLE)):
        training.attempt_viewing(assignment=assigned, fields=RIGHT, by=by)
    viewing(example, trainee, watched=[(0, 300_000)])
    with pytest.raises(NotPassable, match=str(NOT_ALL)) as refused:
        training.attempt_viewing(assignment=assigned, fields={"answer.q1": ["a1"]}, by=by)
    assert list(refused.value.problems) == ["q2"]
    assert not ViewingAttempt.objects.exists()

    assert not training.attempt_viewing(assignment=assigned, fields=WRONG, by=by).is_passed
    assert training.attempt_viewing(assignment=assigned, fields=RIGHT, by=by).is_passed
    rows = ViewingAttempt.objects.order_by("number")
    assert list(rows.values_list("number", "score", "watched_percent", "watched")) == [
        (1, "50.00", 100, [(60_000, 160_000)]),
        (2, "100.00", 100, [(60_000, 160_000)]),
    ]
    assert training.own_viewing(trainee, assigned.pk).state == "done"
    with pytest.raises(AlreadyDone):
        training.attempt_viewing(assignment=assigned, fields=RIGHT, by=by)
    assert AuditEvent.objects.filter(kind="training.attempted").count() == 2


def test_an_attempt_at_a_withdrawn_exemplar_says_why(assigned: AssignedViewing, trainee: Any) -> None:
    withdraw(assigned.exemplar)
    with pytest.raises(NotInUse, match="A coach withdrew it"):
        training.attempt_viewing(assignment=assigned, fields=RIGHT, by=actor(trainee))


def test_to_whom_nothing_is_assigned(exemplar: Exemplar, trainee: Any, coach: Any) -> None:
    officer = person("administrator")
    Grant.objects.create(user=officer, role="agent")
    assign(exemplar, trainee, coach)
    gone = person("agent", is_active=False)
    for who, sentence in ((officer, BARRED), (gone, INACTIVE), (trainee, TWICE)):
        with pytest.raises(NotAssignable) as refused:
            assign(exemplar, who, coach)
        assert refused.value.sentence == sentence
    withdraw(exemplar)
    with pytest.raises(NotInUse):
        assign(exemplar, person("agent"), coach)
    assert AssignedViewing.objects.count() == 1


def test_the_page_of_an_exemplar_assigns_and_cancels(
    client: Client, exemplar: Exemplar, coach: Any, trainee: Any
) -> None:
    client.force_login(coach)
    address = reverse("coaching:exemplar", args=[exemplar.pk])
    due = (timezone.localdate() + timedelta(days=1)).isoformat()
    gone = person("qa_manager", is_active=False)
    answer = client.post(f"{address}assign/", {"person": gone.pk, "due": due})
    assert answer.status_code == 422
    assert str(INACTIVE) in answer.content.decode()
    page = client.post(f"{address}assign/", {"person": trainee.pk, "due": due}, follow=True).content.decode()
    assert "Avery Trainee" in page
    again = client.post(f"{address}assign/", {"person": trainee.pk, "due": due})
    assert again.status_code == 409
    assert str(TWICE) in again.content.decode()
    row = AssignedViewing.objects.get()
    cancelling = reverse("coaching:cancel", args=[exemplar.pk, row.pk])
    assert client.post(cancelling).status_code == 302
    assert client.post(cancelling).status_code == 409
    assert not may_play(trainee, exemplar.recording)


def test_the_trainee_sees_progress_quiz_and_result(
    client: Client, assigned: AssignedViewing, trainee: Any
) -> None:
    client.force_login(trainee)
    assert "A good identity check" in client.get(reverse("coaching:mine")).content.decode()
    address = reverse("coaching:viewing", args=[assigned.pk])
    page = client.get(address).content.decode()
    assert "What comes first?" in page
    assert "Dana" not in page
    refused = client.post(f"{address}attempt/", {"answer.q1": "a1"})
    assert refused.status_code == 422
    page = refused.content.decode()
    assert str(TOO_LITTLE) in page
    assert 'value="a1" checked' in page
    viewing(assigned.exemplar.recording, trainee, watched=[(60_000, 160_000)])
    progress = client.get(address, headers={"HX-Request": "true", "X-Poll": "true"}).content.decode()
    assert "100 %" in progress
    assert "<html" not in progress
    answers = {"answer.q1": "a1", "answer.q2": "a2"}
    page = client.post(f"{address}attempt/", answers, follow=True).content.decode()
    assert "Passed" in page
    assert 'id="quiz"' not in page
    assert client.post(f"{address}play/").status_code == 403


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE recordings_exemplar SET expires_at = now()",
        "UPDATE recordings_assignedviewing SET due_at = now()",
        "UPDATE recordings_viewingattempt SET is_passed = true",
        "DELETE FROM recordings_viewingattempt",
    ],
)
def test_nobody_changes_what_was_recorded(assigned: AssignedViewing, trainee: Any, change: str) -> None:
    viewing(assigned.exemplar.recording, trainee, watched=[(60_000, 160_000)])
    training.attempt_viewing(assignment=assigned, fields=WRONG, by=actor(trainee))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


@pytest.mark.parametrize("role", ["external_auditor", "administrator"])
def test_a_role_that_never_sees_recordings_ends_the_right(
    assigned: AssignedViewing, trainee: Any, example: Recording, role: str
) -> None:
    """Also when it was granted after the assignment."""
    one = viewing(example, trainee, session_ref=SESSION, purpose="training")
    Grant.objects.create(user=trainee, role=role, until=timezone.now() + timedelta(days=1))
    now = type(trainee).objects.get(pk=trainee.pk)
    assert not may_play(now, example)
    one = type(one).objects.get(pk=one.pk)
    with pytest.raises(Denied) as refused:
        check_may_go_on(one, reach=NOTHING, by=watching(now))
    assert refused.value.denial is Denial.OUT_OF_REACH

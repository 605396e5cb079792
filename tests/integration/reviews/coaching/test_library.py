"""The library of exemplars: passports, quizzes, and why an exemplar is withdrawn; reminders of what is due."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from auditportal.accounts.models import Grant
from auditportal.accounts.tasks import remind_of_coaching
from recordings.audit import Kind
from recordings.models import (
    AuditEvent,
    CoachingSession,
    Dispute,
    Evaluation,
    EvaluationScore,
    Exemplar,
    Recording,
    Withdrawal,
)
from recordings.models.fields import uuid7
from recordings.playback.policies import may_play
from recordings.reviews import scorecards
from recordings.reviews.coaching.errors import AlreadyDone
from recordings.reviews.coaching.exemplars import check_exemplars, withdraw_exemplar, withdraw_exemplars
from recordings.reviews.coaching.quiz import NO_TEXT, NONE_RIGHT, NONE_WRONG, TOO_FEW, Typed
from recordings.reviews.coaching.sessions import Moment, open_session
from tests.factories import person, recording, stream
from tests.integration.reviews.coaching.helpers import SYSTEM, actor, add, assign
from tests.unit.scorecards.forms import EXAMPLE, as_bytes

pytestmark = pytest.mark.django_db


def fields(owner: Any, **changes: str) -> dict[str, str]:
    return {
        "title": "A good identity check",
        "moment": "1:00-2:40",
        "basis": "consent",
        "basis_text": "Consent 4711 of Dana",
        "owner": str(owner.pk),
        "expires": (timezone.localdate() + timedelta(days=30)).isoformat(),
        "share": "90",
        "pass_percent": "80",
        "question_0": "What comes first?",
        "answers_0": "*The greeting\nThe price",
        **changes,
    }


def dispute(of: Recording) -> None:
    """Open a dispute about an evaluation of a recording."""
    scorer, now = person("qa_manager"), timezone.now()
    version = scorecards.create_scorecard(
        document=as_bytes(EXAMPLE), imported=False, person=scorer, by=SYSTEM
    )
    evaluation = Evaluation.objects.create(recording=of, version=version, scorer=scorer, submitted_at=now)
    score = EvaluationScore.objects.create(
        evaluation=evaluation,
        number=1,
        scored_at=now,
        answers=b"{}",
        answers_hash="",
        result={"score": "60.00", "complete": True, "failed": [], "sections": []},
        watched=[],
        event_id=uuid7(),
    )
    Dispute.objects.create(
        evaluation=evaluation,
        question="greeting",
        score=score,
        opened_by=scorer,
        opened_at=now,
        is_for_agent=False,
        opened_event=uuid7(),
    )


def test_a_recording_becomes_an_exemplar_with_a_passport(
    client: Client, coach: Any, example: Recording
) -> None:
    client.force_login(coach)
    address = reverse("coaching:add", args=[example.pk])
    assert address in client.get(reverse("playback:recording", args=[example.pk])).content.decode()
    page = client.post(address, fields(coach), follow=True).content.decode()
    assert "Consent 4711 of Dana" in page
    row = Exemplar.objects.get()
    assert (row.from_ms, row.to_ms, row.share_needed, row.pass_percent) == (60_000, 160_000, 90, 80)
    assert json.loads(bytes(row.quiz or b""))["format"] == "auditportal-form/1"
    body = bytes(AuditEvent.objects.get(kind="exemplar.added").body).decode()
    assert "Dana" not in body
    assert json.loads(body)["action_detail"]["quiz_hash"] == row.quiz_hash
    assert "A good identity check" in client.get(reverse("coaching:library")).content.decode()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"answers_0": "The greeting\nThe price"}, NONE_RIGHT),
        ({"answers_0": "*The greeting\n*The price"}, NONE_WRONG),
        ({"answers_0": "*The greeting"}, TOO_FEW),
        ({"question_0": ""}, NO_TEXT),
        ({"moment": "1:00"}, "Give a range of at least one second"),
        ({"moment": "9:00-9:30"}, "The recording is shorter than that."),
        ({"expires": "2020-01-01"}, "This day is over."),
        ({"share": "0"}, "greater than or equal to 1"),
        ({"basis": "none"}, "Select a valid choice"),
    ],
)
def test_bad_input_is_said_at_its_place_and_kept(
    client: Client, coach: Any, example: Recording, changes: dict[str, str], sentence: Any
) -> None:
    client.force_login(coach)
    answer = client.post(reverse("coaching:add", args=[example.pk]), fields(coach, **changes))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert str(sentence) in page
    assert "Consent 4711 of Dana" in page
    assert not Exemplar.objects.exists()


def test_a_recording_of_unknown_length_needs_a_range(client: Client, coach: Any) -> None:
    endless = recording(duration_seconds=None)
    client.force_login(coach)
    answer = client.post(reverse("coaching:add", args=[endless.pk]), fields(coach, moment=""))
    assert "Give a range." in answer.content.decode()
    assert answer.status_code == 422


@pytest.mark.parametrize("answers", ["", "\n \n", "*"])
def test_empty_lines_are_no_answers(answers: str) -> None:
    assert Typed("", answers).is_empty


def vanish(of: Recording) -> None:
    Recording.objects.filter(pk=of.pk).update(vanished_at=timezone.now())


@pytest.mark.parametrize(("happens", "why"), [(dispute, Withdrawal.DISPUTE), (vanish, Withdrawal.MISSING)])
def test_an_exemplar_is_withdrawn_at_once_and_for_good(
    client: Client,
    coach: Any,
    trainee: Any,
    exemplar: Exemplar,
    happens: Callable[[Recording], None],
    why: Withdrawal,
) -> None:
    """It is not in use from that moment on; the check records it, once."""
    example = exemplar.recording
    assign(exemplar, trainee, coach)
    assert check_exemplars() == 0
    assert may_play(trainee, example)
    happens(example)
    assert not may_play(trainee, example)
    client.force_login(coach)
    page = client.get(reverse("coaching:exemplar", args=[exemplar.pk])).content.decode()
    assert str(why.label) in page
    assert reverse("coaching:assign", args=[exemplar.pk]) not in page
    assert reverse("playback:recording", args=[example.pk]) not in page
    assert (check_exemplars(), check_exemplars()) == (1, 0)
    Recording.objects.update(vanished_at=None)
    exemplar.refresh_from_db()
    assert exemplar.withdrawn_why == why
    detail = json.loads(bytes(AuditEvent.objects.get(kind="exemplar.withdrawn").body))["action_detail"]
    assert (detail["exemplar"], detail["why"]) == (str(exemplar.pk), why.value)
    client.force_login(trainee)
    row = trainee.assigned_viewings.get()
    page = client.get(reverse("coaching:viewing", args=[row.pk])).content.decode()
    assert str(why.label) in page
    answer = client.post(reverse("coaching:play", args=[row.pk]))
    assert answer.status_code == 403
    assert str(why.label) in answer.content.decode()


def test_an_expired_or_erased_exemplar_is_withdrawn(
    coach: Any, trainee: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    expired, erased, own = (add(coach, recording(), days=days) for days in (-1, 30, 30))
    subjects = [erased.recording.object.subject]
    monkeypatch.setattr(
        "recordings.reviews.coaching.exemplars.erased_since", lambda subject, since: subject in subjects
    )
    assert check_exemplars() == 2
    why = dict(Exemplar.objects.values_list("pk", "withdrawn_why"))
    assert why == {expired.pk: "expired", erased.pk: "erased", own.pk: None}


def test_a_dispute_can_withdraw_them_itself(exemplar: Exemplar) -> None:
    assert withdraw_exemplars(exemplar.recording, Withdrawal.DISPUTE) == 1
    assert withdraw_exemplars(exemplar.recording, Withdrawal.DISPUTE) == 0
    with pytest.raises(AlreadyDone):
        withdraw_exemplar(exemplar=exemplar, why=Withdrawal.BY_HAND, by=SYSTEM)


def test_a_coach_withdraws_with_a_reason(client: Client, coach: Any, exemplar: Exemplar) -> None:
    client.force_login(coach)
    address = reverse("coaching:withdraw", args=[exemplar.pk])
    assert client.post(address, {"reason": ""}).status_code == 422
    assert client.post(address, {"reason": "Dana asked"}).status_code == 302
    assert "Dana" not in bytes(AuditEvent.objects.get(kind="exemplar.withdrawn").body).decode()
    assert client.post(address, {"reason": "again"}).status_code == 409


def test_a_library_is_what_the_scope_reaches(client: Client, exemplar: Exemplar, coach: Any) -> None:
    outside = person()
    Grant.objects.create(user=outside, role="qa_manager", channels=[stream("Other").pk])
    client.force_login(outside)
    assert exemplar.title not in client.get(reverse("coaching:library")).content.decode()
    assert client.get(reverse("coaching:exemplar", args=[exemplar.pk])).status_code == 404
    assert client.get(reverse("coaching:add", args=[exemplar.recording_id])).status_code == 404


@pytest.mark.parametrize("number", [1, 3])
def test_lists_take_as_many_queries_for_one_as_for_three(
    client: Client, coach: Any, trainee: Any, number: int, django_assert_num_queries: Any
) -> None:
    for _ in range(number):
        assign(add(coach, recording()), trainee, coach)
    for who, name, queries in ((coach, "library", 4), (trainee, "mine", 7)):
        client.force_login(who)
        client.get(reverse(f"coaching:{name}"))
        with django_assert_num_queries(queries):
            page = client.get(reverse(f"coaching:{name}")).content.decode()
        assert page.count("data-row") == number


def test_a_mail_a_day_says_what_is_due(
    settings: Any, coach: Any, trainee: Any, call: Recording, example: Recording
) -> None:
    """Without names and titles; once a day; and only while something is due within a day."""
    settings.SMTP_URL = "smtp://mail.example"
    settings.DEFAULT_FROM_EMAIL = "portal@example.org"
    settings.PUBLIC_URL = "https://portal.example"
    assign(add(coach, example), trainee, coach, days=0)
    assign(add(coach, recording()), trainee, coach, days=7)
    open_session(
        person=trainee,
        evaluations=[],
        moments=[Moment(call, 0, 0, "Dana")],
        goals="Smile",
        due_at=timezone.now(),
        coach=coach,
        by=actor(coach),
    )
    remind_of_coaching()
    remind_of_coaching()
    (sent,) = mail.outbox
    assert sent.to == ["avery@example.org"]
    assert "1 coaching session waits for your acknowledgement." in sent.body
    assert "1 assigned viewing is to be completed." in sent.body
    assert "https://portal.example/my-coaching/" in sent.body
    assert "Smile" not in sent.body
    assert AuditEvent.objects.filter(kind=Kind.COACHING_REMINDED).count() == 1
    CoachingSession.objects.update(reminded_at=timezone.now() - timedelta(days=1))
    remind_of_coaching()
    assert len(mail.outbox) == 2

"""Release, signature, dispute and decision: what each leaves behind, and what is refused."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from recordings.audit.opened import open_event
from recordings.exceptions import OwnCall, PortalError
from recordings.models import AuditEvent, BlindAnswer, Dispute, EvaluationScore
from recordings.reach import EVERYTHING, NOTHING
from recordings.reviews.disputes import errors, standing
from recordings.reviews.disputes.actions import keep_reading
from recordings.reviews.disputes.rates import overturned_by_question, overturned_by_scorer
from recordings.reviews.disputes.result_page import ResultPage
from recordings.reviews.disputes.standing import SIGN_WITHIN, find
from recordings.reviews.evaluations import Disputed, Incomplete, change_evaluation
from tests.factories import person, viewing
from tests.integration.reviews.disputes.desk import ANSWERS, BY, Desk, actor

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def kinds() -> list[str]:
    found = AuditEvent.objects.filter(kind__regex="^(evaluation|dispute)").order_by("id")
    return list(found.values_list("kind", flat=True))


def detail_of(kind: str) -> dict[str, Any]:
    detail: dict[str, Any] = json.loads(bytes(AuditEvent.objects.get(kind=kind).body))["action_detail"]
    return detail


def test_the_whole_way(desk: Desk) -> None:
    """A decision adds a score, keeps the first, and asks for a signature of the new one."""
    desk.release()
    dispute = desk.dispute()
    decider = person("qa_manager")
    desk.answer_blind(decider)
    decided = desk.decide(dispute, decider)
    assert desk.scores == ["0.00", "100.00"]
    assert (decided.outcome, decided.decided_by, decided.decided_score.number) == ("changed", decider, 2)
    assert desk.state == "waiting"
    desk.sign()
    assert desk.state == "signed"
    assert kinds() == [
        "evaluation.started",
        "evaluation.submitted",
        "evaluation.released",
        "dispute.opened",
        "dispute.answered_blind",
        "dispute.decided",
        "evaluation.signed",
    ]
    assert detail_of("dispute.decided")["score_before"] == "0.00"
    for kind in ("dispute.opened", "dispute.answered_blind", "dispute.decided"):
        assert "Dana" not in json.dumps(detail_of(kind)), "reasons and comments are personal values"
    opened = open_event(dispute.opened_event)
    assert opened is not None
    assert opened.private("action_detail.reason") == "I greeted Dana"


def test_the_decided_score_has_the_decider_s_answer_and_the_scorer_s_others(desk: Desk) -> None:
    desk.release()
    dispute, decider = desk.dispute(), person("qa_manager")
    desk.answer_blind(decider)
    desk.decide(dispute, decider)
    page = ResultPage.of(find(desk.evaluation.pk), "en")
    answers = {answer.key: answer for section in page.sections for answer in section.answers}
    assert (answers["greeting"].value, answers["greeting"].comment) == ("Yes", "Dana is greeted at 1:23")
    assert answers["remark"].value == "Asked Dana for the invoice"
    assert (answers["summary"].moment, answers["summary"].second) == ("1:23", 83)
    newest = EvaluationScore.objects.get(number=2)
    assert newest.watched == EvaluationScore.objects.get(number=1).watched


def test_an_upheld_answer_keeps_the_score(desk: Desk) -> None:
    desk.release()
    dispute, decider = desk.dispute(), person("qa_manager")
    desk.answer_blind(decider)
    decided = desk.decide(dispute, decider, "upheld")
    assert (desk.scores, decided.outcome, decided.decided_score) == (["0.00"], "upheld", None)
    assert desk.state == "waiting"
    assert detail_of("dispute.decided")["outcome"] == "upheld"


def test_a_changed_evaluation_needs_a_new_signature(desk: Desk) -> None:
    desk.release()
    desk.sign()
    assert desk.state == "signed"
    changed = {**ANSWERS, "answer.greeting": ["yes"]}
    change_evaluation(evaluation=desk.evaluation, fields=changed, reason="misheard", by=actor(desk.scorer))
    assert desk.state == "waiting"
    desk.sign()
    assert desk.state == "signed"


def test_the_window(desk: Desk) -> None:
    """It begins with the release, the newest score or the last decision, and then nothing can be disputed."""
    desk.release()
    with time_machine.travel(timezone.now() + SIGN_WITHIN + DAY, tick=True):
        with pytest.raises(errors.WindowClosed):
            desk.dispute()
        desk.sign()
    assert desk.state == "signed", "a late signature counts"


def test_what_was_not_signed_in_time_is_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.release()
    monkeypatch.setattr(standing, "SIGN_WITHIN", -DAY)
    assert desk.state == "overdue"
    assert find(desk.evaluation.pk).due_at < timezone.now()


@pytest.mark.parametrize("question", ["apology", "nonsense", ""])
def test_a_question_that_was_not_asked_is_not_disputed(desk: Desk, question: str) -> None:
    desk.release()
    with pytest.raises(errors.NotAsked):
        desk.dispute(question)
    assert not Dispute.objects.exists()


def test_what_else_is_refused(desk: Desk) -> None:
    """Each refusal leaves no row and no event."""
    decider = person("qa_manager")

    def refused(error: type[PortalError], act: Any, *args: Any, **kwargs: Any) -> None:
        before = AuditEvent.objects.count()
        with pytest.raises(error):
            act(*args, **kwargs)
        assert AuditEvent.objects.count() == before

    refused(errors.NotReleased, desk.sign)
    refused(errors.NotReleased, desk.dispute)
    desk.release()
    refused(errors.AlreadyReleased, desk.release)
    refused(errors.ReasonMissing, desk.dispute, reason="")
    dispute = desk.dispute()
    refused(errors.AlreadyDisputed, desk.dispute)
    refused(errors.HasOpenDispute, desk.sign)
    refused(errors.NotBlind, desk.decide, dispute, decider)
    refused(errors.ScorersOwn, desk.answer_blind, desk.scorer)
    refused(Disputed, change_evaluation, evaluation=desk.evaluation, fields=ANSWERS, reason="x", by=BY)
    desk.answer_blind(decider, **{"answer.greeting": ["no"]})
    refused(errors.NothingToChange, desk.decide, dispute, decider)
    refused(errors.ReasonMissing, desk.decide, dispute, decider, reason="")
    desk.decide(dispute, decider, "upheld")
    refused(errors.AlreadyDecided, desk.decide, dispute, decider)
    refused(errors.AlreadyDisputed, desk.dispute)
    desk.sign()
    refused(errors.AlreadySigned, desk.sign)
    refused(errors.AlreadySigned, desk.dispute, "hold")
    refused(OwnCall, desk.release, desk.agent)


def test_who_has_read_the_answers_cannot_score_blind(desk: Desk) -> None:
    reader, decider = person("qa_manager"), person("qa_manager")
    keep_reading(evaluation_id=desk.evaluation.pk, reader=reader)
    desk.release()
    first = desk.dispute()
    with pytest.raises(errors.HasRead):
        desk.answer_blind(reader)
    # After the comparison a further dispute is for others, and the one that was answered blind is still theirs.
    desk.answer_blind(decider)
    keep_reading(evaluation_id=desk.evaluation.pk, reader=decider)
    desk.dispute("hold")
    with pytest.raises(errors.HasRead):
        desk.answer_blind(decider, **{"answer.hold": ["20"]})
    assert desk.decide(first, decider).outcome == "changed"


def test_whoever_disputes_for_the_agent_does_not_decide(desk: Desk) -> None:
    supervisor = desk.supervisor("super.all", None)
    desk.release()
    dispute = desk.dispute(by=supervisor)
    assert dispute.is_for_agent
    with pytest.raises(errors.OwnDispute):
        desk.answer_blind(supervisor)


def test_a_blind_answer_that_asks_more_is_completed(desk: Desk) -> None:
    """An answer of 61 asks for an apology, which the scorer did not have to answer."""
    desk.release()
    dispute, decider = desk.dispute("hold"), person("qa_manager")
    with pytest.raises(Incomplete) as refused:
        desk.answer_blind(decider, **{"answer.hold": ["61"]})
    assert list(refused.value.problems) == ["apology"]
    desk.answer_blind(decider, **{"answer.hold": ["61"], "answer.apology": ["no"]})
    desk.decide(dispute, decider)
    newest = EvaluationScore.objects.get(number=2)
    assert json.loads(bytes(newest.answers))["answers"]["apology"] == {"option": "no"}
    assert newest.result["complete"] is True


def test_a_moment_of_a_blind_answer_was_watched_by_the_decider(desk: Desk) -> None:
    desk.release()
    desk.dispute()
    decider = person("qa_manager")
    fields = {"answer.greeting": ["yes"], "at.greeting": ["83000"]}
    with pytest.raises(Incomplete):
        desk.answer_blind(decider, **fields)
    viewing(desk.call, decider, watched=[(80_000, 90_000)])
    desk.answer_blind(decider, **fields)
    blind = BlindAnswer.objects.get()
    assert (blind.watched, blind.watched_percent) == ([(80_000, 90_000)], 1)


def test_when_the_agent_has_left_a_supervisor_signs(desk: Desk) -> None:
    desk.release()
    desk.agent.is_active = False
    desk.agent.save(update_fields=["is_active"])
    supervisor = desk.supervisor("super.team", desk.team)
    with pytest.raises(errors.ReasonMissing):
        desk.sign(supervisor)
    desk.sign(supervisor, "The agent left on Monday")
    assert desk.state == "signed"
    assert detail_of("evaluation.signed")["signed_by"] == "supervisor"


def test_when_the_scorer_is_deactivated_everything_goes_on(desk: Desk) -> None:
    desk.scorer.is_active = False
    desk.scorer.save(update_fields=["is_active"])
    other, decider = person("qa_manager"), person("qa_manager")
    desk.release(other)
    dispute = desk.dispute()
    desk.answer_blind(decider)
    desk.decide(dispute, decider)
    desk.sign()
    assert (desk.state, desk.scores) == ("signed", ["0.00", "100.00"])


@pytest.mark.parametrize(
    "table",
    ["evaluationrelease", "evaluationsignature", "evaluationreading", "blindanswer", "dispute"],
)
def test_nobody_changes_what_happened(desk: Desk, table: str) -> None:
    desk.release()
    dispute, decider = desk.dispute(), person("qa_manager")
    desk.answer_blind(decider)
    desk.decide(dispute, decider)
    desk.sign()
    keep_reading(evaluation_id=desk.evaluation.pk, reader=decider)
    column = {"evaluationreading": "read_at", "dispute": "outcome"}.get(table, "event_id")
    for change in (
        f"UPDATE recordings_{table} SET {column} = {column}",
        f"DELETE FROM recordings_{table}",
        f"TRUNCATE recordings_{table} CASCADE",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)


def test_the_overturn_rate_by_scorer_and_question(desk: Desk) -> None:
    desk.release()
    decider = person("qa_manager")
    first, second = desk.dispute(), desk.dispute("hold")
    desk.answer_blind(decider, **{"answer.greeting": ["yes"], "answer.hold": ["20"]})
    desk.decide(first, decider)
    desk.decide(second, decider, "upheld")
    of_scorer = overturned_by_scorer(EVERYTHING)[desk.scorer.pk]
    assert (of_scorer.decided, of_scorer.changed, of_scorer.share.value) == (2, 1, 0.5)
    assert (round(of_scorer.share.low or 0, 4), round(of_scorer.share.high or 0, 4)) == (0.0945, 0.9055)
    by_question = {key: rate.changed for (_card, key), rate in overturned_by_question(EVERYTHING).items()}
    assert by_question == {"greeting": 1, "hold": 0}
    assert overturned_by_scorer(NOTHING) == {}

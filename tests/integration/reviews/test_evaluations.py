"""Evaluations: what is typed, submitted and changed, and that a moment must have been watched."""

import hashlib
import json
import re
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from auditportal.accounts import agent_links
from auditportal.accounts.models import Grant
from recordings.audit import Actor
from recordings.audit.opened import open_event
from recordings.models import (
    AuditEvent,
    Calibration,
    CommBoxObject,
    Evaluation,
    EvaluationScore,
    Recording,
    ScorecardVersion,
)
from recordings.reviews import scorecards
from recordings.reviews.evaluations import (
    MISSING,
    MISSING_MOMENT,
    NOT_WATCHED,
    AlreadySubmitted,
    Incomplete,
    NotUsable,
    ScoringClosed,
    SubmittedOnce,
    begin_evaluation,
    change_evaluation,
    save_evaluation,
    submit_evaluation,
)
from recordings.reviews.queries import counted_evaluations
from recordings.scorecards.answers import read_answers
from recordings.scorecards.form import read_form
from recordings.scorecards.score import score
from tests.factories import agent, person, recording, stream, viewing
from tests.unit.scorecards.forms import EXAMPLE, as_bytes

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
BY = Actor.system("tests")
FORM = json.loads(json.dumps(EXAMPLE))
FORM["sections"][1]["questions"][0]["critical"] = True
ANSWERS = {
    "answer.greeting": ["yes"],
    "comment.greeting": ["Dana was greeted warmly"],
    "answer.hold": ["61"],
    "answer.topics": ["a"],
    "answer.remark": ["Called back about the invoice of Dana"],
    "answer.callback": ["2026-11-30"],
    "na.apology": ["1"],
    "reason.apology": ["the line of Dana dropped"],
    "answer.summary": ["yes"],
    "at.summary": ["83000"],
}


@pytest.fixture
def scorer() -> Any:
    return person("qa_manager")


@pytest.fixture
def by(scorer: Any) -> Actor:
    return Actor(f"user:{scorer.pk}", "person", scorer.display_name, "qa_manager")


@pytest.fixture
def qa(client: Client, scorer: Any) -> Client:
    client.force_login(scorer)
    return client


@pytest.fixture
def call(scorer: Any) -> Recording:
    """A recording of 542 seconds; the scorer has watched 12 per cent of it, in two ranges."""
    made = recording()
    viewing(made, scorer, watched=[(60_000, 90_000), (100_000, 135_500)])
    viewing(made, watched=[(0, 542_000)])
    return made


@pytest.fixture
def version(scorer: Any, by: Actor) -> ScorecardVersion:
    made = scorecards.create_scorecard(document=as_bytes(FORM), imported=False, person=scorer, by=by)
    scorecards.activate_version(version=made, person=scorer, by=by)
    made.refresh_from_db()
    return made


@pytest.fixture
def begun(call: Recording, version: ScorecardVersion, scorer: Any, by: Actor) -> Evaluation:
    return begin_evaluation(recording=call, version=version, scorer=scorer, by=by)


def submitted(begun: Evaluation, by: Actor, **changes: list[str]) -> EvaluationScore:
    return submit_evaluation(evaluation=begun, fields={**ANSWERS, **changes}, by=by)


def event_of(kind: str) -> Any:
    return AuditEvent.objects.get(kind=kind)


def address(name: str, evaluation: Evaluation) -> str:
    return reverse(f"reviews:{name}", args=[evaluation.pk])


def test_a_person_has_one_open_evaluation_of_a_recording_with_a_version(
    begun: Evaluation, call: Recording, version: ScorecardVersion, scorer: Any, by: Actor
) -> None:
    assert begin_evaluation(recording=call, version=version, scorer=scorer, by=by) == begun
    other = person("qa_manager")
    assert begin_evaluation(recording=call, version=version, scorer=other, by=by) != begun
    assert AuditEvent.objects.filter(kind="evaluation.started").count() == 2


def test_only_an_active_version_begins_and_a_retired_one_finishes(
    begun: Evaluation, call: Recording, version: ScorecardVersion, scorer: Any, by: Actor
) -> None:
    scorecards.retire_version(version=version, person=scorer, by=by)
    version.refresh_from_db()
    with pytest.raises(NotUsable):
        begin_evaluation(recording=recording(), version=version, scorer=scorer, by=by)
    assert submitted(begun, by).result["score"] == "60.00"


def test_the_score_is_that_of_the_stored_answers(
    begun: Evaluation, version: ScorecardVersion, by: Actor
) -> None:
    """Form, answers and result are what score_form reads and prints."""
    row = submitted(begun, by)
    row.refresh_from_db()
    form = read_form(bytes(version.document))
    assert row.result == score(form, read_answers(bytes(row.answers), form)).as_json()
    assert row.result["score"] == "60.00"
    assert row.answers_hash == f"sha256:{hashlib.sha256(bytes(row.answers)).hexdigest()}"
    assert (row.watched, row.watched_percent) == ([(60_000, 90_000), (100_000, 135_500)], 12)


def test_the_event_has_score_hashes_and_what_was_watched(
    begun: Evaluation, version: ScorecardVersion, by: Actor
) -> None:
    row = submitted(begun, by)
    detail = json.loads(bytes(event_of("evaluation.submitted").body))["action_detail"]
    assert {
        name: detail[name] for name in ("score", "form_hash", "answers_hash", "watched_percent", "spans")
    } == {
        "score": "60.00",
        "form_hash": version.hash,
        "answers_hash": row.answers_hash,
        "watched_percent": 12,
        "spans": [[60_000, 90_000], [100_000, 135_500]],
    }


def test_comments_reasons_and_texts_are_personal_values(begun: Evaluation, by: Actor) -> None:
    """They are in the event as a commitment and encrypted; no row holds them after the submission."""
    save_evaluation(evaluation=begun, fields=ANSWERS, base=0)
    row = submitted(begun, by)
    begun.refresh_from_db()
    assert (begun.typed, begun.replaced) == ({}, {})
    for stored in (bytes(row.answers), bytes(event_of("evaluation.submitted").body)):
        assert "Dana" not in stored.decode()
    event = open_event(row.event_id)
    assert event is not None
    assert json.loads(event.private("action_detail.texts")) == {
        "greeting": {"comment": "Dana was greeted warmly"},
        "apology": {"reason": "the line of Dana dropped"},
        "remark": {"answer": "Called back about the invoice of Dana"},
    }


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({"answer.greeting": []}, {"greeting": MISSING}),
        ({"at.summary": []}, {"summary": MISSING_MOMENT}),
        ({"at.summary": ["59999"]}, {"summary": NOT_WATCHED}),
        ({"at.summary": ["90001"]}, {"summary": NOT_WATCHED}),
        ({"at.summary": ["80000-110000"]}, {"summary": NOT_WATCHED}),
        ({"at.greeting": ["300000"]}, {"greeting": NOT_WATCHED}),
        ({"answer.hold": ["61.5"]}, {"hold": "The number is not a multiple of the question's step."}),
        ({"answer.callback": ["soon"]}, {"callback": "A date is expected, such as 2026-11-30."}),
    ],
)
def test_what_is_missing_or_not_watched_is_refused_with_its_place(
    begun: Evaluation, by: Actor, changes: dict[str, list[str]], problems: dict[str, Any]
) -> None:
    with pytest.raises(Incomplete) as refused:
        submitted(begun, by, **changes)
    assert {key: str(problem) for key, problem in refused.value.problems.items()} == {
        key: str(problem) for key, problem in problems.items()
    }
    assert not EvaluationScore.objects.exists()
    assert not AuditEvent.objects.filter(kind="evaluation.submitted").exists()


@pytest.mark.parametrize("at", ["60000", "90000", "60000-90000", "90000-60000"])
def test_a_moment_in_a_watched_range_is_accepted(begun: Evaluation, by: Actor, at: str) -> None:
    assert submitted(begun, by, **{"at.summary": [at]}).result["complete"] is True


def test_what_others_watched_does_not_count(begun: Evaluation, by: Actor) -> None:
    with pytest.raises(Incomplete):
        submitted(begun, by, **{"at.summary": ["500000"]})


def test_an_answer_to_a_question_that_is_not_asked_is_left_out(begun: Evaluation, by: Actor) -> None:
    row = submitted(begun, by, **{"answer.hold": ["30"]})
    assert "apology" not in json.loads(bytes(row.answers))["answers"]
    event = open_event(row.event_id)
    assert event is not None
    assert "apology" not in json.loads(event.private("action_detail.texts"))


def test_two_tabs(begun: Evaluation) -> None:
    """The newer wins, and what it replaced is kept."""
    first = save_evaluation(evaluation=begun, fields={"answer.greeting": ["yes"]}, base=0)
    again = save_evaluation(evaluation=begun, fields={"answer.greeting": ["yes"]}, base=0)
    assert (first.revision, again.revision, again.replaced) == (1, 1, False)
    second = save_evaluation(evaluation=begun, fields={"answer.greeting": ["no"]}, base=0)
    assert (second.revision, second.replaced) == (2, True)
    begun.refresh_from_db()
    assert (begun.typed, begun.replaced) == ({"answer.greeting": ["no"]}, {"answer.greeting": ["yes"]})


def test_a_change_keeps_the_first_score(begun: Evaluation, by: Actor) -> None:
    first = submitted(begun, by)
    changed = change_evaluation(
        evaluation=begun, fields={**ANSWERS, "answer.hold": ["20"]}, reason="Dana was not on hold", by=by
    )
    assert [row.result["score"] for row in begun.scores.order_by("number")] == ["60.00", "93.33"]
    assert (first.number, changed.number) == (1, 2)
    body = bytes(event_of("evaluation.changed").body).decode()
    assert json.loads(body)["action_detail"]["score_before"] == "60.00"
    assert "Dana" not in body
    with pytest.raises(AlreadySubmitted):
        submitted(begun, by)
    with pytest.raises(AlreadySubmitted):
        save_evaluation(evaluation=begun, fields=ANSWERS, base=9)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE recordings_evaluationscore SET result = '{}'",
        "DELETE FROM recordings_evaluationscore",
        "UPDATE recordings_evaluation SET submitted_at = NULL",
        "DELETE FROM recordings_evaluation",
    ],
)
def test_nobody_changes_what_was_submitted(begun: Evaluation, by: Actor, change: str) -> None:
    submitted(begun, by)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_a_blind_score_does_not_count_and_is_submitted_once(
    begun: Evaluation, call: Recording, version: ScorecardVersion, scorer: Any, by: Actor
) -> None:
    """It is another evaluation than the person's usual one of the same recording with the same version."""
    calibration = Calibration.objects.create(version=version, created_by=scorer, due_at=timezone.now())
    scorecards.retire_version(version=version, person=scorer, by=by)
    version.refresh_from_db()

    def begin(**more: bool) -> Evaluation:
        return begin_evaluation(
            recording=call, version=version, scorer=scorer, by=by, calibration=calibration, **more
        )

    blind, card = begin(), begin(is_agreed_card=True)
    assert begin() == blind
    assert len({begun, blind, card}) == 3
    submitted(blind, by)
    submitted(begun, by)
    assert list(counted_evaluations()) == [begun]
    with pytest.raises(SubmittedOnce):
        change_evaluation(evaluation=blind, fields=ANSWERS, reason="second thoughts", by=by)
    assert begin() == blind
    submitted(card, by)
    change_evaluation(evaluation=card, fields=ANSWERS, reason="after discussion", by=by)
    kinds = AuditEvent.objects.filter(kind__in=["evaluation.submitted", "calibration.agreed"])
    assert sorted(kinds.values_list("kind", flat=True)) == [
        "calibration.agreed",
        "calibration.agreed",
        "evaluation.submitted",
        "evaluation.submitted",
    ]


def test_after_scoring_was_closed_nothing_more_is_submitted(
    call: Recording, version: ScorecardVersion, scorer: Any, by: Actor
) -> None:
    calibration = Calibration.objects.create(version=version, created_by=scorer, due_at=timezone.now())
    blind = begin_evaluation(recording=call, version=version, scorer=scorer, by=by, calibration=calibration)
    Calibration.objects.update(closed_at=timezone.now())
    with pytest.raises(ScoringClosed):
        submitted(blind, by)
    with pytest.raises(ScoringClosed):
        save_evaluation(evaluation=blind, fields=ANSWERS, base=0)


# --- pages


def test_the_way_from_a_recording_to_a_score(qa: Client, call: Recording, version: ScorecardVersion) -> None:
    page = qa.get(reverse("playback:recording", args=[call.pk])).content.decode()
    assert reverse("reviews:evaluate", args=[call.pk]) in page
    assert EXAMPLE["title"] in qa.get(reverse("reviews:evaluate", args=[call.pk])).content.decode()
    answer = qa.post(reverse("reviews:evaluate", args=[call.pk]), {"version": version.pk})
    page = qa.get(answer["Location"]).content.decode()
    assert (
        re.search(r"<input[^>]*\schecked", page.partition('id="evaluation-form"')[2].partition("</form>")[0])
        is None
    )
    evaluation = Evaluation.objects.get()
    answer = qa.post(address("submit", evaluation), {**ANSWERS, "base": "0"}, follow=True)
    page = answer.content.decode()
    assert "First score" in page
    assert re.search(r'<b class="num big">60</b>', page)
    assert "12 %" in page
    assert "12 %" in qa.get(reverse("reviews:evaluations")).content.decode()


def test_typing_is_saved_and_shows_the_score_so_far(qa: Client, begun: Evaluation) -> None:
    fields = {"answer.greeting": "yes", "answer.hold": "45", "base": "0"}
    page = qa.post(address("save", begun), fields, headers=HTMX).content.decode()
    assert "<html" not in page
    assert re.search(r"Score so far</dt>\s*<dd class=\"num\">\s*75\s", page)
    assert 'data-asked="callback greeting hold remark summary topics"' in page
    begun.refresh_from_db()
    assert begun.typed == {"answer.greeting": ["yes"], "answer.hold": ["45"]}
    assert 'value="45"' in qa.get(address("evaluation", begun)).content.decode()


def test_a_refused_submission_keeps_what_was_typed(qa: Client, begun: Evaluation) -> None:
    answer = qa.post(address("submit", begun), {**ANSWERS, "at.summary": "1", "base": "0"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert str(NOT_WATCHED) in page
    assert "Dana was greeted warmly" in page
    begun.refresh_from_db()
    assert begun.typed["comment.greeting"] == ANSWERS["comment.greeting"]


def test_another_tab_is_said_and_can_be_taken_back(qa: Client, begun: Evaluation) -> None:
    qa.post(address("save", begun), {"answer.greeting": "yes", "base": "0"}, headers=HTMX)
    page = qa.post(
        address("save", begun), {"answer.greeting": "no", "base": "0"}, headers=HTMX
    ).content.decode()
    assert "The newer is saved, and the other is kept." in page
    qa.post(address("other", begun))
    begun.refresh_from_db()
    assert (begun.typed, begun.replaced) == ({"answer.greeting": ["yes"]}, {"answer.greeting": ["no"]})


def test_a_change_needs_a_reason_and_shows_what_it_changed(qa: Client, begun: Evaluation, by: Actor) -> None:
    submitted(begun, by)
    page = qa.get(address("evaluation", begun) + "?change").content.decode()
    assert "Dana was greeted warmly" in page
    changes = {**ANSWERS, "answer.hold": "20"}
    assert qa.post(address("submit", begun), changes).status_code == 422
    assert EvaluationScore.objects.count() == 1
    answer = qa.post(address("submit", begun), {**changes, "why": "The hold was muted music"}, follow=True)
    page = answer.content.decode()
    assert "The hold was muted music" in page
    assert re.search(r"<del><bdi>61</bdi></del>\s*<ins><bdi>20</bdi></ins>", page)
    assert "First score" in page


def test_an_evaluation_is_its_scorers_alone(client: Client, begun: Evaluation) -> None:
    client.force_login(person("qa_manager"))
    assert client.get(address("evaluation", begun)).status_code == 404
    for name in ("save", "other", "submit"):
        assert client.post(address(name, begun), ANSWERS).status_code == 404


def test_nobody_evaluates_a_call_of_their_own(
    qa: Client, scorer: Any, begun: Evaluation, version: ScorecardVersion
) -> None:
    avery = agent()
    CommBoxObject.objects.filter(pk=begun.recording.object_id).update(agent=avery)
    agent_links.link_agent(user=scorer, agent=avery, by=BY, linked_by=person("administrator"), reason="is")
    for answer in (
        qa.post(reverse("reviews:evaluate", args=[begun.recording_id]), {"version": version.pk}),
        qa.get(address("evaluation", begun)),
        qa.post(address("submit", begun), {**ANSWERS, "base": "0"}),
    ):
        assert answer.status_code == 403
        assert "You are the agent of this conversation." in answer.content.decode()
    assert not EvaluationScore.objects.exists()


def test_a_recording_outside_the_scope_is_not_there(
    client: Client, begun: Evaluation, version: ScorecardVersion
) -> None:
    scoped = person()
    Grant.objects.create(user=scoped, role="qa_manager", channels=[stream("Other").pk])
    client.force_login(scoped)
    answer = client.post(reverse("reviews:evaluate", args=[begun.recording_id]), {"version": version.pk})
    assert answer.status_code == 404
    assert Evaluation.objects.count() == 1


def test_a_recording_that_vanished_can_still_be_evaluated(
    qa: Client, call: Recording, begun: Evaluation
) -> None:
    call.vanished_at = call.shown_at
    call.state = "vanished_at_source"
    call.save(update_fields=["vanished_at", "state"])
    assert "can be submitted with what was watched" in qa.get(address("evaluation", begun)).content.decode()
    assert qa.post(address("submit", begun), {**ANSWERS, "base": "0"}).status_code == 302


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_takes_as_many_queries_for_one_as_for_three(
    qa: Client, version: ScorecardVersion, scorer: Any, by: Actor, number: int, django_assert_num_queries: Any
) -> None:
    for _ in range(number):
        begin_evaluation(recording=recording(), version=version, scorer=scorer, by=by)
    qa.get(reverse("reviews:evaluations"))
    with django_assert_num_queries(4):
        page = qa.get(reverse("reviews:evaluations")).content.decode()
    assert page.count("data-row") == number


def test_a_reviewer_sees_customers_masked(client: Client, call: Recording, version: ScorecardVersion) -> None:
    CommBoxObject.objects.filter(pk=call.object_id).update(customer_name="Dana Secret")
    reviewer = person("reviewer")
    begun = begin_evaluation(recording=call, version=version, scorer=reviewer, by=BY)
    client.force_login(reviewer)
    for page in (address("evaluation", begun), reverse("reviews:evaluations")):
        answer = client.get(page)
        assert answer.status_code == 200
        assert "Dana Secret" not in answer.content.decode()


def test_characters_that_the_database_cannot_hold_are_left_out(qa: Client, begun: Evaluation) -> None:
    typed = {"comment.greeting": "Dana\0 was greeted", "answer.\0": "x", "at.\0hold": "1", "base": "0"}
    assert qa.post(address("save", begun), typed).status_code == 302
    begun.refresh_from_db()
    assert begun.typed["comment.greeting"] == ["Dana was greeted"]
    assert qa.post(address("submit", begun), {**typed, "base": "1"}).status_code == 422

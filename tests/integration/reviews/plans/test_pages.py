"""The pages of plans, samples and assignments."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from auditportal.accounts.models import Grant
from recordings.audit import Actor
from recordings.models import Assignment, AuditEvent, Evaluation, Recording, Sample, SamplePick, SamplingPlan
from recordings.reviews.plans.checkpoints import Waiting
from recordings.reviews.plans.freezing import freeze_sample
from tests.factories import person
from tests.integration.reviews.plans.given import SPAN, Planned
from tests.integration.reviews.plans.test_plans import drawn

pytestmark = pytest.mark.django_db


@pytest.fixture
def qa(client: Client, manager: Any) -> Client:
    client.force_login(manager)
    return client


@pytest.fixture
def ada(scorers: list[Any]) -> Client:
    client = Client()
    client.force_login(scorers[0])
    return client


def words(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def typed(version: Any, scorers: list[Any], **values: Any) -> dict[str, Any]:
    return {
        "name": "Weekly",
        "scorecard": str(version.scorecard_id),
        "period": "week_sunday",
        "group": "agent",
        "number": "4",
        "parts": "2",
        "due_days": "5",
        f"load_{scorers[0].pk}": "10",
        **values,
    }


def test_a_plan_is_created_changed_and_ended_on_its_pages(
    qa: Client, version: Any, scorers: list[Any]
) -> None:
    assert qa.get(reverse("plans:new")).status_code == 200
    answer = qa.post(reverse("plans:new"), typed(version, scorers))
    plan = SamplingPlan.objects.get()
    assert answer.headers["Location"] == reverse("plans:plan", args=[plan.pk])
    assert (plan.scorers, plan.scopes, plan.parts) == ({str(scorers[0].pk): 10}, [{}], 2)
    assert "Weekly" in words(qa.get(reverse("plans:list")))
    edit = reverse("plans:edit", args=[plan.pk])
    assert 'value="Weekly"' in qa.get(edit).content.decode()
    qa.post(edit, typed(version, scorers, name="Every week", scorecard=""))
    plan.refresh_from_db()
    assert plan.name == "Every week"
    qa.post(reverse("plans:end", args=[plan.pk]))
    assert "Ended" in words(qa.get(reverse("plans:plan", args=[plan.pk])))
    kinds = AuditEvent.objects.filter(kind__startswith="plan.").order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["plan.created", "plan.changed", "plan.ended"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"number": "5"}, "5 cannot be divided into 2 equal parts."),
        ({"shortest_seconds": "60", "longest_seconds": "30"}, "The greatest length is below the shortest."),
        ({"load": ""}, "Name at least one scorer"),
        ({"scorecard": "x"}, "Select a valid choice."),
    ],
)
def test_bad_input_gets_a_sentence_and_loses_nothing(
    qa: Client, version: Any, scorers: list[Any], values: dict[str, str], sentence: str
) -> None:
    if "load" in values:
        values = {f"load_{scorers[0].pk}": ""}
    answer = qa.post(reverse("plans:new"), typed(version, scorers, **values))
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert 'value="Weekly"' in answer.content.decode()
    assert not SamplingPlan.objects.exists()


def test_draw_now_says_why_it_cannot(qa: Client, plan: SamplingPlan) -> None:
    address = reverse("plans:draw", args=[plan.pk])
    answer = qa.post(address, {"span": "current"})
    assert answer.status_code == 409
    assert "No recording of this period can be drawn with this plan." in words(answer)
    assert qa.post(address, {"span": "never"}).status_code == 422


def test_a_waiting_sample_says_what_for(
    qa: Client, plan: SamplingPlan, calls: list[Recording], by: Actor, at_hand: Any
) -> None:
    at_hand(Waiting.NO_QUORUM)
    sample = freeze_sample(plan=plan, span=SPAN, by=by)
    for address in (reverse("plans:sample", args=[sample.pk]), reverse("plans:plan", args=[plan.pk])):
        assert "The witnesses that the trust policy requires have not cosigned yet." in words(qa.get(address))
    assert qa.get(reverse("plans:export", args=[sample.pk])).status_code == 404


def test_the_page_of_a_sample_says_in_sentences_how_it_was_drawn(
    qa: Client, plan: SamplingPlan, calls: list[Recording], by: Actor
) -> None:
    Recording.objects.filter(pk=calls[0].pk).update(state="vanished_at_source")
    sample = drawn(plan, by)
    page = words(qa.get(reverse("plans:sample", args=[sample.pk])))
    assert "The population has 11 recordings. It was frozen at 20" in page
    assert "1 recording was left out because it cannot be watched." in page
    assert "w1.example, w2.example cosigned after the population was frozen." in page
    assert "Strata: one for each agent." in page
    assert "This is draw 1 of 1 of this plan and period." in page
    assert "Nothing was skipped." in page
    qa.get(reverse("plans:sample", args=[sample.pk]))
    assert AuditEvent.objects.filter(kind="sample.viewed").count() == 1
    again = words(qa.get(reverse("plans:again", args=[sample.pk])))
    assert "The same picks" in again
    answer = qa.get(reverse("plans:export", args=[sample.pk]))
    assert b"".join(answer.streaming_content).startswith(b"PK")  # type: ignore[attr-defined]
    assert AuditEvent.objects.filter(kind="sample.exported").count() == 1
    drawn(plan, by, reason="the filter was wrong")
    page = words(qa.get(reverse("plans:sample", args=[sample.pk])))
    assert "This is draw 1 of 2 of this plan and period." in page
    assert "the filter was wrong" in page


def test_picks_are_skipped_and_given_to_others_on_the_page(
    qa: Client, plan: SamplingPlan, calls: list[Recording], scorers: list[Any], by: Actor
) -> None:
    sample = drawn(plan, by)
    pick = Assignment.objects.filter(scorer=scorers[0])[0].pick
    assign = reverse("plans:assign", args=[sample.pk, pick.pk])
    assert qa.post(assign, {"person": "x"}).status_code == 409
    assert qa.post(assign, {"person": str(scorers[1].pk)}).status_code == 302
    assert pick.assignments.get(ended_at=None).scorer == scorers[1]
    skip = reverse("plans:skip_pick", args=[sample.pk, pick.pk])
    assert qa.post(skip, {"reason": " "}).status_code == 422
    assert qa.post(skip, {"reason": "No sound"}).status_code == 302
    page = words(qa.get(reverse("plans:sample", args=[sample.pk])))
    assert "No sound" in page
    assert "Mira Stone" in page
    qa.post(reverse("plans:give", args=[plan.pk]), {"person": str(scorers[1].pk)})
    assert not Assignment.objects.filter(scorer=scorers[1], ended_at=None).exists()


def test_a_person_begins_and_skips_what_is_to_do(
    ada: Client, plan: SamplingPlan, calls: list[Recording], scorers: list[Any], by: Actor
) -> None:
    assert "Nothing to evaluate" in words(ada.get(reverse("plans:todo")))
    drawn(plan, by)
    page = words(ada.get(reverse("plans:todo")))
    assert page.count("Weekly, two of each agent") == 3
    assert "Evaluations due today" in words(ada.get(reverse("overview")))
    first, second, _third = Assignment.objects.filter(scorer=scorers[0]).order_by(
        "due_at", "assigned_at", "pk"
    )
    answer = ada.post(reverse("plans:begin", args=[first.pk]))
    evaluation = Evaluation.objects.get()
    assert answer.headers["Location"] == reverse("reviews:evaluation", args=[evaluation.pk])
    first.refresh_from_db()
    assert first.evaluation == evaluation
    skip = reverse("plans:skip", args=[second.pk])
    assert "Give a reason." in words(ada.post(skip, {"reason": ""}))
    assert ada.post(skip, {"reason": "Another language"}).status_code == 302
    assert SamplePick.objects.count() == 7


def test_what_is_out_of_reach_answers_as_what_does_not_exist(
    ada: Client, planned: Planned, calls: list[Recording], scorers: list[Any], agents: list[Any], by: Actor
) -> None:
    plan = planned()
    sample = drawn(plan, by)
    limited = person()
    Grant.objects.create(user=limited, role="qa_manager", agents=[agents[0].pk])
    client = Client()
    client.force_login(limited)
    for name, pk in (("plan", plan.pk), ("edit", plan.pk), ("sample", sample.pk), ("export", sample.pk)):
        found, missing = (client.get(reverse(f"plans:{name}", args=[one])) for one in (pk, by_chance()))
        assert found.status_code == missing.status_code == 404
    assert "Weekly, two" not in words(client.get(reverse("plans:list")))
    theirs = Assignment.objects.filter(scorer=scorers[1])[0]
    assert ada.post(reverse("plans:begin", args=[theirs.pk])).status_code == 404
    assert ada.get(reverse("plans:list")).status_code == 403


def by_chance() -> Any:
    from uuid import uuid4

    return uuid4()


def test_nobody_decides_about_a_call_of_their_own(
    qa: Client, plan: SamplingPlan, calls: list[Recording], manager: Any, by: Actor
) -> None:
    sample = drawn(plan, by)
    pick = sample.picks.select_related("recording__object")[0]
    manager.agent_links.create(agent_id=pick.recording.object.agent_id, reason="known")
    answer = qa.post(reverse("plans:skip_pick", args=[sample.pk, pick.pk]), {"reason": "x"})
    assert answer.status_code == 403
    assert not hasattr(pick, "skip")


@pytest.mark.parametrize("number", [1, 3])
def test_lists_take_as_many_queries_for_one_as_for_three(
    qa: Client,
    ada: Client,
    planned: Planned,
    calls: list[Recording],
    scorers: list[Any],
    by: Actor,
    number: int,
) -> None:
    plans = [planned(group="all", number=number, scorers={str(scorers[0].pk): 10}) for _ in range(number)]
    sample = drawn(plans[0], by)
    counts = []
    for client, name, args in ((qa, "list", []), (ada, "todo", []), (qa, "sample", [sample.pk])):
        client.get(reverse(f"plans:{name}", args=args))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse(f"plans:{name}", args=args))
        counts.append(len(queries))
    assert counts == [4, 5, 17]


def test_pages_are_in_the_readers_language(
    qa: Client, plan: SamplingPlan, calls: list[Recording], by: Actor
) -> None:
    sample = drawn(plan, by)
    with override("he"):
        for name, args in (("list", []), ("new", []), ("plan", [plan.pk]), ("sample", [sample.pk])):
            answer = qa.get(reverse(f"plans:{name}", args=args), headers={"Accept-Language": "he"})
            assert answer.status_code == 200
    assert Sample.objects.count() == 1

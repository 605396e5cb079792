"""A selected sample: weighted by its frozen population, offered within reach only, and its picks on the map."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from auditportal.accounts.models import Grant
from recordings.models import Assignment, PopulationPiece, Sample, SamplePick, SamplingPlan
from recordings.models.fields import uuid7
from recordings.reach import EVERYTHING
from tests.factories import agent, conversation, person, recording
from tests.integration.reviews.numbers.evaluated import evaluated, version

pytestmark = pytest.mark.django_db
START, END = datetime(2026, 11, 16, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)
AT = datetime(2026, 11, 20, 9, tzinfo=UTC)


def sample_of(populations: dict[str, int], scorer: Any, card: Any) -> Sample:
    """A drawn sample with as many units in each stratum."""
    plan = SamplingPlan.objects.create(
        scorecard=card.scorecard, name="Weekly", created_by=scorer, number=2, scopes=EVERYTHING.as_detail()
    )
    sample = Sample.objects.create(
        plan=plan,
        period_from=START,
        period_until=END,
        draw=1,
        frozen_at=END,
        frozen_event=uuid7(),
        filters={},
        exclusions={},
        number=2,
        units=sum(populations.values()),
        population_hash="0" * 64,
    )
    lines = [f"{uuid7()}/-/0-\t{name}\n" for name, number in populations.items() for _ in range(number)]
    data = "".join(lines).encode()
    for number, start in enumerate(range(0, len(data), 100)):  # a line may go on in the next piece
        PopulationPiece.objects.create(sample=sample, number=number, data=data[start : start + 100])
    Sample.objects.filter(pk=sample.pk).update(drawn_at=END, drawn_event=uuid7(), checkpoint_size=1)
    return sample


def pick(sample: Sample, stratum: str, scorer: Any, of: Any, evaluation: Any = None) -> SamplePick:
    call = evaluation.recording if evaluation else recording(conversation(agent=of), recorded_at=AT)
    found = SamplePick.objects.create(
        sample=sample, recording=call, unit=f"{call.pk}/-/0-", stratum=stratum, rank=bytes(32), picked_at=END
    )
    Assignment.objects.create(pick=found, scorer=scorer, assigned_at=END, due_at=END, evaluation=evaluation)
    return found


def test_weighted_by_the_population(client: Client) -> None:
    """Two strata of 90 and 10: 90 × 100 and 10 × 50 points make 95, not 75; before all are evaluated it says so."""
    scorer, of = person("qa_manager"), agent("Dina")
    card = version(scorer)
    sample = sample_of({"5001": 90, "5002": 10}, scorer, card)
    client.force_login(scorer)
    for stratum, score in (("5001", "100.00"), ("5002", "50.00")):
        for _ in range(2):
            call = recording(conversation(agent=of), recorded_at=AT)
            pick(sample, stratum, scorer, of, evaluated(call, scorer, card, {"score": score}))
        text = _text(client, "overview", sample)
        if stratum == "5001":
            assert "Not weighted: 1 of 2 strata has no scored evaluation yet" in text
    # Not in the sample, so not counted.
    evaluated(recording(conversation(agent=of), recorded_at=AT), scorer, card, {"score": "0.00"})
    assert "Weighted by the population of 2 strata, 100 recordings" in text
    assert ">95.0<" in text
    assert "4 evaluations with a score" in _text(client, "overview", sample)


def test_picks_are_on_the_map(client: Client) -> None:
    scorer, of = person("qa_manager"), agent("Dina")
    sample = sample_of({"": 1}, scorer, version(scorer))
    pick(sample, "", scorer, of)
    client.force_login(scorer)
    text = _text(client, "agents", None)
    assert '<span aria-hidden="true">S</span><span class="sr">sampled, not watched</span>' in text


def test_offered_to_those_who_reach_all_of_it(client: Client) -> None:
    """A sample with other filters, or outside the reach, is refused like one that does not exist."""
    scorer, lead = person("qa_manager"), person()
    sample = sample_of({"": 1}, scorer, version(scorer))
    Grant.objects.create(user=lead, role="supervisor", agents=[agent().pk])
    client.force_login(lead)
    address = reverse("numbers:overview")
    answers = [client.get(address, {"sample": str(pk)}).content.decode() for pk in (sample.pk, uuid7())]
    assert "Weekly" not in answers[0]
    assert all("Nothing is shown because a filter is not valid." in answer for answer in answers)
    client.force_login(scorer)
    both = client.get(address, {"sample": str(sample.pk), "since": "2026-11-01"})
    assert "A sample has a period and filters of its own." in both.content.decode()


def _text(client: Client, name: str, sample: Sample | None) -> str:
    given = {"sample": str(sample.pk)} if sample else {"since": "2026-11-16", "until": "2026-11-22"}
    response = client.get(reverse(f"numbers:{name}"), given)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())

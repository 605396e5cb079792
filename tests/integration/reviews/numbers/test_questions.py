"""The answers per question against a count of the files; an evaluation is encoded again after a change."""

import json
import random
from collections import Counter
from fractions import Fraction
from typing import Any

import pytest
import rfc8785
from django.test import Client
from django.urls import reverse

from recordings.models import CurrentScore
from recordings.reach import EVERYTHING
from recordings.reviews.numbers.codes import count_answers, encode_next
from recordings.reviews.numbers.tasks import encode_answers
from recordings.scorecards.answers import read_answers
from recordings.scorecards.form import read_form
from recordings.scorecards.lint import lint
from recordings.scorecards.score import score
from tests.factories import agent, conversation, person, recording
from tests.integration.reviews.numbers.evaluated import add_score, evaluated, version
from tests.integration.reviews.numbers.test_numbers import FIRST, LAST, PERIOD, ZONE, Selection
from tests.unit.scorecards.forms import as_bytes, random_answers, random_form

pytestmark = pytest.mark.django_db
PERIOD_OF_ALL = Selection(FIRST, LAST, ZONE)


@pytest.mark.parametrize("seed", [1, 2])
def test_equals_a_count_of_the_files(seed: int) -> None:
    """Random forms and answers: each option, N/A and fail is counted as the files of the answers have it."""
    dice = random.Random(seed)
    scorer, talk = person("qa_manager"), conversation(agent=agent())
    document = next(form for form in iter(lambda: random_form(dice), None) if _is_sound(form))
    card, form = version(scorer, document), read_form(as_bytes(document))
    kept: list[tuple[dict[str, Any], set[str]]] = []
    for _ in range(25):
        answers = random_answers(dice, document)
        data = rfc8785.dumps({"format": "auditportal-answers/1", "answers": answers})
        failed = [one["question"] for one in score(form, read_answers(data, form)).as_json()["failed"]]
        _evaluate(talk, scorer, card, data, failed)
        kept.append((answers, set(failed)))
    encode_answers()
    counted = count_answers(PERIOD_OF_ALL, EVERYTHING, card)
    assert (counted.evaluations, counted.not_encoded) == (25, 0)
    for one in counted.questions:
        nodes = [answers[one.question.key] for answers, _failed in kept if one.question.key in answers]
        real = [node for node in nodes if not node.get("na")]
        assert (one.answered, one.na) == (len(real), len(nodes) - len(real))
        assert one.failed == sum(one.question.key in failed for _answers, failed in kept)
        if one.question.type == "number":
            held = [
                [range_.holds(Fraction(node["number"])) for range_ in one.question.ranges].index(True)
                for node in real
            ]
            expected = [held.count(place) for place in range(len(one.question.ranges))]
        else:
            chosen = Counter(key for node in real for key in node.get("options", [node.get("option")]))
            expected = [chosen[option.key] for option in one.question.options]
        assert list(one.answers) == expected


def _is_sound(document: dict[str, Any]) -> bool:
    return not [finding for finding in lint(read_form(as_bytes(document))) if not finding.warning]


def _evaluate(talk: Any, scorer: Any, card: Any, data: bytes, failed: list[str]) -> Any:
    call = recording(talk, recorded_at=LAST.strftime("%Y-%m-%dT09:00:00Z"), rebuild=False)
    evaluation = evaluated(call, scorer, card, {"score": "50.00"}, answers=data)
    return evaluation


def test_a_change_is_encoded_again(client: Client) -> None:
    scorer = person("qa_manager")
    client.force_login(scorer)
    card = version(scorer)
    yes, no = (
        json.dumps({"format": "auditportal-answers/1", "answers": {"greeting": {"option": key}}}).encode()
        for key in ("yes", "no")
    )
    evaluation = _evaluate(conversation(agent=agent()), scorer, card, yes, [])
    assert encode_next() == 1
    assert encode_next() == 0
    add_score(evaluation, 2, no, score="0.00")
    assert CurrentScore.objects.get().codes is None
    text = " ".join(client.get(reverse("numbers:questions"), PERIOD).content.decode().split())
    assert "Greeted by name?" in text
    assert '<bdi>No</bdi> <span class="num"><bdi dir="ltr">100.0' in text
    assert "Version 1 · 1 evaluation · not weighted" in text

"""The life of a calibration: blind until scoring has ended, then compared, discussed and agreed."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from recordings.audit.opened import open_event
from recordings.db import fetch_all
from recordings.models import (
    AuditEvent,
    CalibrationComment,
)
from recordings.reach import EVERYTHING
from recordings.reviews import scorecards
from recordings.reviews.calibration import actions
from recordings.reviews.calibration.compared import Compared
from recordings.reviews.calibration.distances import lines_of
from recordings.reviews.calibration.errors import ScoringEnded, StillBlind, UnknownCalibration
from recordings.reviews.calibration.queries import calibrations_of, progress_of
from recordings.reviews.evaluations import (
    NotUsable,
    ScoringClosed,
    begin_evaluation,
    change_evaluation,
    submit_evaluation,
)
from recordings.reviews.numbers.selection import Selection
from recordings.reviews.queries import counted_evaluations, evaluations_of
from tests.factories import person
from tests.integration.reviews.calibration.scene import NINETY, SIXTY, Scene, actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    return Scene()


def page_of(client: Client, user: Any, scene: Scene) -> str:
    client.force_login(user)
    return client.get(reverse("calibration:calibration", args=[scene.calibration.pk])).content.decode()


def test_it_is_blind_until_all_have_submitted(client: Client, scene: Scene) -> None:
    """Neither another participant nor the manager sees an answer, a score or a comment before."""
    ana, ben, cyd = scene.scorers
    for scorer, fields in ((ana, SIXTY), (ben, NINETY), (cyd, NINETY)):
        for call in scene.calls[:1] if scorer is cyd else scene.calls:
            scene.submit(scorer, call, fields)
    for reader in (ana, cyd, scene.manager):
        page = page_of(client, reader, scene)
        assert "Summed up at the end" not in page
        assert "93.33" not in page
    assert not AuditEvent.objects.filter(kind="calibration.opened").exists()
    scene.submit(cyd, scene.calls[1], NINETY)
    for reader in (ana, cyd, scene.manager):
        page = page_of(client, reader, scene)
        assert "Summed up at the end" in page
        assert "93.33" in page
    assert AuditEvent.objects.filter(kind="calibration.opened").count() == 3


def test_states_follow_from_the_rows(scene: Scene) -> None:
    ana, ben, cyd = scene.scorers
    for call in scene.calls:
        scene.submit(ana, call, SIXTY)
        scene.submit(ben, call, NINETY)
    now = scene.progress()
    assert (now.state, len(now.missing), now.expected, now.is_overdue) == ("scoring", 2, 6, False)
    late = scene.created(due_in=-timedelta(days=1))
    assert progress_of(scene.manager, late.pk).is_overdue

    # Nobody waits for a deactivated participant; one who comes back can still score blind.
    type(cyd).objects.filter(pk=cyd.pk).update(is_active=False)
    assert scene.progress().state == "discussion"
    type(cyd).objects.filter(pk=cyd.pk).update(is_active=True)
    assert scene.progress().state == "scoring"

    scene.close()
    assert scene.progress().state == "discussion"
    scene.agree(scene.calls[0], NINETY)
    assert scene.progress().state == "discussion"
    scene.agree(scene.calls[1], NINETY)
    assert scene.progress().state == "agreed"


def test_closing_ends_scoring_for_good(client: Client, scene: Scene) -> None:
    ana = scene.scorers[0]
    before = scene.progress(ana)
    row = actions.begin_score(progress=before, recording=scene.calls[0].pk, person=ana, by=actor(ana))
    client.force_login(scene.manager)
    assert client.post(reverse("calibration:close", args=[scene.calibration.pk])).status_code == 302
    with pytest.raises(ScoringClosed):
        submit_evaluation(evaluation=row, fields=SIXTY, by=actor(ana))
    with pytest.raises(ScoringEnded):
        actions.begin_score(
            progress=scene.progress(ana), recording=scene.calls[1].pk, person=ana, by=actor(ana)
        )
    # A second click, and the open evaluation, lead to the page with a sentence.
    assert client.post(reverse("calibration:close", args=[scene.calibration.pk])).status_code == 409
    client.force_login(ana)
    assert client.get(reverse("reviews:evaluation", args=[row.pk]))["Location"] == reverse(
        "calibration:calibration", args=[scene.calibration.pk]
    )
    page = client.get(reverse("calibration:calibration", args=[scene.calibration.pk])).content.decode()
    assert "Nobody submitted an evaluation of this recording." in page
    event = AuditEvent.objects.get(kind="calibration.closed")
    opened = open_event(event.event_id)
    assert opened is not None
    assert opened.detail["missing"] == 6


def test_these_scores_are_no_results(scene: Scene) -> None:
    """The person's usual evaluation of the same recording is another one."""
    ana = scene.scorers[0]
    blind = scene.submit(ana, scene.calls[0], SIXTY)
    usual = begin_evaluation(recording=scene.calls[0], version=scene.version, scorer=ana, by=actor(ana))
    assert usual != blind
    assert list(evaluations_of(ana, 9)) == [usual]
    submit_evaluation(evaluation=usual, fields=SIXTY, by=actor(ana))
    assert list(counted_evaluations()) == [usual]
    counted = Selection(date(2026, 1, 1), date(2027, 12, 31), "UTC").where("c", EVERYTHING)
    query = f"SELECT evaluation_id FROM recordings_currentscore c WHERE {counted.sql}"
    assert fetch_all(connection, query, counted.values) == [(usual.pk,)]


def test_a_retired_scorecard_begins_nothing_and_finishes(scene: Scene) -> None:
    scorecards.retire_version(version=scene.version, person=scene.manager, by=scene.by)
    with pytest.raises(NotUsable):
        scene.created()
    assert AuditEvent.objects.filter(kind="calibration.created").count() == 1
    assert scene.submit(scene.scorers[0], scene.calls[0], SIXTY).submitted_at is not None


def test_compared_with_the_agreed_card(scene: Scene) -> None:
    ana, ben, cyd = scene.scorers
    for call in scene.calls:
        scene.submit(ana, call, SIXTY)
        scene.submit(ben, call, NINETY)
        scene.submit(cyd, call, {**NINETY, "answer.greeting": ["no"]} if call is scene.calls[1] else NINETY)
    card = scene.agree(scene.calls[0], NINETY)
    change_evaluation(
        evaluation=card, fields={**NINETY, "answer.topics": ["a", "b"]}, reason="both", by=scene.by
    )
    compared = Compared.of(scene.progress(), "en")
    first, second = compared.recordings
    assert [(of.name, of.score, of.distance, of.differing, of.compared) for of in first.scored] == [
        (
            "Ana Scorer",
            "60",
            "-40",
            3,
            5,
        ),  # seconds, topics, and the apology that is asked only of a long hold
        ("Ben Scorer", "93.33", "-6.67", 1, 4),
        ("Cyd Scorer", "93.33", "-6.67", 1, 4),
    ]
    assert (first.agreed_score, second.agreed_score) == ("100", "")
    lines = {line.shown.question.key: line for _title, lines in first.parts for line in lines}
    assert [cell.answer for cell in lines["hold"].cells] == ["61", "20", "20"]
    assert [cell.differs for cell in lines["hold"].cells] == [True, False, False]
    assert (lines["hold"].agreed, lines["hold"].is_disputed, lines["topics"].is_disputed) == (
        "20",
        True,
        False,
    )
    assert lines["summary"].cells[0].texts == ["Summed up at the end"]

    found = {line.shown.question.key: line for line in compared.agreements}
    assert list(found) == ["greeting", "hold", "topics", "apology", "summary"]
    assert (found["greeting"].percent, found["greeting"].agreement.values) == ("66.7", 6)
    assert found["greeting"].alpha == "0.00"
    assert (found["hold"].percent, found["hold"].alpha) == ("33.3", "-0.25")
    assert (found["summary"].percent, found["summary"].alpha) == ("100.0", "")
    assert found["summary"].agreement.is_uniform
    assert (found["apology"].agreement.values, found["apology"].percent) == (0, "")


def test_distances_over_time(client: Client, scene: Scene) -> None:
    """A manager sees all scorers, a scorer only their own line; before a card was agreed there is none."""
    ana, ben, _cyd = scene.scorers
    for call, fields in zip(scene.calls, (SIXTY, NINETY), strict=True):
        scene.submit(ana, call, fields)
    scene.submit(ben, scene.calls[0], NINETY)
    scene.close()
    assert lines_of(scene.manager) == []
    scene.agree(scene.calls[0], NINETY)
    assert [
        (line.name, str(line.newest.distance), line.newest.recordings) for line in lines_of(scene.manager)
    ] == [
        ("Ana Scorer", "33.33", 1),
        ("Ben Scorer", "0.00", 1),
    ]
    scene.agree(scene.calls[1], NINETY)
    assert str(lines_of(scene.manager)[0].newest.distance) == "16.67"
    assert [line.name for line in lines_of(ben)] == ["Ben Scorer"]
    client.force_login(ana)
    page = client.get(reverse("calibration:scorers")).content.decode()
    assert 'points="5.0,' in page
    assert "16.67" in page
    assert "Ben Scorer" not in page


def test_comments_are_personal_values(client: Client, scene: Scene) -> None:
    ana = scene.scorers[0]
    address = reverse("calibration:comment", args=[scene.calibration.pk])
    fields = {"recording": scene.calls[0].pk, "question": "hold", "comment": "Dana held for a minute"}
    client.force_login(ana)
    assert client.post(address, fields).status_code == 409
    scene.close()
    assert client.post(address, fields).status_code == 302
    assert client.post(address, {**fields, "question": "unknown"}).status_code == 404
    assert client.post(address, {**fields, "comment": " "}).status_code == 302
    row = CalibrationComment.objects.get()
    event = AuditEvent.objects.get(kind="calibration.commented")
    assert row.event_id == event.event_id
    assert "Dana" not in bytes(event.body).decode()
    lines = Compared.of(scene.progress(), "en").recordings[0].parts[0][1]
    assert [comment.text for line in lines for comment in line.comments] == ["Dana held for a minute"]


def test_only_a_revealed_calibration_is_agreed(scene: Scene) -> None:
    with pytest.raises(StillBlind):
        actions.begin_agreed_card(
            progress=scene.progress(), recording=scene.calls[0].pk, person=scene.manager, by=scene.by
        )


def test_a_manager_who_is_no_participant_does_not_score(scene: Scene) -> None:
    with pytest.raises(UnknownCalibration):
        actions.begin_score(
            progress=scene.progress(), recording=scene.calls[0].pk, person=scene.manager, by=scene.by
        )


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_takes_as_many_queries_for_one_as_for_three(
    client: Client, scene: Scene, number: int, django_assert_num_queries: Any
) -> None:
    for _ in range(number - 1):
        scene.created()
    client.force_login(scene.manager)
    client.get(reverse("calibration:list"))
    with django_assert_num_queries(8):
        page = client.get(reverse("calibration:list")).content.decode()
    assert page.count("data-row") == number
    assert len(calibrations_of(person("reviewer"), 9)) == 0

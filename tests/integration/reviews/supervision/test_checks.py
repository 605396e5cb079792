"""Spot checks: the frozen population, its draw, and the verdict of a second supervisor."""

import hashlib
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from auditportal.accounts.models import Grant, User
from recordings.models import (
    AuditEvent,
    Disposition,
    ItemSource,
    SpotCheck,
    SpotDraw,
    SpotVerdict,
    SupervisionItem,
)
from recordings.reviews.plans.checkpoints import Seed, Waiting
from recordings.reviews.supervision import checks
from recordings.reviews.supervision.checks import finish_draw, freeze_draw, give_verdict
from recordings.reviews.supervision.errors import CheckedAlready, NothingToDraw, NotSecond
from recordings.reviews.supervision.items import Decision, add_to_queue, dispose
from recordings.reviews.supervision.rules import Standing
from recordings.reviews.supervision.tasks import draw_spot_checks
from recordings.sampling.draw import draw
from tests.factories import person, recording, stream, viewing
from tests.integration.reviews.supervision.test_items import actor

pytestmark = pytest.mark.django_db
CHECKS = "/reviews/supervision/checks/"
ROOT = b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
NOTE = "The return was promised at the end"


@pytest.fixture
def officer() -> User:
    return person("compliance_officer")


@pytest.fixture
def second() -> User:
    return person("compliance_officer")


@pytest.fixture
def items(officer: User) -> list[SupervisionItem]:
    """Five closed items, and one that is open."""
    made = [
        add_to_queue(recording=recording(), source=ItemSource.PLAN, by=actor(officer))[0] for _ in range(6)
    ]
    for item in made[:5]:
        decision = Decision(disposition=Disposition.NO_CONCERN, reason="nothing_found")
        dispose(item=item, base=0, decision=decision, person=officer, by=actor(officer))
    return made


@pytest.fixture
def checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checkpoint is there, and the trust policy has no witness."""
    seed = Seed([ROOT], "log.test", 42, self_drawn=True)
    monkeypatch.setattr(checks, "seed_after", lambda event: seed)


def frozen(who: User, share: int = 40) -> SpotDraw:
    day = timezone.localdate()
    return freeze_draw(since=day, until=day, share=share, person=who, by=actor(who))


@pytest.fixture
def spot_check(items: list[SupervisionItem], officer: User, checkpoint: None) -> SpotCheck:
    finish_draw(frozen(officer).pk)
    return SpotCheck.objects.select_related("item__recording__object", "disposition").order_by("pk")[0]


def detail_of(kind: str) -> dict[str, Any]:
    detail: dict[str, Any] = json.loads(bytes(AuditEvent.objects.get(kind=kind).body))["action_detail"]
    return detail


def test_a_share_of_the_closed_items_is_drawn_and_can_be_drawn_again(
    items: list[SupervisionItem], officer: User, checkpoint: None
) -> None:
    row = frozen(officer)
    assert (row.size, row.population_size, row.draw_number) == (2, 5, 1)
    assert hashlib.sha256(row.population).hexdigest() == row.population_sha256
    assert detail_of("supervision.sample_frozen")["population_hash"] == row.population_sha256
    draw_spot_checks()
    draw_spot_checks()
    row.refresh_from_db()
    picks = draw(io.BytesIO(bytes(row.population)), [ROOT], 2)
    drawn = {str(check.item.recording_id) for check in SpotCheck.objects.select_related("item")}
    assert drawn == {pick.unit.partition("/")[0] for pick in picks}
    detail = detail_of("supervision.sample_drawn")
    assert (detail["picks"], detail["self_drawn"], detail["checkpoint_size"]) == (2, "yes", 42)
    # What was drawn is left out the next time, and the number of draws is counted.
    again = frozen(officer, 100)
    assert (again.size, again.population_size, again.draw_number) == (3, 3, 2)
    finish_draw(again.pk)
    with pytest.raises(NothingToDraw):
        frozen(officer)


def test_nothing_is_drawn_before_the_checkpoint_is_there(
    items: list[SupervisionItem], officer: User, client: Client
) -> None:
    row = frozen(officer)
    assert finish_draw(row.pk) is Waiting.NO_LOG
    assert not SpotCheck.objects.exists()
    client.force_login(officer)
    assert str(Waiting.NO_LOG.sentence) in client.get(CHECKS).content.decode()
    file = client.get(reverse("supervision:draw_file", args=[row.pk, "population.tsv"]))
    assert file.content == bytes(row.population)
    # It names recordings and agents, so that it was taken is in the trail.
    assert AuditEvent.objects.get(kind="sample.exported").target_ref == f"draw:{row.pk}"
    assert client.get(reverse("supervision:draw_file", args=[row.pk, "lines.txt"])).status_code == 404


def test_the_draw_is_of_what_is_in_reach(items: list[SupervisionItem], officer: User) -> None:
    scoped = person()
    Grant.objects.create(user=scoped, role="compliance_officer", channels=[stream("Other").pk])
    with pytest.raises(NothingToDraw):
        frozen(scoped)
    yesterday = timezone.localdate() - timedelta(days=1)
    with pytest.raises(NothingToDraw):
        freeze_draw(since=yesterday, until=yesterday, share=10, person=officer, by=actor(officer))


def test_a_second_supervisor_agrees_once(spot_check: SpotCheck, officer: User, second: User) -> None:
    facts: dict[str, Any] = {"spot_check": spot_check, "agrees": True, "note": "", "moment": None}
    with pytest.raises(NotSecond):
        give_verdict(**facts, person=officer, by=actor(officer))
    viewing(spot_check.item.recording, second, watched=[(0, 54_200)])
    verdict = give_verdict(**facts, person=second, by=actor(second))
    assert (verdict.watched_percent, detail_of("supervision.checked")["verdict"]) == (10, "agrees")
    assert not Standing.of(spot_check.item).is_open
    with pytest.raises(CheckedAlready):
        give_verdict(**facts, person=person("compliance_officer"), by=actor(second))
    assert AuditEvent.objects.filter(kind="supervision.checked").count() == 1
    with pytest.raises(DatabaseError), transaction.atomic():
        SpotVerdict.objects.update(agrees=False)


def test_who_disagrees_opens_the_item_again(
    spot_check: SpotCheck, officer: User, second: User, client: Client
) -> None:
    client.force_login(second)
    item = reverse("supervision:item", args=[spot_check.item_id])
    verdict = reverse("supervision:verdict", args=[spot_check.pk])
    assert item in client.get(CHECKS).content.decode()
    assert verdict in client.get(item).content.decode()
    answer = client.post(verdict, {"agrees": "no", "note": ""})
    assert answer.status_code == 422
    assert "Write why you disagree." in answer.content.decode()
    answer = client.post(verdict, {"agrees": "no", "note": NOTE, "at": "5000"})
    assert answer.status_code == 422
    assert "Watch it first" in answer.content.decode()
    assert NOTE in answer.content.decode()
    page = client.post(verdict, {"agrees": "no", "note": NOTE}, follow=True).content.decode()
    for words in ("The spot check was recorded.", "Spot check: disagrees", NOTE, "Decide"):
        assert words in page
    assert Standing.of(spot_check.item).state == Disposition.QUESTIONED
    assert item not in client.get(CHECKS).content.decode()
    # The first supervisor may decide again, and does not see the check as theirs.
    client.force_login(officer)
    assert verdict not in client.get(item).content.decode()


def test_a_draw_is_asked_for_on_the_page(items: list[SupervisionItem], officer: User, client: Client) -> None:
    client.force_login(officer)
    day = timezone.localdate()
    assert client.post(CHECKS, {"since": day, "until": day, "share": 0}).status_code == 422
    early = day - timedelta(days=2)
    answer = client.post(CHECKS, {"since": early, "until": early, "share": 10})
    assert "No item was closed in this period" in answer.content.decode()
    page = client.post(CHECKS, {"since": day, "until": day, "share": 10}, follow=True).content.decode()
    assert "1 of 5 closed items, 10 %, draw 1 of this period" in page


def test_the_evidence_of_review_is_requested_for_a_period_and_a_person(officer: User, client: Client) -> None:
    client.force_login(officer)
    page = client.get(f"/reviews/supervision/evidence/?since=2026-11-01&until=2026-11-30&person={officer.pk}")
    text = page.content.decode().replace("&amp;", "&")
    period = f"since=2026-11-01&until=2026-11-30&person=user%3A{officer.pk}"
    assert f"/reports/?{period}&report=review&format=xlsx#new" in text
    assert f"/reports/?{period}&report=events&format=bundle#new" in text
    assert client.get("/reviews/supervision/evidence/?since=2026-11-30&until=2026-11-01").status_code == 400

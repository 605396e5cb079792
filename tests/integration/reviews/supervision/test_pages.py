"""The pages of supervision: the queue with its filters, an item beside the player, and what a refusal keeps."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from auditportal.accounts import agent_links
from auditportal.accounts.models import Grant, User
from recordings import paging
from recordings.audit import Actor
from recordings.models import (
    AuditEvent,
    CommBoxObject,
    ItemSource,
    Recording,
    SupervisionDisposition,
    SupervisionItem,
)
from recordings.paging import NEWEST
from recordings.reviews.supervision.errors import NEEDS_MOMENT, NOT_WATCHED, Overtaken
from recordings.reviews.supervision.items import add_to_queue
from recordings.reviews.supervision.queue import QueueFilters, queue_page
from tests.factories import agent, conversation, person, recording, stream, viewing

pytestmark = pytest.mark.django_db
BY = Actor.system("tests")
QUEUE = "/reviews/supervision/"
NOTE = "Dana was promised a return of eight per cent"
FIELDS = {"base": "0", "disposition": "violation", "reason": "misleading", "note": NOTE, "at": "83000"}


@pytest.fixture
def officer() -> User:
    return person("compliance_officer")


@pytest.fixture
def desk(client: Client, officer: User) -> Client:
    client.force_login(officer)
    return client


@pytest.fixture
def item(officer: User) -> SupervisionItem:
    call = recording()
    viewing(call, officer, watched=[(60_000, 90_000)])
    return queued(call)


def queued(call: Recording, **more: Any) -> SupervisionItem:
    return add_to_queue(recording=call, source=ItemSource.PLAN, by=BY, **more)[0]


def address(item: SupervisionItem, name: str = "item") -> str:
    return reverse(f"supervision:{name}", args=[item.pk])


def test_from_a_recording_to_a_decision(desk: Client, officer: User) -> None:
    call = recording()
    viewing(call, officer, watched=[(60_000, 90_000)])
    add = reverse("supervision:add", args=[call.pk])
    assert add in desk.get(reverse("playback:recording", args=[call.pk])).content.decode()
    answer = desk.post(add, follow=True)
    assert "The recording is in the queue of supervision." in answer.content.decode()
    item = SupervisionItem.objects.get()
    assert address(item) in desk.get(QUEUE).content.decode()
    page = desk.post(address(item, "dispose"), FIELDS, follow=True).content.decode()
    assert "The decision was recorded." in page
    for words in (NOTE, "1:23", "Misleading statement", "Watched 0:30, 5 %"):
        assert words in page
    assert desk.post(add, follow=True).redirect_chain == [(address(item), 302)]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"disposition": ""}, "Choose a disposition."),
        ({"disposition": "closed", "reason": ""}, "Choose a reason."),
        ({"disposition": "closed", "reason": "misleading"}, "This reason does not fit the disposition."),
        ({"reason": "other", "note": " "}, "Write the reason into the note."),
        ({"at": ""}, str(NEEDS_MOMENT)),
        ({"at": "95000"}, str(NOT_WATCHED)),
        ({"disposition": "escalated", "reason": "conflict"}, "Choose to whom it is escalated."),
        ({"due": "2020-01-01"}, "This day is over."),
    ],
)
def test_a_refusal_says_what_is_missing_and_loses_nothing(
    desk: Client, item: SupervisionItem, changes: dict[str, str], problem: str
) -> None:
    answer = desk.post(address(item, "dispose"), {**FIELDS, **changes})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert problem in page
    assert changes.get("note", NOTE).strip() in page
    assert not SupervisionDisposition.objects.exists()
    assert not AuditEvent.objects.filter(kind="supervision.disposed").exists()


def test_whoever_was_overtaken_reads_it_and_keeps_what_was_typed(desk: Client, item: SupervisionItem) -> None:
    desk.post(
        address(item, "dispose"), {**FIELDS, "disposition": "questioned", "reason": "unclear", "note": ""}
    )
    answer = desk.post(address(item, "dispose"), FIELDS)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert str(Overtaken.sentence) in page
    assert NOTE in page
    assert 'name="base" value="1"' in page
    assert desk.post(address(item, "dispose"), {**FIELDS, "base": "1"}).status_code == 302


def test_a_recording_that_vanished_says_so_and_needs_no_moment(desk: Client, item: SupervisionItem) -> None:
    Recording.objects.update(vanished_at=timezone.now(), state="vanished_at_source")
    assert "The item stays in the queue" in desk.get(address(item)).content.decode()
    assert desk.post(address(item, "dispose"), {**FIELDS, "at": ""}).status_code == 302


def test_outside_the_scope_an_item_is_not_there(client: Client, item: SupervisionItem) -> None:
    scoped = person()
    Grant.objects.create(user=scoped, role="compliance_officer", channels=[stream("Other").pk])
    client.force_login(scoped)
    missing = reverse("supervision:item", args=[item.recording_id])
    assert client.get(address(item)).status_code == client.get(missing).status_code == 404
    assert client.post(address(item, "dispose"), FIELDS).status_code == 404
    assert client.post(reverse("supervision:add", args=[item.recording_id])).status_code == 404
    assert address(item) not in client.get(QUEUE + "?who=all").content.decode()


def test_nobody_supervises_a_call_of_their_own(desk: Client, officer: User, item: SupervisionItem) -> None:
    avery = agent()
    CommBoxObject.objects.update(agent=avery)
    agent_links.link_agent(user=officer, agent=avery, by=BY, linked_by=person("administrator"), reason="is")
    for answer in (
        desk.get(address(item)),
        desk.post(address(item, "dispose"), FIELDS),
        desk.post(reverse("supervision:add", args=[item.recording_id])),
    ):
        assert answer.status_code == 403
        assert "You are the agent of this conversation." in answer.content.decode()
    assert address(item) not in desk.get(QUEUE + "?who=all").content.decode()
    assert not SupervisionDisposition.objects.exists()


def test_the_queue_is_filtered_and_in_the_order_of_deadlines(desk: Client, item: SupervisionItem) -> None:
    now = timezone.now()
    avery, other = agent("Avery Cole"), stream("Other channel")
    late = queued(recording(conversation(agent=avery)), due_at=now - timedelta(days=1))
    elsewhere = queued(recording(conversation(stream=other)), due_at=now + timedelta(days=1))
    done = queued(recording())
    desk.post(
        address(done, "dispose"), {**FIELDS, "disposition": "no_concern", "reason": "nothing_found", "at": ""}
    )
    everything = [late, elsewhere, item, done]
    for query, expected in {
        "": [late, elsewhere, item],
        "state=waiting": [late, elsewhere, item],
        "state=questioned": [],
        "state=done": [done],
        "deadline=overdue": [late],
        "deadline=soon": [late, elsewhere],
        f"agent={avery.pk}": [late],
        f"channel={other.pk}": [elsewhere],
        "source=hand": [],
        "who=all": [late, elsewhere, item],
    }.items():
        page = desk.get(f"{QUEUE}?{query}").content.decode()
        assert (
            sorted(
                (row for row in everything if address(row) in page), key=lambda row: page.index(address(row))
            )
            == expected
        ), query
    page = desk.get(QUEUE).content.decode()
    assert "3 recordings to decide" in page
    assert "1 overdue" in page
    assert desk.get(QUEUE + "?state=unknown").status_code == 400


def test_a_page_of_the_queue_begins_after_the_one_before(
    desk: Client, officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same number of queries for one row and for three."""
    rows, queries = [], []
    for number in (1, 2):
        rows += [queued(recording(conversation(agent=agent()))) for _ in range(number)]
        with CaptureQueriesContext(connection) as captured:
            assert len(queue_page(officer, QueueFilters(), NEWEST).rows) == len(rows)
        queries.append(len(captured))
    assert queries == [3, 2]  # the first also asks whose calls are the officer's own
    monkeypatch.setattr("recordings.reviews.supervision.queue.PAGE", 2)
    monkeypatch.setattr(paging, "PAGE", 2)
    first = desk.get(QUEUE)
    second = desk.get(QUEUE + first.context["older_url"])
    back = desk.get(QUEUE + second.context["newer_url"])
    shown = [[row.item for row in answer.context["rows"]] for answer in (first, second, back)]
    assert shown == [rows[:2], rows[2:], rows[:2]]


def test_a_sample_that_is_not_there_is_refused(desk: Client, item: SupervisionItem) -> None:
    add = reverse("supervision:add_sample")
    assert "Choose a sample." in desk.post(add, {"sample": "-"}, follow=True).content.decode()
    assert desk.post(add, {"sample": str(item.pk)}).status_code == 404

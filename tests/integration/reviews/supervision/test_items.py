"""The queue of supervision: what enters it, who decides about it, and that nothing of it is changed later."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from auditportal.accounts import agent_links
from auditportal.accounts.models import Grant, User
from recordings.audit import Actor
from recordings.audit.opened import open_event
from recordings.models import (
    AuditEvent,
    CommBoxObject,
    Disposition,
    DispositionReason,
    ItemSource,
    Recording,
    Sample,
    SamplePick,
    SampleSkip,
    SamplingPlan,
    SupervisionDisposition,
    SupervisionItem,
)
from recordings.reviews import scorecards
from recordings.reviews.plans.errors import UnknownSample
from recordings.reviews.supervision.errors import NotHolder, NotOpen, Overtaken
from recordings.reviews.supervision.items import Decision, add_disposition, add_to_queue, dispose
from recordings.reviews.supervision.rules import (
    FITS,
    Standing,
    may_check,
    may_dispose,
    may_supervise,
    next_holders,
)
from recordings.reviews.supervision.samples import Queued, queue_sample, samples_of
from tests.factories import agent, conversation, person, recording, stream, viewing
from tests.unit.scorecards.forms import EXAMPLE, as_bytes

pytestmark = pytest.mark.django_db
BY = Actor.system("tests")
NOTE = "Dana was promised a return of eight per cent"


def actor(of: User) -> Actor:
    return Actor(f"user:{of.pk}", "person", of.display_name, "compliance_officer")


@pytest.fixture
def officer() -> User:
    return person("compliance_officer")


@pytest.fixture
def call(officer: User) -> Recording:
    """A recording of 542 seconds, of which the officer watched 12 per cent."""
    made = recording()
    viewing(made, officer, watched=[(60_000, 90_000), (100_000, 135_500)])
    return made


@pytest.fixture
def item(call: Recording, officer: User) -> SupervisionItem:
    return add_to_queue(recording=call, source=ItemSource.HAND, by=actor(officer), person=officer)[0]


def decide(item: SupervisionItem, who: User, code: str, base: int = 0, **more: Any) -> SupervisionDisposition:
    """Decide with a reason that fits."""
    more = {"reason": FITS[code][0].value, **more}
    decision = Decision(disposition=Disposition(code), **more)
    return dispose(item=item, base=base, decision=decision, person=who, by=actor(who))


def body_of(kind: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(bytes(AuditEvent.objects.get(kind=kind).body))
    return body


def test_a_recording_has_one_open_item(item: SupervisionItem, call: Recording, officer: User) -> None:
    plan = {"recording": call, "source": ItemSource.PLAN, "source_ref": "plan:7", "by": BY}
    assert add_to_queue(**plan) == (item, False)
    decide(item, officer, "no_concern")
    again, is_new = add_to_queue(**plan)
    assert (again == item, is_new, again.source_ref, again.added_by) == (False, True, "plan:7", None)
    assert AuditEvent.objects.filter(kind="supervision.queued").count() == 2


def test_the_event_has_what_was_watched_and_the_note_is_a_personal_value(
    item: SupervisionItem, officer: User
) -> None:
    row = decide(item, officer, "violation", note=NOTE, moment=(83_000, 85_000))
    assert (row.watched, row.watched_percent) == ([(60_000, 90_000), (100_000, 135_500)], 12)
    body = body_of("supervision.disposed")
    detail = body["action_detail"]
    names = (
        "item",
        "number",
        "disposition",
        "reason",
        "from_ms",
        "to_ms",
        "spans",
        "watched_ms",
        "watched_percent",
    )
    assert [detail[name] for name in names] == [
        str(item.pk), 1, "violation", "identity", 83_000, 85_000,
        [[60_000, 90_000], [100_000, 135_500]], 65_500, 12,
    ]  # fmt: skip
    assert NOTE not in json.dumps(body)
    event = open_event(row.event_id)
    assert event is not None
    assert event.private("action_detail.note") == NOTE


def test_of_two_people_one_decides_and_the_other_is_told(item: SupervisionItem, officer: User) -> None:
    other = person("compliance_officer")
    decide(item, officer, "questioned")
    with pytest.raises(Overtaken):
        decide(item, other, "closed")
    # Both read the same newest row: the second row of a number is refused.
    with pytest.raises(Overtaken):
        add_disposition(
            item=item, number=1, disposed_by=other, disposition="closed", watched=[], event_id=item.pk
        )
    decide(item, other, "closed", base=1)
    with pytest.raises(NotOpen):
        decide(item, officer, "closed", base=2)
    assert [row.disposition for row in item.dispositions.order_by("number")] == ["questioned", "closed"]
    assert AuditEvent.objects.filter(kind="supervision.disposed").count() == 2


def test_an_escalated_item_is_decided_by_whom_it_was_escalated_to(
    item: SupervisionItem, officer: User
) -> None:
    """Level by level, with a deadline for each; a person decides once in the chain."""
    second, third = person("compliance_officer"), person("compliance_officer")
    assert next_holders(officer, item) == [second, third]
    before = timezone.now()
    first = decide(item, officer, "escalated", to=second)
    assert (first.level, first.holder) == (1, second)
    assert first.due_at is not None
    assert timedelta(days=5) <= first.due_at - before < timedelta(days=5, minutes=1)
    with pytest.raises(NotHolder):
        decide(item, officer, "closed", base=1)
    assert next_holders(second, item) == [third]
    above = decide(item, second, "escalated", base=1, to=third)
    assert (above.level, above.holder) == (2, third)
    assert next_holders(third, item) == []
    decide(item, third, "violation", base=2)
    assert Standing.of(item).holder == third
    # Everybody decides again when that person no longer supervises.
    User.objects.filter(pk=third.pk).update(is_active=False)
    decide(item, officer, "closed", base=3)
    assert not Standing.of(item).is_open


def test_a_recording_that_vanished_stays_in_the_queue(
    item: SupervisionItem, call: Recording, officer: User
) -> None:
    Recording.objects.filter(pk=call.pk).update(vanished_at=timezone.now(), state="vanished_at_source")
    item.refresh_from_db()
    decide(item, officer, "closed", reason=DispositionReason.INCOMPLETE.value)


WHO = {
    # who: supervises, decides, decides after an escalation to another one, checks when the officer closed it
    "officer": (True, True, False, False),
    "other officer": (True, True, False, True),
    "officer of the channel": (True, True, False, True),
    "officer of another channel": (False, False, False, False),
    "officer who may only list": (False, False, False, False),
    "officer whose own call it is": (False, False, False, False),
    "deactivated officer": (False, False, False, False),
    "qa_manager": (False, False, False, False),
    "supervisor": (False, False, False, False),
    "reviewer": (False, False, False, False),
    "agent": (False, False, False, False),
    "external_auditor": (False, False, False, False),
    "administrator": (False, False, False, False),
}


def test_who_sees_decides_and_checks(item: SupervisionItem, officer: User) -> None:
    """The truth table, in one world."""
    avery = agent()
    CommBoxObject.objects.filter(pk=item.recording.object_id).update(agent=avery)
    item = SupervisionItem.objects.select_related("recording__object").get()
    thing = item.recording.object
    people = {"officer": officer, "other officer": person("compliance_officer")}
    people |= {role: person(role) for role in WHO if role.isidentifier() and role != "officer"}
    for name, scope in (
        ("officer of the channel", {"channels": [thing.stream_id]}),
        ("officer of another channel", {"channels": [stream("Other").pk]}),
        ("officer who may only list", {"level": "list"}),
        ("officer whose own call it is", {}),
        ("deactivated officer", {}),
    ):
        people[name] = person()
        Grant.objects.create(user=people[name], role="compliance_officer", **scope)
    own = people["officer whose own call it is"]
    agent_links.link_agent(user=own, agent=avery, by=BY, linked_by=officer, reason="is")
    User.objects.filter(pk=people["deactivated officer"].pk).update(is_active=False)
    fresh = {name: User.objects.get(pk=who.pk) for name, who in people.items()}
    waiting, third = Standing.of(item), person("compliance_officer")
    decide(item, officer, "escalated", to=third)
    escalated = Standing.of(item)
    assert {
        name: (
            may_supervise(who, thing),
            may_dispose(who, thing, waiting),
            may_dispose(who, thing, escalated),
            may_check(who, item),
        )
        for name, who in fresh.items()
    } == WHO
    assert may_dispose(third, thing, escalated)
    assert {who.pk for who in next_holders(third, item)} == {
        fresh["other officer"].pk,
        fresh["officer of the channel"].pk,
    }


@pytest.mark.parametrize("table", ["supervisionitem", "supervisiondisposition"])
@pytest.mark.parametrize("change", ["UPDATE recordings_{} SET id = id", "DELETE FROM recordings_{}"])
def test_nobody_changes_what_was_recorded(
    item: SupervisionItem, officer: User, table: str, change: str
) -> None:
    decide(item, officer, "questioned")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change.format(table))


def test_the_picks_of_a_sample_enter_the_queue(item: SupervisionItem, officer: User) -> None:
    """Without those that were skipped, that are in the queue already, or that the person may not supervise."""
    card = scorecards.create_scorecard(document=as_bytes(EXAMPLE), imported=False, person=officer, by=BY)
    plan = SamplingPlan.objects.create(scorecard=card.scorecard, name="Weekly", created_by=officer, number=4)
    now, known = timezone.now(), item.recording
    sample = Sample.objects.create(
        plan=plan, period_from=now, period_until=now, draw=1, frozen_at=now, frozen_event=item.pk, filters={},
        exclusions={}, number=4, units=4, population_hash="0" * 64, drawn_at=now,
    )  # fmt: skip
    new, skipped, beyond = (
        recording(known.object),
        recording(known.object),
        recording(conversation(stream=stream())),
    )
    picks = [
        SamplePick.objects.create(
            sample=sample, recording=call, unit=str(call.pk), rank=bytes(32), picked_at=now
        )
        for call in (known, new, skipped, beyond)
    ]
    SampleSkip.objects.create(pick=picks[2], code="by_hand", skipped_at=now, event_id=item.pk)
    scoped = person()
    Grant.objects.create(user=scoped, role="compliance_officer", channels=[known.object.stream_id])
    assert samples_of(scoped) == [sample]
    queued = queue_sample(sample_id=sample.pk, person=scoped, by=actor(scoped))
    assert queued == Queued(added=1, known=1, beyond=1)
    added = SupervisionItem.objects.get(recording=new)
    assert (added.source, added.source_ref) == ("plan", f"sample:{sample.pk}")
    assert SupervisionItem.objects.count() == 2
    with pytest.raises(UnknownSample):
        queue_sample(sample_id=item.pk, person=scoped, by=actor(scoped))

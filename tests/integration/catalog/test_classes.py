"""Sensitivity: by hand over rule over channel, in objects and search rows alike, with a history of earlier places."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from auditportal.accounts import agent_links
from auditportal.accounts.models import Grant, User
from recordings.audit import Actor
from recordings.audit.opened import open_event
from recordings.catalog import classes
from recordings.catalog.earlier_places import known_since, places_during
from recordings.catalog.search_documents import rebuild_docs
from recordings.commbox import ObjectItem
from recordings.models import (
    Agent,
    AuditEvent,
    ClassRule,
    CommBoxObject,
    EarlierPlace,
    ObjectClass,
    SearchDoc,
    Sensitivity,
    Team,
)
from recordings.refresh.objects import upsert_objects
from recordings.trail.sentences import plain_sentence
from tests.factories import agent, conversation, person, recording, stream

BY = Actor.system("test")
STANDARD, CONFIDENTIAL, RESTRICTED = Sensitivity


@pytest.fixture
def noa(db: None) -> User:
    return person("compliance_officer", "noa.levi")


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def add(noa: User, sensitivity: Sensitivity, **about: Any) -> ClassRule:
    rule = classes.add_rule(sensitivity=sensitivity, reason="policy 7", by=BY, set_by=noa, **about)
    classes.apply_rules()
    return rule


def class_of(thing: CommBoxObject) -> str:
    """The class of an object, and of its search rows."""
    found = {CommBoxObject.objects.get(pk=thing.pk).sensitivity}
    found |= set(SearchDoc.objects.filter(object=thing.pk).values_list("sensitivity", flat=True))
    assert len(found) == 1
    return found.pop()


class TestOrder:
    def test_by_hand_over_rule_over_channel(self, noa: User) -> None:
        retail = stream("Retail")
        thing = conversation(stream=retail, recordings=2)
        assert class_of(thing) == STANDARD
        add(noa, CONFIDENTIAL, stream=retail)
        assert class_of(thing) == CONFIDENTIAL
        rule = add(noa, RESTRICTED, stream=retail, recording_type="Video")
        assert class_of(thing) == RESTRICTED
        by_hand = {"thing": thing, "reason": "harmless", "by": BY, "set_by": noa}
        assert classes.classify_object(sensitivity=STANDARD, **by_hand)
        assert class_of(thing) == STANDARD
        assert not classes.classify_object(sensitivity=STANDARD, **by_hand)
        assert classes.classify_object(sensitivity=None, **by_hand)
        assert class_of(thing) == RESTRICTED
        classes.end_rule(rule=rule, by=BY, ended_by=noa, reason="over")
        classes.apply_rules()
        assert class_of(thing) == CONFIDENTIAL
        with pytest.raises(classes.RuleEnded):
            classes.end_rule(rule=rule, by=BY, ended_by=noa, reason="over")

    def test_of_several_rules_the_most_sensitive_counts(self, noa: User) -> None:
        north = Team.objects.create(pk=3, name="North")
        thing = conversation(agent=agent(team=north), recordings=1)
        add(noa, RESTRICTED, team=north)
        add(noa, CONFIDENTIAL, recording_type="video")
        assert class_of(thing) == RESTRICTED

    def test_two_rules_about_the_same_are_refused(self, noa: User) -> None:
        retail = stream()
        add(noa, CONFIDENTIAL, stream=retail)
        with pytest.raises(classes.RuleExists):
            add(noa, RESTRICTED, stream=retail)

    def test_a_new_object_and_a_new_recording_get_the_class_at_once(self, noa: User) -> None:
        retail = stream()
        add(noa, CONFIDENTIAL, stream=retail)
        add(noa, RESTRICTED, recording_type="audio")
        thing = conversation(stream=retail)
        assert class_of(thing) == CONFIDENTIAL
        recording(thing, recording_type="audio")
        assert class_of(thing) == RESTRICTED

    def test_an_agent_who_changes_team_takes_the_objects_along(self, noa: User) -> None:
        north, south = Team.objects.create(pk=3), Team.objects.create(pk=4)
        avery = agent(team=north)
        thing = conversation(agent=avery)
        add(noa, CONFIDENTIAL, team=south)
        assert class_of(thing) == STANDARD
        Agent.objects.filter(pk=avery.pk).update(team=south)
        rebuild_docs([thing.pk])
        assert class_of(thing) == CONFIDENTIAL

    def test_a_rule_is_looked_at_again_until_nothing_older_can_be_stored(
        self, noa: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        retail = stream()
        rule = add(noa, CONFIDENTIAL, stream=retail)
        late = conversation(stream=retail)
        # Stored by a transaction that had not seen the rule.
        CommBoxObject.objects.filter(pk=late.pk).update(sensitivity=STANDARD)
        assert ClassRule.objects.get().applied_at is None
        monkeypatch.setattr(classes, "SETTLED_AFTER", timedelta(0))
        classes.apply_rules()
        assert class_of(late) == CONFIDENTIAL
        assert ClassRule.objects.get(pk=rule.pk).applied_at is not None


class TestPages:
    def test_a_rule_is_added_and_ended_with_events(self, noa: User) -> None:
        client, retail = client_of(noa), stream("Retail")
        conversation(stream=retail)
        fields = {"stream": retail.pk, "sensitivity": "restricted", "reason": "policy 7"}
        assert client.post("/sensitivity/", fields).status_code == 302
        assert "Retail" in client.get("/sensitivity/").content.decode()
        assert "Restricted" in client.get(f"/channels/{retail.pk}/").content.decode()
        rule = ClassRule.objects.get()
        assert client.post(f"/sensitivity/{rule.pk}/end/", {"reason": "over"}).status_code == 302
        events = AuditEvent.objects.filter(kind__startswith="sensitivity.").order_by("id")
        sentences = [
            plain_sentence(opened)
            for event_id in events.values_list("event_id", flat=True)
            if (opened := open_event(event_id))
        ]
        assert sentences == [
            f"Noa Levi added a sensitivity rule: Restricted · channel {retail.pk}",
            f"Noa Levi ended a sensitivity rule: Restricted · channel {retail.pk}",
        ]

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"sensitivity": "restricted"}, "Choose a channel, a team or a type."),
            ({"recording_type": "video", "sensitivity": "secret"}, "Select a valid choice."),
            (
                {"recording_type": "video", "sensitivity": "restricted", "reason": ""},
                "This field is required.",
            ),
            ({"stream": "77", "sensitivity": "restricted"}, "Select a valid choice."),
        ],
    )
    def test_bad_input_gets_a_sentence(self, noa: User, fields: dict[str, str], sentence: str) -> None:
        answer = client_of(noa).post("/sensitivity/", {"reason": "policy 7", **fields})
        assert answer.status_code == 422
        assert sentence in answer.content.decode()
        assert not ClassRule.objects.exists()

    def test_rules_need_a_grant_without_scope(self, db: None) -> None:
        scoped = person()
        Grant.objects.create(user=scoped, role="compliance_officer", channels=[stream().pk])
        assert client_of(scoped).get("/sensitivity/").status_code == 403

    def test_an_object_is_classified_by_hand_with_a_reason(self, noa: User) -> None:
        client, thing = client_of(noa), conversation(recordings=1)
        path = f"/objects/{thing.pk}/sensitivity/"
        assert client.post(path, {"sensitivity": "restricted"}).status_code == 302
        assert class_of(thing) == STANDARD  # no reason
        assert client.post(path, {"sensitivity": "restricted", "reason": "a minor"}).status_code == 302
        assert class_of(thing) == RESTRICTED
        page = client.get(f"/objects/{thing.pk}/").content.decode()
        assert "a minor" in page
        opened = open_event(AuditEvent.objects.get(kind="sensitivity.object_set").event_id)
        assert opened is not None
        assert plain_sentence(opened) == f"Noa Levi set the sensitivity of object {thing.pk} to Restricted"

    def test_who_may_not_classify_is_refused(self, db: None) -> None:
        thing = conversation()
        fields = {"sensitivity": "restricted", "reason": "a minor"}
        assert (
            client_of(person("qa_manager")).post(f"/objects/{thing.pk}/sensitivity/", fields).status_code
            == 403
        )
        viewer = person()
        Grant.objects.create(user=viewer, role="compliance_officer", level="view")
        assert client_of(viewer).post(f"/objects/{thing.pk}/sensitivity/", fields).status_code == 403
        assert not ObjectClass.objects.exists()

    def test_nobody_classifies_a_call_of_their_own(self, noa: User) -> None:
        avery = agent()
        thing = conversation(agent=avery)
        agent_links.link_agent(user=noa, agent=avery, by=BY, linked_by=person("administrator"), reason="is")
        fields = {"sensitivity": "restricted", "reason": "a minor"}
        answer = client_of(noa).post(f"/objects/{thing.pk}/sensitivity/", fields)
        assert answer.status_code == 403
        assert "You are the agent of this conversation." in answer.content.decode()
        assert class_of(thing) == STANDARD

    def test_a_foreign_object_answers_like_a_missing_one(self, db: None) -> None:
        scoped, thing = person(), conversation()
        Grant.objects.create(user=scoped, role="compliance_officer", channels=[stream("Other").pk])
        Grant.objects.create(user=scoped, role="compliance_officer", channels=[1])
        fields = {"sensitivity": "restricted", "reason": "a minor"}
        client = client_of(scoped)
        assert client.post(f"/objects/{thing.pk}/sensitivity/", fields).status_code == 404
        assert client.post("/objects/1407374990000999/sensitivity/", fields).status_code == 404


class TestEarlierPlaces:
    def test_before_anything_was_recorded_the_first_known_place_is_used(self, db: None) -> None:
        thing = conversation(agent=agent())
        early, now = known_since() - timedelta(days=2), timezone.now()
        (place,) = places_during(thing, early, now)
        assert (place.since, place.until) == (early, now)
        assert (place.stream_id, place.agent_id) == (thing.stream_id, thing.agent_id)

    def test_the_place_is_that_of_the_moment(self, noa: User) -> None:
        """Against a list of all changes, whatever the order of changes of class and agent."""
        thing, retail = conversation(agent=None), stream()
        CommBoxObject.objects.filter(pk=thing.pk).update(stream=retail)
        agents = [agent().pk for _ in range(3)]

        @settings(max_examples=30, deadline=None)
        @given(
            st.lists(st.tuples(st.sampled_from(["agent_id", "sensitivity"]), st.integers(0, 2)), max_size=6)
        )
        def agree(changes: list[tuple[str, int]]) -> None:
            expected: list[tuple[datetime, Any]] = []
            for column, number in changes:
                value = agents[number] if column == "agent_id" else Sensitivity.values[number]
                with transaction.atomic():
                    CommBoxObject.objects.filter(pk=thing.pk).update(**{column: value})
                now = CommBoxObject.objects.get(pk=thing.pk)
                expected.append((datetime.now(UTC), (now.stream_id, now.agent_id, now.sensitivity)))
            here = CommBoxObject.objects.get(pk=thing.pk)
            for moment, place in expected:
                (found,) = places_during(here, moment, moment + timedelta(microseconds=1))
                assert (found.stream_id, found.agent_id, found.sensitivity) == place

        agree()
        assert EarlierPlace.objects.exists()

    def test_a_change_of_nothing_writes_nothing(self, noa: User) -> None:
        thing = conversation()
        CommBoxObject.objects.filter(pk=thing.pk).update(sensitivity=STANDARD, agent=None)
        assert not EarlierPlace.objects.filter(object_id=thing.pk).exists()

    def test_memberships_are_dated(self, db: None) -> None:
        north, south = Team.objects.create(pk=3), Team.objects.create(pk=4)
        avery, dana = agent(team=north), agent()
        of_avery, of_dana = conversation(agent=avery), conversation(agent=dana)
        begun = timezone.now()
        Agent.objects.filter(pk=avery.pk).update(team=south)
        Agent.objects.filter(pk=dana.pk).update(team=north)
        now = timezone.now()
        assert [place.team_id for place in places_during(of_avery, begun, now)] == [3, 4]
        assert [place.team_id for place in places_during(of_dana, begun, now)] == [None, 3]
        assert [place.team_id for place in places_during(of_dana, now, now + timedelta(days=1))] == [3]


def test_an_object_that_loses_its_agent_keeps_the_last_one(db: None) -> None:
    avery = agent()
    thing = conversation(agent=avery)
    known = {field.name: getattr(thing, field.name, None) for field in fields(ObjectItem)}
    known |= {"object_id": thing.pk, "tags_count": 0, "raw": {}}
    assert upsert_objects([ObjectItem(**{**known, "agent_id": None, "status_id": 3})], now=timezone.now())
    changed = CommBoxObject.objects.get(pk=thing.pk)
    assert (changed.agent_id, changed.status_id) == (avery.pk, 3)
    assert not EarlierPlace.objects.exists()

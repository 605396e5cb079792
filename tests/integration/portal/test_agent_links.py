"""An account linked to an agent of CommBox: one to one, and what the role *agent* sees through it."""

import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from auditportal.accounts import agent_links
from auditportal.accounts.actions import AlreadyDone
from auditportal.accounts.models import AgentLink, User
from recordings.audit import Actor
from recordings.audit.opened import open_event
from recordings.models import Agent, AuditEvent
from recordings.permissions import Permission
from recordings.playback.own_calls import calls_in
from recordings.policies import is_own_call
from recordings.reach import Scope
from recordings.trail.sentences import plain_sentence
from tests.factories import PASSWORD, agent, conversation, person, recording, viewing

BY = Actor.system("test")


@pytest.fixture
def sam(db: None) -> User:
    return person("administrator", "sam.ortiz")


@pytest.fixture
def dana(db: None) -> User:
    return person("agent", "dana.ford")


def linked(user: User, to: Agent, by: User) -> AgentLink:
    return agent_links.link_agent(user=user, agent=to, by=BY, linked_by=by, reason="known by the team lead")


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def again(user: User) -> User:
    return User.objects.get(pk=user.pk)


def test_an_administrator_links_and_ends_with_events(sam: User, dana: User) -> None:
    client, avery = client_of(sam), agent("Avery Cole")
    fields = {"agent": avery.pk, "reason": "known", "password": PASSWORD}
    assert client.post(f"/people/{dana.pk}/agent/", fields).status_code == 302
    link = AgentLink.objects.get()
    assert "Avery Cole" in client.get(f"/people/{dana.pk}/").content.decode()
    end = {"reason": "left", "password": PASSWORD}
    assert client.post(f"/people/{dana.pk}/agent/{link.pk}/end/", end).status_code == 302
    assert client.post(f"/people/{dana.pk}/agent/{link.pk}/end/", end).status_code == 409
    sentences = []
    for event_id in (
        AuditEvent.objects.filter(kind__startswith="agent.").order_by("id").values_list("event_id", flat=True)
    ):
        opened = open_event(event_id)
        assert opened is not None
        sentences.append(plain_sentence(opened))
    assert sentences == [
        "Sam Ortiz linked Dana Ford to the agent \u2068Avery Cole\u2069",
        "Sam Ortiz ended the link of Dana Ford to the agent \u2068Avery Cole\u2069",
    ]


def test_an_agent_who_is_linked_is_not_offered_and_not_taken(sam: User, dana: User) -> None:
    avery, other = agent(), person("agent")
    linked(dana, avery, sam)
    with pytest.raises(agent_links.LinkTaken):
        linked(other, avery, sam)
    with pytest.raises(agent_links.LinkTaken):
        linked(dana, agent("Second"), sam)
    fields = {"agent": avery.pk, "reason": "known", "password": PASSWORD}
    assert client_of(sam).post(f"/people/{other.pk}/agent/", fields).status_code == 422


def test_nobody_links_themselves(sam: User) -> None:
    fields = {"agent": agent().pk, "reason": "me", "password": PASSWORD}
    assert client_of(sam).post(f"/people/{sam.pk}/agent/", fields).status_code == 409
    assert not AgentLink.objects.exists()


def test_of_two_links_at_once_one_is_refused(committed_db: None) -> None:
    sam, avery = person("administrator"), agent()
    outcomes: list[str] = []
    together = threading.Barrier(2)

    def link(user: User) -> None:
        together.wait()
        try:
            linked(user, avery, sam)
            outcomes.append("linked")
        except agent_links.LinkTaken:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=link, args=[person("agent")]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["linked", "refused"]


def test_the_role_reaches_the_calls_of_the_linked_agent_only(sam: User, dana: User) -> None:
    avery = agent()
    assert not again(dana).reach(Permission.READ_OWN_CALLS).includes(conversation(agent=avery))
    link = linked(dana, avery, sam)
    assert again(dana).reach(Permission.READ_OWN_CALLS).scopes == {Scope(agents=frozenset({avery.pk}))}
    agent_links.end_link(link=link, by=BY, ended_by=sam, reason="left")
    assert again(dana).reach(Permission.READ_OWN_CALLS).scopes == {Scope(agents=frozenset())}
    with pytest.raises(AlreadyDone):
        agent_links.end_link(link=link, by=BY, ended_by=sam, reason="left")


def test_my_calls_shows_who_watched_and_nothing_to_play(sam: User, dana: User) -> None:
    avery = agent()
    own = recording(conversation(agent=avery, customer_name="Dana Marlowe"))
    foreign = recording(conversation(agent=agent("Other")))
    viewing(own, person("qa_manager", "tom.brandt"), purpose="quality")
    viewing(foreign, person("qa_manager", "rut.peled"))
    client = client_of(dana)
    assert "not linked to an agent" in client.get("/my-calls/").content.decode()
    linked(dana, avery, sam)
    page = client.get("/my-calls/").content.decode()
    assert str(own.object_id) in page
    assert "Tom Brandt" in page
    assert str(foreign.object_id) not in page
    assert "Rut Peled" not in page
    assert "Dana Marlowe" not in page
    assert client.get(f"/recordings/{own.pk}/").status_code == 403
    assert AuditEvent.objects.filter(kind="agent.own_calls_viewed").count() == 1


@pytest.mark.parametrize("recordings", [1, 3])
def test_my_calls_takes_the_same_statements_for_one_and_three(
    sam: User, dana: User, recordings: int, django_assert_num_queries: Any
) -> None:
    avery = agent()
    linked(dana, avery, sam)
    for _ in range(recordings):
        viewing(recording(conversation(agent=avery)))
    in_reach = again(dana).reach(Permission.READ_OWN_CALLS)
    with django_assert_num_queries(2):
        assert len(calls_in(in_reach)) == recordings


def test_calls_stay_ones_own_after_the_link_ends(sam: User, dana: User) -> None:
    avery = agent()
    thing = conversation(agent=avery)
    assert not is_own_call(again(dana), thing)
    link = linked(dana, avery, sam)
    assert is_own_call(again(dana), thing)
    agent_links.end_link(link=link, by=BY, ended_by=sam, reason="left")
    assert is_own_call(again(dana), thing)
    assert not is_own_call(again(dana), conversation(agent=None))

"""Grants with a level and a scope: what the form accepts and warns of, what the person's page and the trail say."""

from typing import Any

import pytest
from django.test import Client

from auditportal.accounts import actions
from auditportal.accounts.models import Grant, User
from recordings.audit import Actor
from recordings.audit.opened import open_event
from recordings.models import AuditEvent, Team
from recordings.permissions import Permission
from recordings.trail.sentences import plain_sentence
from tests.factories import PASSWORD, agent, conversation, person, stream

BY = Actor.system("test")


@pytest.fixture
def client(db: None) -> Client:
    client = Client()
    client.force_login(person("administrator", "sam.ortiz"))
    return client


@pytest.fixture
def tom(db: None) -> User:
    return person("", "tom.brandt")


def granted(client: Client, tom: User, **fields: Any) -> Any:
    given = {
        "role": "qa_manager",
        "level": "view",
        "reason": "joins claims",
        "password": PASSWORD,
        **fields,
    }
    return client.post(
        f"/people/{tom.pk}/grant/", {name: value for name, value in given.items() if value is not None}
    )


def test_a_grant_has_its_scope_and_the_page_and_the_trail_name_it(client: Client, tom: User) -> None:
    retail, claims = stream("Retail"), stream("Claims")
    team = Team.objects.create(pk=3, name="North")
    conversation(stream=retail, agent=agent("Dana Ford", team=team), recordings=2)
    answer = granted(client, tom, channels=[retail.pk, claims.pk], teams=[3], classes=["standard"])
    assert answer.status_code == 302
    grant = tom.grants.get()
    assert (grant.level, grant.channels, grant.teams, grant.classes) == (
        "view",
        [retail.pk, claims.pk],
        [3],
        ["standard"],
    )
    page = client.get(f"/people/{tom.pk}/").content.decode()
    for phrase in ("Channels: Claims, Retail", "Teams: North", "Sensitivity: Standard"):
        assert phrase in page
    opened = open_event(AuditEvent.objects.get(kind="role.granted").event_id)
    assert opened is not None
    assert opened.detail["channels"] == [retail.pk, claims.pk]
    assert plain_sentence(opened) == (
        "Sam Ortiz granted Tom Brandt the role QA manager · level: View · channels: \u2068Claims, Retail\u2069"
        " · teams: \u2068North\u2069 · sensitivity: Standard"
    )


def test_what_a_scope_reaches_is_counted_before_anything_is_granted(client: Client, tom: User) -> None:
    for name in ("Retail", "Claims"):
        conversation(stream=stream(name), recordings=2)
    conversation(stream=stream("Other"))
    page = granted(client, tom, reason=None, password=None, count="1")
    assert page.status_code == 200
    assert "reaches 4 recordings now · 2 channels" in page.content.decode()
    assert not tom.grants.exists()
    # Also when the person has just confirmed, and no password is asked for.
    granted(client, tom)
    again = granted(client, tom, reason=None, password=None, count="1")
    assert "reaches 4 recordings now" in again.content.decode()


def test_a_scope_that_matches_nothing_is_warned_of_and_can_be_confirmed(client: Client, tom: User) -> None:
    empty = stream("Empty")
    conversation(stream=stream("Retail"), recordings=1)
    refused = granted(client, tom, channels=[empty.pk])
    assert refused.status_code == 422
    assert "This scope matches no recording now." in refused.content.decode()
    assert not tom.grants.exists()
    assert granted(client, tom, channels=[empty.pk], anyway="on").status_code == 302
    assert tom.grants.get().channels == [empty.pk]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"channels": [77]}, "Select a valid choice. 77 is not one of the available choices."),
        ({"classes": ["secret"]}, "Select a valid choice."),
        ({"level": "all"}, "Select a valid choice."),
        ({"level": None}, "This field is required."),
        ({"role": "administrator"}, "has the level “Manage” and no scope"),
        ({"since": "2999-01-02", "until": "2999-01-01"}, "The last day is before the first."),
    ],
)
def test_bad_input_gets_a_sentence(client: Client, tom: User, fields: dict[str, Any], sentence: str) -> None:
    conversation(recordings=1)
    answer = granted(client, tom, **fields)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert "joins claims" in answer.content.decode()
    assert not tom.grants.exists()


def test_somebody_is_invited_with_a_scope(client: Client) -> None:
    retail, other = stream("Retail"), stream("Other")
    conversation(stream=retail, recordings=2)
    fields: dict[str, Any] = {"full_name": "Rut Peled", "username": "rut.peled", "language": "en"}
    fields |= {"role": "reviewer", "level": "view", "reason": "joins", "password": PASSWORD}

    def invited(**more: Any) -> Any:
        return client.post("/people/invite/", {**fields, **more})

    counted = client.post("/people/invite/", {"role": "reviewer", "level": "view", "count": "1"})
    assert counted.status_code == 200
    assert "reaches 2 recordings now" in counted.content.decode()
    nothing = invited(channels=[other.pk])
    assert nothing.status_code == 422
    assert "This scope matches no recording now." in nothing.content.decode()
    assert "has the level “Manage” and no scope" in invited(role="administrator").content.decode()
    assert not User.objects.filter(username="rut.peled").exists()
    assert invited(channels=[retail.pk]).status_code == 200
    grant = Grant.objects.get(user__username="rut.peled")
    assert (grant.role, grant.level, grant.channels) == ("reviewer", "view", [retail.pk])
    opened = open_event(AuditEvent.objects.get(kind="role.granted").event_id)
    assert opened is not None
    assert "channels: \u2068Retail\u2069" in plain_sentence(opened)


def test_one_grant_ends_and_the_others_of_the_role_stay(client: Client, tom: User) -> None:
    retail, claims = stream("Retail"), stream("Claims")
    for channel in (retail, claims):
        actions.grant_role(user=tom, role="qa_manager", by=BY, channels=[channel.pk])
    first, second = tom.grants.order_by("pk")
    asked = client.get(f"/people/{tom.pk}/grants/{first.pk}/end/").content.decode()
    assert "Channels: Retail" in asked
    fields = {"reason": "left retail", "password": PASSWORD}
    assert client.post(f"/people/{tom.pk}/grants/{first.pk}/end/", fields).status_code == 302
    assert set(Grant.objects.filter(user=tom, ended_at=None)) == {second}
    reach = User.objects.get(pk=tom.pk).reach(Permission.PLAY_RECORDINGS)
    assert [scope.channels for scope in reach.scopes] == [{claims.pk}]
    # Of two administrators who end it, one is told.
    again = client.post(f"/people/{tom.pk}/grants/{first.pk}/end/", fields)
    assert again.status_code == 409
    assert AuditEvent.objects.filter(kind="role.revoked").count() == 1


def test_a_grant_of_somebody_else_is_not_found(client: Client, tom: User) -> None:
    other = person("qa_manager")
    path = f"/people/{tom.pk}/grants/{other.grants.get().pk}/end/"
    assert client.post(path, {"reason": "so", "password": PASSWORD}).status_code == 404


@pytest.mark.parametrize("grants", [1, 3])
def test_the_page_of_a_person_reads_names_with_one_statement_a_dimension(
    client: Client, tom: User, grants: int, django_assert_num_queries: Any
) -> None:
    team, avery = Team.objects.create(pk=3, name="North"), agent()
    for _ in range(grants):
        actions.grant_role(
            user=tom,
            role="qa_manager",
            by=BY,
            channels=[stream().pk],
            teams=[team.pk],
            agents=[avery.pk],
        )
    path = f"/people/{tom.pk}/"
    client.get(path)
    with django_assert_num_queries(12):
        client.get(path)

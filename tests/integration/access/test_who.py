"""Who can see a recording, today and on an earlier day; what is saved is what the audit trail says."""

import csv
import hashlib
import io
import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from auditportal.accounts import actions
from auditportal.accounts.access.placements import placements_of
from auditportal.accounts.access.who import ACTS, access_to
from auditportal.accounts.models import Grant, User
from recordings.audit import Actor
from recordings.models import Agent, AuditEvent, CommBoxObject, Recording, Team
from recordings.permissions import Permission
from tests.factories import agent, conversation, person
from tests.integration.access.events import sentences

pytestmark = pytest.mark.django_db
BY = Actor.system("test")


@pytest.fixture
def found() -> Recording:
    thing = conversation(
        agent=agent("Avery Cole", team=Team.objects.create(pk=3, name="North")), recordings=1
    )
    # The portal has known it for a week.
    Recording.objects.filter(object=thing).update(first_seen_at=timezone.now() - timedelta(days=7))
    return Recording.objects.select_related("object").get(object=thing)


@pytest.fixture
def noa() -> User:
    return person("compliance_officer", "noa.levi")


@pytest.fixture
def client(noa: User) -> Client:
    client = Client()
    client.force_login(noa)
    return client


def limited(username: str, **scope: object) -> User:
    user = person("", username)
    Grant.objects.create(user=user, role="qa_manager", **scope)
    return user


def shown(client: Client, found: Recording, day: str = "") -> str:
    answer = client.get(f"/recordings/{found.pk}/access/", {"day": day} if day else {})
    assert answer.status_code == 200
    html: str = answer.content.decode()
    return html


def test_people_level_and_the_path_of_the_grant_are_shown(client: Client, found: Recording) -> None:
    limited("rut.peled", teams=[3], level="list", reason="covers for Tom")
    limited("tom.brandt", teams=[4])
    html = shown(client, found)
    assert "Rut Peled" in html
    assert "Teams: North" in html
    assert "covers for Tom" in html
    assert "Tom Brandt" not in html
    assert "2 people, for the reasons below." in html
    assert sentences()[-1].startswith("Noa Levi looked up who can see recording ")


def test_today_agrees_with_what_each_person_may_do(found: Recording, noa: User) -> None:
    scopes: list[dict[str, object]] = [
        {},
        {"channels": [found.object.stream_id]},
        {"channels": [found.object.stream_id + 1]},
        {"teams": [3], "level": "list"},
        {"teams": [4]},
        {"agents": [found.object.agent_id], "classes": ["restricted"]},
        {"classes": ["standard"], "level": "download"},
    ]
    people = [noa, *(limited(f"person.{number}", **scope) for number, scope in enumerate(scopes))]
    now = timezone.now()
    accesses = access_to(
        placements_of(found, now, now + timedelta(seconds=1)).known, now, now + timedelta(seconds=1)
    )
    for user in people:
        fresh = User.objects.get(pk=user.pk)
        may = {str(ACTS[right]) for right in ACTS if fresh.reach(right).includes(found.object)}
        assert {str(act) for access in accesses if access.user == user for act in access.acts} == may


class TestEarlierDays:
    def yesterday(self) -> str:
        return (timezone.localdate() - timedelta(days=1)).isoformat()

    def test_a_grant_of_today_is_not_one_of_yesterday(self, client: Client, found: Recording) -> None:
        limited("rut.peled")
        assert "Rut Peled" not in shown(client, found, self.yesterday())

    def test_a_grant_that_ended_today_was_one_of_yesterday(self, client: Client, found: Recording) -> None:
        long_ago = timezone.now() - timedelta(days=5)
        rut = limited("rut.peled", starts_at=long_ago)
        actions.end_grant(grant=rut.grants.get(), by=BY, reason="moved")
        assert "Rut Peled" in shown(client, found, self.yesterday())
        assert "Rut Peled" not in shown(client, found)

    def test_an_account_that_was_closed_saw_nothing(self, client: Client, found: Recording) -> None:
        rut = limited("rut.peled", starts_at=timezone.now() - timedelta(days=5))
        person("administrator")
        actions.deactivate(user=rut, by=BY, reason="left")
        assert "Rut Peled" not in shown(client, found)
        assert "Rut Peled" in shown(client, found, self.yesterday())

    def test_a_change_of_class_counts_from_its_moment(self, found: Recording) -> None:
        limited("rut.peled", classes=["standard"], starts_at=timezone.now() - timedelta(days=5))
        before = timezone.now()
        CommBoxObject.objects.filter(pk=found.object.pk).update(sensitivity="restricted")
        found.object.refresh_from_db()
        after = timezone.now()

        def names(since, until) -> set[str]:  # type: ignore[no-untyped-def]
            return {
                a.user.username for a in access_to(placements_of(found, since, until).known, since, until)
            }

        assert names(before, after) == {"rut.peled"}
        assert names(after, after + timedelta(seconds=1)) == set()

    def test_a_change_of_team_counts_from_its_moment(self, found: Recording) -> None:
        limited("rut.peled", teams=[3], starts_at=timezone.now() - timedelta(days=5))
        Agent.objects.filter(pk=found.object.agent_id).update(team=Team.objects.create(pk=4))
        now = timezone.now()
        later = now + timedelta(seconds=1)
        assert access_to(placements_of(found, now, later).known, now, later) == []

    def test_what_was_not_recorded_is_said(self, client: Client, found: Recording) -> None:
        assert "were not recorded before" in shown(client, found, self.yesterday())

    def test_before_the_portal_knew_it_nobody_could_see_it(self, client: Client, found: Recording) -> None:
        day = (timezone.localdate() - timedelta(days=9)).isoformat()
        html = shown(client, found, day)
        assert "The portal did not know this recording then." in html

    def test_a_day_that_has_not_begun_is_refused(self, client: Client, found: Recording) -> None:
        tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
        answer = client.get(f"/recordings/{found.pk}/access/", {"day": tomorrow})
        assert answer.status_code == 400
        assert "This day has not begun." in answer.content.decode()


def test_the_file_is_what_the_event_says(client: Client, found: Recording) -> None:
    limited("rut.peled", teams=[3])
    answer = client.post(f"/recordings/{found.pk}/access/save/")
    lines = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert {line["user name"] for line in lines} == {"noa.levi", "rut.peled"}
    assert lines[0]["role"] == "Compliance officer"
    event = AuditEvent.objects.order_by("-id")[0]
    assert event.kind == "access.exported"
    assert hashlib.sha256(answer.content).hexdigest() in bytes(event.body).decode()


def test_a_foreign_recording_answers_like_a_missing_one(found: Recording) -> None:
    user = person("", "lim.ited")
    Grant.objects.create(user=user, role="compliance_officer", channels=[found.object.stream_id + 1])
    client = Client()
    client.force_login(user)
    assert user.has_permission(Permission.SEE_ACCESS)
    for act in (client.get, client.post):
        path = "access/" if act == client.get else "access/save/"
        assert act(f"/recordings/{found.pk}/{path}").status_code == 404
        assert act(f"/recordings/{uuid.uuid4()}/{path}").status_code == 404

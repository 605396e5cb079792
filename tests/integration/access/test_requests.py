"""Whoever lacks access sees why, and can ask for it; whether a number exists is not said."""

import re
import uuid

import pytest
from django.test import Client

from auditportal.accounts.models import AccessRequest, Grant, User
from recordings.models import Recording
from tests.factories import PASSWORD, person, recording
from tests.integration.access.events import sentences

pytestmark = pytest.mark.django_db


@pytest.fixture
def found() -> Recording:
    return recording()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def limited(username: str, **scope: object) -> User:
    user = person("", username)
    Grant.objects.create(user=user, role="qa_manager", **scope)
    return user


class TestWhy:
    def test_a_level_that_is_too_low_is_named(self, found: Recording) -> None:
        rut = limited("rut.peled", level="list")
        html = signed_in(rut).get(f"/recordings/{found.pk}/why/").content.decode()
        assert "Your role “QA manager” allows it." in html
        assert "Your role “QA manager” has the level “List” here. The level “View” is needed." in html
        assert "None of your roles allows it." in html

    def test_who_can_grant_is_named(self, found: Recording) -> None:
        person("administrator", "sam.ortiz", full_name="Sam Ortiz")
        html = (
            signed_in(person("qa_manager", "rut.peled")).get(f"/recordings/{found.pk}/why/").content.decode()
        )
        assert "Sam Ortiz" in html

    def test_a_foreign_recording_answers_like_a_missing_one(self, found: Recording) -> None:
        client = signed_in(limited("rut.peled", channels=[found.object.stream_id + 1]))
        foreign = client.get(f"/recordings/{found.pk}/why/")
        missing = client.get(f"/recordings/{uuid.uuid4()}/why/")
        assert foreign.status_code == missing.status_code == 404
        assert _plain(foreign.content) == _plain(missing.content)


def _plain(content: bytes) -> str:
    """Without what differs between any two answers: the request's id, and tokens."""
    return re.sub(r"[0-9a-f]{32}|[A-Za-z0-9]{64}", "·", content.decode())


class TestAsking:
    def test_the_answer_is_the_same_whether_it_exists(self, found: Recording) -> None:
        client = signed_in(person("qa_manager", "rut.peled"))
        given = {"level": "view", "reason": "a complaint about this call"}
        answers = [
            client.post("/access/ask/", {**given, "thing": thing}, follow=True)
            for thing in (str(found.pk), str(uuid.uuid4()), "not even a number")
        ]
        assert {answer.status_code for answer in answers} == {200}
        assert all(
            "Your request was stored. Administrators see it on their page of requests." in a.content.decode()
            for a in answers
        )
        assert AccessRequest.objects.count() == 3
        assert (
            sentences()[-1] == "Rut Peled asked for access to “\u2068not even a number\u2069” · level “View”"
        )

    def test_asking_twice_makes_no_second_request(self) -> None:
        client = signed_in(person("qa_manager", "rut.peled"))
        given = {"level": "view", "reason": "a complaint", "thing": "17"}
        client.post("/access/ask/", given)
        answer = client.post("/access/ask/", given, follow=True)
        assert "You have already asked for this." in answer.content.decode()
        assert AccessRequest.objects.count() == 1

    def test_nothing_typed_is_lost(self) -> None:
        client = signed_in(person("qa_manager", "rut.peled"))
        answer = client.post("/access/ask/", {"thing": "17", "level": "view", "reason": ""})
        assert answer.status_code == 422
        assert 'value="17"' in answer.content.decode()


class TestAnswering:
    @pytest.fixture
    def row(self) -> AccessRequest:
        return AccessRequest.objects.create(
            asked_by=person("qa_manager", "rut.peled"), thing="17", level="view", reason="a complaint"
        )

    @pytest.mark.parametrize(("answer", "words"), [("yes", "agreed to access of"), ("no", "refused")])
    def test_it_is_an_event_and_the_person_reads_it(
        self, row: AccessRequest, answer: str, words: str
    ) -> None:
        client = signed_in(person("administrator", "sam.ortiz"))
        assert b"a complaint" in client.get("/access/asked/").content
        given = {"was_granted": answer, "answer": "ask the claims team", "password": PASSWORD}
        assert client.post(f"/access/asked/{row.pk}/", given).status_code == 302
        row.refresh_from_db()
        assert row.was_granted is (answer == "yes")
        assert words in sentences()[-1]
        own = signed_in(row.asked_by).get("/access/ask/").content.decode()
        assert "ask the claims team" in own
        # Two administrators at once: the other is told.
        assert client.post(f"/access/asked/{row.pk}/", given).status_code == 409

    def test_nobody_answers_their_own_request(self) -> None:
        sam = person("administrator", "sam.ortiz")
        row = AccessRequest.objects.create(asked_by=sam, thing="17", level="view", reason="r")
        given = {"was_granted": "yes", "answer": "a", "password": PASSWORD}
        assert signed_in(sam).post(f"/access/asked/{row.pk}/", given).status_code == 409

    def test_only_administrators_see_requests(self, row: AccessRequest) -> None:
        client = signed_in(row.asked_by)
        assert client.get("/access/asked/").status_code == 403
        assert client.get(f"/access/asked/{row.pk}/").status_code == 403


def test_a_refused_recording_says_where_the_reasons_are(found: Recording) -> None:
    client = signed_in(limited("rut.peled", level="list"))
    answer = client.get(f"/recordings/{found.pk}/")
    assert answer.status_code == 403
    assert f'href="/recordings/{found.pk}/why/"' in answer.content.decode()
    assert client.get(f"/recordings/{found.pk}/why/").status_code == 200

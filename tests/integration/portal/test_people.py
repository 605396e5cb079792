"""Administrators manage people: invitations, roles for a period, closed accounts; and what they may not do."""

import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from auditportal.accounts import actions, invitations
from auditportal.accounts.models import Grant, User
from recordings.audit import Actor
from recordings.audit.opened import open_event
from recordings.models import AuditEvent, Viewing
from recordings.permissions import Permission
from recordings.trail.compose import ENGLISH
from recordings.trail.sentences import plain_sentence
from tests.factories import PASSWORD, conversation, person, viewing

NEW_PASSWORD = "seven green bicycles on a roof"
BY = Actor.system("test")
BEHIND_EVERY_PAGE = 4


@pytest.fixture
def sam(db: None) -> User:
    return person("administrator", "sam.ortiz", email="sam@audit.example.com")


@pytest.fixture
def client(sam: User) -> Client:
    client = Client()
    client.force_login(sam)
    return client


def kinds() -> list[str]:
    return list(AuditEvent.objects.order_by("id").values_list("kind", flat=True))


def invited(client: Client, **fields: str) -> Any:
    given = {
        "full_name": "Rut Peled",
        "username": "rut.peled",
        "language": "en",
        "role": "qa_manager",
        "level": "manage",
        "reason": "joins the claims team",
        "password": PASSWORD,
        **fields,
    }
    return client.post("/people/invite/", given)


def edited(user: User, full_name: str, email: str) -> dict[str, str]:
    """The form of a person's page as it is sent, with the values that the page showed."""
    return {
        "full_name": full_name,
        "email": email,
        "seen_full_name": user.full_name,
        "seen_email": user.email,
        "password": PASSWORD,
    }


def link_in(response: Any) -> str:
    found = re.search(r"https?://[^/]+(/accounts/invitation/[^<\s]+)", response.content.decode())
    assert found
    return found[1]


class TestInvitation:
    def test_a_person_is_invited_chooses_a_password_and_signs_in(self, client: Client) -> None:
        link = link_in(invited(client))
        rut = User.objects.get(username="rut.peled")
        assert not rut.has_usable_password()
        stranger = Client()
        assert "Rut Peled" in stranger.get(link).content.decode()
        assert stranger.post(link, {"password": NEW_PASSWORD}).status_code == 302
        sign_in = stranger.post("/accounts/login/", {"login": "rut.peled", "password": NEW_PASSWORD})
        assert sign_in.status_code == 302
        assert rut.has_permission(Permission.PLAY_RECORDINGS)
        assert [kind for kind in kinds() if kind.startswith(("person.", "role."))] == [
            "person.invited",
            "role.granted",
            "person.invitation_used",
        ]

    def test_the_token_is_stored_nowhere(self, client: Client) -> None:
        token = link_in(invited(client)).split("/")[-2]
        with connection.cursor() as cursor:
            cursor.execute("SELECT row_to_json(i)::text FROM accounts_invitation i")
            assert token not in cursor.fetchone()[0]
            cursor.execute("SELECT convert_from(body, 'utf8') FROM audit.event")
            assert not [body for (body,) in cursor.fetchall() if token in body]

    @pytest.mark.parametrize(
        ("spoilt", "heading", "reason"),
        [
            ("used", "This link has been used", "used"),
            ("expired", "This link has expired", "expired"),
            ("replaced", "This link was replaced", "replaced"),
            ("made up", "There is no such link", "unknown_link"),
            ("deactivated", "This account is inactive", "inactive"),
        ],
    )
    def test_a_link_that_is_over_creates_nothing(
        self, client: Client, spoilt: str, heading: str, reason: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if spoilt == "expired":
            monkeypatch.setattr(invitations, "LIFE", timedelta(0))
        link = link_in(invited(client))
        rut = User.objects.get(username="rut.peled")
        match spoilt:
            case "used":
                Client().post(link, {"password": NEW_PASSWORD})
            case "replaced":
                client.post(f"/people/{rut.pk}/link/", {"reason": "lost it", "password": PASSWORD})
            case "made up":
                link = "/accounts/invitation/abc/"
            case "deactivated":
                actions.deactivate(user=rut, by=BY, reason="left")
        before = User.objects.get(pk=rut.pk).password
        for answer in (
            Client().get(link),
            Client().post(link, {"password": "another long password of mine"}),
        ):
            assert answer.status_code == 410
            assert heading in answer.content.decode()
        assert User.objects.get(pk=rut.pk).password == before
        (refusal,) = AuditEvent.objects.filter(kind="person.invitation_refused")
        assert f'"reason":"{reason}"' in bytes(refusal.body).decode()

    def test_a_forwarded_link_does_nothing_for_somebody_else_who_is_signed_in(self, client: Client) -> None:
        link = link_in(invited(client))
        tom = person("qa_manager")
        toms = Client()
        toms.force_login(tom)
        for answer in (toms.get(link), toms.post(link, {"password": NEW_PASSWORD})):
            assert answer.status_code == 410
            assert "This link is for another person" in answer.content.decode()
            assert "Rut" not in answer.content.decode()
        refusal = AuditEvent.objects.get(kind="person.invitation_refused")
        assert refusal.actor_ref == f"user:{tom.pk}"
        assert not User.objects.get(username="rut.peled").has_usable_password()
        assert (
            Client().post(link, {"password": NEW_PASSWORD}).status_code == 302
        )  # its owner can still use it

    def test_the_page_of_the_person_says_how_the_newest_link_is(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        link = link_in(invited(client))
        address = f"/people/{User.objects.get(username='rut.peled').pk}/"
        assert "valid until" in client.get(address).content.decode()
        Client().post(link, {"password": NEW_PASSWORD})
        assert re.search(r"used\s+<time", client.get(address).content.decode())
        monkeypatch.setattr(invitations, "LIFE", timedelta(0))
        client.post(f"{address}link/", {"reason": "lost it", "password": PASSWORD})
        assert re.search(r"expired\s+<time", client.get(address).content.decode())

    def test_a_short_password_gets_a_sentence_and_the_link_stays(self, client: Client) -> None:
        link = link_in(invited(client))
        answer = Client().post(link, {"password": "short"})
        assert answer.status_code == 422
        assert "15 characters" in answer.content.decode()
        assert Client().get(link).status_code == 200

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"username": "SAM.ortiz"}, "Use small letters"),
            ({"username": "sam.ortiz"}, "Somebody has this user name."),
            ({"full_name": ""}, "This field is required."),
            ({"email": "rut@"}, "Enter a valid email address."),
            ({"email": "SAM@audit.example.com"}, "Another active person has this mail address."),
            ({"since": "2099-12-02", "until": "2020-11-29"}, "The last day is before the first."),
            ({"reason": ""}, "This field is required."),
            ({"password": "wrong"}, "The password or code is wrong."),
            ({"since": "2026-12-24", "until": "2026-12-23"}, "The last day is before the first."),
            ({"until": "2020-01-01"}, "This day is over."),
        ],
    )
    def test_bad_input_gets_a_sentence_and_is_kept(
        self, client: Client, fields: dict[str, str], sentence: str
    ) -> None:
        answer = invited(client, **fields)
        page = answer.content.decode()
        assert answer.status_code == 422
        assert sentence in page
        assert fields.get("full_name") == "" or 'value="Rut Peled"' in page
        assert User.objects.count() == 1


class TestRoles:
    def test_a_role_for_a_period_holds_in_that_period_only(self, sam: User) -> None:
        eva, now, day = person(), timezone.now(), timedelta(days=1)
        Grant.objects.create(user=eva, role="external_auditor", starts_at=now + day)
        Grant.objects.create(user=eva, role="compliance_officer", starts_at=now - day, until=now + day)
        Grant.objects.create(user=eva, role="qa_manager", starts_at=now - 2 * day, until=now - day)
        assert [role.code for role in User.objects.get(pk=eva.pk).roles] == ["compliance_officer"]
        # One that has run out makes room for another.
        assert actions.grant_role(user=eva, role="qa_manager", by=BY)
        assert [role.code for role in User.objects.get(pk=eva.pk).roles] == [
            "compliance_officer",
            "qa_manager",
        ]

    def test_roles_that_contradict_each_other_are_said_before(self, client: Client) -> None:
        eva = person("external_auditor")
        fields = {"role": "qa_manager", "level": "view", "reason": "helps out", "password": PASSWORD}
        conversation(recordings=1)
        answer = client.post(f"/people/{eva.pk}/grant/", fields)
        assert answer.status_code == 422
        assert "never sees recordings" in answer.content.decode()
        assert client.post(f"/people/{eva.pk}/grant/", {**fields, "anyway": "on"}).status_code == 302
        assert len(User.objects.get(pk=eva.pk).roles) == 2

    def test_a_role_ends_with_a_reason_and_the_page_shows_both(self, client: Client) -> None:
        tom = person("qa_manager")
        fields = {"reason": "moves to sales", "password": PASSWORD}
        client.post(f"/people/{tom.pk}/grants/{tom.grants.get().pk}/end/", fields)
        assert not User.objects.get(pk=tom.pk).roles
        page = client.get(f"/people/{tom.pk}/").content.decode()
        assert "moves to sales" in page
        assert "Sam Ortiz" in page


class TestAccount:
    def test_a_deactivated_person_is_out_with_the_next_request(self, client: Client) -> None:
        tom = person("qa_manager")
        toms = Client()
        toms.force_login(tom)
        watching = viewing(viewer=tom)
        client.post(f"/people/{tom.pk}/deactivate/", {"reason": "left", "password": PASSWORD})
        assert toms.get("/objects/").status_code == 302
        assert Viewing.objects.get(pk=watching.pk).ended_at is not None
        client.post(f"/people/{tom.pk}/reactivate/", {"reason": "came back", "password": PASSWORD})
        assert toms.get("/objects/").status_code == 302  # the old session stays ended
        toms.force_login(User.objects.get(pk=tom.pk))
        assert toms.get("/objects/").status_code == 200

    @pytest.mark.parametrize(
        ("path", "fields"),
        [
            ("grant", {"role": "compliance_officer", "level": "view", "reason": "so", "password": PASSWORD}),
            ("grants/1/end", {"reason": "why not", "password": PASSWORD}),
            ("deactivate", {"reason": "why not", "password": PASSWORD}),
            ("link", {"reason": "why not", "password": PASSWORD}),
        ],
    )
    def test_nobody_changes_their_own_rights(
        self, client: Client, sam: User, path: str, fields: dict[str, str]
    ) -> None:
        answer = client.post(f"/people/{sam.pk}/{path}/", fields)
        assert answer.status_code == 409
        assert "Another administrator" in answer.content.decode()
        assert [role.code for role in User.objects.get(pk=sam.pk).roles] == ["administrator"]

    def test_the_last_administrator_stays(self, sam: User) -> None:
        with pytest.raises(actions.LastAdministrator):
            actions.end_grant(grant=sam.grants.get(), by=BY)
        with pytest.raises(actions.LastAdministrator):
            actions.deactivate(user=sam, by=BY, reason="left")
        person("administrator")
        actions.deactivate(user=sam, by=BY, reason="left")
        assert not User.objects.get(pk=sam.pk).is_active

    def test_an_inactive_administrator_is_no_other_one(self, sam: User) -> None:
        person("administrator", is_active=False)
        with pytest.raises(actions.LastAdministrator):
            actions.deactivate(user=sam, by=BY, reason="left")

    def test_an_administrator_for_a_week_is_no_other_one(self, sam: User) -> None:
        deputy = person()
        week = timezone.now() + timedelta(days=7)
        actions.grant_role(user=deputy, role="administrator", by=BY, until=week)
        with pytest.raises(actions.LastAdministrator):
            actions.end_grant(grant=sam.grants.get(), by=BY)
        actions.end_grant(grant=deputy.grants.get(), by=BY)

    def test_of_two_administrators_who_remove_each_other_one_is_refused(self, committed_db: None) -> None:
        pair = [person("administrator"), person("administrator")]
        outcomes: list[str] = []
        together = threading.Barrier(2)

        def remove(user: User) -> None:
            together.wait()
            try:
                actions.deactivate(user=user, by=BY, reason="left")
                outcomes.append("done")
            except actions.LastAdministrator:
                outcomes.append("refused")
            finally:
                connection.close()

        threads = [threading.Thread(target=remove, args=[user]) for user in pair]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["done", "refused"]
        assert User.objects.filter(is_active=True).count() == 1

    def test_of_two_who_use_one_link_one_is_refused(self, committed_db: None) -> None:
        token = invitations.invite(user=person(), by=BY, created_by=None)
        users: list[User] = []
        refused: list[invitations.Over] = []
        together = threading.Barrier(2)

        def use(password: str) -> None:
            together.wait()
            try:
                users.append(invitations.use_invitation(token=token, password=password, by=BY))
            except invitations.LinkOver as over:
                refused.append(over.why)
            finally:
                connection.close()

        threads = [threading.Thread(target=use, args=[f"{NEW_PASSWORD} {n}"]) for n in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(users), refused) == (1, [invitations.Over.USED])

    def test_the_changes_of_name_and_mail_are_personal_values_of_the_event(self, client: Client) -> None:
        tom = person("qa_manager", "tom.brandt", email="tom@old.example")
        answer = client.post(f"/people/{tom.pk}/", edited(tom, "Tom Brandt-Levi", "tom@new.example"))
        assert answer.status_code == 302
        assert User.objects.get(pk=tom.pk).full_name == "Tom Brandt-Levi"
        event = AuditEvent.objects.get(kind="person.changed")
        assert "tom@new.example" not in bytes(event.body).decode()
        opened = open_event(event.event_id)
        assert opened
        assert plain_sentence(opened, ENGLISH).replace("\u2068", "").replace("\u2069", "") == (
            "Sam Ortiz changed name or mail address of Tom Brandt · name: Tom Brandt → Tom Brandt-Levi · "
            "mail address: tom@old.example → tom@new.example"
        )

    def test_an_edit_needs_the_password(self, client: Client) -> None:
        tom = person("qa_manager")
        answer = client.post(f"/people/{tom.pk}/", {**edited(tom, "Tom", ""), "password": "wrong"})
        assert answer.status_code == 422
        assert "The password or code is wrong." in answer.content.decode()
        assert User.objects.get(pk=tom.pk).full_name == tom.full_name

    def test_two_people_do_not_share_a_mail_address(self, client: Client) -> None:
        tom, eva = person(email="tom@a.example"), person(email="eva@a.example")
        answer = client.post(f"/people/{eva.pk}/", edited(eva, "Eva", "TOM@a.example"))
        assert "Another active person has this mail address." in answer.content.decode()
        actions.deactivate(user=tom, by=BY, reason="left")
        assert client.post(f"/people/{eva.pk}/", edited(eva, "Eva", "TOM@a.example")).status_code == 302
        with pytest.raises(actions.MailTaken):
            actions.reactivate(user=tom, by=BY, reason="came back")

    def test_of_two_who_edit_one_person_the_second_is_told(self, client: Client) -> None:
        tom = person("qa_manager", email="tom@a.example")
        late = edited(tom, "Tom the Second", "tom@a.example")
        client.post(f"/people/{tom.pk}/", edited(tom, "Tom the First", "tom@a.example"))
        answer = client.post(f"/people/{tom.pk}/", late)
        assert answer.status_code == 422
        assert "Somebody else has changed this meanwhile." in answer.content.decode()
        assert User.objects.get(pk=tom.pk).full_name == "Tom the First"
        with pytest.raises(actions.AlreadyDone):  # both had passed the form
            actions.change_person(user=tom, full_name="Tom the Third", email="", by=BY)

    @pytest.mark.parametrize("act", ["deactivate"])
    def test_of_two_who_do_the_same_the_second_is_told(self, client: Client, act: str) -> None:
        tom = person("qa_manager")
        fields = {"reason": "left", "password": PASSWORD}
        assert client.post(f"/people/{tom.pk}/{act}/", fields).status_code == 302
        answer = client.post(f"/people/{tom.pk}/{act}/", fields)
        assert answer.status_code == 409
        assert "Somebody else has just done this." in answer.content.decode()

    def test_unlocking_names_the_person_and_is_confirmed(self, client: Client) -> None:
        tom = person("qa_manager", "tom.brandt")
        asked = client.get(f"/people/{tom.pk}/unlock/").content.decode()
        assert "Unlock the account of Tom Brandt after failed sign-ins?" in asked
        assert client.post(f"/people/{tom.pk}/unlock/", {"password": PASSWORD}).status_code == 422
        assert "auth.unlocked" not in kinds()
        fields = {"reason": "he called", "password": PASSWORD}
        assert client.post(f"/people/{tom.pk}/unlock/", fields).status_code == 302
        assert kinds()[-1] == "auth.unlocked"


class TestList:
    def test_the_search_finds_by_name_user_name_and_mail(self, client: Client) -> None:
        person("qa_manager", "rut.peled", email="claims@example.com")
        person("qa_manager", "tom.brandt")
        for words in ("Rut", "rut.p", "CLAIMS@"):
            page = client.get("/people/", {"q": words}).content.decode()
            assert "rut.peled" in page
            assert "tom.brandt" not in page
        assert "Nobody found" in client.get("/people/", {"q": "zzz"}).content.decode()

    def test_filters_by_role_and_state(self, client: Client) -> None:
        day = timedelta(days=1)
        person("qa_manager", "tom.brandt", last_login=timezone.now())
        person("qa_manager", "new.comer")
        person("", "no.role", last_login=timezone.now())
        person("external_auditor", "gone.away", is_active=False)
        Grant.objects.create(user=person("", "later"), role="qa_manager", starts_at=timezone.now() + day)
        for query, names in {
            "role=qa_manager": {"tom.brandt", "new.comer"},
            "role=none": {"no.role", "later"},
            "state=inactive": {"gone.away"},
            "state=invited&role=qa_manager": {"new.comer"},
            "state=active&role=none": {"no.role"},
        }.items():
            rows = client.get(f"/people/?{query}").context["rows"]
            assert {row.user.username for row in rows} == names, query
        wrong = client.get("/people/?role=director&state=x")
        assert wrong.status_code == 400
        assert "Select a valid choice" in wrong.content.decode()

    def test_a_role_with_two_scopes_is_shown_once(self, client: Client) -> None:
        tom = person("qa_manager", "tom.brandt")
        Grant.objects.create(user=tom, role="qa_manager", level="list", channels=[31245])
        (row,) = client.get("/people/?q=tom.brandt").context["rows"]
        assert [role.code for role in row.held] == ["qa_manager"]
        assert len(row.grants) == 2

    def test_it_says_what_each_may_do(self, client: Client) -> None:
        assert "Does not watch recordings." in client.get("/people/?role=administrator").content.decode()

    def test_pages_follow_each_other_by_name_and_lead_back(self, client: Client) -> None:
        names = sorted(["Sam Ortiz", *[f"Person {number % 7} {number:03}" for number in range(119)]])
        for name in names:
            if name != "Sam Ortiz":
                person("qa_manager", full_name=name)
        seen, address = [], "/people/"
        while True:
            response = client.get(address)
            seen += [row.user.full_name for row in response.context["rows"]]
            if not (older := response.context["older_url"]):
                break
            address = f"/people/{older}"
        assert seen == names
        back = client.get(f"/people/{response.context['newer_url']}")
        assert [row.user.full_name for row in back.context["rows"]] == names[50:100]
        first = client.get(f"/people/{back.context['newer_url']}")
        assert [row.user.full_name for row in first.context["rows"]] == names[:50]
        assert first.context["newer_url"] == ""

    def test_queries_are_as_many_for_one_row_as_for_three(
        self, client: Client, django_assert_num_queries: Any
    ) -> None:
        client.get("/people/")
        for people in (0, 2):
            for _ in range(people):
                person("qa_manager")
            with django_assert_num_queries(BEHIND_EVERY_PAGE + 4):  # what waits, count, people, their grants
                client.get("/people/")

"""Who may add a second factor with a password alone, and how factors are reset by two administrators."""

from io import StringIO
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from auditportal.accounts import invitations
from auditportal.accounts.factors import enrolment, resets
from auditportal.accounts.models import BreakGlassUse, EnrolmentWindow, FactorReset, User
from recordings.audit import Actor, Kind
from tests.factories import PASSWORD, forget_confirmation, person
from tests.integration.accounts.factors.helpers import bodies, enrol, kinds, step, with_password

ENROLMENT = "/accounts/second-factor/"
BY = Actor.system("test")


@pytest.fixture
def closed(db: None) -> None:
    EnrolmentWindow.objects.all().update(closed_at="2026-01-01T00:00Z")


def administrator(name: str = "") -> tuple[User, Client]:
    user = person("administrator", name)
    enrolment.open_for(user)
    client = with_password(user)
    enrol(client)
    return user, client


def may_add(client: Client) -> bool:
    page = client.get(ENROLMENT).content.decode()
    assert ("Your account has no second factor" in page) != ("Add a second factor" in page)
    return "Add a second factor" in page


class TestWindow:
    def test_outside_it_an_account_without_a_factor_asks_an_administrator(self, closed: None) -> None:
        client = with_password(person("compliance_officer"))
        assert not may_add(client)
        for path in ("passkey/", "passkey/options/", "app/", "codes/"):
            assert client.post(ENROLMENT + path).status_code == 403
        assert client.get("/objects/")["Location"].startswith(ENROLMENT)

    def test_an_administrator_opens_and_closes_it(self, closed: None) -> None:
        _, sam = administrator()
        client = with_password(person("compliance_officer", full_name="Tom Brandt"))
        assert "Tom Brandt" in sam.get("/people/enrolment/").content.decode()
        assert sam.post("/people/enrolment/", {"hours": "72"}).status_code == 302
        assert may_add(client)
        assert "Second factors can be added now" in sam.get("/people/enrolment/").content.decode()
        sam.post("/people/enrolment/close/")
        assert not may_add(client)
        assert kinds().count(Kind.ENROLMENT_OPENED) == kinds().count(Kind.ENROLMENT_CLOSED) == 1
        assert "until" in bodies(Kind.ENROLMENT_OPENED)[0]["action_detail"]

    def test_it_ends_by_itself(self, closed: None, monkeypatch: pytest.MonkeyPatch) -> None:
        user = person("compliance_officer")
        enrolment.open_for_all(hours=0, by=BY, opened_by=user)
        assert not may_add(with_password(user))

    def test_opening_it_asks_for_a_confirmation(self, closed: None) -> None:
        _, sam = administrator()
        forget_confirmation(sam)
        assert sam.post("/people/enrolment/", {"hours": "72"}).status_code == 422
        assert enrolment.window_of_all() is None

    def test_whoever_used_an_invitation_may_add_one(self, closed: None) -> None:
        user = person("compliance_officer")
        token = invitations.invite(user=user, by=BY, created_by=None)
        assert not may_add(with_password(user))
        chosen = "another long password of mine"
        Client().post(f"/accounts/invitation/{token}/", {"password": chosen})
        client = with_password(user, password=chosen)
        assert may_add(client)
        enrol(client)
        # Once there is a factor, the password is not enough for another.
        assert not enrolment.may_enrol(user)

    def test_the_first_account_of_an_installation_may_add_one(
        self, closed: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PORTAL_PASSWORD", PASSWORD)
        options = {"full_name": "Sam Ortiz", "role": ["administrator"], "password_from": "PORTAL_PASSWORD"}
        call_command("create_user", "sam.ortiz", stdout=StringIO(), **options)
        client = with_password(User.objects.get(username="sam.ortiz"))
        enrol(client)
        assert client.get("/people/").status_code == 200


class TestReset:
    def test_two_administrators_reset_the_factors_of_a_third_person(self, closed: None) -> None:
        sam, (rut, ruts), (_, evas) = person(), administrator("rut"), administrator("eva")
        enrolment.open_for(sam)
        owner = with_password(sam)
        enrol(owner)
        page = f"/people/{sam.pk}/security/"
        assert ruts.post(f"{page}reset/", {"reason": ""}).status_code == 422
        ruts.post(f"{page}reset/", {"reason": "lost the telephone"})
        assert Authenticator.objects.filter(user=sam).exists()
        # Whoever asked cannot confirm; nor is there a second request.
        assert ruts.post(f"{page}reset/confirm/").status_code == 409
        assert ruts.post(f"{page}reset/", {"reason": "again"}).status_code == 409
        assert "waits for its confirmation" in evas.get("/people/").content.decode()
        assert evas.post(f"{page}reset/confirm/").status_code == 302
        assert not Authenticator.objects.filter(user=sam).exists()
        assert owner.get("/settings/security/")["Location"].startswith("/accounts/login/")
        assert not may_add(with_password(sam))
        assert [
            bodies(kind)[0]["object"]["ref"] for kind in (Kind.FACTOR_RESET_ASKED, Kind.FACTORS_RESET)
        ] == [f"user:{sam.pk}"] * 2
        assert FactorReset.objects.get().asked_by == rut
        assert evas.post(f"{page}reset/confirm/").status_code == 409

    def test_nobody_takes_part_in_their_own_reset(self, closed: None) -> None:
        (rut, ruts), (eva, _) = administrator("rut"), administrator("eva")
        assert ruts.post(f"/people/{rut.pk}/security/reset/", {"reason": "mine"}).status_code == 409
        resets.ask(user=rut, asked_by=eva, reason="lost", by=BY)
        for act in ("confirm", "withdraw"):
            assert ruts.post(f"/people/{rut.pk}/security/reset/{act}/").status_code == 409
        assert Authenticator.objects.filter(user=rut).exists()

    def test_a_request_ends_after_a_day_or_is_withdrawn(self, closed: None) -> None:
        sam, (rut, ruts) = person(), administrator("rut")
        eva = person("administrator")
        row = FactorReset.objects.create(user=sam, asked_by=eva, asked_at="2026-01-01T00:00Z")
        with pytest.raises(resets.AlreadyDone):
            resets.confirm(reset=row, confirmed_by=rut, by=BY)
        again = resets.ask(user=sam, asked_by=eva, reason="lost", by=BY)
        ruts.post(f"/people/{sam.pk}/security/reset/withdraw/")
        with pytest.raises(resets.AlreadyDone):
            resets.confirm(reset=again, confirmed_by=rut, by=BY)
        assert Kind.FACTOR_RESET_WITHDRAWN in kinds()

    def test_the_operator_resets_the_last_administrator(self, closed: None) -> None:
        rut, client = administrator("rut")
        out = StringIO()
        call_command("reset_factor", "RUT", stdout=out)
        assert "rut can sign in" in out.getvalue()
        assert client.get("/people/")["Location"].startswith("/accounts/login/")
        again = with_password(rut)
        key = enrol(again)
        assert again.get("/people/").status_code == 200
        assert step(with_password(rut), key).status_code == 302
        assert bodies(Kind.FACTORS_RESET)[0]["actor"]["ref"] == "system:reset_factor"

    def test_the_command_names_an_account_that_is_not_there(self, db: None) -> None:
        with pytest.raises(CommandError, match=r"There is no account nobody\."):
            call_command("reset_factor", "nobody")


class TestBreakGlass:
    def test_its_use_is_an_event_and_an_alarm_until_it_is_acknowledged(
        self, closed: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PORTAL_PASSWORD", PASSWORD)
        options = {"full_name": "Fire Axe", "role": ["administrator"], "password_from": "PORTAL_PASSWORD"}
        call_command("create_user", "fire.axe", break_glass=True, stdout=StringIO(), **options)
        _, sam = administrator()
        assert "break-glass" not in sam.get("/people/").content.decode()
        axe = with_password(User.objects.get(username="fire.axe"))
        enrol(axe)
        for path in ("/", "/people/", "/operations/"):
            assert "The break-glass account of Fire Axe was used" in sam.get(path).content.decode()
        use = BreakGlassUse.objects.get()
        assert axe.post(f"/people/break-glass/{use.pk}/").status_code == 409
        assert sam.post(f"/people/break-glass/{use.pk}/").status_code == 302
        assert sam.post(f"/people/break-glass/{use.pk}/").status_code == 409
        assert "was used" not in sam.get("/").content.decode()
        assert [kinds().count(kind) for kind in (Kind.BREAK_GLASS_USED, Kind.BREAK_GLASS_ACKNOWLEDGED)] == [
            1,
            1,
        ]

    def test_an_administrator_makes_an_account_one(self, closed: None) -> None:
        tom, (_, sam) = person("qa_manager"), administrator()
        page = f"/people/{tom.pk}/security/break-glass/"
        assert sam.post(page, {"reason": "in the safe"}).status_code == 302
        assert User.objects.get(pk=tom.pk).is_break_glass
        sam.post(page, {"reason": "not any more"})
        assert [body["action_detail"]["on"] for body in bodies(Kind.BREAK_GLASS_CHANGED)] == ["yes", "no"]

    def test_others_see_no_alarm(self, closed: None) -> None:
        user = person("compliance_officer")
        enrolment.open_for(user)
        client = with_password(user)
        enrol(client)
        axe = person("administrator", is_break_glass=True)
        with_password(axe)
        assert "break-glass" not in client.get("/").content.decode()


def test_pages_take_the_same_statements_for_one_and_three_rows(
    closed: None, django_assert_max_num_queries: Any
) -> None:
    _, sam = administrator()
    user = person("compliance_officer")
    counts = []
    for _ in range(2):
        enrolment.open_for(user)
        enrol(with_password(user)) if not counts else with_password(user)
        person("qa_manager")
        for path in (f"/people/{user.pk}/security/", "/people/enrolment/"):
            sam.get(path)
            with django_assert_max_num_queries(100) as captured:
                assert sam.get(path).status_code == 200
            counts.append(len(captured))
    assert counts[:2] == counts[2:]

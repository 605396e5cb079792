"""Who gets in through the identity provider, and how an identity finds its account."""

from typing import Any

import pytest
from django.test import Client

from auditportal.accounts import actions, invitations
from auditportal.accounts.factors import totp
from auditportal.accounts.models import Grant, User
from auditportal.accounts.provisioning.models import GroupRole, Person
from auditportal.accounts.single_sign_on.models import Identity
from auditportal.accounts.single_sign_on.people import ForEmergencies, NotSetUp, use_single_sign_on
from recordings.audit import Actor
from recordings.audit.opened import COLUMNS, open_events, stored
from recordings.models import AuditEvent
from tests.factories import PASSWORD, person
from tests.integration.accounts.factors.helpers import code_of
from tests.integration.accounts.single_sign_on.hostile import HostileProvider

BY = Actor.system("test")


@pytest.fixture
def sam(idp: HostileProvider) -> User:
    return person("administrator", "sam.ortiz")


def linked(idp: HostileProvider, role: str = "", **fields: Any) -> User:
    """Somebody whose identity is `00u-rut`."""
    user = person(role, "rut.peled", **fields)
    Identity.objects.create(user=user, issuer=idp.issuer, subject="00u-rut")
    return user


def map_group(sam: User, group: str, role: str) -> None:
    GroupRole.objects.create(group=group, role=role, created_by=sam)


def roles(user: User) -> list[str]:
    return [role.code for role in User.objects.get(pk=user.pk).roles]


def is_in(browser: Client) -> bool:
    return browser.get("/settings/").status_code == 200


def events(*kinds: str) -> list[Any]:
    rows = AuditEvent.objects.filter(kind__in=kinds).order_by("id").values_list(*COLUMNS)
    return open_events(stored(rows))


class TestInvitation:
    def test_a_link_links_the_identity_once(self, idp: HostileProvider, sam: User) -> None:
        rut = person("qa_manager", "rut.peled")
        old = Client()
        old.force_login(rut)
        token = use_single_sign_on(user=rut, by=BY, created_by=sam, reason="all staff")
        assert not is_in(old)  # the session of the password ended
        link = f"/accounts/invitation/{token}/"
        browser = Client()
        page = browser.get(link).content.decode()
        assert f"/accounts/single-sign-on/accept/{token}/" in page
        assert "password" not in page.lower()
        answer = idp.sign_in(browser, f"/accounts/single-sign-on/accept/{token}/")
        assert answer.status_code == 302
        assert is_in(browser)
        identity = Identity.objects.get(user=rut)
        assert (identity.issuer, identity.subject) == (idp.issuer, "00u-rut")
        (event,) = events("person.identity_linked")
        assert event.target_ref == f"user:{rut.pk}"
        assert b"00u-rut" not in bytes(AuditEvent.objects.get(kind="person.identity_linked").body)
        assert events("auth.signed_in")[-1].actor["authn"] == "single sign-on"
        # Again, and by somebody else: the link is used.
        other = idp.sign_in(Client(), f"/accounts/single-sign-on/accept/{token}/", sub="00u-evil")
        assert other.status_code == 403
        assert "This link cannot be used" in other.content.decode()
        assert Identity.objects.count() == 1

    def test_a_password_link_links_nobody(self, idp: HostileProvider, sam: User) -> None:
        rut = person("qa_manager", "rut.peled")
        token = invitations.invite(user=rut, by=BY, created_by=sam)
        answer = idp.sign_in(Client(), f"/accounts/single-sign-on/accept/{token}/")
        assert answer.status_code == 403
        assert not Identity.objects.exists()
        assert invitations.usable(token)  # and the link is still there for its person

    def test_an_identity_that_has_an_account_takes_no_second_one(
        self, idp: HostileProvider, sam: User
    ) -> None:
        linked(idp)
        token = use_single_sign_on(user=person("", "tom.brandt"), by=BY, created_by=sam, reason="all staff")
        answer = idp.sign_in(Client(), f"/accounts/single-sign-on/accept/{token}/")
        assert answer.status_code == 403
        assert "belongs to another account" in answer.content.decode()
        assert invitations.usable(token)


class TestNoPassword:
    def test_a_password_is_refused_like_a_wrong_one(self, idp: HostileProvider, sam: User) -> None:
        rut, browser = person("qa_manager", "rut.peled"), Client()
        use_single_sign_on(user=rut, by=BY, created_by=sam, reason="all staff")
        pages = [
            browser.post("/accounts/login/", {"login": name, "password": PASSWORD}).content.decode()
            for name in ("rut.peled", "nobody")
        ]
        assert all("The user name or the password is wrong." in page for page in pages)
        assert not is_in(browser)

    def test_an_administrator_makes_no_password_link(self, idp: HostileProvider, sam: User) -> None:
        rut, client = linked(idp), Client()
        client.force_login(sam)
        fields = {"reason": "lost it", "password": PASSWORD}
        answer = client.post(f"/people/{rut.pk}/link/", fields)
        assert answer.status_code == 409
        assert "signs in through single sign-on and has no password here" in answer.content.decode()

    def test_a_link_sets_no_password(self, idp: HostileProvider, sam: User) -> None:
        rut = person("qa_manager", "rut.peled")
        token = use_single_sign_on(user=rut, by=BY, created_by=sam, reason="all staff")
        fields = {"password": "seven green bicycles on a roof"}
        Client().post(f"/accounts/invitation/{token}/", fields)
        assert not User.objects.get(pk=rut.pk).has_usable_password()
        with pytest.raises(invitations.SignsInElsewhere):
            invitations.use_invitation(token=token, password=fields["password"], by=BY)

    def test_an_administrator_has_a_person_use_single_sign_on(self, idp: HostileProvider, sam: User) -> None:
        rut, client = person("qa_manager", "rut.peled"), Client()
        client.force_login(sam)
        assert "Use single sign-on" in client.get(f"/people/{rut.pk}/").content.decode()
        fields = {"reason": "all staff", "password": PASSWORD}
        answer = client.post(f"/people/{rut.pk}/single-sign-on/", fields)
        assert "/accounts/invitation/" in answer.content.decode()
        assert not User.objects.get(pk=rut.pk).has_usable_password()
        (event,) = events("person.single_sign_on_required")
        assert event.actor_ref == f"user:{sam.pk}"

    def test_nobody_is_sent_to_a_provider_that_is_not_set_up(
        self, idp: HostileProvider, settings: Any
    ) -> None:
        settings.OIDC_ISSUER = ""
        rut = person("qa_manager", "rut.peled")
        with pytest.raises(NotSetUp):
            use_single_sign_on(user=rut, by=BY, created_by=rut, reason="all staff")
        assert User.objects.get(pk=rut.pk).has_usable_password()

    def test_an_account_for_emergencies_keeps_its_password(self, idp: HostileProvider, sam: User) -> None:
        spare = person("administrator", is_break_glass=True)
        with pytest.raises(ForEmergencies):
            use_single_sign_on(user=spare, by=BY, created_by=sam, reason="all staff")
        assert User.objects.get(pk=spare.pk).has_usable_password()


class TestGroups:
    def test_each_sign_in_gives_the_roles_of_the_groups(self, idp: HostileProvider, sam: User) -> None:
        map_group(sam, "Claims QA", "qa_manager")
        map_group(sam, "Compliance", "compliance_officer")
        rut = linked(idp)
        idp.sign_in(Client(), groups=["Claims QA", "Lunch"])
        assert roles(rut) == ["qa_manager"]
        idp.sign_in(Client(), groups=["Compliance"])
        assert roles(rut) == ["compliance_officer"]
        idp.sign_in(Client())
        assert roles(rut) == []
        assert Grant.objects.filter(user=rut).count() == 2
        members = [event.kind for event in events("group.member_added", "group.member_removed")]
        assert sorted(members) == ["group.member_added"] * 2 + ["group.member_removed"] * 2

    def test_groups_that_are_too_many_for_a_token_change_nothing(
        self, idp: HostileProvider, sam: User
    ) -> None:
        map_group(sam, "Claims QA", "qa_manager")
        rut = linked(idp)
        idp.sign_in(Client(), groups=["Claims QA"])
        idp.sign_in(Client(), _claim_names={"groups": "src1"})
        assert roles(rut) == ["qa_manager"]

    def test_the_last_administrator_stays_and_gets_in(self, idp: HostileProvider, sam: User) -> None:
        map_group(sam, "Admins", "administrator")
        rut, browser = linked(idp), Client()
        idp.sign_in(Client(), groups=["Admins"])
        actions.deactivate(user=sam, by=BY, reason="left")
        idp.sign_in(browser)
        assert is_in(browser)
        assert roles(rut) == ["administrator"]
        assert len(events("provisioning.refused")) == 1

    def test_a_member_of_a_group_with_a_role_gets_an_account(self, idp: HostileProvider, sam: User) -> None:
        map_group(sam, "Claims QA", "qa_manager")
        browser = Client()
        claims = {"name": "Rut Peled", "preferred_username": "Rut Peled", "email": "rut@example.com"}
        idp.sign_in(browser, groups=["Claims QA"], **claims)
        assert is_in(browser)
        rut = Identity.objects.get().user
        assert (rut.username, rut.full_name, rut.email) == ("rut-peled", "Rut Peled", "")
        assert roles(rut) == ["qa_manager"]
        assert not rut.has_usable_password()
        assert [event.kind for event in events("person.created", "person.identity_linked")] == [
            "person.created",
            "person.identity_linked",
        ]

    def test_a_name_that_somebody_has_is_not_theirs(self, idp: HostileProvider, sam: User) -> None:
        map_group(sam, "Claims QA", "qa_manager")
        idp.sign_in(Client(), groups=["Claims QA"], preferred_username="SAM.ortiz")
        assert Identity.objects.get().user.username.startswith("sso-")
        assert roles(sam) == ["administrator"]

    def test_without_the_setting_groups_give_nothing(
        self, idp: HostileProvider, sam: User, settings: Any
    ) -> None:
        settings.OIDC_GROUPS_CLAIM = ""
        map_group(sam, "Claims QA", "qa_manager")
        assert idp.sign_in(Client(), groups=["Claims QA"]).status_code == 403
        assert User.objects.count() == 1


class TestProvisionedPeople:
    def test_the_providers_own_id_links_whom_scim_created(self, idp: HostileProvider, sam: User) -> None:
        rut = User.objects.create_user("rut.peled", full_name="Rut Peled")
        Person.objects.create(user=rut, external_id="00u-rut")
        browser = Client()
        idp.sign_in(browser)
        assert is_in(browser)
        assert Identity.objects.get(user=rut).subject == "00u-rut"

    def test_the_claim_can_be_another_one(self, idp: HostileProvider, sam: User, settings: Any) -> None:
        settings.OIDC_PERSON_CLAIM = "oid"
        rut = User.objects.create_user("rut.peled")
        Person.objects.create(user=rut, external_id="object-1")
        assert idp.sign_in(Client()).status_code == 403
        assert idp.sign_in(Client(), oid="object-1").status_code == 302

    def test_a_person_with_a_password_is_not_linked_by_an_id(self, idp: HostileProvider, sam: User) -> None:
        Person.objects.create(user=sam, external_id="00u-rut")
        assert idp.sign_in(Client()).status_code == 403
        assert User.objects.get(pk=sam.pk).has_usable_password()


def test_an_inactive_person_reads_what_an_unknown_one_reads(idp: HostileProvider, sam: User) -> None:
    unknown = idp.sign_in(Client()).content.decode()
    linked(idp, is_active=False)
    inactive = idp.sign_in(Client()).content.decode()
    sentence = "You have no account in this portal. Ask an administrator."
    assert sentence in unknown
    assert sentence in inactive
    assert [event.text("reason") for event in events("auth.failed")] == ["sso_unknown_person", "sso_inactive"]
    # The subject is a personal value: whoever reads the trail can tell it, the log cannot.
    assert events("auth.failed")[0].private("object.label") == "00u-rut"


@pytest.mark.parametrize(
    ("claims", "proven"),
    [
        ({}, "single sign-on"),
        ({"amr": ["pwd"]}, "single sign-on"),
        ({"amr": "mfa"}, "single sign-on"),
        ({"acr": ["mfa"]}, "single sign-on"),
        ({"amr": ["pwd", "mfa"]}, "single sign-on+provider"),
        ({"acr": "phr"}, "single sign-on+provider"),
    ],
)
def test_the_providers_second_factor_counts_when_the_token_says_so(
    idp: HostileProvider, sam: User, settings: Any, claims: dict[str, Any], proven: str
) -> None:
    settings.OIDC_SECOND_FACTOR = ("mfa", "phr")
    linked(idp)
    idp.sign_in(Client(), **claims)
    (signed_in,) = events("auth.signed_in")
    assert signed_in.actor["authn"] == proven


def test_a_provider_that_is_away_gets_a_sentence(idp: HostileProvider, sam: User, settings: Any) -> None:
    settings.OIDC_ISSUER = "http://127.0.0.1:9"
    answer = Client().get("/accounts/single-sign-on/")
    assert answer.status_code == 403
    assert "cannot be reached" in answer.content.decode()


def test_a_person_who_cancels_gets_a_sentence(idp: HostileProvider, sam: User) -> None:
    browser = Client()
    sent = idp.begin(browser)
    query = {"error": "access_denied", "state": sent["state"]}
    answer = browser.get("/accounts/single-sign-on/callback/", query)
    assert answer.status_code == 403
    assert "refused the sign-in" in answer.content.decode()


def test_the_sign_in_page_offers_it_only_where_it_is_set_up(idp: HostileProvider, settings: Any) -> None:
    settings.OIDC_NAME = "Okta"
    page = Client().get("/accounts/login/?next=/objects/").content.decode()
    assert "Sign in with Okta" in page
    assert "/accounts/single-sign-on/?next=/objects/" in page
    settings.OIDC_ISSUER = ""
    assert "single-sign-on" not in Client().get("/accounts/login/").content.decode()
    for path in ("", "callback/", "accept/x/"):
        assert Client().get(f"/accounts/single-sign-on/{path}").status_code == 404


def test_somebody_who_begins_very_often_waits(idp: HostileProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditportal.accounts.single_sign_on.views.PER_ADDRESS", 1)
    idp.begin(Client())
    answer = Client().get("/accounts/single-sign-on/")
    assert answer.status_code == 403
    assert "Wait a minute" in answer.content.decode()


class TestSecondFactor:
    """No data page opens with the first step alone, whoever took it."""

    @pytest.fixture(autouse=True)
    def _as_in_production(self, settings: Any) -> None:
        settings.EASY_SIGN_IN = False
        settings.OIDC_SECOND_FACTOR = ("mfa",)

    def test_the_providers_opens_pages_with_data_except_for_administrators(
        self, idp: HostileProvider
    ) -> None:
        tom, browser = linked(idp, "qa_manager"), Client()
        idp.sign_in(browser, amr=["mfa"])
        assert browser.get("/objects/").status_code == 200
        Grant.objects.create(user=tom, role="administrator")
        assert browser.get("/people/")["Location"].startswith("/accounts/second-factor/")

    def test_without_one_the_portal_asks_for_its_own(self, idp: HostileProvider) -> None:
        linked(idp, "qa_manager")
        browser = Client()
        idp.sign_in(browser, amr=["pwd"])
        assert browser.get("/objects/")["Location"].startswith("/accounts/second-factor/")

    def test_the_code_of_an_app_is_the_second_step(self, idp: HostileProvider) -> None:
        tom, browser = linked(idp, "qa_manager"), Client()
        secret = totp.new_secret()
        totp.add(tom, secret, 0)
        answer = idp.sign_in(browser)
        assert answer["Location"].startswith("/accounts/second-step/")
        assert browser.get("/settings/").status_code == 302
        assert browser.post("/accounts/second-step/", {"code": code_of(secret)}).status_code == 302
        assert browser.get("/objects/").status_code == 200
        assert events("auth.signed_in")[-1].actor["authn"].startswith("single sign-on+")

"""Signing in as in production, with a virtual security key of Chromium: enrol, sign in, confirm, lose it, recover."""

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.e2e.conftest import Filled, axe_findings_in_both_themes
from tests.e2e.portal import Portal, running
from tests.services import Databases

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
}


@pytest.fixture(scope="module")
def portal(
    databases: Databases, filled: Filled, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Portal]:
    """A portal that asks for a second factor."""
    folder = tmp_path_factory.mktemp("full")
    full = {"DEMO_SIGN_IN": "full"}
    with (
        databases.copied(f"portal_{worker_id}_full", filled.database) as services,
        running(services, filled.sandbox, folder, filled.password, overrides=full, parts=("web",)) as portal,
    ):
        with psycopg.connect(services.admin_url, autocommit=True) as admin:
            admin.execute("INSERT INTO accounts_enrolmentwindow (until) VALUES (now() + interval '1 hour')")
        yield portal


class Keys:
    """The security keys at hand of a page's browser."""

    def __init__(self, page: Page) -> None:
        self._cdp: CDPSession = page.context.new_cdp_session(page)
        self._cdp.send("WebAuthn.enable")
        self._key = ""
        self.plug_in()

    def plug_in(self) -> None:
        self._key = self._cdp.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})["authenticatorId"]

    def lose(self) -> None:
        self._cdp.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self._key})


@pytest.fixture
def keys(page: Page) -> Keys:
    return Keys(page)


def password_step(page: Page, portal: Portal, name: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(portal.password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page) -> None:
    page.goto("/accounts/logout/")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/**")


def enrol(page: Page, portal: Portal, name: str) -> list[str]:
    """Add a passkey at the first sign-in; the recovery codes."""
    password_step(page, portal, name)
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("button", name="Show recovery codes").click()
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    codes = page.locator("#codes code").all_inner_texts()
    page.get_by_role("link", name="I have kept them").click()
    page.wait_for_url(f"{portal.url}/")
    return codes


def test_the_life_of_a_passkey(page: Page, portal: Portal, keys: Keys, console: Any) -> None:
    console.expect("422")
    # 1. Enrol at the first sign-in.
    codes = enrol(page, portal, "sam.ortiz")
    assert len(codes) == 10
    page.goto("/people/")
    expect(page.get_by_role("heading", name="People", exact=True)).to_be_visible()
    # 2. As the second step, then as the only one.
    sign_out(page)
    password_step(page, portal, "sam.ortiz")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"{portal.url}/")
    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{portal.url}/")
    # 3. Confirm a sensitive act with it, later than five minutes.
    portal_forgets_the_confirmation(portal)
    page.goto("/people/invite/")
    page.get_by_role("button", name="Use a passkey instead").click()
    expect(page.get_by_label("Your password or a code")).to_be_hidden()
    page.get_by_label("Full name").fill("Rut Peled")
    page.get_by_label("User name").fill("rut.peled")
    page.get_by_label("Role").select_option("qa_manager")
    page.get_by_label("Reason").fill("joins the quality team")
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("heading", name="A link for Rut Peled")).to_be_visible()
    # 4. Lose the key, and come back with a recovery code: an administrator adds a new key first.
    sign_out(page)
    keys.lose()
    keys.plug_in()
    password_step(page, portal, "sam.ortiz")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("No passkey was used.")
    page.get_by_label("recovery code", exact=False).fill(codes[0])
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Administrators need a passkey")).to_be_visible()
    page.get_by_role("link", name="Lost it? Add a new passkey").click()
    page.get_by_label("Name").fill("new key")
    page.get_by_role("button", name="Add a passkey").click()
    page.wait_for_url(f"{portal.url}/")
    page.goto("/settings/security/")
    expect(page.get_by_text("9 recovery codes are left.")).to_be_visible()
    # 5. The lost one is removed; the last one stays.
    page.get_by_role("row").nth(1).get_by_role("link", name="Remove").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("[aria-labelledby=factors-title] tbody tr")).to_have_count(1)
    expect(page.get_by_text("new key")).to_be_visible()


def portal_forgets_the_confirmation(portal: Portal) -> None:
    """As if five minutes had passed: sessions of the database lose what they know of a confirmation."""
    from django.core import signing

    with psycopg.connect(portal.services.admin_url, autocommit=True) as admin:
        for key, data in admin.execute("SELECT session_key, session_data FROM django_session").fetchall():
            salt = "django.contrib.sessions.SessionStore"
            held = signing.loads(data, salt=salt, serializer=_serializer())
            held.pop("confirmed_at", None)
            again = signing.dumps(held, salt=salt, serializer=_serializer(), compress=True)
            admin.execute("UPDATE django_session SET session_data = %s WHERE session_key = %s", [again, key])


def _serializer() -> Any:
    from django.contrib.sessions.serializers import JSONSerializer

    return JSONSerializer


def test_another_address_of_the_portal_is_refused(page: Page, portal: Portal, keys: Keys) -> None:
    """The browser itself refuses; what a forged answer gets is tested without one."""
    enrol(page, portal, "eva.lang")
    page.goto(re.sub("localhost", "127.0.0.1", portal.url) + "/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("Passkeys do not work at this address")


def test_each_page_in_both_themes(page: Page, portal: Portal, keys: Keys) -> None:
    enrol(page, portal, "noa.levi")
    for path in (
        "/settings/security/",
        "/accounts/second-factor/passkey/",
        "/accounts/second-factor/app/",
        "/accounts/second-factor/codes/",
    ):
        assert axe_findings_in_both_themes(page, path) == {}, path
    sign_out(page)
    password_step(page, portal, "noa.levi")
    page.wait_for_url("**/accounts/second-step/")
    assert axe_findings_in_both_themes(page) == {}

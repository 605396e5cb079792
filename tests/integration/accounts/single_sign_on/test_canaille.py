"""Single sign-on with Canaille, a real OpenID Connect provider, over HTTP."""

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.test import Client
from pytest_iam import Server, iam_configuration, iam_server, iam_server_port  # noqa: F401  (fixtures)

from auditportal.accounts.models import User
from auditportal.accounts.provisioning.models import GroupRole
from auditportal.accounts.single_sign_on.models import Identity
from tests.factories import person

pytestmark = pytest.mark.slow
CALLBACK = "http://testserver/accounts/single-sign-on/callback/"


@pytest.fixture
def canaille(db: None, settings: Any, iam_server: Server) -> Server:  # noqa: F811
    """Canaille, with the portal as a client of it that asks for groups."""
    issuer = iam_server.url.rstrip("/")
    found = httpx.get(f"{issuer}/.well-known/openid-configuration").json()
    registered = httpx.post(
        found["registration_endpoint"],
        json={
            "client_name": "AuditPortal",
            "client_uri": "http://testserver",
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code"],
            "response_types": ["code"],
            "scope": "openid profile groups",
            "token_endpoint_auth_method": "client_secret_post",
        },
    )
    assert registered.status_code == 201, registered.text
    settings.OIDC_ISSUER = found["issuer"]
    settings.OIDC_CLIENT_ID = registered.json()["client_id"]
    settings.OIDC_CLIENT_SECRET = registered.json()["client_secret"]
    settings.OIDC_SCOPES = ("openid", "profile", "groups")
    settings.OIDC_GROUPS_CLAIM = "groups"
    return iam_server


def signed_in(browser: Client, canaille: Server) -> Any:
    """Follow the browser to the provider, where the person consents, and back."""
    sent = browser.get("/accounts/single-sign-on/")
    assert sent.status_code == 302
    url = urlsplit(sent["Location"])
    with httpx.Client(base_url=f"{url.scheme}://{url.netloc}") as provider:
        page = provider.get(f"{url.path}?{url.query}")
        if page.status_code == 200:
            page = provider.post(f"{url.path}?{url.query}", data={"answer": "accept"})
        assert page.status_code in (302, 303), page.text
    assert page.headers["Location"].startswith(CALLBACK)
    back = urlsplit(page.headers["Location"])
    return browser.get(f"{back.path}?{back.query}")


def test_a_person_signs_in_with_the_roles_of_their_groups(canaille: Server) -> None:
    sam = person("administrator", "sam.ortiz")
    rut = canaille.random_user(user_name="rut.peled", formatted_name="Rut Peled", emails=["rut@example.com"])
    group = canaille.random_group(display_name="Claims QA", members=[rut])
    canaille.login(rut)
    # 1. Without a role for the group nobody gets in.
    assert signed_in(Client(), canaille).status_code == 403
    # 2. With one, the account is made, and found again.
    GroupRole.objects.create(group=group.display_name, role="qa_manager", created_by=sam)
    for _ in range(2):
        browser = Client()
        assert signed_in(browser, canaille).status_code == 302
        assert browser.get("/objects/").status_code == 200
    identity = Identity.objects.get()
    assert identity.user.full_name == "Rut Peled"
    assert not User.objects.get(pk=identity.user.pk).has_usable_password()

"""Fourteen broken answers of a hostile identity provider: one sentence, one event, no account made or linked."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from django.test import Client

from auditportal.accounts.models import User
from auditportal.accounts.provisioning.models import GroupRole
from auditportal.accounts.single_sign_on.models import Identity
from recordings.audit.opened import COLUMNS, open_events, stored
from recordings.models import AuditEvent
from tests.factories import person
from tests.integration.accounts.single_sign_on.hostile import (
    HostileProvider,
    jwk,
    public_pem,
    rsa_key,
)

Sent = dict[str, str]
Broken = Callable[[HostileProvider, Sent], str]


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def hs256_with_the_public_key(idp: HostileProvider, sent: Sent) -> str:
    signed = f"{part({'alg': 'HS256', 'kid': 'RS256'})}.{part(idp.claims(sent))}"
    mac = hmac.new(public_pem(rsa_key("ours")), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def tampered(idp: HostileProvider, sent: Sent) -> str:
    head, _body, signature = idp.signed(idp.claims(sent)).split(".")
    return f"{head}.{part(idp.claims(sent, sub='00u-sam'))}.{signature}"


def with_another_key(idp: HostileProvider, sent: Sent, kid: str) -> str:
    return jwt.encode(idp.claims(sent), rsa_key("theirs"), "RS256", {"kid": kid})


def with_its_own_key(idp: HostileProvider, sent: Sent, name: str) -> str:
    value = jwk(rsa_key("theirs"), "RS256", "RS256") if name == "jwk" else f"{idp.issuer}/evil-keys"
    header = {"kid": "RS256", name: value}
    return jwt.encode(idp.claims(sent), rsa_key("theirs"), "RS256", header)


NOW = int(time.time())
BROKEN: dict[str, tuple[str, Broken]] = {
    "alg none": (
        "sso_algorithm",
        lambda idp, sent: f"{part({'alg': 'none', 'kid': 'RS256'})}.{part(idp.claims(sent))}.",
    ),
    "HS256 with the public key": ("sso_algorithm", hs256_with_the_public_key),
    "an algorithm that is not on the list": (
        "sso_algorithm",
        lambda idp, sent: idp.signed(idp.claims(sent), "RS512"),
    ),
    "another audience": ("sso_audience", lambda idp, sent: idp.signed(idp.claims(sent, aud="other"))),
    "several audiences without azp": (
        "sso_audience",
        lambda idp, sent: idp.signed(idp.claims(sent, aud=["auditportal", "other"])),
    ),
    "issued to another client": (
        "sso_audience",
        lambda idp, sent: idp.signed(idp.claims(sent, aud=["auditportal", "other"], azp="other")),
    ),
    "another issuer": ("sso_issuer", lambda idp, sent: idp.signed(idp.claims(sent, iss="https://evil.example"))),
    "an issuer with a slash more": ("sso_issuer", lambda idp, sent: idp.signed(idp.claims(sent, iss=f"{idp.issuer}/"))),
    "an old nonce": ("sso_nonce", lambda idp, sent: idp.signed(idp.claims(sent, nonce="0" * 64))),
    "no nonce": ("sso_nonce", lambda idp, sent: idp.signed(idp.claims(sent, nonce=None))),
    "expired": ("sso_expired", lambda idp, sent: idp.signed(idp.claims(sent, exp=NOW - 3600, iat=NOW - 7200))),
    "issued an hour ago": ("sso_expired", lambda idp, sent: idp.signed(idp.claims(sent, iat=NOW - 3600))),
    "issued in the future": ("sso_future", lambda idp, sent: idp.signed(idp.claims(sent, iat=NOW + 3600))),
    "an unknown key": ("sso_key", lambda idp, sent: with_another_key(idp, sent, "theirs")),
    "another issuer's key under a known id": (
        "sso_signature",
        lambda idp, sent: with_another_key(idp, sent, "RS256"),
    ),
    "a key for another algorithm": ("sso_key", lambda idp, sent: idp.signed(idp.claims(sent), "RS256", kid="PS256")),
    "a key of its own in the header": ("sso_header", lambda idp, sent: with_its_own_key(idp, sent, "jwk")),
    "an address of keys in the header": ("sso_header", lambda idp, sent: with_its_own_key(idp, sent, "jku")),
    "a changed payload": ("sso_signature", tampered),
    "no subject": ("sso_malformed", lambda idp, sent: idp.signed(idp.claims(sent, sub=None))),
    "no token": ("sso_malformed", lambda idp, sent: ""),
    "no JSON": ("sso_malformed", lambda idp, sent: "a.b.c"),
}  # fmt: skip


@pytest.fixture
def rut(idp: HostileProvider) -> User:
    """Somebody with this identity, in whose group the broken tokens claim to be."""
    sam, user = person("administrator", "sam.ortiz"), person("", "rut.peled", email="rut@example.com")
    GroupRole.objects.create(group="Claims", role="qa_manager", created_by=sam)
    Identity.objects.create(user=user, issuer=idp.issuer, subject="00u-rut", created_by=sam)
    return user


def everything() -> tuple[Any, ...]:
    return tuple(list(model.objects.order_by("pk").values_list()) for model in (User, Identity, GroupRole))


def last_reason() -> str:
    rows = AuditEvent.objects.filter(kind="auth.failed").order_by("id").values_list(*COLUMNS)
    (event,) = open_events(stored(rows))
    assert event.outcome == "denied"
    return event.text("reason")


def is_out(browser: Client) -> bool:
    return browser.get("/settings/").status_code == 302


@pytest.mark.parametrize("name", BROKEN)
def test_is_refused(idp: HostileProvider, rut: User, name: str) -> None:
    reason, broken = BROKEN[name]
    browser, before = Client(), everything()
    sent = idp.begin(browser)
    answer = idp.answer(browser, sent, broken(idp, sent))
    assert answer.status_code == 403
    assert "could not be verified, so you were not signed in" in answer.content.decode()
    assert last_reason() == reason
    assert everything() == before
    assert is_out(browser)
    assert "/evil-keys" not in idp.asked


def test_an_answer_is_used_once(idp: HostileProvider, rut: User) -> None:
    browser = Client()
    sent = idp.begin(browser)
    token = idp.signed(idp.claims(sent))
    assert idp.answer(browser, sent, token).status_code == 302
    browser.post("/accounts/logout/")
    assert idp.answer(browser, sent, token).status_code == 403
    assert last_reason() == "sso_state"
    assert is_out(browser)


def test_the_answer_to_another_browser(idp: HostileProvider, rut: User) -> None:
    browser, other = Client(), Client()
    idp.begin(other)
    sent = idp.begin(browser)
    assert idp.answer(other, sent, idp.signed(idp.claims(sent))).status_code == 403
    assert last_reason() == "sso_state"
    assert is_out(other)


def test_the_token_of_another_sign_in_of_this_browser(idp: HostileProvider, rut: User) -> None:
    browser = Client()
    first, second = idp.begin(browser), idp.begin(browser)
    assert idp.answer(browser, second, idp.signed(idp.claims(first))).status_code == 403
    assert last_reason() == "sso_nonce"


def test_an_answer_that_names_another_issuer(idp: HostileProvider, rut: User) -> None:
    """RFC 9207: also when the provider says that it always names itself, and does not."""
    browser = Client()
    sent = idp.begin(browser)
    answer = idp.answer(browser, sent, idp.signed(idp.claims(sent)), iss="https://evil.example")
    assert answer.status_code == 403
    assert last_reason() == "sso_issuer"


def test_a_configuration_of_another_issuer(idp: HostileProvider, rut: User) -> None:
    idp.configuration["issuer"] = "https://evil.example"
    assert Client().get("/accounts/single-sign-on/").status_code == 403
    assert last_reason() == "sso_issuer"


@pytest.mark.parametrize("endpoint", ["token_endpoint", "jwks_uri", "authorization_endpoint"])
def test_an_endpoint_that_is_not_encrypted(idp: HostileProvider, rut: User, endpoint: str) -> None:
    idp.configuration[endpoint] = "http://evil.example/"
    assert Client().get("/accounts/single-sign-on/").status_code == 403
    assert last_reason() == "sso_unreachable"


@pytest.mark.parametrize("endpoint", ["token_endpoint", "jwks_uri"])
def test_an_endpoint_that_redirects(idp: HostileProvider, rut: User, endpoint: str) -> None:
    """The code, and the client's secret, go nowhere else."""
    browser = Client()
    idp.configuration[endpoint] = f"{idp.issuer}/elsewhere"
    sent = idp.begin(browser)
    assert idp.answer(browser, sent, idp.signed(idp.claims(sent))).status_code == 403
    assert last_reason() == "sso_unreachable"
    assert "/evil" not in idp.asked


def test_a_mail_address_links_nobody(idp: HostileProvider, rut: User) -> None:
    """Verified or not, and whatever name the token suggests."""
    before = everything()
    for verified in (False, True):
        claims = {"email": rut.email, "email_verified": verified, "preferred_username": "rut.peled"}
        answer = idp.sign_in(Client(), sub="00u-evil", **claims)
        assert answer.status_code == 403
        assert "You have no account in this portal." in answer.content.decode()
    assert everything() == before


def test_the_browser_adds_nothing_to_the_request(idp: HostileProvider, rut: User) -> None:
    query = "?scope=admin&auth_params=prompt%3Dnone%26nonce%3Dx&process=connect&next=https://evil.example/"
    browser = Client()
    sent = idp.begin(browser, f"/accounts/single-sign-on/{query}")
    assert sent["scope"] in ("openid profile", "profile openid")
    assert sent["code_challenge_method"] == "S256"
    assert "prompt" not in sent
    answer = idp.answer(browser, sent, idp.signed(idp.claims(sent)))
    assert answer["Location"] == "/"


def test_the_same_tokens_unbroken_open_the_account(idp: HostileProvider, rut: User) -> None:
    for algorithm in ("RS256", "PS256", "ES256"):
        browser = Client()
        sent = idp.begin(browser)
        answer = idp.answer(browser, sent, idp.signed(idp.claims(sent), algorithm))
        assert answer.status_code == 302, algorithm
        assert not is_out(browser)

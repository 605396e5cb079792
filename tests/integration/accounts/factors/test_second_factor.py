"""No page with data opens with a password alone; passkeys, codes of an app and recovery codes are the second step."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings as product
from django.db import connection
from django.test import Client

from auditportal.accounts.factors import recovery, totp
from auditportal.accounts.models import User
from recordings.api_keys import encryption
from recordings.audit import Kind
from tests.factories import PASSWORD, person
from tests.integration.accounts.factors.helpers import (
    JSON,
    LOGIN,
    SECOND_STEP,
    bodies,
    code_of,
    enrol,
    kinds,
    step,
    with_passkey,
    with_password,
)
from tests.integration.portal.test_rights import DOORS, MATRIX, OPEN, address
from tests.passkey import SoftKey

App = Callable[[User], bytes]
ENROLMENT = "/accounts/second-factor/"
# What a session without its second factor may open. None of it shows data of recordings.
BEFORE = {
    "second_factor",
    "add_passkey",
    "passkey_registration",
    "add_app",
    "recovery_codes",
    "confirm_options",
    "confirm_passkey",
    "my_settings",
    "session",
    "signed_in",
}


def cookie(client: Client) -> str:
    return client.cookies[product.SESSION_COOKIE_NAME].value


def codes_in(page: str) -> list[str]:
    return re.findall(r'<code dir="ltr">([0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4})</code>', page)


class TestGate:
    @pytest.mark.parametrize("name", sorted(MATRIX))
    def test_a_password_alone_opens_no_page_with_data(self, db: None, name: str) -> None:
        """Every URL of the resolver: the enrolment page, or 403 for scripts and htmx."""
        if MATRIX[name] == OPEN:
            return
        assert getattr(DOORS[name][1], "before_second_factor", False) == (name in BEFORE)
        if name in BEFORE:
            return
        client, url = with_password(person("compliance_officer")), address(DOORS[name][0])
        for method in (client.get, client.post):
            assert method(url)["Location"].startswith(ENROLMENT)
            for headers in ({"HX-Request": "true"}, JSON):
                answer = method(url, headers=headers)
                assert (answer.status_code, b"second factor" in answer.content) == (403, True)

    def test_administrators_need_a_passkey(self, db: None, app: App) -> None:
        """A code of an app signs them in, and opens nothing until a passkey is added."""
        user = person("administrator")
        secret = app(user)
        client = with_password(user)
        client.post(SECOND_STEP, {"code": code_of(secret)})
        assert client.get("/people/")["Location"].startswith(ENROLMENT)
        page = client.get(ENROLMENT).content.decode()
        assert "Administrators need a passkey" in page
        key = enrol(client)
        assert client.get("/people/").status_code == 200
        # From then on administrators need the passkey: after a code, the page asks for it.
        again = with_password(user)
        assert step(again, key).status_code == 302
        assert again.get("/people/").status_code == 200

    def test_a_session_from_before_a_factor_cannot_add_another(self, db: None) -> None:
        """Whoever knows the password only, and was signed in before, gets nothing of the account."""
        user = person("compliance_officer")
        intruder, owner = with_password(user), with_password(user)
        enrol(owner)
        assert "Sign in again" in intruder.get(ENROLMENT).content.decode()
        for path in ("passkey/", "passkey/options/", "app/", "codes/"):
            assert intruder.post(ENROLMENT + path).status_code == 403
        assert intruder.get("/objects/")["Location"].startswith(ENROLMENT)
        assert Authenticator.objects.filter(user=user).count() == 1

    def test_the_page_that_was_asked_for_comes_after_enrolment(self, db: None) -> None:
        client = with_password(person("compliance_officer"))
        client.get(client.get("/objects/?q=dana")["Location"])
        enrol(client)
        client.post(f"{ENROLMENT}codes/")
        assert client.get(ENROLMENT)["Location"] == "/objects/?q=dana"

    @pytest.mark.parametrize(
        "wanted", ["//elsewhere.test/", "https://elsewhere.test/", "javascript:alert(1)"]
    )
    def test_another_site_is_not_a_page_to_come_back_to(self, db: None, wanted: str) -> None:
        client = with_password(person("compliance_officer"))
        client.get(ENROLMENT, {"next": wanted})
        enrol(client)
        assert client.get(ENROLMENT)["Location"] == "/"


class TestPasskeys:
    def test_enrol_and_sign_in(self, db: None) -> None:
        user = person("compliance_officer")
        key = enrol(with_password(user))
        client = with_password(user)
        assert client.get("/objects/")["Location"].startswith(LOGIN)
        assert step(client, key)["Location"] == "/"
        assert client.get("/objects/").status_code == 200
        assert bodies(Kind.SIGNED_IN)[-1]["actor"]["authn"] == "password+webauthn"
        assert bodies(Kind.FACTOR_ADDED)[0]["action_detail"] == {"factor": "webauthn"}

    def test_a_passkey_is_the_only_step(self, db: None) -> None:
        user = person("administrator")
        key = enrol(with_password(user))
        client, answer = with_passkey(key, next="/people/")
        assert answer["Location"] == "/people/"
        assert client.get("/people/").status_code == 200
        assert bodies(Kind.SIGNED_IN)[-1]["actor"]["authn"] == "webauthn"

    @pytest.mark.parametrize(
        "origin",
        ["https://testserver", "http://testserver:8000", "http://evil.testserver", "http://evil.test"],
    )
    def test_another_origin_is_refused(self, db: None, origin: str) -> None:
        user = person("compliance_officer")
        key = enrol(with_password(user))
        key.origin = origin
        client = with_password(user)
        assert step(client, key).status_code == 422
        assert client.get("/objects/")["Location"].startswith(LOGIN)
        client, answer = with_passkey(key)
        assert answer["Location"] == LOGIN
        assert "was not accepted" in client.get(LOGIN).content.decode()
        assert [body["outcome"] for body in bodies(Kind.FACTOR_REFUSED)] == ["denied", "denied"]

    def test_the_portals_own_address_is_the_origin(self, db: None, settings: Any) -> None:
        settings.PUBLIC_URL = "https://audit.example.com/"
        user = person("compliance_officer")
        key = enrol(with_password(user), SoftKey(origin="https://audit.example.com"))
        assert step(with_password(user), key).status_code == 302
        key.origin = "http://testserver"
        assert step(with_password(user), key).status_code == 422

    def test_an_answer_works_once(self, db: None) -> None:
        user = person("compliance_officer")
        key = enrol(with_password(user))
        client = Client()
        options = client.post(f"{LOGIN}passkey/options/", headers=JSON).json()
        answer = {"credential": json.dumps(key.get(options))}
        assert client.post(f"{LOGIN}passkey/", answer)["Location"] == "/"
        client.post("/accounts/logout/")
        assert client.post(f"{LOGIN}passkey/", answer)["Location"] == LOGIN
        assert Client().post(f"{LOGIN}passkey/", answer)["Location"] == LOGIN

    def test_a_challenge_is_answered_within_five_minutes(self, db: None, database_clock: Any) -> None:
        user = person("compliance_officer")
        key = enrol(with_password(user))
        client = Client()
        options = client.post(f"{LOGIN}passkey/options/", headers=JSON).json()
        database_clock.shift(301)
        answer = {"credential": json.dumps(key.get(options))}
        assert client.post(f"{LOGIN}passkey/", answer)["Location"] == LOGIN

    def test_somebody_elses_passkey_is_no_second_step(self, db: None) -> None:
        user, other = person("compliance_officer"), person("compliance_officer")
        key, theirs = enrol(with_password(user)), enrol(with_password(other))
        assert step(with_password(user), theirs).status_code == 422
        assert step(with_password(user), key).status_code == 302

    def test_a_key_that_does_not_verify_its_user_is_refused(self, db: None) -> None:
        user = person("compliance_officer")
        key = enrol(with_password(user))
        key.verifies = False
        assert step(with_password(user), key).status_code == 422

    def test_a_copy_of_a_key_is_refused(self, db: None) -> None:
        """Its counter does not grow."""
        user = person("compliance_officer")
        key = enrol(with_password(user), SoftKey(counter=7))
        assert step(with_password(user), key).status_code == 422
        key.counter = 8
        assert step(with_password(user), key).status_code == 302

    def test_a_closed_account_gets_nothing(self, db: None) -> None:
        user = person("compliance_officer")
        key = enrol(with_password(user))
        client = with_password(user)
        user.is_active = False
        user.save(update_fields=["is_active"])
        assert step_is_over(client)
        assert with_passkey(key)[1]["Location"] == LOGIN

    @pytest.mark.parametrize("credential", ["", "{", "[]", "null", '{"id": 7}', '{"response": null}', '"x"'])
    def test_what_is_no_answer_gets_a_sentence(self, db: None, credential: str) -> None:
        user = person("compliance_officer")
        enrol(with_password(user))
        client = with_password(user)
        assert client.post(SECOND_STEP, {"credential": credential}).status_code == 422
        assert Client().post(f"{LOGIN}passkey/", {"credential": credential})["Location"] == LOGIN


def step_is_over(client: Client) -> bool:
    return bool(client.get(SECOND_STEP).status_code == 302)


class TestApp:
    def test_set_up_and_sign_in(self, db: None) -> None:
        user = person("compliance_officer")
        client = with_password(user)
        page = client.get(f"{ENROLMENT}app/").content.decode()
        assert "<svg" in page
        assert "style=" not in page  # the content security policy has no unsafe-inline
        shown = re.search(r'id="app-secret"[^>]*>([A-Z2-7]+)<', page)
        assert shown
        secret = base64.b32decode(shown[1])
        wrong = client.post(f"{ENROLMENT}app/", {"code": "000000"})
        assert wrong.status_code == 422
        assert shown[1] in wrong.content.decode()
        assert client.post(f"{ENROLMENT}app/", {"code": code_of(secret)}).status_code == 302
        assert client.get("/objects/").status_code == 200
        # The code that proved the app works no more; the next one does.
        again = with_password(user)
        assert again.post(SECOND_STEP, {"code": code_of(secret)}).status_code == 422
        assert again.post(SECOND_STEP, {"code": code_of(secret, 1)}).status_code == 302
        assert bodies(Kind.SIGNED_IN)[-1]["actor"]["authn"] == "password+totp"

    def test_a_code_works_once(self, db: None, app: App) -> None:
        user = person("compliance_officer")
        secret = app(user)
        code = code_of(secret)
        assert with_password(user).post(SECOND_STEP, {"code": code}).status_code == 302
        assert with_password(user).post(SECOND_STEP, {"code": code}).status_code == 422

    def test_the_secret_rests_encrypted(self, db: None, app: App) -> None:
        user = person("compliance_officer")
        text = totp.as_text(app(user))
        with_password(user)
        with connection.cursor() as cursor:
            cursor.execute("SELECT data::text FROM mfa_authenticator")
            assert text not in str(cursor.fetchall())
        client = with_password(person("compliance_officer"))
        shown = re.search(
            r'id="app-secret"[^>]*>([A-Z2-7]+)<', client.get(f"{ENROLMENT}app/").content.decode()
        )
        assert shown
        assert shown[1] not in json.dumps(dict(client.session.items()))

    def test_a_secret_copied_to_another_account_opens_nothing(self, db: None, app: App) -> None:
        user, other = person("compliance_officer"), person("compliance_officer")
        secret = app(user)
        data = Authenticator.objects.get(user=user).data
        Authenticator.objects.create(user=other, type=totp.APP, data=data)
        assert with_password(other).post(SECOND_STEP, {"code": code_of(secret)}).status_code == 422

    def test_a_new_encryption_key_takes_over_at_the_next_use(self, db: None, app: App, settings: Any) -> None:
        user = person("compliance_officer")
        secret = app(user)
        settings.KEY_ENCRYPTION_KEYS = (b"n" * 32,)
        assert with_password(user).post(SECOND_STEP, {"code": code_of(secret)}).status_code == 302
        row = Authenticator.objects.get(user=user)
        assert row.data["key_id"] == encryption.current_id(f"totp-secret:{user.pk}")

    def test_the_command_encrypts_all_under_a_new_key(self, db: None, app: App, settings: Any) -> None:
        users = [person("compliance_officer") for _ in range(3)]
        secrets = [app(user) for user in users]
        settings.KEY_ENCRYPTION_KEYS = (b"n" * 32,)
        assert totp.reencrypt() == (3, 0)
        settings.AUDIT_FIELD_KEY = b"o" * 32  # the key that was replaced is gone
        assert totp.reencrypt() == (0, 0)
        held = [totp.unseal(user.pk, Authenticator.objects.get(user=user).data) for user in users]
        assert held == secrets
        settings.KEY_ENCRYPTION_KEYS = ()
        assert totp.reencrypt() == (0, 3)

    def test_wrong_codes_are_counted_and_are_events(self, db: None, app: App) -> None:
        user = person("compliance_officer")
        secret = app(user)
        client = with_password(user)
        said = [client.post(SECOND_STEP, {"code": "000000"}).content.decode() for _ in range(6)]
        assert ["Too many wrong codes" in text for text in said] == [False] * 5 + [True]
        assert client.post(SECOND_STEP, {"code": code_of(secret)}).status_code == 422
        assert kinds().count(Kind.FACTOR_REFUSED) == 5


class TestRecoveryCodes:
    def test_they_are_shown_once_and_stored_as_hashes(self, db: None) -> None:
        user = person("compliance_officer")
        client = with_password(user)
        enrol(client)
        codes = codes_in(client.post(f"{ENROLMENT}codes/").content.decode())
        assert len(set(codes)) == recovery.NUMBER
        assert codes_in(client.get(f"{ENROLMENT}codes/").content.decode()) == []
        held = Authenticator.objects.get(user=user, type=recovery.CODES).data
        assert list(held) == ["hashes"]
        assert all(hashed.startswith("argon2$argon2id$") for hashed in held["hashes"].values())
        assert not any(code.replace("-", "") in str(held) or code in str(held) for code in codes)

    def test_one_signs_in_and_does_not_again(self, db: None) -> None:
        user = person("compliance_officer")
        client = with_password(user)
        enrol(client)
        code = codes_in(client.post(f"{ENROLMENT}codes/").content.decode())[3]
        assert with_password(user).post(SECOND_STEP, {"code": code.upper()}).status_code == 302
        assert with_password(user).post(SECOND_STEP, {"code": code}).status_code == 422
        assert bodies(Kind.SIGNED_IN)[-1]["actor"]["authn"] == "password+recovery_codes"

    def test_new_ones_replace_the_earlier_ones(self, db: None) -> None:
        user = person("compliance_officer")
        client = with_password(user)
        enrol(client)
        first, second = (codes_in(client.post(f"{ENROLMENT}codes/").content.decode())[0] for _ in range(2))
        assert with_password(user).post(SECOND_STEP, {"code": first}).status_code == 422
        assert with_password(user).post(SECOND_STEP, {"code": second}).status_code == 302

    def test_a_password_alone_makes_none(self, db: None) -> None:
        assert with_password(person("compliance_officer")).post(f"{ENROLMENT}codes/").status_code == 403

    def test_two_requests_with_one_code_are_one_sign_in(self, db: None) -> None:
        user = person("compliance_officer")
        client = with_password(user)
        enrol(client)
        code = codes_in(client.post(f"{ENROLMENT}codes/").content.decode())[0]
        rows = [Authenticator.objects.get(user=user, type=recovery.CODES) for _ in range(2)]
        assert [recovery.use(row, code) for row in rows] == [True, False]


class TestOwnFactors:
    def test_the_last_one_stays(self, db: None) -> None:
        user = person("compliance_officer")
        client = with_password(user)
        enrol(client)
        [row] = Authenticator.objects.filter(user=user)
        answer = client.post(f"{ENROLMENT}{row.pk}/remove/")
        assert answer.status_code == 409
        assert "This is your last second factor." in answer.content.decode()
        enrol(client)
        assert client.post(f"{ENROLMENT}{row.pk}/remove/").status_code == 302
        assert Authenticator.objects.filter(user=user).count() == 1
        assert bodies(Kind.FACTOR_REMOVED)[0]["action_detail"] == {"factor": "webauthn"}

    def test_an_administrator_keeps_a_passkey(self, db: None, app: App) -> None:
        user = person("administrator")
        client = with_password(user)
        enrol(client)
        app(user)
        row = Authenticator.objects.get(user=user, type="webauthn")
        assert "Administrators need a passkey" in client.post(f"{ENROLMENT}{row.pk}/remove/").content.decode()

    def test_somebody_elses_is_not_there(self, db: None) -> None:
        user, other = person("compliance_officer"), person("compliance_officer")
        client = with_password(user)
        enrol(client)
        enrol(with_password(other))
        row = Authenticator.objects.get(user=other)
        assert client.post(f"{ENROLMENT}{row.pk}/remove/").status_code == 404

    def test_six_minutes_later_a_change_asks_for_a_confirmation(self, db: None, database_clock: Any) -> None:
        user = person("compliance_officer")
        client = with_password(user)
        key = enrol(client)
        database_clock.shift(6 * 60)
        for path in ("passkey/", "app/"):
            assert "Confirm that it is you" in client.get(ENROLMENT + path).content.decode()
        assert client.post(f"{ENROLMENT}passkey/options/").status_code == 403
        row = Authenticator.objects.get(user=user)
        assert client.post(f"{ENROLMENT}{row.pk}/remove/").status_code == 422
        assert client.post(f"{ENROLMENT}codes/").status_code == 422
        # With the passkey, then with the password.
        options = client.post("/accounts/confirm/options/", headers=JSON).json()
        answer = {"credential": json.dumps(key.get(options))}
        assert client.post("/accounts/confirm/passkey/", answer, headers=JSON).json() == {"confirmed": True}
        assert "Add a passkey" in client.get(f"{ENROLMENT}passkey/").content.decode()
        database_clock.shift(6 * 60)
        form = {"confirming": "1", "password": PASSWORD}
        assert client.post(f"{ENROLMENT}app/", form)["Location"] == f"{ENROLMENT}app/"
        assert "<svg" in client.get(f"{ENROLMENT}app/").content.decode()


class TestSessionIds:
    def test_each_step_has_a_new_id_and_the_old_ones_are_dead(self, db: None) -> None:
        user = person("compliance_officer")
        key = enrol(with_password(user))
        client = Client()
        client.post(f"{LOGIN}passkey/options/", headers=JSON)
        ids = [cookie(client)]
        with_password(user, client)
        ids.append(cookie(client))
        step(client, key)
        ids.append(cookie(client))
        assert len(set(ids)) == 3
        for old in ids[:2]:
            thief = Client()
            thief.cookies[product.SESSION_COOKIE_NAME] = old
            assert thief.get("/objects/")["Location"].startswith(LOGIN)
            assert thief.get(SECOND_STEP)["Location"] == LOGIN

    def test_enrolment_changes_the_id(self, db: None) -> None:
        client = with_password(person("compliance_officer"))
        before = cookie(client)
        enrol(client)
        assert cookie(client) != before
        thief = Client()
        thief.cookies[product.SESSION_COOKIE_NAME] = before
        assert thief.get("/objects/")["Location"].startswith(LOGIN)


def test_without_the_counters_nobody_passes_and_who_is_in_goes_on(db: None, redis_down: Any) -> None:
    """The second step and passkeys are refused rather than uncounted."""
    redis_down.start()
    redis_down.wait_ready(60)
    user = person("compliance_officer")
    inside = with_password(user)
    key = enrol(inside)
    waiting, alone = with_password(user), Client()
    step_options = waiting.post(f"{SECOND_STEP}options/", headers=JSON).json()
    options = alone.post(f"{LOGIN}passkey/options/", headers=JSON).json()
    redis_down.stop()
    for form in ({"code": "123456"}, {"credential": json.dumps(key.get(step_options))}):
        answer = waiting.post(SECOND_STEP, form)
        assert "failed attempts cannot be counted" in answer.content.decode()
    alone.post(f"{LOGIN}passkey/", {"credential": json.dumps(key.get(options))})
    assert "failed attempts cannot be counted" in alone.get(LOGIN).content.decode()
    assert alone.post(f"{LOGIN}passkey/options/", headers=JSON).status_code == 503
    assert inside.get("/objects/").status_code == 200


def test_start_again_leads_back_to_the_password(db: None) -> None:
    user = person("compliance_officer")
    enrol(with_password(user))
    client = with_password(user)
    assert client.get(LOGIN)["Location"] == SECOND_STEP
    assert client.post(SECOND_STEP, {"restart": "1"})["Location"] == LOGIN
    assert client.get(LOGIN).status_code == 200


@pytest.mark.parametrize(("address", "is_open"), [("127.0.0.1", True), ("::1", True), ("192.0.2.7", False)])
def test_the_easy_sign_in_is_for_this_machine(db: None, settings: Any, address: str, is_open: bool) -> None:
    settings.EASY_SIGN_IN = True
    client = Client(REMOTE_ADDR=address)
    with_password(person("compliance_officer"), client)
    assert (client.get("/objects/").status_code == 200) == is_open

"""People see their sessions and end them, change their password, and get a new session id with new rights."""

from typing import Any

import pytest
from django.conf import settings as product
from django.test import Client, RequestFactory
from django.utils import timezone

from auditportal.accounts.models import Grant, PersonSession, User
from auditportal.accounts.person_sessions import device_of, follow_rights
from auditportal.accounts.sessions import SessionStore, key_hash
from recordings.audit import Kind
from recordings.models import AuditEvent
from tests.factories import PASSWORD, forget_confirmation, person
from tests.integration.accounts.factors.helpers import bodies, kinds, with_password

LOGIN = "/accounts/login/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
NEW = "a new and long enough password"


@pytest.fixture(autouse=True)
def _easy(_full: None, settings: Any) -> None:
    """Sessions are the same with and without a second factor."""
    settings.EASY_SIGN_IN = True


def cookie(client: Client) -> str:
    return client.cookies[product.SESSION_COOKIE_NAME].value


def is_in(client: Client) -> bool:
    return client.get("/").status_code == 200


def test_ones_own_sessions_are_listed(db: None) -> None:
    user = person("compliance_officer")
    client = with_password(user)
    with_password(user, Client(headers={"User-Agent": FIREFOX}, REMOTE_ADDR="127.0.0.7"))
    with_password(person("compliance_officer"), Client(REMOTE_ADDR="127.0.0.9"))
    page = client.get("/settings/security/").content.decode()
    assert "Firefox · Windows" in page
    assert ("127.0.0.7" in page, "127.0.0.9" in page) == (True, False)
    assert page.count("this one") == 1
    held = PersonSession.objects.filter(user=user)
    assert cookie(client) not in str(list(held.values()))


def test_one_and_all_others_are_ended_with_their_next_request(db: None) -> None:
    user = person("compliance_officer")
    mine, second, third, strangers = [with_password(user) for _ in range(3)] + [with_password(person())]
    rows = list(PersonSession.objects.filter(user=user).order_by("pk"))
    own = PersonSession.objects.exclude(user=user).get()
    # Neither one's own session, which one leaves by signing out, nor somebody else's.
    for row in (rows[0], own):
        mine.post(f"/settings/security/sessions/{row.pk}/end/")
    mine.post(f"/settings/security/sessions/{rows[1].pk}/end/")
    assert [is_in(client) for client in (mine, second, third, strangers)] == [True, False, True, True]
    assert second.get("/objects/", headers={"HX-Request": "true"}).status_code == 401
    mine.post("/settings/security/sessions/end/")
    assert [is_in(client) for client in (mine, third, strangers)] == [True, False, True]
    assert [body["action_detail"] for body in bodies(Kind.SESSIONS_ENDED)] == [{"sessions": 1}] * 2


def test_an_administrator_ends_anybodys(db: None) -> None:
    user, sam = person("compliance_officer"), with_password(person("administrator"))
    first, second = with_password(user), with_password(user)
    page = sam.get(f"/people/{user.pk}/security/").content.decode()
    assert page.count('name="session"') == 2
    row = PersonSession.objects.filter(user=user).order_by("pk")[0]
    sam.post(f"/people/{user.pk}/security/sessions/", {"session": row.pk})
    assert [is_in(first), is_in(second)] == [False, True]
    sam.post(f"/people/{user.pk}/security/sessions/")
    assert not is_in(second)
    assert bodies(Kind.SESSIONS_ENDED)[0]["object"]["ref"] == f"user:{user.pk}"


def test_a_session_that_was_ended_stays_ended_under_a_new_secret_key(db: None, settings: Any) -> None:
    user = person("compliance_officer")
    mine, other = with_password(user), with_password(user)
    mine.post("/settings/security/sessions/end/")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "n" * 60
    assert not is_in(other)


def test_signing_out_takes_it_off_the_list(db: None) -> None:
    user = person("compliance_officer")
    client = with_password(user)
    client.post("/accounts/logout/")
    assert not PersonSession.objects.filter(user=user, ended_at=None).exists()


def test_new_rights_have_a_new_session_id_and_the_old_one_is_dead(db: None) -> None:
    """What the person watches goes on: trail and viewings know the session as before."""
    user = person("external_auditor")
    client = with_password(user)
    client.get("/")
    before = cookie(client)
    Grant.objects.create(user=user, role="qa_manager")
    assert client.get("/objects/").status_code == 200
    assert cookie(client) != before
    thief = Client()
    thief.cookies[product.SESSION_COOKIE_NAME] = before
    assert thief.get("/")["Location"].startswith(LOGIN)
    sessions = {
        body["request"]["session"]
        for body in [*bodies(Kind.SIGNED_IN), *bodies(Kind.SEARCHED)]
        if body["actor"]["ref"] == f"user:{user.pk}"
    }
    assert len(sessions) == 1
    # The list still ends it.
    with_password(user).post("/settings/security/sessions/end/")
    assert not is_in(client)


@pytest.mark.parametrize("change", [{}, {"level": "view"}, {"channels": [7]}], ids=["end", "level", "scope"])
def test_each_change_of_a_grant_is_a_change_of_rights(db: None, change: dict[str, Any]) -> None:
    user = person("compliance_officer")
    kept = Grant.objects.create(user=user, role="qa_manager")
    client = with_password(user)
    client.get("/")
    before = cookie(client)
    Grant.objects.filter(pk=kept.pk).update(ended_at=timezone.now())
    if change:
        Grant.objects.create(user=user, role="qa_manager", **change)
    # A poll may cross with the page that is loaded at the same moment: it changes nothing.
    client.get("/", headers={"X-Poll": "true"})
    assert cookie(client) == before
    assert is_in(client)
    changed = cookie(client)
    assert changed != before
    assert is_in(client)
    assert cookie(client) == changed
    assert PersonSession.objects.get(user=user).key_hash == key_hash(changed)


def test_the_second_of_two_requests_at_once_keeps_the_id_that_the_first_gave(db: None) -> None:
    """It has read the session under the old id, which is dead when it comes to change it."""
    user = person("compliance_officer")
    client = with_password(user)
    client.get("/")
    Grant.objects.create(user=user, role="qa_manager")
    requests = []
    for _ in range(2):
        request = RequestFactory().get("/")
        request.user = User.objects.with_grants(user.pk)
        request.session = SessionStore(cookie(client))
        request.session.load()
        requests.append(request)
    first, second = requests
    follow_rights(first)
    follow_rights(second)
    assert not second.session.modified
    assert PersonSession.objects.get(user=user).key_hash == key_hash(first.session.session_key)


class TestPassword:
    def test_a_new_one_ends_the_other_sessions(self, db: None) -> None:
        user = person("compliance_officer")
        mine, other = with_password(user), with_password(user)
        before = cookie(mine)
        assert mine.post("/settings/password/", {"new_password": NEW}).status_code == 302
        assert (is_in(mine), is_in(other)) == (True, False)
        assert cookie(mine) != before
        assert is_in(with_password(user, password=NEW))
        assert not is_in(with_password(user))
        assert Kind.PASSWORD_CHANGED in kinds()

    def test_six_minutes_later_the_present_one_is_asked_for(self, db: None) -> None:
        user = person("compliance_officer")
        client = with_password(user)
        forget_confirmation(client)
        assert client.post("/settings/password/", {"new_password": NEW}).status_code == 422
        assert client.post("/settings/password/", {"new_password": NEW, "password": "x"}).status_code == 422
        assert User.objects.get(pk=user.pk).check_password(PASSWORD)
        form = {"new_password": NEW, "password": PASSWORD}
        assert client.post("/settings/password/", form).status_code == 302

    @pytest.mark.parametrize(
        ("password", "said"),
        [
            ("only14letters.", "at least 15 characters"),
            ("passwordpasswordpassword"[:15], ""),
            ("x" * 129, "at most 128 characters"),
            ("123456789987654321", "too common"),
            ("person.number.one", "too similar"),
        ],
    )
    def test_the_rules(self, db: None, password: str, said: str) -> None:
        client = with_password(person("compliance_officer", "person.number.one"))
        answer = client.post("/settings/password/", {"new_password": password})
        assert (answer.status_code == 422) == bool(said)
        assert said in answer.content.decode()

    def test_128_characters_are_allowed_and_kept_whole(self, db: None) -> None:
        user = person("compliance_officer")
        long = "ab c" * 32
        with_password(user).post("/settings/password/", {"new_password": long})
        assert is_in(with_password(user, password=long))
        assert not is_in(with_password(user, password=long[:-1]))
        assert User.objects.get(pk=user.pk).password.startswith("argon2$argon2id$")


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox · Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1",
            "Safari · iPhone",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/150.0 Safari/537.36 Edg/150.0", "Edge · Linux"),
        ("curl/8.0", ""),
        ("", ""),
    ],
)
def test_a_device_in_words(agent: str, words: str) -> None:
    assert device_of(agent) == words


def test_an_old_row_is_deleted_at_a_later_sign_in(db: None) -> None:
    user = person("compliance_officer")
    with_password(user)
    PersonSession.objects.update(seen_at="2026-01-01T00:00Z")
    with_password(user)
    assert PersonSession.objects.count() == 1
    assert AuditEvent.objects.filter(kind=Kind.SIGNED_IN).count() == 2

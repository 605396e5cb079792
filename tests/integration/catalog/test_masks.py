"""People without the right to personal data see masks, and no search, sort or filter tells what a mask hides."""

import re
from typing import Any

import pytest
from django.test import Client

from auditportal.accounts.models import Grant, User
from auditportal.accounts.roles import ROLES
from recordings.audit.opened import open_event
from recordings.catalog.masks import MASK
from recordings.models import AuditEvent
from recordings.permissions import Permission as P
from recordings.trail.sentences import plain_sentence
from tests.factories import agent, conversation, person, stream

NAME, PHONE, MAIL = "Dana Marlowe", "+972 50 123 4567", "dana.marlowe@example.com"


@pytest.fixture
def rae(db: None) -> User:
    return person("reviewer", "rae.stone")


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def thing(**fields: Any) -> Any:
    given = {
        "customer_name": NAME,
        "customer_phone": PHONE,
        "customer_email": MAIL,
        "recordings": 1,
        **fields,
    }
    return conversation(**given)


def shows_anything(page: str) -> bool:
    return any(text in page for text in ("Dana", "Marlowe", "4567", "example.com"))


def without_ids(page: str) -> str:
    """A page without what differs at each request: its token, and the words that were typed."""
    return re.sub(r'csrf[^>]*|"X-CSRFToken": "\w+"|request[ _-]id[^<]*', "", page)


def test_pages_show_masks(rae: User) -> None:
    made, client = thing(), client_of(rae)
    recording = made.recordings.get()
    for path in ("/objects/", "/recordings/", f"/objects/{made.pk}/", f"/recordings/{recording.pk}/", "/"):
        page = client.get(path).content.decode()
        assert not shows_anything(page), path
        assert MASK in page or path == "/", path


def test_who_sees_personal_data_sees_them(db: None) -> None:
    made, client = thing(), client_of(person("qa_manager"))
    assert NAME in client.get("/objects/").content.decode()
    page = client.get(f"/objects/{made.pk}/").content.decode()
    assert NAME in page
    assert MAIL in page
    assert "Show a masked value" not in page


@pytest.mark.parametrize("area", ["objects", "recordings"])
@pytest.mark.parametrize(
    ("known", "random"),
    [
        ("Dana", "Zora"),
        ("dana marlowe", "zora quimby"),
        ("marl", "quim"),
        ("0501234567", "0509999999"),
        ("4567", "9999"),
        ("dana.marlowe@example.com", "zora.quimby@invalid.com"),
        ("@example.com", "@invalid.com"),
        ("example.com", "invalid.com"),
    ],
)
def test_a_search_for_a_known_customer_is_like_one_for_a_random_one(
    rae: User, area: str, known: str, random: str
) -> None:
    made, client = thing(), client_of(rae)
    pages = [
        without_ids(client.get(f"/{area}/", {"q": words}).content.decode()).replace(words, "WORDS")
        for words in (known, random)
    ]
    assert str(made.pk) not in pages[0]
    assert "Nothing found" in pages[0] or "No " in pages[0]
    lengths = [
        len(re.sub(r"WORDS|[\w%.@+]*(?:dana|zora|marl|quim|4567|9999)[\w%.@+]*", "", page)) for page in pages
    ]
    assert lengths[0] == lengths[1]


def test_words_still_find_agents_channels_and_numbers(rae: User) -> None:
    made = thing(agent=agent("Avery Cole"), stream=stream("Retail video"))
    thing(customer_name="Avery Customer", agent=agent("Sam"), stream=stream("Claims"))
    client = client_of(rae)
    for words in ("avery", "retail", "avery retail", str(made.pk), f"object:{made.pk}", "cole video"):
        found = client.get("/objects/", {"q": words})
        assert [line.object_id for line in found.context["page"].rows] == [made.pk], words
    assert not client.get("/objects/", {"q": "avery claims"}).context["page"].rows


def test_a_person_with_two_grants_sees_names_where_one_allows_it(db: None) -> None:
    retail, claims = stream("Retail"), stream("Claims")
    both = person("reviewer")
    Grant.objects.create(user=both, role="qa_manager", channels=[retail.pk])
    seen, hidden = thing(stream=retail), thing(stream=claims, customer_name="Zora Quimby")
    client = client_of(both)
    page = client.get("/objects/").content.decode()
    assert NAME in page
    assert "Zora" not in page
    # Words look for no personal value anywhere: a mixture would tell what is masked.
    for words in ("dana", "zora"):
        assert not client.get("/objects/", {"q": words}).context["page"].rows
    assert NAME in client.get(f"/objects/{seen.pk}/").content.decode()
    assert "Zora" not in client.get(f"/objects/{hidden.pk}/").content.decode()


class TestUnmask:
    def test_a_value_is_shown_with_a_reason_and_an_event(self, rae: User) -> None:
        made, client = thing(), client_of(rae)
        fields = {"field": "customer_phone", "reason": "the customer asked to be called back"}
        page = client.post(f"/objects/{made.pk}/unmask/", fields)
        assert page.status_code == 200
        assert PHONE in page.content.decode()
        assert "Marlowe" not in page.content.decode()
        opened = open_event(AuditEvent.objects.get(kind="object.value_shown").event_id)
        assert opened is not None
        assert plain_sentence(opened) == (
            f"Rae Stone viewed the masked phone number of the customer of object {made.pk}"
        )
        assert opened.private("purpose.note") == fields["reason"]
        # The next page is masked again.
        assert not shows_anything(client.get(f"/objects/{made.pk}/").content.decode())

    @pytest.mark.parametrize(
        "fields", [{"field": "customer_phone"}, {"field": "message", "reason": "so"}, {"reason": "so"}]
    )
    def test_without_a_reason_nothing_is_shown(self, rae: User, fields: dict[str, str]) -> None:
        made = thing()
        page = client_of(rae).post(f"/objects/{made.pk}/unmask/", fields)
        assert page.status_code == 422
        assert not shows_anything(page.content.decode())
        assert not AuditEvent.objects.filter(kind="object.value_shown").exists()

    def test_outside_the_scope_it_is_refused(self, db: None) -> None:
        made = thing()
        scoped = person()
        Grant.objects.create(user=scoped, role="reviewer", level="list")
        Grant.objects.create(user=scoped, role="reviewer", channels=[stream("Other").pk])
        answer = client_of(scoped).post(
            f"/objects/{made.pk}/unmask/", {"field": "customer_phone", "reason": "so"}
        )
        assert answer.status_code in (403, 404)
        assert not shows_anything(answer.content.decode())

    def test_the_short_way_to_the_phone_number_is_closed(self, rae: User) -> None:
        made = thing()
        answer = client_of(rae).post(f"/objects/{made.pk}/phone/")
        assert answer.status_code == 403
        assert not AuditEvent.objects.filter(kind="object.phone_shown").exists()


def test_files_and_the_trail_need_no_masks() -> None:
    """Who may read the trail, or export it, sees personal data with the same grant."""
    for role in ROLES.values():
        if role.permissions & {P.READ_TRAIL, P.EXPORT_REPORTS, P.ERASE_SUBJECTS} - (
            {P.ERASE_SUBJECTS} if role.code == "administrator" else set()
        ):
            assert P.SEE_PERSONAL_DATA in role.permissions, role.code

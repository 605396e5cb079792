"""Stored text is found however a person types it, and PostgreSQL agrees."""

import itertools

import pytest
from django.db import connection
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from recordings.audit import Kind
from recordings.catalog.text import MONTH, email_lexemes, in_month, name_lexemes, phone_lexemes, read_typed
from recordings.models import AuditEvent
from tests.factories import conversation, person, recording
from tests.integration.catalog.test_pages import ids_on
from tests.thorough import examples

HYPHENS = (
    "-",
    "\u2010",
    "\u2011",
    "\u2012",
    "\u2013",
    "\u2014",
    "\u2212",
    "\u00b7",
    "\u05be",
    ".",
    "/",
    " ",
    "\u00a0",
    "",
)
many_inputs = settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def finds(lexemes, typed):
    """Return whether typed text matches a row with these lexemes."""
    typed = read_typed(typed)
    assert typed
    with connection.cursor() as cursor:
        terms = " & ".join(typed.terms).replace(MONTH, "5f02")
        cursor.execute("SELECT %s::tsvector @@ %s::tsquery", [in_month(lexemes, "5f02"), terms])
        return cursor.fetchone()[0]


# --- phone numbers

SPELLINGS = (
    "+{code}{national}",
    "+{code}-{national}",
    "00{code}{national}",
    "00 {code} {national}",
    "{code}{national}",
    "+{code}(0){national}",
    "+{code} (0) {national}",
    "+{code}0{national}",
    "0{national}",
    "(0){national}",
    "{national}",
    "tel:+{code}{national}",
    "tel:0{national};ext=12",
    "\u202a+{code}{national}\u202c",
)


@pytest.mark.parametrize("stored", SPELLINGS)
def test_a_phone_number_in_any_spelling(db, stored):
    lexemes = phone_lexemes(stored.format(code="972", national="541234417"))
    for typed in SPELLINGS:
        assert finds(lexemes, typed.format(code="972", national="541234417")), typed


@many_inputs
@given(
    st.sampled_from(("1", "7", "20", "39", "44", "49", "972", "380", "351")),
    st.from_regex(r"[1-9][0-9]{6,9}", fullmatch=True),
    st.sampled_from(SPELLINGS),
    st.sampled_from(SPELLINGS),
    st.sampled_from(HYPHENS),
    st.data(),
)
def test_any_phone_number(db, code, national, stored, typed, hyphen, data):
    """A number of any country, with any hyphens; without + or 00 only if it is long enough."""
    assume("+" in typed or "00" in typed or len(code + national) >= 11 or "{code}" not in typed)
    assume("+{code}0" not in stored + typed or len(code + national) >= 10)
    cut = data.draw(st.integers(1, len(national) - 1))
    split = f"{national[:cut]}{hyphen}{national[cut:]}"
    assert finds(
        phone_lexemes(stored.format(code=code, national=national)), typed.format(code=code, national=split)
    )


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("+44541234417", "+972541234417"),  # another country
        ("+972541234417", "+972541234418"),
        ("0541234417", "+972641234417"),
        ("0541234417", "17"),  # two digits are no ending
        ("+972541234417", "0541234"),  # the beginning is no ending
    ],
)
def test_another_phone_number(db, stored, typed):
    assert not finds(phone_lexemes(stored), typed)


# --- names


@pytest.mark.parametrize(
    "spellings",
    [
        ("O'Brien", "O’Brien", "OBrien", "o brien", "Oʼbrien", "O`Brien", "O´Brien", "O\u2011Brien"),
        ("van Kirk", "vankirk", "Van-Kirk", "VanKirk"),
        ("Ana de la Cruz", "Ana delacruz", "Ana dela Cruz", "Ana de-la-Cruz"),
        ("ٱحمد", "احمد", "أحمد", "إحمد", "أَحْمَد"),
        ("فاطمہ", "فاطمه", "فاطمة", "فـاطمة"),
        ("عبد الله", "عبدالله", "عبد\u200cالله", "عبد-الله"),
        ("علی کریم", "علي كريم", "على كريم"),
        ("בן דוד", "בן־דוד", "בנדוד", "בן-דוד"),
        ("Studio 54", "studio54", "Studio-54"),
        ("צה״ל", 'צה"ל', "צהל"),
    ],
    ids=lambda spellings: spellings[0],
)
def test_a_name_in_any_spelling(db, spellings):
    for stored, typed in itertools.permutations(spellings, 2):
        assert finds(name_lexemes(stored), typed), (stored, typed)


@st.composite
def name_cut_twice(draw):
    """The letters of a name, split into up to three words in two ways."""
    letters = draw(
        st.text(st.characters(categories=["Lu", "Ll", "Lo"], max_codepoint=0x6FF), min_size=2, max_size=12)
    )
    joints = st.sampled_from((" ", "-", "'", "’", "\u2011", "  "))
    cuts = []
    for _ in range(2):
        places = sorted(draw(st.sets(st.integers(1, len(letters) - 1), max_size=2)))
        parts = [letters[a:b] for a, b in itertools.pairwise([0, *places, len(letters)])]
        cuts.append("".join(f"{draw(joints) if place else ''}{part}" for place, part in enumerate(parts)))
    return cuts


@many_inputs
@given(name_cut_twice())
def test_any_name_cut_elsewhere(db, cuts):
    stored, typed = cuts
    assert finds(name_lexemes(stored), typed)


def test_a_name_that_is_a_number_or_an_address(db):
    assert finds(name_lexemes("054-123-4417"), "+972541234417")
    assert finds(name_lexemes("dana.m@acme.co.il"), "@acme.co.il")


# --- e-mail addresses


@pytest.mark.parametrize(
    "typed",
    [
        *("acme.co.il", "ACME.co", "@acme.co.il", "@mail.acme.co.il", "mail.acme", "acme", "dana.m", "danam"),
        *(
            "dana.m@mail.acme.co.il",
            "dana.m@mail",
            "mailto:dana.m@mail.acme.co.il?subject=Call",
            "<dana.m@mail.acme.co.il>",
        ),
        *("mailto:dana.m%40mail.acme.co.il", "“dana.m@mail.acme.co.il”", "dana.m@mail.acme.co.il,"),
    ],
)
def test_an_address(db, typed):
    for stored in (
        "dana.m@mail.acme.co.il",
        "Dana <Dana.M@mail.ACME.co.il>",
        "mailto:dana.m@mail.acme.co.il",
    ):
        assert finds(email_lexemes(stored), typed)


@pytest.mark.parametrize("typed", ["cme.co.il", "acme.com", "@dana", "m@mail.acme.co.il"])
def test_another_address(db, typed):
    assert not finds(email_lexemes("dana.m@mail.acme.co.il"), typed)


# --- objects, recordings and viewings, on the pages

OBJECT = 1407374990000101


@pytest.fixture
def thing(db, client):
    client.force_login(person("compliance_officer"))
    conversation(recordings=1)
    return conversation(id=OBJECT)


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "{}",
            "object:{}",
            "Object {}",
            "object #{}",
            "#{}",
            "“{}”",
            '"{}"',
            "'{}'",
            "({})",
            "{},",
            "objectId={}",
        ),
        *("1,407,374,990,000,101", "1.407.374.990.000.101", "1’407’374’990’000’101", "1 407 374 990 000 101"),
        *("https://acme.commbox.example/widget/object/{}", "acme.commbox.example/widget/object/{}?a=1#b"),
        *("https://audit.example/objects/{}/", "{} 1407374990000199", "conversation {}", "\u200f{}\u200e"),
    ],
)
def test_an_object_by_its_number(thing, client, typed):
    assert ids_on(client.get("/objects/", {"q": typed.format(OBJECT)})) == [OBJECT]


def test_a_recording_by_its_id(thing, client):
    old, new = recording(thing), recording(thing)
    for typed in (str(old.pk), f"recording:{old.pk}", f"/recordings/{old.pk}/"):
        assert ids_on(client.get("/objects/", {"q": typed})) == [OBJECT]
        page = client.get("/recordings/", {"q": typed}).content.decode()
        assert f"/recordings/{old.pk}/" in page
        assert f"/recordings/{new.pk}/" not in page
    assert ids_on(client.get("/objects/", {"q": f"{old.pk} nobody"})) == []


def test_a_watermark_leads_to_the_trail(thing, client):
    page = client.get("/objects/", {"q": "v-1a2b3c4d"}).content.decode()
    assert "V-1A2B3C4D is the watermark of a viewing." in page
    assert 'href="/audit/?q=V-1A2B3C4D"' in page
    assert AuditEvent.objects.filter(kind=Kind.SEARCHED).count() == 1


def test_a_watermark_without_the_right_to_read_the_trail(thing, client):
    client.force_login(person("qa_manager"))
    page = client.get("/objects/", {"q": "V-1A2B3C4D"}).content.decode()
    assert "The audit trail shows its recording." in page
    assert "/audit/?q=" not in page

"""What a search finds, and hostile input."""

import random
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from recordings.audit import Kind
from recordings.models import AuditEvent
from tests.factories import MORNING, agent, conversation, person, recording, stream
from tests.integration.catalog.test_pages import events, ids_on
from tests.stopwatch import cost
from tests.thorough import examples

HOSTILE = [
    *(
        "%",
        "\\",
        "'",
        '"',
        ":*",
        "dana:*",
        "dana' | 'x",
        "!dana",
        "a & b | c",
        "<->",
        "()",
        "((((",
        "\0",
        "da\0na",
    ),
    *(
        "\u200f\u202edana",
        "dana\ud800",
        "' OR 1=1 --",
        "{{ q }}",
        "<script>",
        "$1",
        "%s",
        "%(q)s",
        "\r\n",
        "1e400",
    ),
    *(
        "-1",
        "1" * 40,
        "9" * 10_000,
        "x" * 10_000,
        "y " * 5_000,
        "💥" * 200,
        "é" * 9_999,
        "@",
        "@@@",
        "a@",
        "ﷺ" * 500,
    ),
]


@pytest.fixture
def dana(db, client):
    """An object among others, and a person who may search."""
    client.force_login(person("compliance_officer"))
    conversation(customer_name="Tomas Iversen", customer_phone="15550199", recordings=1)
    return conversation(
        id=1407374990000101,
        customer_name="Dána O'Brien שָׁלוֹם",
        customer_phone="+972 54-123-4417",
        customer_email="Dana.B@example.co.il",
        agent=agent("A. Cohen"),
        stream=stream("Claims vidéo"),
        recordings=1,
    ).pk


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "dana",
            "DÁN",
            "obrien",
            "o'brien",
            "brien dana",
            "שלום",
            "שלומ",
            "של",
            "cohen claims",
            "claims video",
        ),
        *("1407374990000101", "4417", "1234417", "123-4417", "054 123 4417", "+972541234417", "0541234417"),
        *(
            "+972 54 123 4417",
            "dana.b@example.co.il",
            "DANA.B@exam",
            "@example",
            "example",
            "dana 4417 claims",
        ),
    ],
)
def test_found_by(dana, client, typed):
    assert ids_on(client.get("/objects/", {"q": typed})) == [dana]


@pytest.mark.parametrize(
    "typed",
    ["140737499000010", "17", "441", "ana", "dana tomas", "1407374990000102", "dana@example.com", "—"],
)
def test_not_found_by(dana, client, typed):
    response = client.get("/objects/", {"q": typed})
    assert ids_on(response) == []
    assert "Nothing found" in response.content.decode()


@pytest.mark.parametrize("typed", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("path", ["/objects/", "/recordings/"])
def test_nothing_typed_is_an_error(dana, client, typed, path):
    def search(words: bytes) -> None:
        assert client.get(path, {"q": words}).status_code == 200

    hostile = cost(lambda: search(typed.encode("utf-8", "replace")))
    assert hostile < 20 * cost(lambda: search(b"dana"))


@settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.dictionaries(
        st.sampled_from(
            (
                "q",
                "agent",
                "stream",
                "since",
                "since_at",
                "until",
                "until_at",
                "period",
                "shortest",
                "longest",
                "state",
                "status",
                "type",
                "older",
                "newer",
            )
        ),
        st.text(max_size=40),
    )
)
@example({"since": "0001-01-01"})
@example({"status": "9" * 5000})
@example({"until": "9999-12-31"})
@example({"older": "99999999999999999.00000000000000000000000000000000"})
@example({"newer": "-99999999999999999.00000000000000000000000000000000"})
@example({"agent": "9223372036854775808"})
@example({"type": "?X-Amz-Signature=abc"})
@example({"q": "https://s3/x?X-Amz-Signature=abc"})
def test_every_address_has_an_answer(dana, client, query):
    """The response is a page, or an error with a sentence."""
    safe = {name: value.encode("utf-8", "replace") for name, value in query.items()}
    response = client.get("/objects/", safe)
    assert response.status_code in (200, 400)
    assert response.status_code == 200 or "Nothing is shown because" in response.content.decode()


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("since=tomorrow", "Enter a day like 2026-11-20"),
        ("since=2026-11-20&until=2026-11-19", "The end must be after the beginning."),
        ("since=2026-11-20&since_at=9:00", "Enter a day like 2026-11-20, or a day and time like"),
        ("until_at=14:30", "Enter a day for this time."),
        (
            "since=2026-11-20&since_at=14:31&until=2026-11-20&until_at=14:30",
            "The end must be after the beginning.",
        ),
        ("period=next-year", "“next-year” is not a known period."),
        ("shortest=5&longest=4:59", "The maximum length must be at least the minimum."),
        ("longest=-1", "Enter a length in minutes, like 2, or in minutes and seconds, like 2:30."),
        ("longest=2:75", "Enter a length in minutes"),
        ("state=gone", "“gone” is not a known state."),
        ("q=" + "x" * 10_001, "Search for at most 10,000 characters."),
    ],
)
def test_what_cannot_be_read_is_said(dana, client, query, sentence):
    response = client.get(f"/objects/?{query}")
    assert response.status_code == 400
    assert sentence in response.content.decode()


def test_filters_are_links_that_remove_them(dana, client):
    page = client.get("/objects/?q=dana&status=2&state=playable&shortest=1").content.decode()
    for words in ("Resolved", "Playable", "at least 1 min"):
        assert f'aria-label="Remove the filter: {words}"' in page
    assert 'href="?q=dana&amp;shortest=1&amp;state=playable"' in page


def test_a_credential_that_was_pasted_does_not_enter_the_trail(dana, client):
    assert client.get("/objects/", {"q": "x?X-Amz-Signature=0123abcd"}).status_code == 200
    assert AuditEvent.objects.filter(kind=Kind.SEARCHED).count() == 1


def test_a_cache_that_lies_keeps_nothing_out_of_the_trail(dana, client, monkeypatch):
    monkeypatch.setattr("recordings.audit.once.cache.get", lambda *_: "act:forged")
    for _ in range(2):
        client.get("/objects/?q=dana")
    assert AuditEvent.objects.filter(kind=Kind.SEARCHED).count() == 2


def test_redis_down_costs_nothing_but_repeated_events(dana, client, redis_down):
    for _ in range(2):
        assert ids_on(client.get("/objects/?q=dana")) == [dana]
    assert AuditEvent.objects.filter(kind=Kind.SEARCHED).count() == 2


@pytest.fixture
def silent_trail(monkeypatch):
    """The trail cannot be written."""

    def refuse(*_, **__):
        from recordings.audit import AuditUnavailable

        raise AuditUnavailable

    monkeypatch.setattr("recordings.audit.once.record_committed", refuse)


@pytest.mark.parametrize("path", ["/objects/?q=dana", "/recordings/?q=dana", "/objects/1407374990000101/"])
def test_without_the_trail_nobody_is_looked_for_or_opened(dana, client, silent_trail, path):
    response = client.get(path)
    assert response.status_code == 503
    assert "Brien" not in response.content.decode()


def test_without_the_trail_lists_can_be_leafed_through(dana, client, silent_trail):
    response = client.get("/objects/")
    assert response.status_code == 200
    assert "The audit trail cannot be written" in response.content.decode()


def test_names_of_every_kind_come_back_as_they_were(dana, client):
    chance = random.Random(3)
    for _ in range(20):
        name = "".join(
            chr(chance.choice((0x41, 0x5D0, 0x627, 0x4E00, 0x1F600)) + chance.randrange(20)) for _ in range(8)
        )
        thing = conversation(customer_name=name)
        assert name in client.get(f"/objects/{thing.pk}/").content.decode()


def test_a_search_that_has_not_looked_at_everything_goes_on_by_itself(dana, client, monkeypatch):
    monkeypatch.setattr("recordings.catalog.finding.HURRIED_FROM", -2)
    monkeypatch.setattr("recordings.catalog.finding.PATIENCE", 0)
    recording(conversation(customer_name="Nobody"), recorded_at=MORNING + timedelta(days=99))
    first = client.get("/objects/", {"q": "dana"})
    text = " ".join(first.content.decode().split())
    month = (MORNING + timedelta(days=99)).strftime("%Y-%m-01 00:00")
    assert f">{month}</time>. The search for older ones continues." in text
    assert "There are no matches since" in text
    assert 'hx-get="/objects/?q=dana&amp;further=1" hx-trigger="load"' in text
    assert '<a href="/objects/?q=dana&amp;further=1">Search older ones now</a>' in text
    assert "Nothing found" not in text
    assert first.headers["HX-Push-Url"] == "/objects/?q=dana"

    second = client.get("/objects/", {"q": "dana", "further": "1"})
    assert ids_on(second) == [dana]
    assert "continues" not in second.content.decode()
    assert second.headers["HX-Push-Url"] == "/objects/?q=dana"
    partly, whole = events(Kind.SEARCHED)
    assert partly.detail["looked_back_to"] == (MORNING + timedelta(days=99)).strftime("%Y-%m-01")
    assert (partly.detail["found"], whole.detail["found"]) == (0, 1)
    assert "looked_back_to" not in whole.detail


@pytest.mark.parametrize(
    ("zone", "before_midnight", "after_midnight"),
    [
        # The first is the last minute of October there; in UTC both are of October.
        ("Asia/Jerusalem", "2026-10-31T21:59Z", "2026-10-31T22:00Z"),
        ("Europe/Berlin", "2026-10-31T22:59Z", "2026-10-31T23:00Z"),
        ("America/New_York", "2026-11-01T03:59Z", "2026-11-01T04:00Z"),
    ],
)
@pytest.mark.parametrize("words", ["", "dana"])
def test_a_day_in_a_filter_is_the_readers_day(db, client, zone, before_midnight, after_midnight, words):
    client.force_login(person("compliance_officer", time_zone=zone))
    thing = conversation(customer_name="Dana Marlowe")
    october, november = (
        str(recording(thing, recorded_at=datetime.fromisoformat(moment)).pk)
        for moment in (before_midnight, after_midnight)
    )
    for day, found, written in (
        ("2026-10-31", october, "2026-10-31 23:59"),
        ("2026-11-01", november, "2026-11-01 00:00"),
    ):
        page = client.get("/recordings/", {"q": words, "since": day, "until": day}).content.decode()
        assert [pk for pk in (october, november) if f"/recordings/{pk}/" in page] == [found]
        assert f">{written}</time>" in page
        assert f"<bdi>{zone}</bdi>" in page
    # The trail holds the period in UTC, whoever searched.
    filters = events(Kind.SEARCHED)[-1].detail["filters"]
    assert filters["since"] == datetime.fromisoformat(after_midnight).strftime("%Y-%m-%dT%H:%M:%SZ")

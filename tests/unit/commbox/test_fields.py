"""Reading fields: spellings, words for nothing, and numbers that are none."""

from typing import Any

import pytest

from recordings.commbox.parsing.fields import Fields, Refused, int64, is_missing
from recordings.commbox.parsing.secrets import excerpt_of, scrubbed, without_queries, without_signatures
from tests.stopwatch import cost


@pytest.mark.parametrize("key", ["objectId", "ObjectId", "object_id", "OBJECTID", "objectid", "Object-Id"])
def test_a_key_is_found_in_every_spelling(key: str) -> None:
    assert Fields({key: 7}).integer("objectId") == 7


def test_of_two_spellings_the_one_that_holds_something_counts() -> None:
    assert Fields({"object_id": None, "objectId": 7, "OBJECTID": 8}).integer("objectId") == 7
    assert Fields({"a": "null,"}, {"A": "second"}, {"a": "third"}).text("a") == "second"


@pytest.mark.parametrize("value", [None, "", "  ", "null", "NULL", "null,", " null "])
def test_words_for_nothing(value: Any) -> None:
    assert is_missing(value)
    assert (Fields({"a": value}).text("a"), Fields({"a": value}).value("a")) == ("", None)


@pytest.mark.parametrize("value", [0, False, "0", [], {}, "nullable"])
def test_something_is_not_nothing(value: Any) -> None:
    assert not is_missing(value)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0, 0),
        (1407374990000101, 1407374990000101),
        ("1407374990000101", 1407374990000101),
        (" 7 ", 7),
        ("-7", -7),
        ("+7", 7),
        ("007", 7),
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        (str(2**63 - 1), 2**63 - 1),
        (2**63, None),
        (str(2**63), None),
        (-(2**63) - 1, None),
        ("9" * 5000, None),
        (True, None),
        (False, None),
        (7.0, None),
        (1.407374990000101e15, None),
        ("7.0", None),
        ("1e3", None),
        ("1_000", None),
        ("１２", None),
        ("٣", None),
        ("0x10", None),
        ("", None),
        ("null", None),
        (None, None),
        ([7], None),
        ({"a": 7}, None),
        (b"7", None),
    ],
)
def test_only_whole_64_bit_numbers_are_numbers(value: Any, number: int | None) -> None:
    assert int64(value) == number
    assert type(int64(value)) in (int, type(None))


def test_an_id_is_required_and_never_zero() -> None:
    fields = Fields({"id": 0, "other": -3, "good": "5"})
    assert (fields.identifier("id"), fields.integer("id"), fields.required_id("good")) == (None, 0, 5)
    for name in ("id", "other", "absent"):
        with pytest.raises(Refused, match=f"Its {name} is missing or no whole 64-bit number"):
            fields.required_id(name)


@pytest.mark.parametrize(
    ("value", "code"), [(8, 8), ("8", 8), (2**31 - 1, 2**31 - 1), (2**31, None), ("x", None)]
)
def test_an_open_enum_fits_in_32_bits(value: Any, code: int | None) -> None:
    assert Fields({"statusId": value}).code("statusId") == code


@pytest.mark.parametrize(
    ("value", "text"),
    [(" Dana ", "Dana"), (15550100001, "15550100001"), (True, ""), (1.5, ""), ([], ""), ({"a": 1}, "")],
)
def test_a_text_may_come_as_a_number(value: Any, text: str) -> None:
    assert Fields({"phone1": value}).text("phone1") == text


def test_a_group_that_is_none_has_no_fields() -> None:
    assert Fields({"user": {"Identity": {"ID": 3}}}).group("user").group("identity").integer("id") == 3
    assert Fields({"user": [1]}).group("user").group("identity").integer("id") is None


SIGNED = "https://acme.example/1.mp4?X-Amz-Credential=AKIA%2F1&X-Amz-Signature=0f1e"
PLAIN = "https://shop.example/?item=5#top"


@pytest.mark.parametrize(
    ("text", "all_cut", "signed_cut"),
    [
        (f"see {SIGNED} now", "see https://acme.example/1.mp4 now", "see https://acme.example/1.mp4 now"),
        (f"see {PLAIN} now", "see https://shop.example/ now", f"see {PLAIN} now"),
        (r"https:\/\/a.example\/1?Signature=abc", r"https:\/\/a.example\/1", r"https:\/\/a.example\/1"),
        (
            "https://a.example/?u=https%3A%2F%2Fb%3FX-Amz-Signature%3D0f1e",
            "https://a.example/",
            "https://a.example/",
        ),
        ("X-Amz-Signature=0f1e&x=1", "X-Amz-Signature=&x=1", "X-Amz-Signature=&x=1"),
        ("no address? none", "no address? none", "no address? none"),
        ("ftp://dana:word@a.example/x", "ftp://***@a.example/x", "ftp://***@a.example/x"),
    ],
)
def test_signatures_are_cut_out_of_texts(text: str, all_cut: str, signed_cut: str) -> None:
    assert (without_queries(text), without_signatures(text)) == (all_cut, signed_cut)


def test_scrubbing_reaches_every_depth_and_leaves_numbers_alone() -> None:
    item = {"a": [{"recording_url": f"{SIGNED}&versionId=9", "n": 5}], SIGNED: None, "RecordingUrl": PLAIN}
    assert (
        scrubbed(item)
        == scrubbed(item, without_queries)
        == {
            "a": [{"recording_url": "https://acme.example/1.mp4?versionId=9", "n": 5}],
            "https://acme.example/1.mp4": None,
            "RecordingUrl": "https://shop.example/?#",
        }
    )


@pytest.mark.parametrize(
    "part", ["a.", "a://", "a+", "http://a/", "x-amz-signature=", "://", "https:/", "signature"]
)
def test_a_text_made_to_be_slow_to_search_is_not(part: str) -> None:
    """64 KiB from a customer must not hold a worker: eight times the text is about eight times the work, not 64."""
    short, long = (part * (size // len(part)) for size in (8192, 65_536))
    assert cost(lambda: without_signatures(long)) < 24 * cost(lambda: without_signatures(short))


def test_an_excerpt_is_short_and_holds_no_query() -> None:
    assert excerpt_of({"recordingUrl": SIGNED}) == '{"recordingUrl": "https://acme.example/1.mp4"}'
    assert len(excerpt_of(["נ" * 500])) == 200
    assert "X-Amz" not in excerpt_of("x" * 190 + SIGNED)

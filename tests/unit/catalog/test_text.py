"""Stored text becomes lexemes and typed text becomes terms that PostgreSQL cannot misread."""

import re
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recordings.catalog.text import (
    LONGEST,
    MONTH,
    MOST_INDEXED,
    MOST_WORDS,
    TooManyWords,
    email_lexemes,
    in_month,
    length_lexeme,
    lengths_between,
    name_lexemes,
    phone_lexemes,
    read_typed,
    state_lexeme,
    type_lexeme,
    watermark_in,
)

TERM = re.compile(r"[()& |]|'[a-z]~\w*'(:\*)?")
UUID_TEXT = "01933b5e-7a2c-7def-8123-456789abcdef"


def without_month(terms):
    return [term.replace(MONTH, "") for term in terms]


def test_name_lexemes():
    assert name_lexemes("O'Brien") == ("wo", "wbrien", "wobrien", "jobrien")
    assert name_lexemes("Jan van Kirk") == ("wjan", "wvan", "wkirk", "jjanvan", "jvankirk", "jjanvankirk")
    assert name_lexemes("בן־דוד") == ("wבנ", "wדוד", "wבנדוד", "jבנדוד")
    for nothing in ("", " \t", "— % \\ ' :* & | !"):
        assert name_lexemes(nothing) == ()


def test_names_are_bounded():
    assert name_lexemes("x" * 10_000) == ("w" + "x" * LONGEST,)
    assert len(name_lexemes(" ".join(map(str, range(1_000))))) == MOST_INDEXED


@pytest.mark.parametrize(
    ("stored", "lexemes"),
    [
        ("+972 (54) 123-4417", ["p714432145279"]),
        ("0541234417", ["p7144321450", "n714432145"]),
        ("+972 (0)54-1234417", ["p714432145279"]),
        ("+972 054-1234417", ["p7144321450279", "p714432145279"]),
        ("054-1234417 ext. 12", ["p217144321450", "n21714432145", "p7144321450", "n714432145"]),
        ("٠١٢", ["p210"]),
    ],
)
def test_phone_lexemes(stored, lexemes):
    assert phone_lexemes(stored) == lexemes


def test_email_lexemes():
    assert email_lexemes("Dana.Marlowe@Mail.Example.com") == [
        *("wdana", "wmarlowe", "wdanamarlowe", "wmail", "wexample"),
        *("edanamarlowemailexamplecom", "dmailexamplecom", "dexamplecom"),
    ]
    assert email_lexemes("Dana <mailto:dana@example.com>")[:2] == ["wdana", "wexample"]
    assert email_lexemes("not an address") == ["wnot", "wan", "waddress"]
    assert email_lexemes("dana@localhost")[-1] == "dlocalhost"


def test_categories():
    assert (type_lexeme("Screen share"), state_lexeme("file_missing"), state_lexeme("")) == (
        "tscreenshare",
        "zfilemissing",
        "znone",
    )


@given(st.text(max_size=200))
@example("\0\ud800'\\:*&|!()<->")
@example("ﷺ")  # one sign that is eighteen letters when taken apart
@example("a.@.b@c..d")
def test_lexemes_are_letters_and_digits_only(text):
    """No text that a person types or CommBox sends becomes an operator."""
    for word in [*name_lexemes(text), *phone_lexemes(text), *email_lexemes(text), type_lexeme(text)]:
        assert word.isalnum(), word
        assert len(word) <= LONGEST + 1


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("Dana", ["('wdana':* | 'jdana')"]),
        ("12", ["('o12' | 'w12':*)"]),
        ("4417", ["('o4417' | 'p7144':* | 'w4417':*)"]),
        ("٤٤١٧", ["('o4417' | 'p7144':* | 'w4417':*)"]),
        ("054-123", ["('p321450':* | ('w054':* & 'w123':*))"]),
        ("dana@example.com", ["'edanaexamplecom':*"]),
        ("@exam", ["'dexam':*"]),
        ("% \\ ' :* & | ! <-> \u200f", []),
        ("", []),
        ("object:1407374990000101", ["'o1407374990000101'"]),
        ("object 12", ["'o12'"]),
        ("object", ["('wobject':* | 'jobject')"]),
        ("https://acme.commbox.example/widget/object/1407374990000101?tab=1", ["'o1407374990000101'"]),
    ],
)
def test_terms(typed, terms):
    assert without_month(read_typed(typed).terms) == terms


def test_words_joined_with_their_neighbours():
    van, kirk = without_month(read_typed("van kirk").terms)
    assert van == "('wvan':* | 'jvan' | 'wvankirk':* | 'jvankirk')"
    assert kirk == "('wkirk':* | 'jkirk' | 'wvankirk':* | 'jvankirk')"


@pytest.mark.parametrize(
    "typed",
    [
        UUID_TEXT,
        UUID_TEXT.upper(),
        UUID_TEXT.replace("-", ""),
        UUID_TEXT.replace("-", "\u2011"),
        f"“{UUID_TEXT}”",
        f"recording:{UUID_TEXT}",
        f"recording {UUID_TEXT}",
        f"https://audit.example/recordings/{UUID_TEXT}/?t=1",
    ],
)
def test_the_id_of_a_recording(typed):
    read = read_typed(typed)
    assert (read.recording, read.terms) == (UUID(UUID_TEXT), ())
    assert read


@pytest.mark.parametrize("typed", ["V-1a2b3c4d", " v\u20111A2B3C4D.", "“V-1A2B3C4D”"])
def test_a_watermark(typed):
    assert watermark_in(typed) == "V-1A2B3C4D"
    assert watermark_in("V-1A2B3C4D dana") == ""


@given(st.text(max_size=80))
@example("'; DROP TABLE x --")
@example("a:* | !b <2> c\0\ud800")
@example("()@.")
def test_terms_are_quoted_lexemes_and_operators_of_ours(typed):
    try:
        terms = read_typed(typed).terms
    except TooManyWords:
        return
    for term in terms:
        assert TERM.sub("", term) == "", term
        assert term.count("(") == term.count(")")


def test_too_many_words():
    assert len(read_typed(" ".join("abcdefghijklmnop")).terms) == MOST_WORDS
    for many in ("a " * (MOST_WORDS + 1), "a-" * (MOST_WORDS + 1), "object:1 " * (MOST_WORDS + 1)):
        with pytest.raises(TooManyWords):
            read_typed(many)


def test_the_month_stands_behind_the_letter():
    assert in_month(["wdana", "o12"], "5f02") == "w5f02dana o5f0212"
    assert read_typed("object:12").terms == ("'o~12'",)


@given(st.lists(st.integers(0, 2**63 - 1), min_size=3, max_size=3).map(sorted))
def test_a_length_has_a_magnitude_between_those_around_it(lengths):
    shortest, seconds, longest = lengths
    (term,) = without_month([lengths_between(shortest, longest)])
    assert f"'{length_lexeme(seconds)}'" in term


def test_far_lengths_are_left_out():
    (term,) = without_month([lengths_between(60, 100)])
    assert term == "('l6' | 'l7')"

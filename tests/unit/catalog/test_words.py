"""Words compare the same in the index and in the query, whatever script, case, accents or marks they wear."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recordings.catalog.words import (
    LONGEST,
    MOST_INDEXED,
    digits,
    email_lexemes,
    fold,
    phone_lexeme,
    state_lexeme,
    type_lexeme,
    words_of,
)


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("DANA Marlowe", "dana marlowe"),
        ("Zoë Šimić", "zoe simic"),
        ("Zoe\u0308", "zoe"),  # the same name, its dots written as a mark of their own
        ("Weiß", "weiss"),
        ("Sørensen Łukasz Yıldız", "sorensen lukasz yildiz"),
        ("ＤＡＮＡ", "dana"),  # full width
        ("שָׁלוֹם", "שלומ"),  # niqqud, and the last letter's form
        ("ךםןףץ", "כמנפצ"),  # the five last letters
        ("مُحَمَّد", "محمد"),  # tashkeel
        ("محـــمد", "محمد"),  # tatweel
        ("أحمد إبراهيم آدم", "احمد ابراهيم ادم"),
        ("فاطمة", "فاطمه"),
        ("\u200fDana\u200e\u202e", "dana"),  # marks of direction
        ("da\u00adna", "dana"),  # a soft hyphen
    ],
)
def test_fold(written, compared):
    assert fold(written) == compared


def test_words_of():
    assert words_of(["O'Brien", "van-der-Berg O'Brien"]) == [
        "o",
        "brien",
        "obrien",
        "van",
        "der",
        "berg",
        "vanderberg",
    ]
    assert words_of(["בן־דוד"]) == ["בנ", "דוד", "בנדוד"]
    assert words_of(["", " \t", "— % \\ ' :* & | !"]) == []
    assert words_of(["a_b"]) == ["a", "b", "ab"]


def test_words_are_bounded():
    assert words_of(["x" * 10_000]) == ["x" * LONGEST]
    assert len(words_of([" ".join(map(str, range(1_000)))])) == MOST_INDEXED


def test_phone_number_backwards():
    assert phone_lexeme("+972 (54) 123-4417") == "p714432145279"
    assert phone_lexeme("٠١٢") == "p210"


def test_email():
    assert email_lexemes("Dana.Marlowe@Example.com") == [
        "edanamarloweexamplecom",
        "wdana",
        "wmarlowe",
        "wdanamarlowe",
        "wexample",
    ]
    assert email_lexemes("not an address") == ["enotanaddress"]


def test_categories():
    assert (type_lexeme("Screen share"), state_lexeme("file_missing"), state_lexeme("")) == (
        "tscreenshare",
        "zfilemissing",
        "znone",
    )


@given(st.text(max_size=200))
@example("\0\ud800'\\:*&|!()<->")
@example("ﷺ")  # one sign that is eighteen letters when taken apart
def test_lexemes_are_letters_and_digits_only(text):
    """So that nothing a person types, and nothing CommBox sends, is ever an operator."""
    for word in [*words_of([text]), phone_lexeme(text), *email_lexemes(text), type_lexeme(text)]:
        assert word.isalnum(), word
        assert len(word) <= LONGEST + 1


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet=st.characters(categories=["L", "Nd"]), max_size=30))
def test_forms_of_a_text_compare_equal(text):
    forms = {unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC", "NFKD")}
    assert len({fold(form) for form in forms}) == 1


@given(st.text(max_size=40))
def test_digits_are_ascii(text):
    assert digits(text).isascii()

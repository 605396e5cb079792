"""Texts that a person takes for the same fold to the same, whatever script, case, accents or marks they have."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recordings.folding import digits, fold


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
        ("ײַן", "יינ"),  # two letters that Yiddish writes as one
        ("مُحَمَّد", "محمد"),  # tashkeel
        ("محـــمد", "محمد"),  # tatweel
        ("أحمد إبراهيم آدم ٱحمد ٲحمد", "احمد ابراهيم ادم احمد احمد"),
        ("فاطمة فاطمہ فاطمۀ فاطمۃ", "فاطمه فاطمه فاطمه فاطمه"),
        ("علی على ے", "علي علي ي"),
        ("کریم ڪريم", "كريم كريم"),
        ("O\u02bcBrien O\u00b4Brien O\ua78cBrien", "o'brien o'brien o'brien"),
        ("\u200fDana\u200e\u202e", "dana"),  # marks of direction
        ("da\u00adna", "dana"),  # a soft hyphen
    ],
)
def test_fold(written, compared):
    assert fold(written) == compared


@given(st.text(max_size=60))
@example("\u0149")  # an apostrophe that appears only when the letter is taken apart
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet=st.characters(categories=["L", "Nd"]), max_size=30))
def test_forms_of_a_text_compare_equal(text):
    forms = {unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC", "NFKD")}
    assert len({fold(form) for form in forms}) == 1


@given(st.text(max_size=40))
def test_digits_are_ascii(text):
    assert digits(text).isascii()

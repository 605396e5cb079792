"""What the trail shows and what a person types are read alike."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.folding import fold
from recordings.trail.words import shown_words, tokens_of, words_of
from tests.unit.trail.test_sentences import event, recording

VIEWING = "01890a5d-ac96-774b-bcce-b30299c0ffee"
letters = st.text(st.characters(categories=["Lu", "Ll", "Lo", "Nd"]), min_size=1, max_size=12)


@given(
    words=st.lists(letters, min_size=1, max_size=4),
    join=st.sampled_from([" ", "-", "–", "\u2011", "/", ", ", "\u00a0", "·"]),
)
def test_a_shown_text_is_found_however_it_is_typed(words: list[str], join: str) -> None:
    """In any case, in each normal form, with other signs between the words, with what nobody sees within them."""
    shown = shown_words(event("object.opened", names={"object.label": join.join(words)}))
    text = " ".join(words)
    ways = [text, text.upper(), text.lower(), text.title(), "\u2066" + "\u200b".join(text) + "\ufeff"]
    ways += [unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC", "NFKD")]
    for typed in ways:
        assert set(words_of(typed)) <= shown, typed


@pytest.mark.parametrize(
    ("shown", "typed"),
    [
        ("CASE-4711", "case 4711"),
        ("CASE-4711", "4711"),
        ("Case\u20114711", "CASE-4711"),
        ("O’Brien", "o'brien"),
        ("O'Brien", "OBRIEN"),
        ("Ágnes", "agnes"),
        ("Weiß", "WEISS"),
        ("שָׁלוֹם", "שלום"),
        ("שלומ", "שלום"),
        ("צה״ל", "צהל"),
        ("Sørensen", "sorensen"),
        ("Æther Łukasz Yıldız", "aether lukasz yildiz"),
        ("ٱحمد", "احمد"),
        ("فاطمہ", "فاطمه"),
        ("علی", "علي"),
        ("محـــمد", "محمد"),
        ("٤٧١١", "4711"),
        ("2001:db8:0:0::1", "2001:DB8::1"),
        ("10.0.0.12", "(10.0.0.12)"),
    ],
)
def test_one_word_in_two_spellings(shown: str, typed: str) -> None:
    assert words_of(typed)
    assert set(words_of(typed)) <= set(words_of(shown))


@given(letters)
def test_what_the_catalog_finds_the_trail_finds(word: str) -> None:
    """Both searches fold letters alike: what is one word there is one word here."""
    assert words_of(fold(word)) == words_of(word)


@pytest.mark.parametrize(
    ("shown", "typed"), [("10.0.0.12", "10.0.0.1"), ("CASE-4711", "CASE-471"), ("Dana", "Dan")]
)
def test_words_are_whole(shown: str, typed: str) -> None:
    assert not set(words_of(typed)) <= set(words_of(shown))


def test_an_event_is_found_by_everything_that_a_list_shows_of_it() -> None:
    names = {
        "object.label": "Dana Marlowe",
        "purpose.note": "CASE-4711: refund",
        "source.ip": "203.0.113.9",
        "action_detail.q": "marlowe",
    }
    seen = event(
        "viewing.requested",
        names=names,
        id="01890a5d-ac96-774b-bcce-b3020badcafe",
        **recording(purpose={"code": "dispute"}, action_detail={"viewing": VIEWING}),
    )
    for typed in (
        "Noa Levi",
        "dana",
        "case-4711",
        "Dispute",
        "203.0.113.9",
        "9F2C1A2B",
        "recording 9F2C1A2B",
        "object 1407374990000101",
        "99C0FFEE",
        "0BADCAFE",
        "requested to watch",
    ):
        assert set(words_of(typed)) <= shown_words(seen), typed


def test_what_was_erased_is_no_word_of_an_event() -> None:
    seen = event("viewing.requested", purpose={"code": "dispute", "note": "0" * 64})
    gone = type(seen)(seen.body, {"actor.name": None, "purpose.note": None})
    assert {"noa", "levi"} & shown_words(gone) == set()


@given(st.text(max_size=200))
def test_any_text_has_words_and_tokens(text: str) -> None:
    words = words_of(text)
    assert all(word and not word.isspace() for word in words)
    assert words_of(" ".join(words)) == words or any(len(word) >= 64 for word in words)
    assert all(-(2**63) <= token < 2**63 for token in tokens_of(words))

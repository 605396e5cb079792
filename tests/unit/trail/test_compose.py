"""Sentences are whole messages: a translation puts the parts where its grammar wants them."""

from datetime import date
from unittest import mock

import pytest
from django.utils.translation import trans_real

from recordings.audit.kinds import Kind
from recordings.trail.compose import ENGLISH, Language, Part, compose, joined, plain
from recordings.trail.sentences import plain_sentence, sentence
from tests import pseudo
from tests.unit.trail.test_sentences import event, recording

ACTOR = Part("Noa Levi", "user:7", is_value=True, is_actor=True)
THING = Part("object 7", "object:7", is_value=True)


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        ("%(actor)s opened %(thing)s", (ACTOR, Part(" opened "), THING)),
        ("פתיחת %(thing)s על ידי %(actor)s", (Part("פתיחת "), THING, Part(" על ידי "), ACTOR)),
        ("%(thing)s", (THING,)),
        ("100%% of it", (Part("100% of it"),)),
    ],
)
def test_the_parts_stand_where_the_message_has_them(message: str, parts: tuple[Part, ...]) -> None:
    assert compose(message, {"actor": ACTOR, "thing": THING}) == parts


def test_numbers_have_thousands_and_phrases_a_dot_between() -> None:
    phrases = [compose("%(number)s leaves", {"number": 18140}), (), compose("took %(s)s s", {"s": "2.1"})]
    assert plain(joined(phrases)) == "18,140 leaves · took 2.1 s"


def test_a_value_is_marked_apart_from_the_words() -> None:
    """A page isolates it from the direction of the sentence around it."""
    parts = sentence(event(Kind.URL_ISSUED, **recording(action_detail={"ttl_seconds": 90})), ENGLISH)
    assert [part.text for part in parts if part.is_value] == ["Noa Levi", "90"]


def test_a_sentence_in_another_language_is_translated_whole_with_its_labels() -> None:
    class Hebrew(pseudo.Brackets):
        def gettext(self, message: str) -> str:
            known = {
                "%(actor)s granted %(thing)s the role %(role)s": "הענקת התפקיד %(role)s ל%(thing)s על ידי %(actor)s",
                "QA manager": "מנהל איכות",
            }
            return known.get(message, message)

    granted = event(
        Kind.ROLE_GRANTED,
        names={"object.label": "Tom Brandt"},
        object={"kind": "person", "ref": "user:8"},
        action_detail={"role": "qa_manager"},
    )
    with mock.patch.dict(trans_real._translations, {"xx": Hebrew()}):
        assert (
            plain_sentence(granted, Language("xx")) == "הענקת התפקיד מנהל איכות לTom Brandt על ידי Noa Levi"
        )
    assert plain_sentence(granted, ENGLISH) == "Noa Levi granted Tom Brandt the role QA manager"


@pytest.mark.parametrize("kind", [*Kind, "future.kind_of_event"])
def test_no_word_of_a_sentence_is_outside_of_a_message(kind: str) -> None:
    seen = event(kind, **recording(action_detail={"reason": "ended", "found": 3, "seconds": 7}))
    with pseudo.installed():
        parts = sentence(seen, Language(pseudo.LANGUAGE))
    page = pseudo.Page("".join(f"<bdi>{part.text}</bdi>" if part.is_value else part.text for part in parts))
    assert (page.outside, page.glued) == ([], [])


def test_a_day_is_written_as_the_language_writes_it() -> None:
    assert ENGLISH.day(date(2026, 11, 24)) == "24 November 2026"
    assert Language("he").day(date(2026, 11, 24)) == "24 בנובמבר 2026"

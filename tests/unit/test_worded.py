"""Enums with words: what is annotated is what each member gives."""

import pytest

from recordings.worded import Worded


class Fate(Worded):
    sentence: str
    status: int

    KEPT = "kept", "It is kept.", 200
    GONE = "gone", "It is gone.", 410


def test_a_member_is_its_value_and_has_its_facts() -> None:
    assert Fate("gone") is Fate.GONE
    assert (Fate.GONE, Fate.GONE.value, str(Fate.GONE)) == ("gone", "gone", "gone")
    assert [(fate.sentence, fate.status) for fate in Fate] == [("It is kept.", 200), ("It is gone.", 410)]


@pytest.mark.parametrize("facts", [("It is kept.",), ("It is kept.", 200, "more")])
def test_a_member_that_lacks_a_fact_or_has_too_many_is_refused(facts: tuple[object, ...]) -> None:
    with pytest.raises(ValueError, match="zip"):

        class Wrong(Worded):
            sentence: str
            status: int

            KEPT = "kept", *facts

"""Text that came through mail, editors and the clipboard is read as it was typed, and differences can be seen."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from recordings.proof.evidence.check.pasted import as_typed, first_difference, left_out, name_of, visible

plain = st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=30)
unseen = st.characters(categories=["Cf", "Cc", "Zs"], exclude_characters="\n\r\t\x0b\x0c\x85 ")


@given(text=plain, letter=unseen, place=st.integers(0, 30))
def test_a_character_that_nobody_sees_is_left_out_and_named(text: str, letter: str, place: int) -> None:
    changed = text[:place] + letter + text[place:]
    blank = unicodedata.category(letter) == "Zs"
    assert as_typed(changed) == ((text[:place] + " " + text[place:]).rstrip(" ") if blank else text)
    assert left_out(changed) == [name_of(letter)]
    assert f"U+{ord(letter):04X}" in visible(changed)


@given(st.text())
def test_what_is_read_once_is_read_the_same_again(text: str) -> None:
    assert as_typed(as_typed(text)) == as_typed(text)
    assert left_out(as_typed(text)) == []


@given(st.text(max_size=20), st.text(max_size=20))
def test_two_texts_differ_where_they_begin_to(ours: str, theirs: str) -> None:
    found = first_difference(ours, theirs)
    assert (found is None) == (ours == theirs)
    if found:
        assert ours[: found[0] - 1] == theirs[: found[0] - 1]
        assert found[1] != found[2]

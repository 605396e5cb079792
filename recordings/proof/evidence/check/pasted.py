"""Clean up pasted text: find the invisible characters that email programs, editors and the clipboard insert."""

import re
import unicodedata

from django.utils.translation import pgettext

_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029\x85\x0b\x0c]")
_BLANKS_AT_END = re.compile(r"[^\S\n]+(?=\n|\Z)")


def as_typed(text: str) -> str:
    """Return a text without invisible characters, and with ordinary spaces and line ends."""
    lines = _LINE_ENDS.sub("\n", text)
    letters = (" " if unicodedata.category(letter) == "Zs" else letter for letter in lines)
    seen = "".join(letter for letter in letters if not _is_unseen(letter))
    return _BLANKS_AT_END.sub("", seen)


def left_out(text: str) -> list[str]:
    """Return the name of each character that `as_typed` removes or replaces, once, in the order of the text."""
    lines = _LINE_ENDS.sub("\n", text)
    odd = (letter for letter in lines if _is_unseen(letter) or _is_odd_blank(letter))
    return [name_of(letter) for letter in dict.fromkeys(odd)]


def visible(text: str) -> str:
    """Return a text with each invisible character and unusual space replaced by its code: "log⟨U+FEFF⟩"."""
    return "".join(
        f"⟨{_code(letter)}⟩" if _is_unseen(letter) or _is_odd_blank(letter) else letter for letter in text
    )


def first_difference(ours: str, theirs: str) -> tuple[int, str, str] | None:
    """Return the first position (from 1) at which two texts differ, and both characters there; None if equal."""
    length = next(
        (place for place, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]),
        min(len(ours), len(theirs)),
    )
    if length == len(ours) == len(theirs):
        return None
    at = [
        name_of(text[length]) if length < len(text) else pgettext("character", "nothing")
        for text in (ours, theirs)
    ]
    return length + 1, at[0], at[1]


def name_of(letter: str) -> str:
    """Return a character with its Unicode name: "“а” (U+0430 CYRILLIC SMALL LETTER A)"."""
    known = " ".join(filter(None, [_code(letter), unicodedata.name(letter, "")]))
    if _is_unseen(letter) or _is_odd_blank(letter) or unicodedata.category(letter)[0] in "CMZ":
        return known
    return f"“{letter}” ({known})"


def _code(letter: str) -> str:
    return f"U+{ord(letter):04X}"


def _is_unseen(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cf", "Cc", "Cs", "Cn") and letter not in "\n\t"


def _is_odd_blank(letter: str) -> bool:
    return unicodedata.category(letter) in ("Zs", "Zl", "Zp") and letter != " "

"""Fold words as search compares them, in the index and in the query alike.

A lexeme is a letter that says what it is, then letters and digits only, so that no text a person types can be anything
but a term: `w` a word of the customer, agent or channel · `e` the whole e-mail address · `p` the phone number, last
digit first · `o` the object's number · `a` agent · `c` channel · `s` status · `t` type · `z` state.
"""

import re
import unicodedata
from collections.abc import Iterable

LONGEST = 40  # characters of a word that are compared
MOST_INDEXED = 64  # words of one object
FEWEST_PHONE_DIGITS = 3

# Letters that Unicode does not take apart, and those that one language writes in two ways.
_SAME = (
    str.maketrans("øłđħŧıð", "oldhtid")
    | str.maketrans({"æ": "ae", "œ": "oe", "þ": "th"})
    | str.maketrans("ةىیک", "هييك", "ـ")
    | str.maketrans("ךםןףץ", "כמנפצ")
)
_PIECES = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """Fold a text to the letters that are compared: case, accents, niqqud, tashkeel, tatweel, width do not count."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    kept = (sign for sign in apart if sign.isspace() or unicodedata.category(sign)[0] not in "MC")
    return "".join(map(_ascii_digit, kept)).translate(_SAME)


def _ascii_digit(sign: str) -> str:
    return str(unicodedata.digit(sign)) if sign.isdecimal() else sign


def pieces(chunk: str) -> list[str]:
    """The words of a folded text: runs of letters and digits, of no more than LONGEST characters each."""
    return [piece[:LONGEST] for piece in _PIECES.findall(chunk)]


def digits(text: str) -> str:
    """The digits of a text as 0-9, whichever script wrote them."""
    number = "".join(filter(str.isdecimal, text))
    return number if number.isascii() else "".join(map(_ascii_digit, number))


def words_of(texts: Iterable[str]) -> list[str]:
    """Every word of these texts once; "O'Brien" is also one word, "obrien"."""
    words: dict[str, None] = {}
    for chunk in (chunk for text in texts for chunk in fold(text).split()):
        parts = pieces(chunk)
        joined = "".join(parts)[:LONGEST]
        words |= dict.fromkeys([*parts, joined] if joined else [])
    return list(words)[:MOST_INDEXED]


def phone_lexeme(phone: str) -> str:
    """The phone number backwards, so that its last digits are the beginning of a word."""
    return f"p{digits(phone)[::-1][:LONGEST]}"


def email_lexemes(email: str) -> list[str]:
    """The address as a whole, and its words without the last label of the domain: everybody has a "com"."""
    folded = fold(email)
    name, _, domain = folded.rpartition("@")
    labels = pieces(domain)[:-1] if name else []
    return [f"e{''.join(pieces(folded))[:LONGEST]}", *(f"w{word}" for word in [*words_of([name]), *labels])]


def type_lexeme(recording_type: str) -> str:
    return f"t{''.join(pieces(fold(recording_type)))[:LONGEST]}"


def state_lexeme(state: str) -> str:
    """The state of a recording; `znone` where there is no recording."""
    return f"z{state.replace('_', '') or 'none'}"

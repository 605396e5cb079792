"""Fold letters, for every search: texts that a person takes for the same become the same letters, digits and signs."""

import re
import unicodedata

# What stands for an apostrophe and is a letter to Unicode, or (the lone acute accent) becomes a blank when taken apart.
_APOSTROPHES = str.maketrans(
    dict.fromkeys("\u00b4\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u02ca\u02cb\ua78b\ua78c", "'")
)
# Letters that Unicode does not take apart, and those that one language writes in two ways.
_SAME = (
    _APOSTROPHES
    | str.maketrans("øłđħŧıð", "oldhtid")
    | str.maketrans({"æ": "ae", "œ": "oe", "þ": "th"})
    # Arabic as Arabs, Persians and Urdu speakers type it: alef, yeh, kaf, heh; no tatweel, no high hamza.
    | str.maketrans(
        "\u0671\u0672\u0673\u0649\u06cc\u06cd\u06d0\u06d2\u06a9\u06aa\u0629\u06be\u06c1\u06c3\u06d5",
        "\u0627\u0627\u0627\u064a\u064a\u064a\u064a\u064a\u0643\u0643\u0647\u0647\u0647\u0647\u0647",
        "\u0640\u0674",
    )
    # Hebrew: the forms at the end of a word, and the letters that Yiddish writes as one.
    | str.maketrans("ךםןףץ", "כמנפצ")
    | str.maketrans({"\u05f0": "וו", "\u05f1": "וי", "\u05f2": "יי"})
)
_NO_DIGITS = re.compile(r"[^0-9]+")
_PIECES = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """Fold a text to what is compared: case, accents, niqqud, tashkeel, tatweel and width do not count."""
    if text.isascii():
        return text.lower()
    text = text.translate(_APOSTROPHES)
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    kept = (sign for sign in apart if sign.isspace() or unicodedata.category(sign)[0] not in "MC")
    return "".join(map(_ascii_digit, kept)).translate(_SAME)


def pieces(folded: str) -> list[str]:
    """The words of a folded text: runs of letters and digits."""
    return _PIECES.findall(folded)


def digits(text: str) -> str:
    """The digits of a text as 0-9, whichever script wrote them."""
    if text.isascii():
        return _NO_DIGITS.sub("", text)
    return "".join(map(_ascii_digit, filter(str.isdecimal, text)))


def _ascii_digit(sign: str) -> str:
    return str(unicodedata.digit(sign)) if sign.isdecimal() else sign

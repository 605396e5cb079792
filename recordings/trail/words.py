"""What the trail shows of an event, as words, and the keyed hash of each: events and typed words are read alike.

Case, accents and vowel points, signs between letters and characters that nobody sees make no difference. A word is a
run of letters and digits; an IP address is one word. Hashes are keyed, so that a copy of the database gives no names
away; an event's own words are hashed anew once a person in it is erased.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import ip_address

from django.conf import settings

from recordings.audit.opened import Opened
from recordings.trail.phrases import purpose_label, short
from recordings.trail.sentences import sentence

MOST_TYPED = 16
MOST_INDEXED = 400
_LONGEST = 64  # letters of a word; what is longer is found by its beginning
_WITHIN_WORDS = frozenset("'’‘ʼ`´׳״\"")  # O'Brien, צה״ל: part of the word, and typed or left out at will
_PRIVATE = ("object.label", "purpose.note", "source.ip", "action_detail.q")


def words_of(text: str) -> list[str]:
    """Return the words of a text in their order, each as it is compared."""
    return [word for chunk in text.split() for word in _words_of_chunk(chunk)]


def _words_of_chunk(chunk: str) -> Iterator[str]:
    if address := _address(chunk):
        yield address
        return
    letters: list[str] = []
    # By way of capitals: İ, ı and ς have more than one small letter.
    folded = unicodedata.normalize("NFKC", chunk).upper().casefold()
    for letter in unicodedata.normalize("NFKD", folded):
        if letter.isalnum():
            letters.append(letter)
        elif letters and not _is_part_of_word(letter):
            yield "".join(letters)[:_LONGEST]
            letters = []
    if letters:
        yield "".join(letters)[:_LONGEST]


def _is_part_of_word(letter: str) -> bool:
    """Whether this is an accent, an apostrophe or a character that nobody sees: it neither is nor ends a word."""
    return letter in _WITHIN_WORDS or unicodedata.category(letter) in ("Mn", "Me", "Mc", "Cf", "Lm", "Sk")


def _address(chunk: str) -> str:
    """Return an IP address in its one spelling; empty for anything else."""
    try:
        return str(ip_address(chunk.strip("[]()<>,;\"'")))
    except ValueError:
        return ""


def shown_words(event: Opened) -> set[str]:
    """Return every word that a list shows of an event, and what names it and its viewing; erased values are none."""
    refs = (event.target_ref, event.parent_ref, str(event.body.get("id", "")), event.text("viewing"))
    texts = [
        event.actor_name,
        *(part.text for part in sentence(event)),
        *(event.private(name) for name in _PRIVATE),
        event.target_kind,
        purpose_label(event.purpose) if event.purpose else "",
        *(name for ref in refs for name in _names_of(ref)),
    ]
    return {word for text in texts for word in words_of(text)}


def _names_of(ref: str) -> Iterator[str]:
    """What a reference is called: its kind, its number or UUID, and the eight digits that stand for a UUID."""
    kind, _, key = ref.rpartition(":")
    if key:
        yield from (kind, key.replace("-", ""), short(key))


def tokens_of(words: Iterable[str]) -> list[int]:
    """Return the keyed hash of each word, ascending: 64 bits, as a signed integer."""
    return sorted({_token(word) for word in words})


@lru_cache(65_536)
def _token(word: str) -> int:
    digest = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8, key=_key()).digest()
    return int.from_bytes(digest, signed=True)


@lru_cache(1)
def _key() -> bytes:
    return hashlib.sha256(b"audit-words-v1\0" + settings.AUDIT_FIELD_KEY).digest()

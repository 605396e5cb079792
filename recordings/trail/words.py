"""What the trail shows of an event, as words, and the keyed hash of each: events and typed words are read alike.

Letters are folded as in the catalog's search (recordings/folding.py). A word is a run of letters and digits; an IP
address is one word. Hashes are keyed, so that a copy of the database does not reveal names; the words of an event are
hashed again after a person in it was erased.
"""

import hashlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import ip_address

from django.conf import settings

from recordings.audit.opened import Opened
from recordings.folding import fold, pieces
from recordings.trail import labels
from recordings.trail.compose import Language
from recordings.trail.phrases import short
from recordings.trail.sentences import sentence

MOST_TYPED = 16
MOST_INDEXED = 400
_LONGEST = 64  # letters of a word; what is longer is found by its beginning
# O'Brien, צה״ל: part of the word, and typed or left out. Folding has made one apostrophe of the others.
_WITHIN_WORDS = str.maketrans("", "", "'’‘`׳״\"")
_PRIVATE = ("object.label", "purpose.note", "source.ip", "action_detail.q")


def words_of(text: str) -> list[str]:
    """Return the words of a text in their order, each as it is compared."""
    return [word for chunk in text.split() for word in _words_of_chunk(chunk)]


def _words_of_chunk(chunk: str) -> list[str]:
    if address := _address(chunk):
        return [address]
    return [piece[:_LONGEST] for piece in pieces(fold(chunk).translate(_WITHIN_WORDS))]


def _address(chunk: str) -> str:
    """Return an IP address in its one spelling; empty for anything else."""
    try:
        return str(ip_address(chunk.strip("[]()<>,;\"'")))
    except ValueError:
        return ""


def shown_words(event: Opened) -> set[str]:
    """Return every word that a list shows of an event, in each language, and the ids of it and its viewing.

    Erased values are none.
    """
    refs = (event.target_ref, event.parent_ref, str(event.body.get("id", "")), event.text("viewing"))
    texts = [
        *(text for language in _languages() for text in _texts(event, language)),
        *(event.private(name) for name in _PRIVATE),
        event.target_kind,
        *(name for ref in refs for name in _names_of(ref)),
    ]
    return {word for text in texts for word in words_of(text)}


@lru_cache(1)
def _languages() -> tuple[Language, ...]:
    return tuple(Language(code) for code, _name in settings.LANGUAGES)


def _texts(event: Opened, language: Language) -> Iterator[str]:
    yield from (part.text for part in sentence(event, language))
    if event.purpose:
        yield language.gettext(labels.purpose(event.purpose))


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

"""A language that wraps each message in ⟦…⟧, and what of a page stands outside the brackets."""

import gettext
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from unittest import mock

from django.utils.translation import trans_real

from auditportal import localization

LANGUAGE = "qps"
# Names and units that are the same in every language.
NAMES = re.compile(r"\b(AuditPortal|CommBox|UTC)\b")
# What is not language: it stands in one of these, or in an element of class `num` or with translate="no".
_DATA = frozenset({"bdi", "code", "time", "kbd", "samp", "pre"})
_UNSEEN = frozenset({"script", "style"})
_VOID = frozenset({"input", "br", "hr", "img", "meta", "link", "source", "col", "wbr"})
# A sentence goes on across these; any other element begins a new one.
_INLINE = frozenset({"a", "b", "bdi", "code", "em", "i", "kbd", "samp", "strong", "time"})
_SPOKEN = ("aria-label", "title", "placeholder", "alt", "data-say", "data-label")


class Brackets(gettext.NullTranslations):
    """Answers every message with itself in brackets."""

    def gettext(self, message: str) -> str:
        text = message.rpartition(trans_real.CONTEXT_SEPARATOR)[2]
        return f"⟦{text}⟧" if text else ""

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)

    def language(self) -> str:
        return LANGUAGE

    to_language = language


@contextmanager
def installed() -> Iterator[None]:
    """Let people choose the pseudo-language."""
    with (
        mock.patch.dict(trans_real._translations, {LANGUAGE: Brackets()}),
        mock.patch.object(localization, "LANGUAGES", frozenset({LANGUAGE, "en"})),
    ):
        yield


class Page(HTMLParser):
    """The text of a page: `outside` is what no message says, `glued` where two messages make one sentence."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.outside: list[str] = []
        self.glued: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self._line: list[str] = []
        self.feed(html)
        self._end_line()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        is_data = (
            tag in _DATA | _UNSEEN
            or values.get("translate") == "no"
            or "num" in (values.get("class") or "").split()
        )
        # Neither a button nor a link of a navigation is part of the sentence before it.
        is_apart = "btn" in (values.get("class") or "").split() or any(
            name == "nav" for name, _ in self._open
        )
        if tag not in _INLINE or is_apart:
            self._end_line()
        for name in _SPOKEN:
            if (text := values.get(name)) and not (is_data or self._is_data):
                self._check(text)
        if tag not in _VOID:
            self._open.append((tag, is_data))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass
        if tag not in _INLINE:
            self._end_line()

    def handle_data(self, data: str) -> None:
        # Data between two messages leaves its place empty: they may make one sentence all the same.
        if not self._is_data:
            self._line.append(data)

    @property
    def _is_data(self) -> bool:
        return any(is_data for _, is_data in self._open)

    def _end_line(self) -> None:
        line = "".join(self._line)
        if line.count("⟦") > line.count("⟧"):
            return  # inside a message, which may hold elements
        self._line = []
        self._check(line)

    def _check(self, line: str) -> None:
        depth, outside = 0, []
        for character in line:
            depth += (character == "⟦") - (character == "⟧")
            outside.append("⟧⟦" if not depth and character == "⟧" else character if not depth else "")
        rest = NAMES.sub("", "".join(outside))
        if any(unicodedata.category(character).startswith("L") for character in rest):
            self.outside.append(" ".join(line.split()))
        if re.search(r"⟧⟦[\s,;:.()“”]*⟧⟦", rest):
            self.glued.append(" ".join(line.split()))

"""Show what the verifiers say in the reader's language.

Statements and verdicts are made, stored and compared in English only (docs/trail-format.md, 10). Here the sentences of
a statement are found again by their messages and translated. A sentence that is not known is shown in English.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache

from django.utils.functional import Promise
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import (
    get_language_bidi,
    gettext,
    gettext_noop,
    ngettext,
    override,
    pgettext_lazy,
)
from django.utils.translation import gettext_lazy as _

NAMES: Mapping[str, Promise] = {
    "About": pgettext_lazy("statement", "About"),
    "Period": pgettext_lazy("statement", "Period"),
    "Complete": pgettext_lazy("statement", "Complete"),
    "Viewings": pgettext_lazy("statement", "Viewings"),
    "Events": pgettext_lazy("statement", "Events"),
    "Requested": pgettext_lazy("statement", "Requested"),
    "Log": pgettext_lazy("statement", "Log"),
    "Cosigned by": pgettext_lazy("statement", "Cosigned by"),
    "Personal values": pgettext_lazy("statement", "Personal values"),
    "Sealed late": pgettext_lazy("statement", "Sealed late"),
    "Malformed": pgettext_lazy("statement", "Malformed"),
    "Recordings covered from": pgettext_lazy("statement", "Recordings covered from"),
    "Not covered": pgettext_lazy("statement", "Not covered"),
    "Not checked": pgettext_lazy("statement", "Not checked"),
    "Trust": pgettext_lazy("statement", "Trust"),
    "Signatures": pgettext_lazy("statement", "Signatures"),
}
MESSAGES: Mapping[str, tuple[str, ...]] = {
    "About": (
        gettext_noop("all events"),
        gettext_noop("all events about %(ref)s"),
        gettext_noop("all events about %(ref)s (“%(label)s”)"),
        gettext_noop("all events about %(ref)s and its recordings"),
        gettext_noop("all events about %(ref)s and its recordings (“%(label)s”)"),
        gettext_noop("all events by %(ref)s"),
        gettext_noop("all events by %(ref)s (“%(label)s”)"),
    ),
    "Period": (
        gettext_noop("from the beginning of the log, no end"),
        gettext_noop("from the beginning of the log, before %(to)s"),
        gettext_noop("from %(from)s, no end"),
        gettext_noop("from %(from)s, before %(to)s"),
    ),
    "Complete": (
        gettext_noop("no event is missing from %(start)s until %(end)s"),
        gettext_noop(
            "no event is missing from %(start)s until %(end)s (the report has no end; later events are not covered)"
        ),
        gettext_noop(
            "no event is missing from %(start)s until %(end)s (the requested period ends later, at %(to)s)"
        ),
        gettext_noop("not stated: the log covers only the time from %(opened)s until %(closed)s"),
        gettext_noop("not stated: the log was opened at %(opened)s and covers no time yet"),
    ),
    "Viewings": (
        gettext_noop("not stated: this scope cannot contain viewings"),
        gettext_noop("none started in this period; one that started earlier continued"),
        gettext_noop("not stated: this recording was never registered in the log"),
        gettext_noop("not stated: no recording of this object was ever registered in the log"),
        gettext_noop("not stated: the log does not cover this period"),
        gettext_noop("none from leaf %(leaf)s until %(end)s"),
        gettext_noop("none: no video URL was issued from %(start)s until %(end)s"),
        gettext_noop("none: no video URL was issued to this person from %(start)s until %(end)s"),
    ),
    "Events": (gettext_noop("no events"),),
    "Requested": (
        gettext_noop("by %(ref)s at %(time)s, as report %(report)s"),
        gettext_noop("by %(ref)s (“%(label)s”) at %(time)s, as report %(report)s"),
    ),
    "Log": (
        gettext_noop("%(origin)s, %(size)s leaves, opened at %(time)s"),
        gettext_noop(
            "%(origin)s, %(size)s leaves, opened at %(time)s; leaf 0 continues %(previous)s, which is not part of this "
            "log"
        ),
        gettext_noop(
            "%(origin)s, %(size)s leaves, opened at %(time)s; under this name since leaf %(leaf)s: %(reason)s"
        ),
        gettext_noop(
            "%(origin)s, %(size)s leaves, opened at %(time)s; leaf 0 continues %(previous)s, which is not part of this "
            "log; under this name since leaf %(leaf)s: %(reason)s"
        ),
    ),
    "Cosigned by": (gettext_noop("no witness"),),
    "Personal values": (gettext_noop("%(shown)s shown, %(erased)s erased or not disclosed"),),
    "Recordings covered from": (
        gettext_noop("leaf %(leaf)s; earlier events about its recordings are not covered"),
    ),
    "Not covered": (gettext_noop("viewings inside CommBox, and anything that the portal did not record"),),
    "Not checked": (
        gettext_noop(
            "report.xlsx, report.pdf and README.txt are copies made by the portal; only report.csv was recomputed from "
            "the events"
        ),
        gettext_noop(
            "report.xlsx, report.pdf and README.txt are copies made by the portal; only report.csv was recomputed from "
            "the events; no time stamp or witness confirms the times"
        ),
    ),
    "Trust": (
        gettext_noop("your policy"),
        gettext_noop(
            "your policy, which is the same as the bundle’s; if you took it from there, only the bundle’s maker "
            "vouches for it"
        ),
        gettext_noop("the bundle’s own policy; only the bundle’s maker vouches for it"),
    ),
    "Signatures": (
        gettext_noop("Self-signed only: no witness has cosigned this checkpoint."),
        gettext_noop("Witnessed by %(names)s."),
        gettext_noop(
            "Self-signed only: no witness has cosigned this checkpoint. The portal's own policy requires more "
            "witnesses: its quorum was not met when this bundle was built."
        ),
        gettext_noop(
            "Witnessed by %(names)s. The portal's own policy requires more witnesses: its quorum was not met when this "
            "bundle was built."
        ),
    ),
}
# Messages whose form depends on a number.
COUNTED: Mapping[str, tuple[Callable[[int], str], ...]] = {
    "Viewings": (
        lambda count: ngettext(
            "%(count)s video URL was issued",
            "%(count)s video URLs were issued",
            count,
        ),
        lambda count: ngettext(
            "%(count)s video URL was issued; URLs refused: %(refused)s",
            "%(count)s video URLs were issued; URLs refused: %(refused)s",
            count,
        ),
        lambda count: ngettext(
            "%(count)s video URL was issued to this person",
            "%(count)s video URLs were issued to this person",
            count,
        ),
        lambda count: ngettext(
            "%(count)s video URL was issued to this person; URLs refused: %(refused)s",
            "%(count)s video URLs were issued to this person; URLs refused: %(refused)s",
            count,
        ),
    ),
    "Events": (lambda count: ngettext("%(count)s event", "%(count)s events", count),),
    "Sealed late": (
        lambda count: ngettext(
            "%(count)s event was sealed after the log was closed for its time; only the portal vouches for when it "
            "happened",
            "%(count)s events were sealed after the log was closed for their time; only the portal vouches for when "
            "they happened",
            count,
        ),
    ),
    "Malformed": (
        lambda count: ngettext(
            "%(count)s entry is not a readable event", "%(count)s entries are not readable events", count
        ),
    ),
}
_PLACE = re.compile(r"%\((\w+)\)s")
_NUMBERS = ("count", "leaf", "size", "shown", "erased", "refused")
Message = str | Callable[[int], str]


def translated(sentence: tuple[str, str]) -> tuple[str, str]:
    """Return name and text of a line of a statement for a page, in the active language.

    In a right-to-left language the text is HTML, because each value keeps its own direction.
    """
    name, text = sentence
    if found := _found(name, text):
        words, values = found
        text = words % values
        if get_language_bidi():
            text = SafeString(  # markup: words and values are escaped
                escape(words) % {key: f"<bdi>{escape(value)}</bdi>" for key, value in values.items()}
            )
    return str(NAMES.get(name, name)), text


def translated_plain(sentence: tuple[str, str]) -> tuple[str, str]:
    """Return name and text of a line of a statement for a PDF, in the active language.

    In a right-to-left language each value is isolated.
    """
    name, text = sentence
    if found := _found(name, text):
        words, values = found
        text = words % {key: isolated(value) for key, value in values.items()}
    return str(NAMES.get(name, name)), text


def isolated(text: str) -> str:
    """Put a text between Unicode isolates (U+2068, U+2069) if the active language is written from right to left."""
    return f"\u2068{text}\u2069" if get_language_bidi() else text


def is_known(sentence: tuple[str, str]) -> bool:
    """Return whether the sentence can be translated, or has nothing to translate: the names of witnesses."""
    name, text = sentence
    return name in NAMES and (name == "Cosigned by" or _found(name, text) is not None)


def _found(name: str, text: str) -> tuple[str, dict[str, str]] | None:
    """Return the message of a sentence in the active language and the values in the sentence; None if not known."""
    for pattern, message in _patterns(name):
        if match := pattern.fullmatch(text):
            values = match.groupdict()
            words = gettext(message) if isinstance(message, str) else message(int(values["count"]))
            return words, values
    return None


@cache
def _patterns(name: str) -> list[tuple[re.Pattern[str], Message]]:
    """Return the English patterns of a name's messages, those with the most words first: they are more specific."""
    with override("en"):
        english: list[tuple[str, Message]] = [(text, text) for text in MESSAGES.get(name, ())]
        english += [(form(count), form) for form in COUNTED.get(name, ()) for count in (1, 2)]
    english.sort(key=lambda pair: -len(_PLACE.sub("", pair[0])))
    return [(_pattern(text), message) for text, message in english]


def _pattern(message: str) -> re.Pattern[str]:
    parts = _PLACE.split(message)
    for at in range(1, len(parts), 2):
        parts[at] = f"(?P<{parts[at]}>{'[0-9]+' if parts[at] in _NUMBERS else '.+?'})"
    parts[::2] = [re.escape(part) for part in parts[::2]]
    return re.compile("".join(parts), re.DOTALL)


# What each check of the verifiers establishes, by its name.
CHECKS: Mapping[str, Promise] = {
    "files": _("No file of the bundle was added, removed or changed since it was built."),
    "policy": _("The trust policy says whose signatures count."),
    "checkpoint": _("The log signed its size and its root."),
    "witnesses": _("Others saw the same log, so the operator cannot rewrite it."),
    "inclusion": _("Every entry is in the log at the stated position; none was changed, replaced or moved."),
    "bodies": _("Every event is exactly the one that was sealed."),
    "values": _("Every name, address and note shown is the one that the event committed to."),
    "opening": _(
        "No event can be counted under two tags: the key of the tags was fixed when the log was opened."
    ),
    "manifest": _("The counts cover the whole log up to this checkpoint."),
    "request": _("The log records who requested this report, for which scope and period."),
    "completeness": _("No event of the report's scope is missing."),
    "anchors": _("The log extends checkpoints that were time-stamped."),
    "older": _("The log extends the checkpoint that you kept."),
    "times": _("No event was backdated beyond what others had seen."),
    "table": _("The table contains exactly what the verified events say."),
}
STATES: Mapping[str, Promise] = {
    "ok": pgettext_lazy("result of a check", "ok"),
    "fail": pgettext_lazy("result of a check", "FAIL"),
    "none": pgettext_lazy("result of a check", "none"),
}

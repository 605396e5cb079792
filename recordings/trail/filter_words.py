"""What a list was filtered by, a phrase for each filter: "by Tom Brandt", "from 1 to 24 November 2026".

Filters stand in events as any version of the portal wrote them: unknown ones are shown with their names.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext_noop as _

from recordings.trail import labels
from recordings.trail.compose import Language, Part, Phrase, compose, figure, joined
from recordings.trail.groups import GROUPS
from recordings.trail.phrases import EventText, named
from recordings.wording import clock

MOST_NAMED = 4
# What only repeats, in the spelling of the database, what was typed.
_TYPED = ("any_ref", "event", "request", "words")
_PERIOD = ("since", "until", "zone")
# Filters whose value is an id.
_IDS = {
    "agent": _("agent %(id)s"),
    "stream": _("channel %(id)s"),
    "channel": _("channel %(id)s"),
    "status": _("status %(id)s"),
    "team": _("team %(id)s"),
    "version": _("scorecard version %(id)s"),
    "sample": _("sample %(id)s"),
}
# Filters that have no value that needs words.
_FLAGS = {
    "nothing": _("matches nothing in the trail"),
    "no_reading": _("without reading of the trail"),
    "reading": _("without reading of the trail"),
    "all": _("everything expected"),
}
_OTHER = {"type": _("type: %(value)s"), "day": _("day: %(value)s"), "by": _("grouped by: %(value)s")}


def filters_of(text: EventText) -> Iterator[Phrase]:
    """Say the filters of an event. What was typed is left to `phrases.typed`."""
    given = text.event.detail.get("filters")
    if isinstance(given, dict):
        skipped = _TYPED if text.event.private("action_detail.q") else ()
        kept = {name: value for name, value in given.items() if name not in skipped}
        yield from filter_phrases(kept, text.language)


def filter_phrases(given: Mapping[str, Any], language: Language) -> Iterator[Phrase]:
    """Say each filter; people and things are parts that a page can link and name."""
    writer = _Writer(language)
    for name, value in sorted(given.items()):
        yield from writer.phrase(name, value, given)
    yield from period_phrases(given.get("since"), given.get("until"), language)
    zone = str(given.get("zone", ""))
    if zone and (given.get("since") or given.get("until")):
        yield writer.compose(_("time zone %(zone)s"), zone=zone)


class _Writer:
    def __init__(self, language: Language) -> None:
        self._language = language

    def compose(self, message: str, **values: Any) -> Phrase:
        return compose(self._language.gettext(message), values)

    def phrase(self, name: str, value: Any, given: Mapping[str, Any]) -> Iterator[Phrase]:
        """Say one filter; nothing for one that another says."""
        if name in _PERIOD or value in ("", None, [], {}):
            return
        if name == "actor":
            yield self.compose(_("by %(person)s"), person=self._thing(value))
        elif name == "target":
            yield self.compose(_("on %(thing)s"), thing=self._thing(value))
        elif name == "any_ref":
            yield self._things(value if isinstance(value, list) else [value])
        elif name in ("event", "request"):
            if not given.get("any_ref"):
                message = _("event %(id)s") if name == "event" else _("request %(id)s")
                yield self.compose(message, id=_id(value))
        elif name == "words":
            yield self.compose(_("words “%(words)s”"), words=figure(value))
        elif name in ("groups", "group"):
            yield self.compose(_("events: %(groups)s"), groups=self._listed(value, _group))
        elif name in ("kinds", "kind"):
            yield self.compose(_("type: %(types)s"), types=self._listed(value, _kind))
        elif name == "outcome":
            yield self.compose(_("outcome: %(outcomes)s"), outcomes=self._listed(value, _outcome))
        elif name == "purpose":
            yield self.compose(_("purpose: %(purposes)s"), purposes=self._listed(value, labels.purpose))
        elif name in ("states", "state"):
            yield self.compose(_("state: %(states)s"), states=self._listed(_split(value), _state))
        elif name == "shortest" and isinstance(value, int):
            yield self.compose(_("at least %(length)s long"), length=clock(value))
        elif name == "longest" and isinstance(value, int):
            yield self.compose(_("at most %(length)s long"), length=clock(value))
        elif name in _FLAGS:
            yield self.compose(_FLAGS[name])
        elif name in _IDS:
            yield self.compose(_IDS[name], id=_plain(value))
        elif name in _OTHER:
            yield self.compose(_OTHER[name], value=_plain(value))
        else:
            yield self.compose(_("%(filter)s: %(value)s"), filter=labels.readable(name), value=_plain(value))

    def _things(self, refs: list[Any]) -> Phrase:
        """Say references to which anything may have happened. One UUID under several kinds is one id."""
        keys = {str(ref).partition(":")[2] for ref in refs}
        if len(refs) > 1 and len(keys) == 1:
            return self.compose(_("on whatever has the id %(id)s"), id=_id(keys.pop()))
        things = joined([(self._thing(ref),) for ref in refs[:MOST_NAMED]], ", ")
        by_or_on = all(str(ref).startswith("user:") for ref in refs)
        more = len(refs) - MOST_NAMED
        if more > 0:
            message = (
                self._language.ngettext(
                    "by or on %(things)s and %(number)s more", "by or on %(things)s and %(number)s more", more
                )
                if by_or_on
                else self._language.ngettext(
                    "on %(things)s and %(number)s more", "on %(things)s and %(number)s more", more
                )
            )
            return compose(message, {"things": things, "number": more})
        return self.compose(_("by or on %(things)s") if by_or_on else _("on %(things)s"), things=things)

    def _thing(self, ref: Any) -> Part:
        kind, _colon, key = str(ref).partition(":")
        if kind == "system" and key:
            text = self._language.gettext(_("the portal (%(part)s)")) % {"part": key}
            return Part(text, str(ref), is_value=True)
        if not key:
            return Part(labels.readable(str(ref)), is_value=True)
        return named(kind, str(ref), "", self._language)

    def _listed(self, value: Any, label: Callable[[str], str]) -> Part:
        """Write labels of codes, with commas between."""
        codes = value if isinstance(value, list) else [value]
        words = [
            self._language.gettext(label(code)) if isinstance(code, str) else figure(code) for code in codes
        ]
        return Part(", ".join(words), is_value=True)


def _group(code: str) -> str:
    return GROUPS[code][0] if code in GROUPS else code


def _kind(kind: str) -> str:
    return f"“{kind.replace('.', ': ').replace('_', ' ')}”"


def _outcome(code: str) -> str:
    return labels.OUTCOMES.get(code, code)


def _state(code: str) -> str:
    return labels.STATES.get(code) or labels.readable(code)


def _split(value: Any) -> Any:
    return value.split(", ") if isinstance(value, str) else value


def _plain(value: Any) -> str:
    """Write a value as text. Numbers here are ids: without thousands."""
    values = value if isinstance(value, list) else [value]
    return ", ".join(labels.readable(str(one)) for one in values)


def _id(value: Any) -> str:
    """Return the last eight letters of an id, as lists show it."""
    return str(value).replace("-", "").replace("_", " ")[-8:].upper()


def period_phrases(since: Any, until: Any, language: Language) -> Iterator[Phrase]:
    """Say a period of days; nothing when it has neither beginning nor end."""
    first, last = _day(since, language), _day(until, language, is_end=True)
    if first and first == last:
        yield compose(language.gettext(_("on %(day)s")), {"day": first})
    elif first and last:
        yield compose(language.gettext(_("from %(first)s to %(last)s")), {"first": first, "last": last})
    elif first:
        yield compose(language.gettext(_("from %(day)s")), {"day": first})
    elif last:
        yield compose(language.gettext(_("until %(day)s")), {"day": last})


def _day(value: Any, language: Language, *, is_end: bool = False) -> str:
    """Write a day. A moment at midnight that ends a period, itself excluded, is the day before."""
    text = str(value or "")
    if "T" not in text:
        return day_words(text, language)
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return text.replace("T", " ").removesuffix("Z")
    if (moment.hour, moment.minute, moment.second) == (0, 0, 0):
        return language.day((moment - timedelta(days=1) if is_end else moment).date())
    return f"{language.day(moment.date())} {moment:%H:%M} UTC"


def period_words(first: date | None, last: date | None, language: Language) -> str:
    """Write a period of whole days; empty when it has neither end."""
    since, until = (day.isoformat() if day else "" for day in (first, last))
    return "".join(part.text for phrase in period_phrases(since, until, language) for part in phrase)


def day_words(text: str, language: Language) -> str:
    """Write a day such as 2026-11-24 as "24 November 2026"; any other text as it is."""
    try:
        return language.day(date.fromisoformat(text))
    except ValueError:
        return text

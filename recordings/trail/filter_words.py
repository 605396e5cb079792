"""What a list was filtered by, as a colleague would say it: "(watching; by Tom Brandt; from 1 to 24 November 2026)".

Filters stand in events as the lists of the portal wrote them, in any version: what is not known is said all the same.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from recordings.audit.kinds import Outcome
from recordings.audit.opened import Opened
from recordings.trail.groups import GROUPS
from recordings.trail.phrases import Part, Words, figure, named, purpose_label
from recordings.wording import clock

OUTCOMES = {
    Outcome.GRANTED.value: "Granted",
    Outcome.DENIED.value: "Refused",
    Outcome.ERROR.value: "Went wrong",
    Outcome.COMPLETED.value: "Completed",
}
MOST_NAMED = 4
# What only repeats, in the spelling of the database, what was typed.
_TYPED = ("any_ref", "event", "request", "words")
_DAYS = ("since", "until")


def filters_of(event: Opened) -> Words:
    """Return " (…)" with the filters of an event; nothing when it has none. What was typed is said once, in quotes."""
    given = event.detail.get("filters")
    if not isinstance(given, dict):
        return []
    typed = _TYPED if event.private("action_detail.q") else ()
    parts = filter_parts({name: value for name, value in given.items() if name not in typed})
    return [" (", *parts, ")"] if parts else []


def filter_parts(given: Mapping[str, Any]) -> list[str | Part]:
    """Return the filters in words, those of a person or thing as parts that a page can link and name."""
    filters = [words for name, value in sorted(given.items()) for words in _one(name, value, given)]
    if days := _days(*(given.get(name) for name in _DAYS)):
        filters.append([days])
    return [piece for number, words in enumerate(filters) for piece in (["; "] * bool(number) + words)]


def _one(name: str, value: Any, given: Mapping[str, Any]) -> Iterator[list[str | Part]]:
    """Say one filter; nothing for one that another says."""
    if name in _DAYS or value in ("", None, [], {}):
        return
    if name in ("actor", "target"):
        yield ["by " if name == "actor" else "on ", _thing(value)]
    elif name == "any_ref":
        yield from _things(value if isinstance(value, list) else [value])
    elif name == "event" and not given.get("any_ref"):
        yield ["event ", _id(value)]
    elif name == "request" and not given.get("any_ref"):
        yield ["request ", _id(value)]
    elif name in ("event", "request"):
        return
    elif name == "words":
        yield [f"words {figure(value)}"]
    elif name in ("groups", "group"):
        yield [_listed(value, lambda code: GROUPS[code][0].lower() if code in GROUPS else code)]
    elif name in ("kinds", "kind"):
        yield [_listed(value, lambda kind: f"“{kind.replace('.', ': ').replace('_', ' ')}”")]
    elif name == "outcome":
        yield [_listed(value, lambda code: OUTCOMES.get(code, code).lower())]
    elif name == "purpose":
        yield [f"purpose {_listed(value, lambda code: purpose_label(code).lower())}"]
    elif name == "nothing":
        yield ["which stands for nothing in the trail"]
    elif name in ("no_reading", "reading"):
        yield ["without reading of the trail"]
    elif name in ("shortest", "longest") and isinstance(value, int):
        yield [f"{'at least' if name == 'shortest' else 'at most'} {clock(value)} long"]
    else:
        label = {"stream": "channel", "states": "state"}.get(name, name.replace("_", " "))
        # Numbers here are ids: without thousands.
        value = [str(one) for one in value] if isinstance(value, list) else str(value)
        yield [f"{label} {_listed(value, lambda text: text.replace('_', ' '))}"]


def _things(refs: list[Any]) -> Iterator[list[str | Part]]:
    """Say references to which anything may have happened. One UUID under several kinds is one id."""
    keys = {str(ref).partition(":")[2] for ref in refs}
    if len(refs) > 1 and len(keys) == 1:
        yield ["on whatever has the id ", _id(keys.pop())]
        return
    words: list[str | Part] = ["by or on " if all(str(ref).startswith("user:") for ref in refs) else "on "]
    for number, ref in enumerate(refs[:MOST_NAMED]):
        words += [", ", _thing(ref)] if number else [_thing(ref)]
    if len(refs) > MOST_NAMED:
        words.append(f" and {len(refs) - MOST_NAMED} more")
    yield words


def _thing(ref: Any) -> Part:
    kind, _, key = str(ref).partition(":")
    if kind == "system" and key:
        return Part(f"system ({key})", str(ref))
    if not key:
        return Part(str(ref).replace("_", " "))
    return named("person" if kind == "user" else kind, str(ref), "")


def _id(value: Any) -> str:
    """Return the last eight letters of an id, as lists show it."""
    return str(value).replace("-", "").replace("_", " ")[-8:].upper()


def _listed(value: Any, say: Callable[[str], str]) -> str:
    return ", ".join(
        say(one) if isinstance(one, str) else figure(one)
        for one in (value if isinstance(value, list) else [value])
    )


def _days(since: Any, until: Any) -> str:
    first, last = _day(since), _day(until, is_end=True)
    if first and last:
        return f"on {first}" if first == last else f"from {first} to {last}"
    return f"from {first}" if first else f"to {last}" if last else ""


def _day(value: Any, *, is_end: bool = False) -> str:
    """Return a day in words. A moment at midnight that ends a period, itself excluded, is the day before."""
    text = str(value or "")
    if "T" not in text:
        return day_words(text)
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return text.replace("T", " ").removesuffix("Z")
    is_midnight = (moment.hour, moment.minute, moment.second) == (0, 0, 0)
    if is_midnight:
        return day_words((moment - timedelta(days=1) if is_end else moment).date().isoformat())
    return f"{day_words(moment.date().isoformat())} {moment:%H:%M}"


def period_words(first: date | None, last: date | None) -> str:
    """Return a period of whole days in words; empty when it has neither end."""
    return _days(*(day.isoformat() if day else "" for day in (first, last)))


def day_words(text: str) -> str:
    """Return a day such as 2026-11-24 as "24 November 2026"; any other text as it is."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{day.day} {day:%B} {day.year}"

"""Phrases that sentences share: names of things, reasons, lengths, sizes. Whatever an event holds can be shown."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_noop as _

from recordings.audit.opened import NOBODY, SYSTEM, Opened
from recordings.trail import labels
from recordings.trail.compose import ENGLISH, Language, Part, Phrase, Value, as_text, compose, figure
from recordings.wording import clock

# Around what somebody typed: a name in any script must not reorder the words beside it.
ISOLATE, END_ISOLATE = "\u2068", "\u2069"
MOST_RANGES = 6
_ERASED = _("erased")
# By the kind of a thing: its name, without and with the personal label that the event has of it.
_THINGS = {
    "object": _("object %(id)s"),
    "recording": _("recording %(id)s"),
    "report": _("report %(id)s"),
    "statement": _("statement %(id)s"),
    "scorecard": _("scorecard %(id)s"),
    "calibration": _("calibration %(id)s"),
    "evaluation": _("evaluation %(id)s"),
    "plan": _("sampling plan %(id)s"),
    "sample": _("sample %(id)s"),
    "event": _("event %(id)s"),
    "checkpoint": _("checkpoint %(id)s"),
    "person": _("person %(id)s"),
    "customer": _("customer %(id)s"),
    "channel": _("channel %(id)s"),
    "group": _("group %(id)s"),
    "token": _("token %(id)s"),
    "recertification": _("recertification %(id)s"),
    "page": _("page %(id)s"),
    "command": _("command %(id)s"),
}
_LOG_PAGES = {
    "checkpoints": _("the log's checkpoints"),
    "witnesses": _("the log's witnesses"),
    "tiles": _("the log's tiles"),
}
_NAMED_BY_UUID = (
    "recording",
    "report",
    "statement",
    "scorecard",
    "calibration",
    "evaluation",
    "plan",
    "sample",
    "event",
)


class EventText:
    """An event being put into words in one language. `gettext` and `ngettext` compose a phrase each.

    In every message `%(actor)s` and `%(thing)s` stand for who acted and what was acted on.
    """

    def __init__(self, event: Opened, language: Language) -> None:
        self.event = event
        self.language = language

    def gettext(self, message: str, **values: Value) -> Phrase:
        """Translate and compose a phrase."""
        return self._compose(self.language.gettext(message), values)

    def ngettext(self, one: str, many: str, number: int, **values: Value) -> Phrase:
        """Translate and compose a phrase that depends on a number, its placeholder `number`."""
        values["number"] = number
        return self._compose(self.language.ngettext(one, many, number), values)

    def label(self, message: str) -> Part:
        """Translate a label that fills a placeholder or is a phrase."""
        return Part(self.language.gettext(message), is_value=True)

    def private(self, name: str) -> str:
        """Return a personal value; for an erased one a word that says so; empty without one."""
        if disclosed := self.event.disclosed.get(name):
            return disclosed.value
        return self.language.gettext(_ERASED) if self.event.is_erased(name) else ""

    def number(self, key: str) -> int | None:
        """Return a detail that is a number; None where the event has none."""
        value = self.event.detail.get(key)
        return value if isinstance(value, int) else None

    @property
    def actor(self) -> Part:
        """Return who acted, by the name they had then."""
        ref = self.event.actor_ref
        if ref in ("", "anonymous"):
            name = self.language.gettext(NOBODY)
        elif ref.startswith("system:"):
            name = self.language.gettext(SYSTEM)
        else:
            name = self.private("actor.name") or ref
        return Part(name, ref, True, True)

    @property
    def thing(self) -> Part:
        """Return what was acted on."""
        event = self.event
        return named(event.target_kind, event.target_ref, self.private("object.label"), self.language)

    def _compose(self, message: str, values: dict[str, Value]) -> Phrase:
        if "%(actor)s" in message:
            values["actor"] = self.actor
        if "%(thing)s" in message:
            values["thing"] = self.thing
        return compose(message, values)


class PlainEventText(EventText):
    """Composes phrases of one part, for exports: they have millions of sentences, and no links."""

    def _compose(self, message: str, values: dict[str, Value]) -> Phrase:
        if "%(actor)s" in message:
            values["actor"] = self.actor
        if "%(thing)s" in message:
            values["thing"] = self.thing
        texts = {name: as_text(value) for name, value in values.items()}
        if self.language.is_right_to_left:
            texts = {name: isolated(text) for name, text in texts.items()}
        return (Part(message % texts),)


def named(kind: str, ref: str, label: str, language: Language = ENGLISH) -> Part:
    """Name a thing: "object 1407374990000101", "recording 9F2C1A2B", "Tom Brandt", "page /objects/"."""
    tail = ref.partition(":")[2] or ref
    if not ref:
        return Part(language.gettext(_("(nothing named)")), is_value=True)
    if kind in ("person", "account", "group", "token") and label:
        return Part(label, ref, is_value=True)
    if kind == "log" and tail in _LOG_PAGES:
        return Part(language.gettext(_LOG_PAGES[tail]), ref, is_value=True)
    if kind in _NAMED_BY_UUID:
        tail = short(tail)
    elif kind == "checkpoint" and tail.isdecimal() and len(tail) < 20:
        tail = figure(int(tail))
    elif kind == "user":
        kind = "person"
    if message := _THINGS.get(kind):
        return Part(language.gettext(message) % {"id": tail}, ref, is_value=True)
    return Part(f"{kind} {tail}" if kind != tail else kind, ref, is_value=True)


def short(uuid: str) -> str:
    """Return the last eight digits of a UUID: enough to find it again, short enough to read out."""
    return uuid.replace("-", "")[-8:].upper()


def role(text: EventText) -> Part:
    """Name the role of an event."""
    code = text.event.text("role")
    return text.label(labels.role(code) if code else _("(not named)"))


def isolated(text: str) -> str:
    """Keep what somebody typed from reordering the words around it."""
    return f"{ISOLATE}{text}{END_ISOLATE}"


def count(value: Any, unit: str) -> str:
    """Write a number of things in English, for commands: "1 object", "2 objects"."""
    return f"{figure(value) or 'unknown'} {unit}{'' if value == 1 else 's'}"


def typed(text: EventText) -> Iterator[Phrase]:
    """Say what was typed into a search."""
    if words := text.private("action_detail.q"):
        yield text.gettext(_("words “%(words)s”"), words=isolated(words))


def reason(text: EventText, otherwise: str = "") -> Iterator[Phrase]:
    """Say why, as the event has it, translated when it is a known message; else `otherwise`, a message."""
    event = text.event
    why = event.text("sentence") or event.text("reason") or event.text("error")
    if why in labels.REASONS:
        yield (text.label(labels.REASONS[why]),)
    elif why:
        words = text.language.stored(why) if " " in why else labels.readable(why)
        yield (Part(words.removesuffix("."), is_value=True),)
    elif otherwise:
        yield (text.label(otherwise),)


def size(text: EventText) -> Iterator[Phrase]:
    """Say the size of a file: "104,857,600 bytes"."""
    if (size_bytes := text.number("size_bytes")) is not None:
        yield text.ngettext("%(number)s byte", "%(number)s bytes", size_bytes)


def life(text: EventText) -> Iterator[Phrase]:
    """Say how long an issued URL is valid."""
    if (seconds := text.number("ttl_seconds")) is not None:
        yield text.ngettext("valid for %(number)s second", "valid for %(number)s seconds", seconds)


def took(text: EventText) -> Iterator[Phrase]:
    """Say how long something took, from milliseconds."""
    if (duration := text.number("duration_ms")) is not None:
        yield text.gettext("took %(seconds)s s", seconds=f"{duration / 1000:.1f}")


def verdict(text: EventText) -> Iterator[Phrase]:
    """Say how a check ended: a label of ours, else the words that a verifier printed."""
    words = text.event.text("verdict")
    if words in labels.VERDICTS:
        yield (text.label(labels.VERDICTS[words]),)
    elif words := words.replace("_", " ").strip().rstrip(":,"):
        yield (Part(words, is_value=True),)


def change(text: EventText) -> Iterator[Phrase]:
    """Say what changed, a phrase each: "size in bytes: 104,857,600 → 52,428,800"."""
    before, after = side(text.event, "before"), side(text.event, "after")
    for name in sorted(before.keys() | after.keys()):
        label = text.label(labels.FACTS.get(name) or labels.readable(name))
        yield text.gettext(
            "%(fact)s: %(before)s → %(after)s",
            fact=label,
            before=_side_value(text, before.get(name)),
            after=_side_value(text, after.get(name)),
        )


def _side_value(text: EventText, value: Any) -> Part:
    known = figure(value)
    return Part(known, is_value=True) if known else text.label(_("unknown"))


def side(event: Opened, name: str) -> dict[str, Any]:
    """Return what the event has as `before` or `after` of a change."""
    value = event.part("change").get(name)
    return value if isinstance(value, dict) else {}


def ranges(text: EventText) -> tuple[str, int]:
    """Return the watched ranges as "0:00–3:10, 4:42–5:30", and how many more than MOST_RANGES there are."""
    given = text.event.detail.get("spans")
    known = [words for words in map(_range, given) if words] if isinstance(given, list) else []
    return ", ".join(known[:MOST_RANGES]), max(0, len(known) - MOST_RANGES)


def _range(pair: Any) -> str:
    if not (isinstance(pair, list) and len(pair) == 2):
        return ""
    start, end = pair
    if not (isinstance(start, int) and isinstance(end, int)):
        return ""
    return f"{clock(start // 1000)}–{clock(end // 1000)}"


def speed(text: EventText) -> Iterator[Phrase]:
    """Say the playback speed, from a rate in hundredths, unless it is the ordinary one."""
    rate = text.event.detail.get("rate_percent", 100)
    if isinstance(rate, int) and rate not in (0, 100):
        yield text.gettext("at %(speed)s speed", speed=f"{rate / 100:g}×")


def found(text: EventText) -> Iterator[Phrase]:
    """Say how much a search found; a count that was capped, or of the newest only, says so."""
    number, event = text.number("found"), text.event
    if number is None:
        return
    if back_to := event.text("looked_back_to"):
        yield text.ngettext(
            "%(number)s found back to %(day)s", "%(number)s found back to %(day)s", number, day=back_to
        )
    elif event.text("found_capped"):
        yield text.ngettext("more than %(number)s found", "more than %(number)s found", number)
    else:
        yield text.ngettext("%(number)s found", "%(number)s found", number)

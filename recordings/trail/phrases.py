"""The pieces sentences are made of: names of things, lengths, sizes, filters. Whatever an event holds is readable."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from recordings.audit.kinds import Purpose
from recordings.audit.opened import Opened
from recordings.wording import clock

ISOLATE, END_ISOLATE = "\u2068", "\u2069"  # names of any script must not reorder the words around them


class Part(NamedTuple):
    """A piece of a sentence. `ref` names what it speaks of, so that a page can link it."""

    text: str
    ref: str = ""


Words = Iterable[str | Part]

FACTS = {
    "activity_created_at": ("reported time", ""),
    "actor_id": ("agent", ""),
    "duration_seconds": ("length", " s"),
    "etag": ("content (ETag)", ""),
    "file_size_bytes": ("size", " bytes"),
    "last_modified": ("modification time", ""),
    "recorded_at": ("recorded time", ""),
    "recording_type": ("type", ""),
    "size_bytes": ("size", " bytes"),
    "url": ("place", ""),
    "version_id": ("version", ""),
}


def thing(event: Opened) -> Part:
    """What was acted on, named for a sentence and linkable."""
    return named(event.target_kind, event.target_ref, event.private("object.label"))


def named(kind: str, ref: str, label: str) -> Part:
    """A thing in a word or two: "object 1407374990000101", "recording 9F2C1A2B", "Tom Brandt", "page /objects/"."""
    tail = ref.partition(":")[2] or ref
    if not ref:
        return Part("nothing in particular")
    if kind == "person":
        return Part(label or f"person {tail}", ref)
    if kind == "recording":
        return Part(f"recording {short(tail)}", ref)
    if kind in ("report", "event", "statement"):
        return Part(f"{kind} {short(tail)}", ref)
    if kind == "checkpoint":
        return Part(f"checkpoint {figure(int(tail)) if tail.isdecimal() else tail}", ref)
    if kind == "log":
        return Part(f"the log's {tail}", ref)
    return Part(f"{kind} {tail}" if kind != tail else kind, ref)


def short(uuid: str) -> str:
    """The last eight digits of a uuid: enough to find it again, short enough to read out."""
    return uuid.replace("-", "")[-8:].upper()


def quoted(text: str) -> str:
    """Somebody's words, marked as such and kept from reordering ours."""
    return f"“{ISOLATE}{text}{END_ISOLATE}”"


def figure(value: Any) -> str:
    """A figure with its thousands, a list with commas, nothing as "unknown"."""
    if value is None or value == "":
        return "unknown"
    if isinstance(value, int):
        return f"{value:,}"
    return ", ".join(figure(item) for item in value) if isinstance(value, list) else str(value)


def count(value: Any, unit: str) -> str:
    return f"{figure(value)} {unit}{'' if value == 1 else 's'}"


def optional_count(event: Opened, key: str, one: str, many: str) -> str:
    """ "18,140 leaves" from a detail that is a number; nothing where it is none."""
    number = event.detail.get(key)
    return f"{figure(number)} {one if number == 1 else many}" if isinstance(number, int) else ""


def listed(before: str, *words: str) -> str:
    """The words that are there, with commas, after `before`; nothing when there are none."""
    return f"{before}{', '.join(filter(None, words))}" if any(words) else ""


def took(event: Opened) -> str:
    """ "in 2.1 s" from milliseconds."""
    duration = event.detail.get("duration_ms")
    return f"in {duration / 1000:.1f} s" if isinstance(duration, int) else ""


def verdict(event: Opened) -> str:
    """ ": same log" from the detail `verdict`."""
    words = event.text("verdict").replace("_", " ").rstrip(": ,")
    return f": {words}" if words.strip() else ""


def change(event: Opened) -> str:
    """What changed, as "size 104,857,600 → 52,428,800 bytes; length 61 → 60 s"; empty when the event does not say."""
    before, after = side(event, "before"), side(event, "after")
    names = sorted(before.keys() | after.keys())
    return "; ".join(_one_change(name, before.get(name), after.get(name)) for name in names)


def side(event: Opened, name: str) -> dict[str, Any]:
    """What stood `before`, or stands `after`, a change."""
    value = event.part("change").get(name)
    return value if isinstance(value, dict) else {}


def _one_change(name: str, before: Any, after: Any) -> str:
    words, unit = FACTS.get(name, (name.replace("_", " "), ""))
    return f"{words} {figure(before)} → {figure(after)}{unit}"


def reason(event: Opened, otherwise: str) -> str:
    """Why, as the event says it, else `otherwise`."""
    text = event.text("sentence") or event.text("reason") or event.text("error")
    return (text.replace("_", " ") if " " not in text else text).rstrip(".") or otherwise


def because(event: Opened, otherwise: str = "") -> str:
    """ ": why", or nothing when there is no why."""
    why = reason(event, otherwise)
    return f": {why}" if why else ""


def purpose_label(code: str) -> str:
    return Purpose(code).label if code in set(Purpose) else code.replace("_", " ").capitalize()


def role_label(code: str) -> str:
    """ "QA manager" from "qa_manager"; several roles, joined by a plus in events, with commas."""
    words = code.replace("+", ", ").replace("_", " ").split(" ")
    return " ".join("QA" if word == "qa" else word for word in words)


def spans(event: Opened) -> str:
    """The watched stretches as "0:00–3:10 and 4:42–5:30", at most six of them, from milliseconds."""
    given = event.detail.get("spans")
    known = [words for words in map(_span, given) if words] if isinstance(given, list) else []
    if len(known) > 6:
        known = [*known[:6], f"{len(known) - 6} more"]
    return " and ".join(filter(None, [", ".join(known[:-1]), *known[-1:]]))


def _span(pair: Any) -> str:
    if not (isinstance(pair, list) and len(pair) == 2):
        return ""
    start, end = pair
    if not (isinstance(start, int) and isinstance(end, int)):
        return ""
    return f"{clock(start // 1000)}–{clock(end // 1000)}"


def speed(event: Opened) -> str:
    """ " at 1.5×" from a rate in hundredths; the ordinary speed is not worth a word."""
    rate = event.detail.get("rate_percent", 100)
    return f" at {rate / 100:g}×" if isinstance(rate, int) and rate not in (0, 100) else ""


def total(event: Opened) -> str:
    """ ", 3:10 in all" from seconds."""
    seconds = event.detail.get("seconds")
    return f", {clock(seconds)} in all" if isinstance(seconds, int) else ""


def life(event: Opened) -> str:
    """ " for 90 s"."""
    seconds = event.detail.get("ttl_seconds")
    return f" for {seconds} s" if isinstance(seconds, int) else ""


def size(event: Opened) -> str:
    """ ", 104,857,600 bytes"."""
    size_bytes = event.detail.get("size_bytes")
    return f", {count(size_bytes, 'byte')}" if isinstance(size_bytes, int) else ""


def found(event: Opened) -> str:
    """ ", 14 found" from the detail `found`; a count that was capped, or of the newest only, says so."""
    number = event.detail.get("found")
    if number is None:
        return ""
    if back_to := event.text("looked_back_to"):
        return f", {figure(number)} found back to {back_to}"
    return (
        f", more than {figure(number)} found" if event.text("found_capped") else f", {figure(number)} found"
    )

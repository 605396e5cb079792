"""Parse webhook deliveries: which object changed. The body is untrusted JSON or XML.

CommBox documents neither a signature nor which wrapper it sends. Both wrappers are read, and only two ids are used.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn
from xml.parsers import expat

from recordings.commbox.parsing.charsets import UnknownCharset, decode
from recordings.commbox.parsing.document import Unreadable as NotJson
from recordings.commbox.parsing.document import read_json
from recordings.db import BIGGEST_ID

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
# JSON values or XML elements. A delivery has a few dozen; parsing more would delay other requests.
MAX_VALUES = 20_000
RECORDING_TYPE = "27"
NEW_ACTIVITY = "OnNewActivity"
_LONGEST_NAME = 100
_ID = re.compile(r"[1-9][0-9]{0,18}")


class Unreadable(ValueError):
    """The body is not a delivery. The message says why and contains nothing of the body."""


@dataclass(frozen=True)
class Hint:
    """An event's name, its ids (None when missing), and whether it may be about a recording."""

    event_name: str
    object_id: int | None
    stream_id: int | None
    about_recording: bool


NO_HINT = Hint("", None, None, about_recording=False)


def parse(body: bytes) -> Hint:
    """Parse the hint in a body. Raises only Unreadable, whatever the bytes."""
    if len(body) > MAX_BYTES:
        raise Unreadable("It is longer than 1 MiB.")
    try:
        text = decode(body)
    except UnknownCharset:
        # Only field names and two numbers are used, and these are ASCII in every single-byte charset.
        text = body.decode("latin-1")
    text = text.strip("\ufeff \t\r\n")
    return _hint(_from_xml(text) if text.startswith("<") else _from_json(text))


def _hint(document: Any) -> Hint:
    event = _event(document) or document
    thing = _get(event, "object")
    activities = list(_activities(thing))
    name = _get(event, "name")
    return Hint(
        event_name=name[:_LONGEST_NAME] if isinstance(name, str) else "",
        object_id=_id(_get(thing, "id")),
        stream_id=_id(_get(thing, "streamid")),
        about_recording=name == NEW_ACTIVITY and RECORDING_TYPE in map(_kind, activities),
    )


def _event(node: Any) -> Any:
    """Find the event in either wrapper at any depth: a SOAP envelope adds wrappers of its own."""
    if not isinstance(node, dict):
        return None
    inner = map(_event, node.values())
    return _get(node, "event") or _get(node, "payload") or next(filter(None, inner), None)


def _activities(thing: Any) -> Iterator[Any]:
    """Yield the activities. One is an object, several are a list; the wrapper itself may be the list."""
    wrapper = _get(thing, "activities")
    found = wrapper if isinstance(wrapper, list) else _get(wrapper, "activity")
    yield from found if isinstance(found, list) else [found]


def _kind(activity: Any) -> str:
    kind = _get(activity, "type")
    return str(kind).strip() if isinstance(kind, (str, int)) else ""


def _get(node: Any, name: str) -> Any:
    """Return a field, ignoring case and underscores in its name; None when missing."""
    if not isinstance(node, dict):
        return None
    return next((value for key, value in node.items() if key.replace("_", "").lower() == name), None)


def _id(value: Any) -> int | None:
    text = str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    return int(text) if _ID.fullmatch(text) and int(text) <= BIGGEST_ID else None


def _from_json(text: str) -> Any:
    try:
        return read_json(text, max_depth=MAX_DEPTH, max_values=MAX_VALUES)
    except NotJson as reason:
        raise Unreadable(f"It cannot be read as JSON: {reason}.") from None


def _from_xml(text: str) -> Any:
    """Read attributes and elements as fields. A document type or entity declaration is refused."""
    if text.count("<") > MAX_VALUES:
        raise Unreadable("It has too many elements.")
    reader = _XmlReader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, UnicodeEncodeError):
        raise Unreadable("It is not well-formed XML.") from None
    return reader.root


def _refuse(*_: Any) -> NoReturn:
    raise Unreadable("It declares a document type or an entity.")


class _XmlReader:
    """Builds the same shape as JSON: an element becomes its attributes and children, or else its text."""

    def __init__(self) -> None:
        self.root: dict[str, Any] = {}
        self._open: list[tuple[dict[str, Any], list[str]]] = [(self.root, [])]

    def start(self, _: str, attributes: dict[str, str]) -> None:
        if len(self._open) > MAX_DEPTH:
            raise Unreadable("It is nested too deeply.")
        self._open.append((dict(attributes), []))

    def text(self, data: str) -> None:
        self._open[-1][1].append(data)

    def end(self, name: str) -> None:
        fields, texts = self._open.pop()
        parent, key = self._open[-1][0], name.rpartition(":")[2]
        value = fields or "".join(texts)
        if key not in parent:
            parent[key] = value
        elif isinstance(siblings := parent[key], list):
            siblings.append(value)
        else:
            parent[key] = [siblings, value]

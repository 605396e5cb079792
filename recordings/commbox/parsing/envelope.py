"""Read CommBox's envelope: what an answer's status means, and where its items are."""

from collections.abc import Callable
from typing import Any, TypeVar

from recordings.commbox.errors import (
    BadRequest,
    BadResponse,
    CommBoxError,
    Forbidden,
    NotFound,
    ServerError,
    Throttled,
    Unauthorized,
)
from recordings.commbox.parsing.document import Unreadable, has_long_text, read_json
from recordings.commbox.parsing.fields import Fields, Refused, fold, is_missing
from recordings.commbox.parsing.secrets import excerpt_of, without_queries
from recordings.commbox.records import Parsed, Problem

T = TypeVar("T")
DESCRIPTION_CHARACTERS = 200

# An item that came without an envelope has one of these; the envelope has none.
_ITEM_KEYS = frozenset({"objectid", "id", "activitytype", "type", "recordingurl", "createdtime"})
_CLASSES: dict[int, type[CommBoxError]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    408: ServerError,
    429: Throttled,
    501: BadRequest,
}


def failure_of(status: int, document: Any) -> CommBoxError | None:
    """Tell the error an answer means, or None for success. A 2xx with an error status in its body is that error."""
    fields = Fields(document if isinstance(document, dict) else {})
    if 200 <= status < 300 and fields.value("status") is not None:
        status = fields.code("status") or 0
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return BadResponse("It redirects, and redirects are not followed.", status=status, retriable=False)
    if status < 400:
        return BadResponse("Its status is neither success nor a known failure.", status=status)
    description = fields.text("description")
    start = without_queries(description[: DESCRIPTION_CHARACTERS * 10])[:DESCRIPTION_CHARACTERS]
    quoted = f" It said: {start}" if start else ""
    return class_of(status, description)(f"(status {status}){quoted}", status=status)


def class_of(status: int, description: str = "") -> type[CommBoxError]:
    """Choose the one class a failing status has. Rule N: a 400 whose description says "not found" is a 404."""
    if status == 400 and "not found" in description.lower():
        return NotFound
    if status in _CLASSES:
        return _CLASSES[status]
    return ServerError if status >= 500 else BadRequest


def data_of(document: Any) -> Any:
    """Take what an answer carries: `data` of the envelope, or the document itself where there is no envelope.

    `""`, null and absent all mean nothing (None). Raises BadResponse for what is neither.
    """
    if isinstance(document, list):
        return document
    if not isinstance(document, dict):
        raise BadResponse("It is neither a list nor an object with fields.")
    keys = {fold(key) for key in document}
    if keys & _ITEM_KEYS:
        return document
    if not keys & {"status", "data"}:
        raise BadResponse("It has neither the envelope's fields nor an item's.")
    data = Fields(document).value("data")
    if is_missing(data):
        return None
    if not isinstance(data, str):
        return data
    # CommBox sometimes writes `data` as JSON inside a string.
    try:
        return read_json(data)
    except Unreadable:
        raise BadResponse("Its data is text that is not JSON.") from None


def items_of(document: Any) -> list[Any]:
    """List the items of an answer; a single object counts as a list of one."""
    data = data_of(document)
    if data is None:
        return []
    if isinstance(data, dict):
        return [data]
    if isinstance(data, list):
        return data
    raise BadResponse("Where its items should be there is something else.")


def read_items(document: Any, read: Callable[[Fields, dict[str, Any]], T | None]) -> Parsed[T]:
    """Read each item by itself: `read` returns a record, None for one that is not asked for, or raises Refused."""
    items: list[T] = []
    problems: list[Problem] = []
    for index, item in enumerate(items_of(document)):
        try:
            if not isinstance(item, dict):
                raise Refused("It is not an object with fields.")
            if has_long_text(item):
                raise Refused("One of its texts is longer than 64 KiB.")
            record = read(Fields(item), item)
        except Refused as reason:
            problems.append(Problem(str(reason), excerpt_of(item), index))
        else:
            items.extend([] if record is None else [record])
    return Parsed(items, problems)

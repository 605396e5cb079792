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
from recordings.commbox.parsing.document import Repeated, Unreadable, check_believable, unwrap_json
from recordings.commbox.parsing.fields import Fields, Refused, fold, is_missing
from recordings.commbox.parsing.secrets import excerpt_of, without_queries
from recordings.commbox.records import Parsed, Problem

T = TypeVar("T")
DESCRIPTION_CHARACTERS = 200
# A page shows a few of them; an answer may be nothing but.
MOST_PROBLEMS = 1000

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
    """Tell the error an answer means, or None for success. A 2xx with an error status in its body is that error.

    Only 200 is success: the other 2xx say that nothing is ready, that this is a part, or that somebody changed it.
    """
    fields = Fields(document if isinstance(document, dict) else {})
    if status == 200 and fields.value("status") is not None:
        status = fields.code("status") or 0
    if status == 200:
        return None
    if 200 < status < 300:
        return BadResponse(f"Its status is {status}, which promises no whole answer.", status=status)
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


def read_items(
    document: Any,
    read: Callable[[Fields, dict[str, Any]], T],
    *,
    is_other: Callable[[Fields], bool] = lambda fields: False,
) -> Parsed[T]:
    """Read each item by itself: `read` returns a record or raises Refused.

    Items for which `is_other` holds were not asked for and are left out unread. Raises BadResponse when the answer as a
    whole cannot be read.
    """
    items: list[T] = []
    problems: list[Problem] = []
    raw_items, is_list = _items(document)
    for index, item in enumerate(raw_items):
        try:
            if not isinstance(item, dict):
                raise Refused("It is not an object with fields.")
            fields = Fields(item)
            if is_other(fields):
                continue
            check_believable(item)
            items.append(read(fields, item))
        except Refused as reason:
            if len(problems) < MOST_PROBLEMS:
                problems.append(Problem(str(reason), excerpt_of(item), index))
    if not is_list and not items and not problems:
        # {"type": 3, "message": "try later"} in place of the list does not say that nothing is there.
        raise BadResponse("Where its items should be there is one object, and it is no item.")
    return Parsed(items, problems)


def _items(document: Any) -> tuple[list[Any], bool]:
    """The items, and whether they came as a list (or as nothing at all) rather than as one bare object."""
    data = _data_of(document)
    if data is None:
        return [], True
    if isinstance(data, dict):
        return [data], False
    if isinstance(data, list):
        return data, True
    raise BadResponse("Where its items should be there is something else.")


def _data_of(document: Any) -> Any:
    """Take what an answer carries: `data` of the envelope, or the document itself where there is no envelope.

    `""`, null and absent all mean nothing (None). Raises BadResponse for what is neither.
    """
    if isinstance(document, list):
        return document
    if not isinstance(document, dict):
        raise BadResponse("It is neither a list nor an object with fields.")
    keys = [fold(key) for key in document]
    if _ITEM_KEYS.intersection(keys):
        return document
    if not {"status", "data"}.intersection(keys):
        raise BadResponse("It has neither the envelope's fields nor an item's.")
    if isinstance(document, Repeated) or keys.count("status") > 1 or keys.count("data") > 1:
        raise BadResponse("It says twice how it went or what it holds.")
    fields = Fields(document)
    if fields.value("errors"):
        raise BadResponse("It says that something failed.")
    data = fields.value("data")
    if isinstance(data, str):
        # CommBox sometimes writes `data` as JSON inside a string.
        try:
            data = unwrap_json(data)
        except Unreadable:
            raise BadResponse("Its data is text that is not JSON.") from None
    return None if is_missing(data) else data

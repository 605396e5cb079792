"""Read CommBox's envelope: the meaning of a response's status, and its items."""

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
# A response may contain only unreadable items; pages show a few.
MOST_PROBLEMS = 1000

# An item without an envelope has one of these fields; an envelope has none.
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
    """Return the error that a response means; None for success. An error status in the body of a 200 counts.

    Only 200 is success: other 2xx mean not ready, partial or modified.
    """
    fields = Fields(document if isinstance(document, dict) else {})
    if status == 200 and fields.value("status") is not None:
        status = fields.code("status") or 0
    if status == 200:
        return None
    if 200 < status < 300:
        return BadResponse(f"Its status is {status}, which is not a complete response.", status=status)
    if 300 <= status < 400:
        return BadResponse("It is a redirect, which is not followed.", status=status, retriable=False)
    if status < 400:
        return BadResponse("Its status is neither a success nor a known failure.", status=status)
    description = fields.text("description")
    start = without_queries(description[: DESCRIPTION_CHARACTERS * 10])[:DESCRIPTION_CHARACTERS]
    quoted = f" It said: {start}" if start else ""
    return class_of(status, description)(f"(status {status}){quoted}", status=status)


def class_of(status: int, description: str = "") -> type[CommBoxError]:
    """Return the error class of a failing status. A 400 whose description says "not found" counts as 404."""
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
    """Read each item: `read` returns a record or raises Refused, which becomes a problem.

    Items for which `is_other` is true were not requested and are skipped. Raises BadResponse when the response as a
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
        # {"type": 3, "message": "try later"} instead of a list does not mean an empty list.
        raise BadResponse("It has one object where its items should be, and it is not an item.")
    return Parsed(items, problems)


def _items(document: Any) -> tuple[list[Any], bool]:
    """Return the items, and whether they came as a list or as nothing, not as a single object."""
    data = _data_of(document)
    if data is None:
        return [], True
    if isinstance(data, dict):
        return [data], False
    if isinstance(data, list):
        return data, True
    raise BadResponse("It has no items where they should be.")


def _data_of(document: Any) -> Any:
    """Return `data` of the envelope, or the document itself when there is no envelope.

    `""`, null and absent all mean nothing (None). Raises BadResponse for anything else.
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
        raise BadResponse("It has a duplicate status or data field.")
    fields = Fields(document)
    if fields.value("errors"):
        raise BadResponse("It reports an error.")
    data = fields.value("data")
    if isinstance(data, str):
        # CommBox sometimes sends `data` as a string of JSON.
        try:
            data = unwrap_json(data)
        except Unreadable:
            raise BadResponse("Its data is text that is not JSON.") from None
    return None if is_missing(data) else data

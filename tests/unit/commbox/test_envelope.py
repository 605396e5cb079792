"""The envelope: which class an answer has, and where its items are."""

from typing import Any

import pytest

from recordings.commbox.errors import (
    BadRequest,
    BadResponse,
    CommBoxError,
    Forbidden,
    NotFound,
    ServerError,
    Throttled,
    Unauthorized,
    Unreachable,
)
from recordings.commbox.parsing.document import read_json
from recordings.commbox.parsing.envelope import _items, failure_of
from tests.unit.commbox.examples import SIGNED_900, envelope

CLASSES = [
    (400, BadRequest),
    (401, Unauthorized),
    (402, BadRequest),
    (403, Forbidden),
    (404, NotFound),
    (405, BadRequest),
    (408, ServerError),
    (429, Throttled),
    (500, ServerError),
    (501, BadRequest),
    (502, ServerError),
    (503, ServerError),
    (504, ServerError),
    (599, ServerError),
]


@pytest.mark.parametrize(("status", "kind"), CLASSES)
def test_the_http_status_decides_the_class(status: int, kind: type[CommBoxError]) -> None:
    for document in (None, "<html>", [], envelope([], status=200), envelope([], status=status)):
        assert type(failure_of(status, document)) is kind


@pytest.mark.parametrize(("status", "kind"), CLASSES)
def test_an_error_status_in_the_body_of_a_success_wins(status: int, kind: type[CommBoxError]) -> None:
    """Rule 1, for a status written as number or text, in any spelling of its key."""
    for document in (envelope("", status=status), envelope("", status=str(status)), {"Status": status}):
        error = failure_of(200, document)
        assert type(error) is kind
        assert error.status == status


@pytest.mark.parametrize("status", [200, "200", None, "", "null"])
def test_success_is_success(status: Any) -> None:
    assert failure_of(200, envelope([], status=status)) is None


@pytest.mark.parametrize("status", [201, 202, 203, 204, 205, 206, 207, 226, 299])
def test_any_other_status_of_success_promises_no_whole_answer(status: int) -> None:
    """Accepted for later, a part, or what somebody on the way has made of it: not what CommBox holds."""
    for error in (
        *(failure_of(status, document) for document in ([], None, envelope([]), envelope([], status=status))),
        failure_of(200, envelope([], status=status)),
        failure_of(200, envelope([], status=str(status))),
    ):
        assert type(error) is BadResponse
        assert error.status == status


@pytest.mark.parametrize("status", [0, 100, 199, "OK", "error", True, 200.0, 2**40, [], -1])
def test_a_body_status_that_says_neither_is_a_bad_answer(status: Any) -> None:
    assert type(failure_of(200, envelope([], status=status))) is BadResponse


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_a_bad_answer_and_not_asked_again(status: int) -> None:
    for error in (failure_of(status, None), failure_of(200, envelope([], status=status))):
        assert (type(error), error.retriable if error else None) == (BadResponse, False)


@pytest.mark.parametrize(
    ("description", "kind"),
    [("Object not found", NotFound), ("OBJECT NOT FOUND.", NotFound), ("Invalid parameters", BadRequest)],
)
def test_rule_n(description: str, kind: type[CommBoxError]) -> None:
    """A 400 that says "not found" means what a 404 means."""
    document = envelope("", status=400, description=description)
    assert type(failure_of(400, document)) is type(failure_of(200, document)) is kind


def test_rule_n_is_about_400_only() -> None:
    assert type(failure_of(500, envelope("", 500, "Object not found"))) is ServerError
    assert failure_of(200, envelope([], description="Object not found")) is None


def test_an_error_says_what_commbox_said_and_no_signature() -> None:
    error = failure_of(400, envelope("", 400, f"Bad link {SIGNED_900}" + "x" * 500))
    assert str(error).startswith("CommBox rejected the request. (status 400) It said: Bad link https://")
    assert "X-Amz" not in str(error)
    assert len(str(error)) < 320


RETRIABLE = {Throttled, ServerError, BadResponse, Unreachable}


@pytest.mark.parametrize(
    "kind",
    [BadRequest, NotFound, Unauthorized, Forbidden, Throttled, ServerError, BadResponse, Unreachable],
)
def test_each_class_knows_whether_asking_again_helps(kind: type[CommBoxError]) -> None:
    error = kind("Why.", status=1, request_id="r-1", retry_after=2.0)
    assert (error.retriable, error.status, error.request_id, error.retry_after) == (
        kind in RETRIABLE,
        1,
        "r-1",
        2.0,
    )
    assert str(error) == f"{kind.sentence} Why."
    assert str(kind()) == kind.sentence


@pytest.mark.parametrize(
    ("document", "items"),
    [
        (envelope([1, 2]), [1, 2]),
        (envelope({"a": 1}), [{"a": 1}]),
        (envelope(""), []),
        (envelope(None), []),
        (envelope("null,"), []),
        ({"STATUS": 200}, []),
        ({"Data": [1]}, [1]),
        ([1, 2], [1, 2]),
        ([], []),
        (envelope("[]"), []),
        (envelope('"[1, 2]"'), [1, 2]),
        (envelope('"\\"[1, 2]\\""'), [1, 2]),
        (envelope('"null"'), []),
        (envelope([]) | {"errors": []}, []),
        ({"id": 1}, [{"id": 1}]),
        ({"id": 1, "status": "done", "data": "[1]"}, [{"id": 1, "status": "done", "data": "[1]"}]),
    ],
)
def test_where_the_items_are(document: Any, items: list[Any]) -> None:
    assert _items(document)[0] == items


@pytest.mark.parametrize(
    "text",
    [
        '{"status":"200","data":[1],"data":[]}',
        '{"status":"200","data":[],"data":[]}',
        '{"status":"500","status":"200","data":[]}',
        '{"status":"200","Data":[1],"data":[]}',
        '{"status":"200","STATUS":"500","data":[]}',
        '{"status":"200","data":[],"extra":1,"extra":2}',
        '{"status":"200","data":[],"errors":["later"]}',
        '{"status":"200","data":[],"errors":{"code":1}}',
        '{"status":"200","data":"{\\"a\\":"}',
        '{"status":"200","data":"later"}',
    ],
)
def test_an_answer_that_contradicts_itself_is_refused_whole(text: str) -> None:
    with pytest.raises(BadResponse):
        _items(read_json(text))

"""A form is UTF-8: the charset that a stranger writes into its Content-Type chooses no codec."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.http.multipartparser import MultiPartParserError
from django.test import RequestFactory

import auditportal
from auditportal.utf8_forms import utf8_forms
from tests.stopwatch import cost

LABELS = (
    *("utf-8", "punycode", "idna", "utf-7", "windows-1255", "rot13", "zlib_codec", "unicode_escape", "none"),
    *('"punycode"', " punycode ; x=y", "utf-8; charset=punycode", "x" * 20_000),
    *("*=punycode''" + "a" * 20_000, "*=punycode''a", "*0=a; name*1=b"),
)


def environ(content_type: str, value: bytes) -> dict[str, Any]:
    body = b'--a"b\r\nContent-Disposition: form-data; name="word"\r\n\r\n' + value + b'\r\n--a"b--\r\n'
    factory: Any = RequestFactory()
    made: dict[str, Any] = factory._base_environ(path="/", REQUEST_METHOD="POST", QUERY_STRING="q=%C3%A9")
    made |= {"wsgi.input": factory.generic("POST", "/", body).META["wsgi.input"]}
    return made | {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": content_type}


def read(content_type: str, value: bytes) -> Iterable[bytes]:
    """What a view reads from the query, then from the form."""

    def application(environ: dict[str, Any], _: Any) -> Iterator[bytes]:
        request = WSGIRequest(environ)
        yield request.GET["q"].encode()
        yield request.POST.get("word", "").encode()

    return utf8_forms(application)(environ(content_type, value), None)


def form(label: str) -> str:
    if label.startswith("*"):
        return f"multipart/form-data; boundary=x; name{label}"
    return f'multipart/form-data; boundary="a\\"b"; charset={label}'


@pytest.mark.parametrize("label", [label for label in LABELS if len(label) < 100 and "*" not in label])
def test_every_form_is_read_as_utf8(label: str) -> None:
    assert list(read(form(label), "é-נועה".encode())) == ["é".encode(), "é-נועה".encode()]


@pytest.mark.parametrize(
    "content_type",
    [
        *(
            "",
            "text/plain; charset=idna",
            "application/json; charset*=utf-8''punycode",
            ";;;",
            "=",
            "charset=x",
        ),
        *(form("x" * 20_000), "multipart/form-data; charset=punycode", 'a; charset="'),
    ],
)
def test_no_content_type_breaks_the_reading_of_a_query(content_type: str) -> None:
    assert next(iter(read(content_type, b"x"))) == "é".encode()


def test_no_label_makes_a_form_dear() -> None:
    value = b"a" * 20_000 + b"-" + b"b" * 20_000
    plain = cost(lambda: list(read(form("utf-8"), value)))
    for label in LABELS:
        assert cost(lambda label=label: read_all(form(label), value)) < 20 * plain, label


def read_all(content_type: str, value: bytes) -> None:
    """Read all that can be read: without a boundary there is no form."""
    with suppress(MultiPartParserError):
        list(read(content_type, value))


def test_the_server_serves_it() -> None:
    served = (Path(auditportal.__file__).parent / "wsgi.py").read_text()
    assert "application = utf8_forms(" in served

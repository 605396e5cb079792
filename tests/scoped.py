"""Two answers compared byte for byte: what is outside a person's scope must be answered as what does not exist."""

import re
from typing import Any

from django.test import Client

# What differs between any two answers: the id of the request, tokens, moments, and the rest of the session.
_OWN = re.compile(
    r'\b(?:[0-9a-f]{32}|[0-9A-Za-z]{64})\b|csrfmiddlewaretoken" value="[^"]+"|data-ends-in="\d+"'
    r"|\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(?:\+00:00|Z)|\b\d\d:\d\d:\d\d\b"
)
_OWN_HEADERS = {"x-request-id", "expires", "last-modified", "set-cookie", "content-length"}

Answer = tuple[int, dict[str, str], list[str]]


def answer(client: Client, address: str, key: Any, *, method: str = "get", **asked: Any) -> Answer:
    """Ask for `address` with `key` in place of "{}", and return all of the answer but the key.

    `asked` is the query or the form; `key` is put into it as well. With `htmx`, only the part of the page that changes.
    """
    headers = {"HX-Request": "true"} if asked.pop("htmx", False) else {}
    given = {name: str(value).replace("{}", str(key)) for name, value in asked.items()}
    response = getattr(client, method)(address.replace("{}", str(key)), given, headers=headers)
    return response.status_code, *without(response, key)


def without(response: Any, key: Any) -> tuple[dict[str, str], list[str]]:
    """Return headers and lines of an answer without this key and without what differs between any two answers."""
    body = response.getvalue() if response.streaming else response.content
    text = _OWN.sub("", body.decode(errors="replace"))
    headers = {name.lower(): value for name, value in response.headers.items()}
    # The middleware writes the directives of the policy in any order.
    policy = "; ".join(sorted(headers.pop("content-security-policy", "").split("; ")))
    kept = {name: value for name, value in headers.items() if name not in _OWN_HEADERS} | {"csp": policy}
    for written in (str(key), str(key).replace("-", "")):
        text = text.replace(written, "KEY")
        kept = {name: value.replace(written, "KEY") for name, value in kept.items()}
    return kept, text.splitlines()

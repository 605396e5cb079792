"""The URL patterns of the portal, and addresses made from them."""

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

_CONVERTER = re.compile(r"<(?:(\w+):)?(\w+)>")


def patterns(
    entries: Sequence[Any] | None = None, prefix: str = "", namespace: str = ""
) -> Iterator[tuple[str, str, Any]]:
    """Yield the full name, the route and the view of each URL pattern."""
    for entry in entries if entries is not None else get_resolver().url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from patterns(entry.url_patterns, route, inner)
        elif isinstance(entry, URLPattern):
            yield f"{namespace}{entry.name}", route, entry.callback


def takes_an_id(route: str) -> bool:
    return bool(_CONVERTER.search(route))


def missing(route: str) -> dict[str, str]:
    """Return ids for a route that name nothing that exists."""
    values = {"uuid": str(uuid.uuid4()), "int": "1407374990000999", "str": "x", "slug": "x", "path": "x"}
    return {name: values[converter or "str"] for converter, name in _CONVERTER.findall(route)}


def address(route: str, ids: Mapping[str, Any] | None = None) -> str:
    """Return the address of a route with these ids; without ids, with some that name nothing that exists."""
    ids = missing(route) if ids is None else ids
    return "/" + _CONVERTER.sub(lambda match: str(ids[match[2]]), route)

"""A presigned URL permits reading one file, and nothing after any change. On Ceph RGW and the sandbox."""

from collections.abc import Iterable, Iterator

import pytest

from recordings.storage import Location
from tests.integration.storage.stores import FILM, Store, ask


@pytest.mark.parametrize("method", ["HEAD", "PUT", "POST", "DELETE"])
def test_a_url_to_get_is_good_for_nothing_else(store: Store, film: Location, method: str) -> None:
    url = store.signed(film)
    assert ask(url, method).status == 403
    assert ask(url).body == FILM


def test_no_character_of_a_url_can_be_changed(store: Store, film: Location) -> None:
    """Each character of path and query replaced by another, and each one left out."""
    url = store.signed(film)
    start = len(f"{film.scheme}://{film.authority}/")
    scope = range(url.index("X-Amz-Credential="), url.index("&X-Amz-Date="))
    for at in range(start, len(url)):
        for instead in (_another(url[at]), ""):
            answer = ask(url[:at] + instead + url[at + 1 :])
            # A scope that cannot be read is a bad request to Ceph (and to AWS), a refusal to the sandbox.
            expected = (403, 400) if at in scope else (403,)
            assert answer.status in expected, (at, url[at], instead)


def _another(character: str) -> str:
    if character.isdecimal():
        return str((int(character) + 1) % 10)
    return ("b" if character in "aA" else "a") if character.isalpha() else "x"


Pairs = list[tuple[str, str]]
OTHER_VALUES = [
    ("x-grant", "0199-another"),
    ("versionId", "null"),
    ("response-content-type", "text%2Fhtml"),
    ("response-cache-control", "public"),
    ("X-Amz-Algorithm", "AWS4-HMAC-SHA1"),
    ("X-Amz-Date", "20200101T000000Z"),
    *[("X-Amz-Expires", value) for value in ("61", "604800", "604801", "0", "-1", "6e1", "%D9%A6%D9%A0")],
    ("X-Amz-SignedHeaders", "host%3Brange"),
    ("X-Amz-Signature", "0" * 64),
]
MORE = [
    ("response-content-disposition", "attachment"),
    ("x-other", "1"),
    ("acl", ""),
    ("partNumber", "1"),
    ("X-Amz-Security-Token", "token"),
    ("x-grant", "0199-another"),
    ("X-Amz-Expires", "604800"),
]


def test_no_parameter_can_be_changed_left_out_or_added(store: Store, film: Location) -> None:
    """Including the grant."""
    place = store.place(film.key, version_id=store.put(film.key, FILM))
    base, _, query = store.signed(place).partition("?")
    pairs: Pairs = [(name, value) for name, _, value in (part.partition("=") for part in query.split("&"))]
    assert {"x-grant", "versionId", "response-content-type", "response-cache-control"} <= dict(pairs).keys()
    assert ask(f"{base}?{_query(reversed(pairs))}").body == FILM
    for what, broken in _broken(pairs):
        answer = ask(f"{base}?{_query(broken)}")
        assert answer.status in ((403, 400) if "Credential" in what else (403,)), what


def _broken(pairs: Pairs) -> Iterator[tuple[str, Pairs]]:
    for name, _ in pairs:
        yield f"without {name}", [pair for pair in pairs if pair[0] != name]
        yield f"empty {name}", _with(pairs, name, "")
    for name, value in OTHER_VALUES:
        yield f"{name}={value}", _with(pairs, name, value)
    for name, value in MORE:
        yield f"and {name}={value}", [*pairs, (name, value)]


def _with(pairs: Pairs, name: str, value: str) -> Pairs:
    return [(one, value if one == name else old) for one, old in pairs]


def _query(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{name}={value}" for name, value in pairs)


def test_a_url_is_good_for_its_host_only(store: Store, film: Location) -> None:
    url = store.signed(film)
    for host in ("evil.example", "localhost", f"localhost:{film.port}"):
        assert ask(url, Host=host).status == 403


def test_a_url_of_one_file_opens_no_other(store: Store, film: Location) -> None:
    store.put("other.mp4", b"other")
    other = store.place("other.mp4")
    swapped = store.signed(film).replace(film.url, other.url)
    assert swapped.startswith(other.url)
    assert (ask(swapped).status, ask(swapped).code) == (403, "SignatureDoesNotMatch")

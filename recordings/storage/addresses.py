"""Parse a URL strictly: its host and its file, or the reason why they are not certain.

A URL is refused, never corrected: a corrected URL may name another file.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote, unquote_to_bytes

from recordings.storage.hosts import HostForm, form_of
from recordings.storage.refusals import NotPlayable, Reason
from recordings.storage.s3_urls import DEFAULT_PORTS, has_plain_query, versions_of

MAX_URL_CHARACTERS = 8_192
MAX_KEY_BYTES = 1_024  # S3's own limit

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>/[^?#]*)?"
    r"(?P<query>\?[^#]*)?(?P<fragment>#.*)?"
)
_OTHER_SCHEME = re.compile(r"(?!https?:)[A-Za-z][A-Za-z0-9+.-]*:|//", re.IGNORECASE)
_AUTHORITY = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*)(?P<port>:.*)?")
_PORT = re.compile(r":([1-9][0-9]{0,4})")
# Control characters, line breaks of any script, unpaired surrogates, and the replacement character.
_CHARACTER = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffd]")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_VERSION_ID = re.compile(r"[\x21-\x7e]{1,1024}")


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of a URL. `path` is still encoded, without its first slash; `query` is without its question mark."""

    scheme: str
    host: str
    port: int
    path: str
    query: str | None


def read_address(url: str) -> Address:
    """Split a URL into its parts. Raises NotPlayable unless it certainly leads to one place."""
    if not url or not url.strip():
        raise NotPlayable(Reason.NO_URL)
    _check_characters(url)
    match = _URL.fullmatch(url)
    if match is None or len(url) > MAX_URL_CHARACTERS:
        raise NotPlayable(Reason.SCHEME if _OTHER_SCHEME.match(url) else Reason.NOT_A_URL)
    if url[-1].isspace():
        raise NotPlayable(Reason.BLANK_AT_END)
    scheme = match["scheme"].lower()
    if scheme not in DEFAULT_PORTS:
        raise NotPlayable(Reason.SCHEME)
    if match["fragment"] is not None:
        raise NotPlayable(Reason.FRAGMENT)
    host, port = _host_and_port(match["authority"], scheme)
    query = match["query"]
    return Address(scheme, host, port, (match["path"] or "/")[1:], None if query is None else query[1:])


def check_query(url: str) -> None:
    """Raise NotPlayable when the part after the question mark may belong to the file's name."""
    if not has_plain_query(url):
        raise NotPlayable(Reason.QUERY)


def key_of(path: str, *, plus_is_blank: bool = False) -> str:
    """Decode the path of a file in its bucket exactly once: `%2F` is a slash, `%252F` the three characters `%2F`.

    Raises NotPlayable for a name that a browser, a proxy or a library could change before it reaches storage.
    """
    if _BROKEN_ESCAPE.search(path):
        raise NotPlayable(Reason.ESCAPE)
    check_steps(path)
    raw = unquote_to_bytes(path.replace("+", "%20") if plus_is_blank else path)
    try:
        key = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise NotPlayable(Reason.ENCODING) from None
    if not key or key.endswith("/"):
        raise NotPlayable(Reason.EMPTY_KEY)
    if len(raw) > MAX_KEY_BYTES:
        raise NotPlayable(Reason.KEY_TOO_LONG)
    return key


def check_steps(path: str) -> None:
    """Raise NotPlayable when a path, decoded any number of times, has dot segments, backslashes or control characters.

    S3 decodes once. A proxy may decode again, and must not reach another file.
    """
    while True:
        _check_characters(path)
        if any(part in (".", "..") for part in path.split("/")):
            raise NotPlayable(Reason.DOT_STEPS)
        # `key_of` checks for bytes that are not UTF-8. Here they must not become a replacement character.
        decoded = unquote(path, errors="ignore")
        if decoded == path:
            return
        path = decoded


def version_id_of(url: str) -> str:
    """Return the version that a URL names, or an empty text. Raises NotPlayable for several or invalid versions."""
    versions = versions_of(url)
    if len(versions) > 1 or any(not _VERSION_ID.fullmatch(version) for version in versions):
        raise NotPlayable(Reason.VERSION_ID)
    return versions[0] if versions else ""


def _check_characters(text: str) -> None:
    if _CHARACTER.search(text):
        raise NotPlayable(Reason.CHARACTER)
    if "\\" in text:
        raise NotPlayable(Reason.BACKSLASH)


def _host_and_port(authority: str, scheme: str) -> tuple[str, int]:
    if "@" in authority or "%40" in authority:
        raise NotPlayable(Reason.USER_INFO)
    match = _AUTHORITY.fullmatch(authority)
    if match is None or not match["host"]:
        raise NotPlayable(Reason.NOT_A_URL)
    host, port = match["host"].lower(), match["port"]
    match form_of(host):
        case HostForm.INTERNATIONAL:
            raise NotPlayable(Reason.INTERNATIONAL_NAME)
        case HostForm.DISGUISED:
            raise NotPlayable(Reason.ADDRESS_FORM)
        case HostForm.BROKEN:
            raise NotPlayable(Reason.NOT_A_URL)
    if port is None:
        return host, DEFAULT_PORTS[scheme]
    number = _PORT.fullmatch(port)
    if number is None or int(number[1]) > 65_535:
        raise NotPlayable(Reason.PORT)
    return host, int(number[1])

"""Arrays as PostgreSQL reads them, written at once: the driver would look at every element, which costs more."""

from collections.abc import Iterable


def texts(values: Iterable[str]) -> str:
    """An array of texts: text[]."""
    return _array(value.replace("\\", "\\\\").replace('"', '\\"') for value in values)


def blobs(values: Iterable[bytes]) -> str:
    """An array of bytes: bytea[]."""
    return _array("\\\\x" + value.hex() for value in values)


def _array(elements: Iterable[str]) -> str:
    return "{" + ",".join([f'"{element}"' for element in elements]) + "}"

"""Write arrays in PostgreSQL's text form. The driver would adapt each element, which is slower."""

from collections.abc import Iterable


def texts(values: Iterable[str]) -> str:
    """Write an array of texts: text[]."""
    return _array(value.replace("\\", "\\\\").replace('"', '\\"') for value in values)


def blobs(values: Iterable[bytes]) -> str:
    """Write an array of bytes: bytea[]."""
    return _array("\\\\x" + value.hex() for value in values)


def _array(elements: Iterable[str]) -> str:
    return "{" + ",".join([f'"{element}"' for element in elements]) + "}"

"""The zip of a bundle, written once from front to back into anything that takes bytes; each file hashed on the way."""

import hashlib
import zipfile
from collections.abc import Iterable
from datetime import datetime
from types import TracebackType
from typing import Any, Protocol, Self

SUMS = "SHA256SUMS"


class Output(Protocol):
    """Where the zip goes."""

    def write(self, data: bytes, /) -> Any: ...


class Parcel:
    """A zip whose last file lists the SHA-256 of all others; unfinished when its block ends with an exception."""

    def __init__(self, out: Output, at: datetime) -> None:
        self._forward = _Forward(out)
        self._zip = zipfile.ZipFile(self._forward, "w", zipfile.ZIP_DEFLATED)  # type: ignore[call-overload]
        self._when = (at.year, at.month, at.day, at.hour, at.minute, at.second)
        self._sums: dict[str, str] = {}

    def add(self, name: str, content: bytes | Iterable[bytes]) -> str:
        """Append a file, whole or in pieces; returns its SHA-256 in hex."""
        digest = hashlib.sha256()
        with self._zip.open(self._info(name), "w") as member:
            for piece in (content,) if isinstance(content, bytes) else content:
                member.write(piece)
                digest.update(piece)
        self._sums[name] = digest.hexdigest()
        return self._sums[name]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        if kind is None:
            listed = "".join(f"{self._sums[name]}  {name}\n" for name in sorted(self._sums))
            self._zip.writestr(self._info(SUMS), listed)
        else:
            self._forward.stop()
        self._zip.close()

    def _info(self, name: str) -> zipfile.ZipInfo:
        info = zipfile.ZipInfo(name, self._when)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        return info


class _Forward:
    """A file as zipfile sees it that can neither seek nor tell: what was written is gone, hashed and on its way."""

    def __init__(self, out: Output) -> None:
        self._out: Output | None = out

    def stop(self) -> None:
        """Nothing more arrives: half a zip must not get an ending that makes it look whole."""
        self._out = None

    def write(self, data: bytes) -> int:
        if self._out is not None:
            self._out.write(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is kept back."""

"""Write the zip of a bundle in the only layout that docs/trail-format.md (section 7) allows: sizes in the local
headers, no gaps, no extra fields, and a last file whose last line is the hash of everything before it.

Members are compressed into temporary files in any order; then the zip is written in the required order.
"""

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Any, Protocol, Self

SUMS = "SHA256SUMS"
_VERSION, _MADE_BY, _DATE, _MODE = 20, 0x0314, 0x0021, 0x81A40000
_STORED, _DEFLATED = 0, 8
_LEVEL = 9
_PIECE = 256 * 1024


class Output(Protocol):
    """A writable binary file."""

    def write(self, data: bytes, /) -> Any: ...


class Member:
    """A file of the zip: compressed into a temporary file, with its sizes, CRC and SHA-256."""

    def __init__(self, name: str, packed: IO[bytes], method: int = _DEFLATED) -> None:
        self.name, self.method = name, method
        self.size = self.packed_size = self.crc = 0
        self._packed, self._hash = packed, hashlib.sha256()
        self._packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15) if method == _DEFLATED else None

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def write(self, data: bytes, /) -> int:
        """Append."""
        self.size += len(data)
        self.crc = zlib.crc32(data, self.crc)
        self._hash.update(data)
        self._keep(self._packer.compress(data) if self._packer else data)
        return len(data)

    def flush(self) -> None:
        """Do nothing; writers of files call it."""

    def close(self) -> None:
        """Finish compressing."""
        if self._packer:
            self._keep(self._packer.flush())

    def pieces(self) -> Iterator[bytes]:
        """Return the compressed bytes in pieces."""
        self._packed.seek(0)
        return iter(lambda: self._packed.read(_PIECE), b"")

    def header(self) -> bytes:
        """Return the fields that local and central header share, from version to extra length."""
        return struct.pack(
            "<HHHHHIIIHH",
            _VERSION,
            0,
            self.method,
            0,
            _DATE,
            self.crc,
            self.packed_size,
            self.size,
            len(self.name),
            0,
        )

    def _keep(self, data: bytes) -> None:
        self.packed_size += len(data)
        self._packed.write(data)


class BundleZip:
    """A zip made from temporary files in `scratch`, which are deleted at the end of the block."""

    def __init__(self, scratch: Path) -> None:
        self._scratch, self._open = scratch, ExitStack()
        self._members: dict[str, Member] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._open.close()

    @contextmanager
    def member(self, name: str) -> Iterator[Member]:
        """Yield a file of the zip to write to."""
        member = Member(name, self._temporary_file())
        yield member
        member.close()
        self._members[name] = member

    def add(self, name: str, content: bytes) -> None:
        """Add a whole file."""
        with self.member(name) as member:
            member.write(content)

    def sha256(self, *names: str) -> dict[str, str]:
        """Return the SHA-256 of finished files by name."""
        return {name: self._members[name].sha256 for name in names}

    def write_to(self, out: Output, order: Sequence[str]) -> None:
        """Write the zip: the files in this order, SHA256SUMS, and the central directory."""
        digest, at = hashlib.sha256(), 0
        offsets: list[tuple[Member, int]] = []

        def put(data: bytes) -> None:
            nonlocal at
            out.write(data)
            digest.update(data)
            at += len(data)

        for name in order:
            offsets.append((self._members[name], at))
            _put_member(put, self._members[name])

        # The last line covers every byte before SHA256SUMS, headers included, so nothing can be hidden between files.
        sums = Member(SUMS, self._temporary_file(), _STORED)
        listed = "".join(f"{self._members[name].sha256}  {name}\n" for name in sorted(order))
        sums.write(f"{listed}# {digest.hexdigest()}  the {at} bytes before this file\n".encode())
        offsets.append((sums, at))
        _put_member(put, sums)
        put(_directory(offsets, at))

    def _temporary_file(self) -> IO[bytes]:
        """Open an unnamed file that is deleted at the end of the block."""
        return self._open.enter_context(TemporaryFile(dir=self._scratch))


def _put_member(put: Callable[[bytes], None], member: Member) -> None:
    put(b"PK\3\4" + member.header() + member.name.encode("ascii"))
    for piece in member.pieces():
        put(piece)


def _directory(offsets: Sequence[tuple[Member, int]], start: int) -> bytes:
    """Return the central directory and its end record. `start`: its offset."""
    listed = b"".join(
        b"PK\1\2"
        + struct.pack("<H", _MADE_BY)
        + member.header()
        + struct.pack("<HHHII", 0, 0, 0, _MODE, offset)
        + member.name.encode("ascii")
        for member, offset in offsets
    )
    count = len(offsets)
    return listed + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, len(listed), start, 0)

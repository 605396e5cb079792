"""The zip of a bundle, byte for byte by section 7 of docs/trail-format.md – and, for liars, any zip that is not."""

import io
import struct
import zlib
from collections.abc import Callable, Mapping

from tests.forge_parts import sha

Fields = dict[str, int | bytes]
LOCAL = "signature version flags method time date crc packed size name_length extra_length"
CENTRAL = (
    "signature made_by version flags method time date crc packed size name_length extra_length comment_length "
    "disk internal external offset"
)
END = "signature disk directory_disk entries_here entries size offset comment_length"


def sums(files: Mapping[str, bytes]) -> bytes:
    """Return the lines of SHA256SUMS, without the last."""
    lines = (f"{sha(data).hex()}  {name}\n" for name, data in sorted(files.items()))
    return "".join(lines).encode()


def pack(
    files: Mapping[str, bytes],
    *,
    last_line: Callable[[bytes], bytes] | None = None,
    local: Mapping[str, Fields] | None = None,
    central: Mapping[str, Fields] | None = None,
    end: Fields | None = None,
    before: Mapping[str, bytes] | None = None,
    after: bytes = b"",
    stored: tuple[str, ...] = ("SHA256SUMS",),
    deflate: Callable[[bytes], bytes] | None = None,
) -> io.BytesIO:
    """Make the zip of a bundle: the files in the order of the mapping, SHA256SUMS last, made here when it is missing.

    The other arguments are for liars. `local` and `central` exchange fields of the headers of the named entry ("name"
    and "extra" are the bytes behind the header), `end` those of the end record. `before` puts bytes before the local
    header of an entry, or before the "directory" or the "end"; `after` puts them behind everything.
    """
    before, out, directory = before or {}, io.BytesIO(), b""
    listed = {name: data for name, data in files.items() if name != "SHA256SUMS"}
    listed["SHA256SUMS"] = files.get("SHA256SUMS", sums(listed))
    for name, data in listed.items():
        out.write(before.get(name, b""))
        if name == "SHA256SUMS":
            data += (last_line or _last_line)(out.getvalue())
        packed = data if name in stored else (deflate or _deflate)(data)
        fields: Fields = {
            "signature": 0x04034B50,
            "version": 20,
            "flags": 0,
            "method": 0 if name in stored else 8,
        }
        fields |= {"time": 0, "date": 0x21, "crc": zlib.crc32(data), "packed": len(packed), "size": len(data)}
        fields |= {"name": name.encode(), "extra": b"", "comment": b"", "offset": out.tell()}
        mine = fields | (local or {}).get(name, {})
        out.write(_header("<I5H3I2H", LOCAL, mine) + _bytes(mine, "name") + _bytes(mine, "extra") + packed)
        fields |= {
            "signature": 0x02014B50,
            "made_by": 0x0314,
            "disk": 0,
            "internal": 0,
            "external": 0x81A40000,
        }
        theirs = fields | (central or {}).get(name, {})
        directory += _header("<I6H3I5H2I", CENTRAL, theirs)
        directory += _bytes(theirs, "name") + _bytes(theirs, "extra") + _bytes(theirs, "comment")
    out.write(before.get("directory", b""))
    closing: Fields = {"signature": 0x06054B50, "disk": 0, "directory_disk": 0, "entries_here": len(listed)}
    closing |= {"entries": len(listed), "size": len(directory), "offset": out.tell(), "comment": b""} | (
        end or {}
    )
    out.write(
        directory
        + before.get("end", b"")
        + _header("<I4H2IH", END, closing)
        + _bytes(closing, "comment")
        + after
    )
    out.seek(0)
    return out


def _last_line(earlier: bytes) -> bytes:
    return f"# {sha(earlier).hex()}  the {len(earlier)} bytes before this file\n".encode()


def _deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def _bytes(fields: Fields, name: str) -> bytes:
    value = fields[name]
    assert isinstance(value, bytes)
    return value


def _header(form: str, names: str, fields: Fields) -> bytes:
    lengths = {
        f"{name}_length": len(_bytes(fields, name)) for name in ("name", "extra", "comment") if name in fields
    }
    known = lengths | fields
    return struct.pack(form, *(known[name] for name in names.split()))

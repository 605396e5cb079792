"""The zip has one layout, the one of docs/trail-format.md, section 7: read here by the struct, and by other tools."""

import hashlib
import io
import struct
import subprocess
import zipfile
import zlib
from pathlib import Path

from recordings.proof.evidence.bundle.zip_writer import BundleZip

CONTENT = {"README.txt": b"read me\n" * 50, "bundle.json": b"{}", "events.jsonl": bytes(range(256)) * 3000}


def made(folder: Path) -> bytes:
    out = io.BytesIO()
    with BundleZip(folder) as packed:
        for name in reversed(CONTENT):  # made in another order than written
            packed.add(name, CONTENT[name])
        packed.write_to(out, list(CONTENT))
    return out.getvalue()


def test_every_byte_is_where_the_format_has_it(tmp_path: Path) -> None:
    data, at, central = made(tmp_path), 0, b""
    names = [*CONTENT, "SHA256SUMS"]
    for name in names:
        method = 0 if name == "SHA256SUMS" else 8
        head = struct.unpack("<4sHHHHHIIIHH", data[at : at + 30])
        assert head[:6] == (b"PK\3\4", 20, 0, method, 0, 0x21)
        crc, packed, size, length, extra = head[6:]
        assert (data[at + 30 : at + 30 + length], extra) == (name.encode(), 0)
        body = data[at + 30 + length : at + 30 + length + packed]
        if method:
            unpacker = zlib.decompressobj(-15)
            text = unpacker.decompress(body)
            assert unpacker.eof
            assert unpacker.unused_data == b""
            assert text == CONTENT[name]
        else:
            text, sums_at = body, at
        assert (len(text), zlib.crc32(text)) == (size, crc)
        central += b"PK\1\2" + struct.pack("<H", 0x0314) + data[at + 4 : at + 30]
        central += struct.pack("<HHHII", 0, 0, 0, 0x81A40000, at) + name.encode()
        at += 30 + length + packed
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, len(names), len(names), len(central), at, 0)
    assert data[at:] == central + end
    *lines, last = text.decode().splitlines()
    assert lines == [f"{hashlib.sha256(CONTENT[name]).hexdigest()}  {name}" for name in sorted(CONTENT)]
    before = data[:sums_at]
    assert last == f"# {hashlib.sha256(before).hexdigest()}  the {len(before)} bytes before this file"


def test_other_tools_read_it(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(made(tmp_path))
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in CONTENT} == CONTENT
    subprocess.run(["unzip", "-q", str(path), "-d", str(tmp_path)], check=True)
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path, check=True)


def test_nothing_stays_behind_when_it_is_not_written(tmp_path: Path) -> None:
    with BundleZip(tmp_path) as packed:
        packed.add("README.txt", b"x")
    assert list(tmp_path.iterdir()) == []

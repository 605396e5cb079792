"""Small files that ask for much time or memory: each is refused or fails within bounds."""

import io
import struct
import zlib

from tests.forge_stamps import tlv
from tests.forge_tools import changed_json
from tests.forge_zip import pack
from tests.forgeries.base import INVALID, Case, bad, files_of, forged, mine, refused


@forged
def _bomb_of_numbers_in_bundle_json() -> Case:
    """Some kilobytes of `0,` unpack to many megabytes and would be a list of millions of numbers."""
    return bad(files_of("all") | {"bundle.json": b"[" + b"0," * 5_000_000 + b"0]"}, "files")


@forged
def _bomb_larger_than_the_limit_of_bundle_json() -> Case:
    return refused(pack(files_of("all") | {"bundle.json": b"0," * 17_000_000}).getvalue())


@forged
def _bomb_of_brackets_in_bundle_json() -> Case:
    return bad(files_of("all") | {"bundle.json": b"[" * 100_000 + b"]" * 100_000}, "files")


@forged
def _bomb_of_escapes_in_bundle_json() -> Case:
    return bad(files_of("all") | {"bundle.json": b'"' + b'\\"' * 400_000}, "files")


@forged
def _bomb_of_digits_in_a_line() -> Case:
    files = files_of("all")
    return bad(files | {"events.jsonl": b'{"entry":' + b"7" * 1_000_000 + b"}\n"}, "inclusion")


@forged
def _bomb_of_numbers_in_a_line() -> Case:
    files = files_of("all")
    return bad(files | {"events.jsonl": b'{"entry":[' + b"0," * 500_000 + b"0]}\n"}, "inclusion")


@forged
def _bomb_of_brackets_in_a_line() -> Case:
    files = files_of("all")
    line = b'{"body":' + b"[" * 5000 + b"]" * 5000 + b"}\n"
    return bad(files | {"events.jsonl": line + files["events.jsonl"]}, "inclusion")


@forged
def _bomb_of_a_line_without_end() -> Case:
    return refused(pack(files_of("all") | {"events.jsonl": b" " * 3_000_000}).getvalue())


@forged
def _bomb_of_base64_in_a_gap() -> Case:
    files = files_of("all")
    line = b'{"entry":{},"gap":["' + b"A" * 1_000_000 + b'"]}\n'
    return bad(files | {"events.jsonl": line}, "inclusion")


@forged
def _bomb_of_empty_lines() -> Case:
    return bad(files_of("all") | {"events.jsonl": b"\n" * 30_000_000}, "inclusion")


@forged
def _bomb_of_anchors() -> Case:
    """One time stamp of thousands of empty elements, named a hundred thousand times."""
    files = changed_json(files_of("all"), lambda c: c.update(anchors=c["anchors"] * 10_000))
    return bad(files, "files")


@forged
def _bomb_of_a_time_stamp() -> Case:
    files = files_of("all")
    return refused(pack(files | {"anchors/7.tsr": tlv(0x30, tlv(0x30, b"\5\0" * 30_000))}).getvalue())


@forged
def _bomb_of_a_deep_time_stamp() -> Case:
    nested = b"\5\0"
    for _ in range(5000):
        nested = tlv(0x30, nested)
    return refused(pack(files_of("all") | {"anchors/7.tsr": nested}).getvalue())


@forged
def _bomb_of_a_time_stamp_that_is_too_long() -> Case:
    return refused(pack(files_of("all") | {"anchors/7.tsr": bytes(100_001)}).getvalue())


@forged
def _bomb_of_directory_entries() -> Case:
    """A directory of very many entries: the number stands in the end record, and nothing else is read."""
    entry = (
        struct.pack("<4s6H3I5H2I", b"PK\1\2", 0x314, 20, 0, 0, 0, 0x21, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"x"
    )
    many = 60_000
    out = io.BytesIO()
    out.write(b"PK\3\4" + bytes(27))
    start = out.tell()
    out.write(entry * many)
    out.write(struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, many, many, len(entry) * many, start, 0))
    return refused(out.getvalue())


@forged
def _bomb_of_a_checkpoint() -> Case:
    return bad(files_of("all") | {"checkpoint.txt": "— x AAAAAAAA\n".encode() * 50_000}, "checkpoint")


@forged
def _bomb_of_signature_lines() -> Case:
    files = files_of("all")
    return bad(
        files | {"checkpoint.txt": files["checkpoint.txt"] + "— x AAAAAAAA\n".encode() * 100}, "checkpoint"
    )


@forged
def _bomb_of_nested_groups() -> Case:
    groups = "".join(f"group g{n} any g{n - 1}\n" if n else "group g0 any w0\n" for n in range(20_000))
    policy = files_of("all")["policy.txt"].decode().split("group")[0] + groups + "quorum g19999\n"
    return Case(pack(files_of("all")).getvalue(), "", "WITNESSED by w0", {"policy": policy})


@forged
def _bomb_of_a_policy() -> Case:
    return Case(pack(files_of("all")).getvalue(), "policy", INVALID, {"policy": "# x\n" * 300_000})


@forged
def _bomb_of_zeros_in_the_pdf() -> Case:
    data = bytes(200_000_000)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(data) + packer.flush()
    lie: dict[str, dict[str, int | bytes]] = {"report.pdf": {"size": 100}}
    whole = pack(
        files_of("all"), local=lie, central=lie, deflate=lambda d: packed if d[:4] == b"%PDF" else _deflate(d)
    )
    return Case(whole.getvalue(), "", "NOT CHECKED", mine())


def _deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()

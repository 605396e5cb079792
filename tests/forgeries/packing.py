"""Files and the zip around them: one layout is a bundle, and whatever else unpacks to the same names is none."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

from tests.forge import Files
from tests.forge_tools import dropped
from tests.forge_zip import pack, sums
from tests.forgeries.base import INVALID, MAKERS, Case, bad, files_of, forged, mine, refused


def _files() -> Files:
    return files_of("all")


def _whole() -> bytes:
    return pack(_files()).getvalue()


# --- files that are not what SHA256SUMS or bundle.json says


@forged
def _a_file_edited() -> Case:
    return bad(_files() | {"report.pdf": b"%PDF another", "SHA256SUMS": sums(_files())}, "files")


@forged
def _a_pdf_of_another_report() -> Case:
    """A bundle about one recording with the PDF about another: T4."""
    return bad(_files() | {"report.pdf": b"%PDF another"}, "files")


@forged
def _a_sheet_of_another_report() -> Case:
    return bad(_files() | {"report.xlsx": b"PK another"}, "files")


@forged
def _sums_in_another_order() -> Case:
    lines = sums(_files()).splitlines(keepends=True)
    return bad(_files() | {"SHA256SUMS": b"".join(reversed(lines))}, "files")


@forged
def _sums_with_a_line_more() -> Case:
    return bad(_files() | {"SHA256SUMS": sums(_files()) + b"00  ../x\n"}, "files")


@forged
def _sums_with_a_line_less() -> Case:
    return bad(_files() | {"SHA256SUMS": sums(_files()).split(b"\n", 1)[1]}, "files")


@forged
def _sums_with_carriage_returns() -> Case:
    return bad(_files() | {"SHA256SUMS": sums(_files()).replace(b"\n", b"\r\n")}, "files")


@forged
def _sums_without_their_last_line() -> Case:
    return _packed_badly(last_line=lambda before: b"")


@forged
def _sums_with_a_last_line_of_another_file() -> Case:
    return _packed_badly(
        last_line=lambda before: f"# {'0' * 64}  the {len(before)} bytes before this file\n".encode()
    )


def _packed_badly(**how: Any) -> Case:
    return Case(pack(_files(), **how).getvalue(), "files", INVALID, mine())


@forged
def _a_byte_of_a_packed_file_changed() -> Case:
    whole = bytearray(_whole())
    whole[60] ^= 255
    return Case(bytes(whole), "files", INVALID, mine())


# --- other entries than agreed


@forged
def _the_pdf_dropped() -> Case:
    return refused(pack(dropped(_files(), "report.pdf")).getvalue())


@forged
def _no_bundle_json() -> Case:
    return refused(pack(dropped(_files(), "bundle.json")).getvalue())


@forged
def _an_anchor_dropped() -> Case:
    return bad(dropped(_files(), "anchors/4.txt", "anchors/4.tsr"), "files")


@forged
def _half_an_anchor_dropped() -> Case:
    return refused(pack(dropped(_files(), "anchors/4.tsr")).getvalue())


def _among(at: str, name: str, data: bytes = b"x") -> Files:
    """The files with one more, before another."""
    files: Files = {}
    for old, value in _files().items():
        files |= {name: data} if old == at else {}
        files[old] = value
    return files


@forged
def _a_file_inserted() -> Case:
    return refused(pack(_among("report.csv", "note.txt")).getvalue())


@forged
def _an_anchor_that_nobody_claims() -> Case:
    note, stamp = _files()["anchors/7.txt"], _files()["anchors/7.tsr"]
    files = _among("verify_audit.py", "anchors/9.txt", note)
    return bad(
        {**dropped(files, "verify_audit.py", "verify.html"), "anchors/9.tsr": stamp}
        | {name: files[name] for name in ("verify_audit.py", "verify.html")},
        "files",
    )


@forged
def _a_name_that_leads_out() -> Case:
    return refused(pack(_among("verify_audit.py", "../report.csv")).getvalue())


@forged
def _an_anchor_whose_name_leads_out() -> Case:
    return refused(pack(_among("verify_audit.py", "anchors/../9.txt")).getvalue())


@forged
def _a_folder() -> Case:
    return refused(pack(_among("anchors/4.txt", "anchors/", b"")).getvalue())


@forged
def _the_files_in_another_order() -> Case:
    return refused(pack(dict(sorted(_files().items()))).getvalue())


@forged
def _a_name_in_capitals() -> Case:
    return refused(pack({name.upper(): data for name, data in _files().items()}).getvalue())


def _zipped(files: Files) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


@forged
def _packed_again_by_another_program() -> Case:
    with zipfile.ZipFile(io.BytesIO(_whole())) as archive:
        return refused(_zipped({name: archive.read(name) for name in archive.namelist()}))


@forged
def _packed_again_as_a_folder_with_a_shadow() -> Case:
    """T22: unpacked and packed again by macOS: no forgery, but not the file as it was downloaded either."""
    with zipfile.ZipFile(io.BytesIO(_whole())) as archive:
        files = {f"bundle/{name}": archive.read(name) for name in archive.namelist()}
    shadow = {f"__MACOSX/bundle/._{name}": b"x" for name in _files()}
    return refused(_zipped({"bundle/": b"", **files, "bundle/.DS_Store": b"x", **shadow}))


@forged
def _a_bundle_of_the_older_format() -> Case:
    return refused(_zipped({"bundle.json": b"{}", "events/000000000000.tlog-proof": b"x"}))


# --- T18, T19, T20, T21: one layout, every byte of it


def _layouts() -> dict[str, Callable[[], dict[str, Any]]]:
    """Arguments of `pack` for zips that are laid out otherwise, all hashes fitting."""
    unicode_path = struct.pack("<HHBL", 0x7075, 5 + 11, 1, zlib.crc32(b"report.csv")) + b"report.xlsx"
    stray = (
        struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 0x21, zlib.crc32(b"x"), 1, 1, 10, 0) + b"report.csvx"
    )
    return {
        "an_entry_that_the_directory_does_not_list": lambda: {"before": {"directory": stray}},
        "an_entry_before_the_first": lambda: {"before": {"README.txt": stray}},
        "an_entry_between_two": lambda: {"before": {"report.csv": stray}},
        "bytes_before_the_directory": lambda: {"before": {"directory": b"x"}},
        "bytes_before_the_end": lambda: {"before": {"end": b"x"}},
        "bytes_behind_the_end": lambda: {"after": b"\n"},
        "a_comment": lambda: {"end": {"comment": b"x"}},
        "a_comment_of_an_entry": lambda: {"central": {"report.csv": {"comment": b"x"}}},
        "a_unicode_path": lambda: {"central": {"report.csv": {"extra": unicode_path}}},
        "a_unicode_path_in_both": lambda: {
            "central": {"report.csv": {"extra": unicode_path}},
            "local": {"report.csv": {"extra": unicode_path}},
        },
        "an_extra_field_in_the_local_header": lambda: {"local": {"report.csv": {"extra": unicode_path}}},
        "another_name_in_the_local_header": lambda: {"local": {"report.csv": {"name": b"report.csw"}}},
        "another_name_in_the_directory": lambda: {"central": {"report.csv": {"name": b"report.csw"}}},
        "another_crc_in_both": lambda: {
            "central": {"report.csv": {"crc": 7}},
            "local": {"report.csv": {"crc": 7}},
        },
        "another_crc_in_the_directory": lambda: {"central": {"report.csv": {"crc": 7}}},
        "another_size_in_both": lambda: {
            "central": {"report.csv": {"size": 100}},
            "local": {"report.csv": {"size": 100}},
        },
        "a_greater_size_in_both": lambda: {
            "central": {"report.csv": {"size": 100_000}},
            "local": {"report.csv": {"size": 100_000}},
        },
        "a_data_descriptor": lambda: {
            "central": {"report.csv": {"flags": 8}},
            "local": {"report.csv": {"flags": 8}},
        },
        "names_in_utf8": lambda: {
            "central": {"report.csv": {"flags": 0x800}},
            "local": {"report.csv": {"flags": 0x800}},
        },
        "an_encrypted_entry": lambda: {
            "central": {"report.csv": {"flags": 1}},
            "local": {"report.csv": {"flags": 1}},
        },
        "a_stored_entry": lambda: {"stored": ("SHA256SUMS", "report.csv")},
        "packed_sums": lambda: {"stored": ()},
        "another_method_in_the_directory": lambda: {"central": {"report.csv": {"method": 0}}},
        "another_date": lambda: {
            "central": {"report.csv": {"date": 0x22}},
            "local": {"report.csv": {"date": 0x22}},
        },
        "another_version": lambda: {
            "central": {"report.csv": {"version": 45}},
            "local": {"report.csv": {"version": 45}},
        },
        "made_elsewhere": lambda: {"central": {"report.csv": {"made_by": 20}}},
        "other_attributes": lambda: {"central": {"report.csv": {"external": 0xA1FF0000}}},
        "an_offset_elsewhere": lambda: {"central": {"report.csv": {"offset": 0}}},
        "a_disk_more": lambda: {"end": {"disk": 1}},
        "an_entry_fewer": lambda: {"end": {"entries": 10, "entries_here": 10}},
        "an_entry_more": lambda: {"end": {"entries": 17, "entries_here": 17}},
        "entries_that_differ": lambda: {"end": {"entries_here": 3}},
        "bytes_behind_a_deflate_stream": lambda: {"deflate": lambda data: _deflated(data) + b"x"},
        "a_second_deflate_stream": lambda: {"deflate": lambda data: _deflated(data) + _deflated(b"x")},
        "a_deflate_stream_without_end": lambda: {"deflate": lambda data: _deflated(data, zlib.Z_SYNC_FLUSH)},
    }


def _deflated(data: bytes, flush: int = zlib.Z_FINISH) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush(flush)


def _layout_case(name: str) -> Callable[[], Case]:
    return lambda: refused(pack(_files(), **_layouts()[name]()).getvalue())


MAKERS.update({f"zip_with_{name}": _layout_case(name) for name in _layouts()})


@forged
def _two_files_of_one_name() -> Case:
    """Two entries report.csv: whoever unpacks them gets the one or the other."""
    whole = _whole()
    files = _among("report.csv", "report.csw", b"leaf\r\n")
    return refused(pack(files).getvalue().replace(b"report.csw", b"report.csv") if whole else b"")


@forged
def _a_genuine_and_a_forged_one() -> Case:
    """T20: two bundles of equal length, one behind the other."""
    return refused(_whole() + _whole())


@forged
def _no_zip() -> Case:
    return refused(b"this is no zip")


@forged
def _an_empty_file() -> Case:
    return refused(b"")


@forged
def _an_empty_zip() -> Case:
    return refused(b"PK\5\6" + bytes(18))


@forged
def _a_zip_cut_short() -> Case:
    return refused(_whole()[: len(_whole()) // 2])


@forged
def _a_zip_cut_at_its_start() -> Case:
    return refused(_whole()[100:])


@forged
def _a_zip_without_its_last_byte() -> Case:
    return refused(_whole()[:-1])


@forged
def _a_file_said_to_be_huge() -> Case:
    huge: Any = {"report.pdf": {"size": 0xFFFFFFF0}}
    return refused(pack(_files(), local=huge, central=huge).getvalue())

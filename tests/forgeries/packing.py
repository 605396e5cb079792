"""Files and the zip around them."""

import io
import struct
import zipfile
from collections.abc import Iterator

from tests.forge import pack, summed
from tests.forge_tools import dropped
from tests.forgeries.base import INVALID, SEVEN, Case, bad, files_of, forged, log, mine


@forged
def _a_file_edited() -> Case:
    return bad(files_of("all") | {"report.pdf": b"%PDF another"}, "files")


@forged
def _a_proof_dropped() -> Case:
    return bad(dropped(files_of("all"), "events/000000000003.tlog-proof"), "files")


@forged
def _the_pdf_dropped() -> Case:
    return bad(dropped(files_of("all"), "report.pdf"), "files")


@forged
def _a_file_inserted() -> Case:
    return bad(summed(files_of("all") | {"note.txt": b"trust us"}), "files")


@forged
def _a_proof_inserted() -> Case:
    return bad(
        summed(files_of(*SEVEN) | {"events/000000000002.tlog-proof": log().proof(2, log().note())}), "files"
    )


@forged
def _sums_dropped() -> Case:
    return bad({name: data for name, data in files_of("all").items() if name != "SHA256SUMS"}, "files")


@forged
def _sums_in_another_order() -> Case:
    files = dict(files_of("all"))
    files["SHA256SUMS"] = b"".join(reversed(files["SHA256SUMS"].splitlines(keepends=True)))
    return bad(files, "files")


@forged
def _sums_with_a_line_more() -> Case:
    files = dict(files_of("all"))
    return bad(files | {"SHA256SUMS": files["SHA256SUMS"] + b"00  ../x\n"}, "files")


@forged
def _no_bundle_json() -> Case:
    return bad(dropped(files_of("all"), "bundle.json"), "files")


@forged
def _no_zip() -> Case:
    return Case(b"this is no zip", "files", INVALID, mine())


@forged
def _an_empty_file() -> Case:
    return Case(b"", "files", INVALID, mine())


@forged
def _an_empty_zip() -> Case:
    return bad({}, "files")


@forged
def _a_zip_cut_short() -> Case:
    whole = pack(files_of("all")).getvalue()
    return Case(whole[: len(whole) // 2], "files", INVALID, mine())


@forged
def _a_zip_with_a_wrong_crc() -> Case:
    whole = bytearray(pack(files_of("all")).getvalue())
    at = whole.index(b"PK\x01\x02")
    whole[at + 16] ^= 1
    return Case(bytes(whole), "files", INVALID, mine())


@forged
def _a_zip_with_damaged_data() -> Case:
    whole = bytearray(pack(files_of("all")).getvalue())
    whole[60] ^= 255
    return Case(bytes(whole), "files", INVALID, mine())


def _packed(extra: Iterator[tuple[str, bytes]]) -> bytes:
    out = pack(files_of("all"))
    with zipfile.ZipFile(out, "a") as archive:
        for name, data in extra:
            archive.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


@forged
def _two_files_of_one_name() -> Case:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Case(_packed(iter([("report.csv", b"x")])), "files", INVALID, mine())


@forged
def _a_name_that_leads_out() -> Case:
    return Case(_packed(iter([("../report.csv", b"x")])), "files", INVALID, mine())


@forged
def _a_name_with_a_nul() -> Case:
    data = _packed(iter([("report.cs#", b"x")]))
    return Case(data.replace(b"report.cs#", b"report.cs\0"), "files", INVALID, mine())


@forged
def _a_folder() -> Case:
    return Case(_packed(iter([("events/", b"")])), "files", INVALID, mine())


@forged
def _a_bomb() -> Case:
    """A file of many megabytes that packs to nothing, and a length that is a lie."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files_of("all").items():
            archive.writestr(name, data if name != "report.pdf" else bytes(10_000_000))
    whole = bytearray(out.getvalue())
    at = whole.index(b"report.pdf", whole.index(b"PK\x01\x02")) - 46
    whole[at + 24 : at + 28] = struct.pack("<I", 100)
    return Case(bytes(whole), "files", INVALID, mine())


@forged
def _a_file_said_to_be_huge() -> Case:
    whole = bytearray(pack(files_of("all")).getvalue())
    at = whole.index(b"PK\x01\x02")
    whole[at + 24 : at + 28] = struct.pack("<I", 0xFFFFFFF0)
    return Case(bytes(whole), "files", INVALID, mine())

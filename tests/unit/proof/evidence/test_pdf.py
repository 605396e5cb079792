"""The PDF: tagged PDF/A, letters of every script or a box, and nothing anybody typed read as markup."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.audit.vault import Disclosed
from recordings.proof.evidence.bundle import pdf, table, typeset
from recordings.proof.evidence.leaves import Shipped
from tests.thorough import examples

AT = datetime(2026, 11, 20, 9, 14, 22, tzinfo=UTC)


def document(*rows: list[str]) -> dict[str, Any]:
    return {
        **pdf._language(),
        "title": "Audit trail certificate",
        "at": int(AT.timestamp()),
        "boxes": "",
        "date": {"year": 2026, "month": 11, "day": 20},
        "facts": [{"name": "Verdict", "value": "Self-signed only", "code": False}],
        "check": ["How to"],
        "command": "python3 verify_audit.py x.zip",
        "footer": "x.zip",
        "table": "The events",
        "left_out": "",
        "columns": ["Leaf", "By"],
        "widths": [1, 2],
        "rows": list(rows),
    }


def cells(data: dict[str, Any]) -> list[Any]:
    """The bodies of the table's cells, as typst understood them."""
    template = Path(typeset.__file__).with_name("report.typ").read_bytes()
    tables = json.loads(typst.query(template, "table", sys_inputs={"data": json.dumps(data)}))
    return [child["body"] for child in tables[-1]["children"] if child["func"] == "cell"]


def watched(name: Disclosed | None) -> Shipped:
    entry = {
        "r": "2026-11-20T09:14:22.000001Z",
        "e": "01890a5d",
        "bh": "00",
        "y": "viewing.watched",
        "o": "completed",
    }
    body = {
        "type": "viewing.watched",
        "outcome": "completed",
        "occurred_at": "2026-11-20T09:14:22.000000Z",
        "actor": {"ref": "user:7", "kind": "person", "name": "0" * 64},
        "object": {"ref": "recording:1", "kind": "recording"},
        "purpose": {"code": "compliance"},
        "action_detail": {"spans": [[0, 190_000]], "rate_percent": 150},
    }
    return Shipped(3, json.dumps(entry).encode(), json.dumps(body).encode(), {"actor.name": name})


def line(leaf: Shipped) -> pdf.Row:
    body = json.loads(leaf.body) if leaf.body else {}
    return pdf.pdf_row(table.row(leaf, json.loads(leaf.entry), body), leaf)


def test_a_leaf_that_is_no_event_says_so() -> None:
    entry = {"r": "2026-11-20T09:14:22.000001Z", "e": "1", "bh": "00", "y": "event.malformed", "o": "error"}
    said = line(Shipped(3, json.dumps(entry).encode(), b"", {}))
    assert said[2:] == ["An entry that is not a readable event", "event.malformed\nerror", "", "", ""]


def test_a_line_says_what_happened_in_a_sentence() -> None:
    """Which seconds, at which speed: a list of event types says neither."""
    leaf = watched(Disclosed("Noa Levi", b"salt"))
    assert line(leaf) == [
        "3",
        "2026-11-20T09:14:22.000001Z",
        "Noa Levi watched 0:00–3:10 · at 1.5× speed",
        "viewing.watched\ncompleted",
        "user:7",
        "recording:1",
        "compliance",
    ]


def test_an_erased_name_is_in_no_sentence() -> None:
    leaf = watched(None)
    assert line(leaf)[2] == "erased watched 0:00–3:10 · at 1.5× speed"


def test_it_is_a_tagged_pdf_a() -> None:
    pdf = typeset.typeset(document(["1", "Noa Levi"]), AT)
    assert pdf.startswith(b"%PDF-1.7")
    for mark in (b"<pdfaid:part>2<", b"<pdfaid:conformance>A<", b"<pdfuaid:part>1<"):
        assert mark in pdf
    assert b"/Marked true" in pdf
    assert b"2026-11-20" in pdf


def test_the_same_data_gives_the_same_bytes() -> None:
    assert typeset.typeset(document(["1", "x"]), AT) == typeset.typeset(document(["1", "x"]), AT)


@pytest.mark.parametrize(
    "name",
    ["דנה מרלו", "نور الهدى", "Ωμέγα", "Жанна", "José Ångström", "“q” – ₪ €", "as “\u2068noa\u2069” 1.5×"],
)
def test_names_of_many_scripts_are_drawn(name: str) -> None:
    """Refused by PDF/A were a letter missing."""
    data = document(["1", name])
    assert typeset._compile(json.dumps(data), AT).startswith(b"%PDF")


def test_a_letter_without_a_glyph_becomes_a_box_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []
    compile_once = typeset._compile

    def kept(data: str, at: datetime) -> bytes:
        seen.append(json.loads(data))
        return compile_once(data, at)

    monkeypatch.setattr(typeset, "_compile", kept)
    undrawn = "中"  # no font with Chinese letters is on this machine
    assert typeset.typeset(document(["1", f"a{undrawn}b"]), AT).startswith(b"%PDF")
    assert [data["rows"][0][1] for data in seen] == [f"a{undrawn}b", "a□b"]
    assert (seen[0]["boxes"], seen[1]["boxes"]) == ("", seen[0]["boxes_note"])


@pytest.mark.parametrize("letter", ["\ue000", "\uf8ff", "\U000f0000", "\U0010fffd", "\ufdd0", "\u0378"])
def test_a_private_or_unassigned_letter_becomes_a_box(letter: str) -> None:
    data = document(["1", f"a{letter}b"])
    assert typeset.typeset(data, AT).startswith(b"%PDF")
    assert typeset._boxed(data, {ord(letter)})["rows"] == [["1", "a□b"]]


@settings(max_examples=examples(40), deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
        | st.text(
            st.characters(categories=["Co", "Cn", "Cf", "Mn", "Me", "Zl", "Zp", "So", "Lo"]), min_size=1
        ),
        min_size=1,
        max_size=8,
    )
)
def test_whatever_somebody_typed_the_pdf_is_built(typed: list[str]) -> None:
    """Over all of Unicode's categories: a note that cannot be drawn must not keep a report from being built."""
    cleaned = ["\n".join(pdf._texts([text])) for text in typed]
    assert typeset.typeset(document(*(["1", text] for text in cleaned)), AT).startswith(b"%PDF")


@pytest.mark.parametrize(
    "typed",
    [
        "#panic(1)",
        "*bold* _it_ $x$ `r`",
        "= heading",
        '#read("/etc/passwd")',
        "<label> @ref",
        '#import "@preview/example:0.1.0": *',
        '#image("/etc/passwd")',
        "<img src=http://127.0.0.1:9/>",
        "file:///etc/passwd",
        "@import url(http://127.0.0.1:9/)",
        "\\u{41} ~ --- ...",
        '"}]',
    ],
)
def test_what_was_typed_is_text(typed: str) -> None:
    data = document(["1", typed])
    assert cells(data) == [{"func": "text", "text": "1"}, {"func": "text", "text": typed}]
    assert typeset.typeset(data, AT).startswith(b"%PDF")


def test_the_template_reads_no_file_and_no_package_and_could_not() -> None:
    template = Path(typeset.__file__).with_name("report.typ").read_text()
    assert not re.search(
        r"\b(import|include|read|image|plugin|csv|xml|yaml|toml|cbor|eval)\b *[(\"]", template
    )
    with pytest.raises(typst.TypstError, match=r"would escape the project root|not found|denied"):
        typst.compile(b'#read("../../../../../../../../etc/passwd")', root=Path(typeset.__file__).parent)


def test_a_document_that_takes_too_much_memory_ends_its_process(tmp_path: Path) -> None:
    """The process of the PDF limits itself, so that the worker lives."""
    script = Path(typeset.__file__).read_text()
    tight = re.sub(r"^_MEMORY_BYTES = .*$", "_MEMORY_BYTES = 64 * 2**20", script, flags=re.MULTILINE)
    (tmp_path / "typeset.py").write_text(tight)
    (tmp_path / "report.typ").write_bytes(Path(typeset.__file__).with_name("report.typ").read_bytes())
    data = json.dumps(document(*(["1", "x" * 2000] for _ in range(2000)))).encode()
    ran = subprocess.run([sys.executable, tmp_path / "typeset.py"], input=data, capture_output=True)
    assert ran.returncode != 0
    assert ran.stdout == b""


def test_it_runs_by_itself() -> None:
    data = json.dumps(document(["1", "דנה"])).encode()
    ran = subprocess.run([sys.executable, typeset.__file__], input=data, capture_output=True, check=True)
    assert ran.stdout == typeset.typeset(document(["1", "דנה"]), AT)

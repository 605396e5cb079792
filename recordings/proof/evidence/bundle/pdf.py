"""report.pdf: a tagged PDF/A (PDF/A-2a and PDF/UA-1) whose first page is the certificate: what the bundle claims, in
the sentences that a verifier prints, and how to check it.

Made for reading: the table has fewer columns and at most ROWS rows, and says each event in a sentence. The evidence is
the events in the bundle, and report.csv that is made again from them.
"""

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from pydantic_core import from_json

from recordings.audit.opened import Opened
from recordings.proof.evidence.bundle import readme
from recordings.proof.evidence.bundle.final_checkpoint import FinalCheckpoint
from recordings.proof.evidence.bundle.statement import Facts, Sentence
from recordings.proof.evidence.bundle.table import COLUMNS
from recordings.proof.evidence.bundle.table import Row as TableRow
from recordings.proof.evidence.canonical_json import canonical
from recordings.proof.evidence.errors import CannotBuild
from recordings.proof.evidence.leaves import Shipped
from recordings.tlog.texts import encode64
from recordings.trail.sentences import plain_sentence

logger = structlog.get_logger("portal.reports")

ROWS = 1_000
_SENTENCE = "sentence"
# Column of the PDF, the columns of the table it is made of (or the sentence), and its share of the width.
_SHOWN = (
    ("Leaf", ("leaf",), 5),
    ("Recorded (UTC)", ("recorded_at",), 14),
    ("What happened", (_SENTENCE,), 29),
    ("Event", ("type", "outcome"), 13),
    ("By", ("actor", "address"), 8),
    ("On", ("target", "target_label"), 22),
    ("Purpose, note", ("purpose", "note"), 14),
)
Row = list[str]
_TYPESET = Path(__file__).with_name("typeset.py")
_LONGEST = 300  # seconds
# The line end within a cell is ours.
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")


def pdf_row(row: TableRow, leaf: Shipped) -> Row:
    """The cells of one event: what its row of the table says, and the sentence that the trail's page has for it."""
    values = dict(zip(COLUMNS, row, strict=True))
    if leaf.body:
        values[_SENTENCE] = plain_sentence(Opened(from_json(leaf.body), leaf.values))
    else:
        values[_SENTENCE] = "An entry that is no event that can be read"
    return ["\n".join(_texts(values[name] for name in names)) for _, names, _ in _SHOWN]


def _texts(values: Iterable[int | str]) -> Iterator[str]:
    return (one_line(str(value)) for value in values if value != "")


def one_line(text: str) -> str:
    """Return a text as a cell of a PDF takes it: without control characters and line ends."""
    return _CONTROLS.sub(" ", text).replace("\n", " ")


@dataclass(frozen=True)
class Certificate:
    """What the first page says. `description` is the portal's own knowledge of which call it is, empty for none."""

    statement: Sequence[Sentence]
    verdict: str
    description: str
    facts: Facts
    checkpoint: FinalCheckpoint
    csv_sha256: str
    file_name: str
    built_at: datetime


def render(certificate: Certificate, rows: Sequence[Row]) -> bytes:
    """Render the PDF. `rows` are the first events, at most ROWS of them."""
    at, left_out = certificate.built_at, certificate.facts.rows - len(rows)
    table = f"The first {len(rows):,} events" if left_out else "The events"
    data = {
        "title": "Audit trail certificate",
        "at": int(at.timestamp()),
        "boxes": "",
        "date": {"year": at.year, "month": at.month, "day": at.day},
        "facts": [
            {"name": name, "value": _CONTROLS.sub(" ", value), "code": code}
            for name, value, code in _facts(certificate)
        ],
        "check": _CHECK,
        "command": readme.command(certificate.file_name),
        "footer": f"Report {certificate.facts.report} · report.csv {certificate.csv_sha256}",
        "table": table,
        "left_out": f"{left_out:,} more events are in report.csv and not in this PDF." if left_out else "",
        "columns": [name for name, _, _ in _SHOWN],
        "widths": [width for _, _, width in _SHOWN],
        "rows": list(rows),
    }
    return typeset(data)


def typeset(data: Mapping[str, Any]) -> bytes:
    """Set report.typ with this data in a process of its own, whose memory goes with it. Raises CannotBuild."""
    try:
        typesetter = subprocess.run(  # noqa: S603 (our own script, nothing of it from outside)
            [sys.executable, str(_TYPESET)],
            input=canonical(dict(data)),
            capture_output=True,
            timeout=_LONGEST,
            check=True,
        )
    except (subprocess.SubprocessError, OSError) as error:
        logger.error("report.pdf not set", error=str(getattr(error, "stderr", error))[-500:])
        raise CannotBuild(_NOT_SET) from error
    return typesetter.stdout


_CHECK = (
    "On any machine with Python 3.9 or later, without a network: take verify_audit.py from somebody you trust (a copy "
    "is in the bundle, and verify.html does the same in a browser), bring a policy file that names the keys you trust, "
    "and run the command below. It must print the same sentences and the same checkpoint.",
    "Only report.csv was made again from the events. This PDF and report.xlsx are copies by the portal.",
)
_NOT_SET = (
    "The PDF could not be set. Request the report again; if that fails too, ask whoever runs the portal."
)


def _facts(certificate: Certificate) -> Iterator[tuple[str, str, bool]]:
    """Name, text and whether it is set as code: the statement, what the portal knows, what to compare."""
    checkpoint = certificate.checkpoint
    for name, text in certificate.statement:
        yield name, text, False
        if name == "About" and certificate.description:
            yield "As the portal knows it", f"{certificate.description} (no proof covers this line)", False
    yield "Signatures", certificate.verdict, False
    yield "Report", certificate.facts.report, True
    yield "Checkpoint", f"{checkpoint.origin}\n{checkpoint.size}\n{encode64(checkpoint.root)}", True
    yield "SHA-256 of report.csv", certificate.csv_sha256, True
    yield "Built", f"{certificate.built_at:%Y-%m-%d %H:%M:%S} UTC", False

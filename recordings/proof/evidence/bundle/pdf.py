"""Make report.pdf, a tagged PDF (PDF/A-2a and PDF/UA-1), in the active language.

The first page is the certificate: what the bundle states, and how to verify it. The table after it is for reading: it
has fewer columns than report.csv and at most ROWS rows, with a sentence for each event. The evidence is the events in
the bundle, and report.csv, which a verifier recomputes from them.
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
from django.utils.functional import Promise
from django.utils.translation import (
    get_language,
    get_language_bidi,
    gettext,
    ngettext,
    pgettext,
    pgettext_lazy,
)
from django.utils.translation import gettext_lazy as _
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
from recordings.proof.evidence.verifier_wording import isolated, translated_plain
from recordings.tlog.texts import encode64
from recordings.trail.sentences import plain_sentence

logger = structlog.get_logger("portal.reports")

ROWS = 1_000
_SENTENCE = "sentence"
# Title of a column, the columns of report.csv that it shows (or the sentence), and its share of the width.
_SHOWN: tuple[tuple[Promise, tuple[str, ...], int], ...] = (
    (pgettext_lazy("column", "Leaf"), ("leaf",), 5),
    (pgettext_lazy("column", "Recorded (UTC)"), ("recorded_at",), 14),
    (pgettext_lazy("column", "What happened"), (_SENTENCE,), 29),
    (pgettext_lazy("column", "Event"), ("type", "outcome"), 13),
    (pgettext_lazy("column", "Actor"), ("actor", "address"), 8),
    (pgettext_lazy("column", "Object"), ("target", "target_label"), 22),
    (pgettext_lazy("column", "Purpose, note"), ("purpose", "note"), 14),
)
Row = list[str]
_TYPESET = Path(__file__).with_name("typeset.py")
_LONGEST = 300  # seconds
# All but the line end, which pdf_row puts within cells.
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")


def pdf_row(row: TableRow, leaf: Shipped) -> Row:
    """Return the cells of an event: values of its row in report.csv, and the trail's sentence for it."""
    values = dict(zip(COLUMNS, row, strict=True))
    if leaf.body:
        values[_SENTENCE] = plain_sentence(Opened(from_json(leaf.body), leaf.values))
    else:
        values[_SENTENCE] = gettext("An entry that is not a readable event")
    return ["\n".join(_texts(values[name] for name in names)) for _, names, _ in _SHOWN]


def _texts(values: Iterable[int | str]) -> Iterator[str]:
    return (one_line(str(value)) for value in values if value != "")


def one_line(text: str) -> str:
    """Return a text without control characters and line ends."""
    return _CONTROLS.sub(" ", text).replace("\n", " ")


@dataclass(frozen=True)
class Certificate:
    """The content of the first page."""

    statement: Sequence[Sentence]
    verdict: str
    facts: Facts
    checkpoint: FinalCheckpoint
    csv_sha256: str
    file_name: str
    built_at: datetime


def render(certificate: Certificate, description: str, rows: Sequence[Row]) -> bytes:
    """Return the PDF. `description`: of the call, from the portal's data. `rows`: of the first events, at most ROWS."""
    at, left_out = certificate.built_at, certificate.facts.rows - len(rows)
    title = pgettext("table", "Events")
    if left_out:
        title = ngettext("The first %(count)s event", "The first %(count)s events", len(rows)) % {
            "count": f"{len(rows):,}"
        }
    more = ngettext(
        "%(count)s more event is in report.csv and not in this PDF.",
        "%(count)s more events are in report.csv and not in this PDF.",
        left_out,
    )
    data = {
        "title": gettext("Audit trail certificate"),
        "at": int(at.timestamp()),
        "boxes": "",
        "date": {"year": at.year, "month": at.month, "day": at.day},
        "facts": [
            {"name": name, "value": _CONTROLS.sub(" ", value), "code": code}
            for name, value, code in _facts(certificate, description)
        ],
        "check": [str(line) for line in _CHECK],
        "command": readme.command(certificate.file_name),
        "footer": gettext("Report %(report)s · report.csv %(sha256)s")
        % {"report": certificate.facts.report, "sha256": certificate.csv_sha256},
        "table": title,
        "left_out": more % {"count": f"{left_out:,}"} if left_out else "",
        "columns": [str(name) for name, _, _ in _SHOWN],
        "widths": [width for _, _, width in _SHOWN],
        "rows": list(rows),
    }
    return typeset(data)


def typeset(data: Mapping[str, Any]) -> bytes:
    """Set report.typ with this data in the active language. Raises CannotBuild.

    It runs in a process of its own, which returns typst's memory to the system.
    """
    try:
        typesetter = subprocess.run(  # noqa: S603 (our own script, nothing of it from outside)
            [sys.executable, str(_TYPESET)],
            input=canonical({**_language(), **data}),
            capture_output=True,
            timeout=_LONGEST,
            check=True,
        )
    except (subprocess.SubprocessError, OSError) as error:
        logger.error("report.pdf not set", error=str(getattr(error, "stderr", error))[-500:])
        raise CannotBuild(_NOT_SET) from error
    return typesetter.stdout


def _language() -> dict[str, Any]:
    """Return the language, its direction and the words that every document has."""
    return {
        "lang": get_language() or "en",
        "dir": "rtl" if get_language_bidi() else "ltr",
        "words": {
            "what": pgettext("certificate", "What"),
            "value": pgettext("certificate", "Value"),
            "check": pgettext("certificate", "How to verify it"),
            "page": gettext("Page %(page)s of %(pages)s"),
        },
        "boxes_note": gettext(
            "A character that no font of the portal's computer contains is shown as □ here. report.csv has it."
        ),
    }


_CHECK = (
    _(
        "On any computer with Python 3.9 or later, without a network: get verify_audit.py from someone you trust (the "
        "bundle contains a copy, and verify.html does the same in a browser), take a policy file with the keys that "
        "you trust, and run the command below. In English it must print the same statement and the same checkpoint."
    ),
    _(
        "Only report.csv is recomputed from the events. This PDF and report.xlsx are copies made by the portal. The "
        "statement in README.txt is the one that a verifier prints."
    ),
)
_NOT_SET = _("The PDF could not be made. Request the report again. If it fails again, contact the operator.")


def _facts(certificate: Certificate, description: str) -> Iterator[tuple[str, str, bool]]:
    """Yield name, text, and whether the text is code: the statement, the description, and what to compare."""
    checkpoint = certificate.checkpoint
    for sentence in certificate.statement:
        yield *translated_plain(sentence), False
        if sentence.name == "About" and description:
            known = gettext("%(description)s (no proof covers this line)") % {"description": description}
            yield gettext("In the portal's data"), known, False
    yield *translated_plain(("Signatures", certificate.verdict)), False
    yield gettext("Report"), certificate.facts.report, True
    note = f"{checkpoint.origin}\n{checkpoint.size}\n{encode64(checkpoint.root)}"
    yield gettext("Checkpoint"), note, True
    yield gettext("SHA-256 of report.csv"), certificate.csv_sha256, True
    yield pgettext("certificate", "Built"), isolated(f"{certificate.built_at:%Y-%m-%d %H:%M:%S} UTC"), False

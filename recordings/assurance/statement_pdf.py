"""A statement as a PDF for reading: tagged PDF/A and PDF/UA, set by the same template as a bundle's report.

It is made of the statement's own bytes each time it is asked for. The evidence is the JSON, whose SHA-256 it prints.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from recordings.assurance.findings import FINDINGS, Finding
from recordings.models import CompletenessStatement
from recordings.proof.evidence.bundle.pdf import one_line, typeset
from recordings.wording import clock

ROWS = 1_000
_COLUMNS = (
    ("Recorded or began (UTC)", 14),
    ("Findings", 20),
    ("Object", 16),
    ("Recording", 30),
    ("Channel", 16),
    ("Agent", 8),
    ("Length", 8),
)
_CHECK = (
    "This PDF is a copy for reading. The statement is the JSON file: its SHA-256, above, stands in an event of the "
    "audit trail, assurance.stated, and the sealed log signs that event with all others.",
    "Ask for the evidence bundle about the statement, verify it with a verifier from somebody you trust, and compare "
    "the SHA-256 in its report with that of the file:",
)


def statement_pdf(row: CompletenessStatement) -> bytes:
    """Set a statement. Takes a process of its own and some seconds. Raises CannotBuild."""
    document: dict[str, Any] = json.loads(bytes(row.document))
    names = {line["channel"]: line["name"] or f"channel {line['channel']}" for line in document["channels"]}
    exceptions, at = document["exceptions"], row.stated_at
    left_out = len(exceptions) - ROWS
    return typeset(
        {
            "title": f"Completeness of {document['month']}, version {row.version}",
            "at": int(at.timestamp()),
            "boxes": "",
            "date": {"year": at.year, "month": at.month, "day": at.day},
            "facts": [
                {"name": name, "value": one_line(value), "code": is_code}
                for name, value, is_code in _facts(row, document, names)
            ],
            "check": _CHECK,
            "command": f"sha256sum completeness-{document['month']}-v{row.version}.json",
            "footer": f"Statement {row.pk} · SHA-256 of the JSON {row.sha256}",
            "table": f"The first {ROWS:,} exceptions" if left_out > 0 else "The exceptions",
            "left_out": f"{left_out:,} more are in the JSON and CSV files." if left_out > 0 else "",
            "columns": [name for name, _ in _COLUMNS],
            "widths": [width for _, width in _COLUMNS],
            "rows": [_row(exception, names) for exception in exceptions[:ROWS]],
        }
    )


def _facts(
    row: CompletenessStatement, document: dict[str, Any], names: Mapping[str, str]
) -> Iterator[tuple[str, str, bool]]:
    """Name, text and whether it is set as code."""
    yield "Stated", f"{row.stated_at:%Y-%m-%d %H:%M:%S} UTC", False
    yield "Expected", f"{row.expected:,}", False
    yield "Found", f"{row.found:,}", False
    yield "Exceptions", f"{row.exceptions:,}", False
    for finding in Finding:
        number = document["total"]["findings"][finding.value]
        yield finding.label, f"{number:,} – {finding.meaning}" if number else "0", False
    for line in document["channels"]:
        several = (
            f"{line['expected']:,} expected, {line['found']:,} found, exceptions: {line['exceptions']:,}"
        )
        yield names[line["channel"]], f"{several} (channel {line['channel']})", False
    yield "What this cannot know", document["caveat"], False
    yield "SHA-256 of the JSON", row.sha256, True
    yield "SHA-256 of the CSV", row.table_sha256, True


def _row(exception: dict[str, Any], names: Mapping[str, str]) -> list[str]:
    return [
        exception["at"][:16].replace("T", " "),
        ", ".join(FINDINGS[code].label for code in exception["findings"]),
        exception["object"],
        exception["recording"] or "none",
        one_line(names.get(exception["channel"], exception["channel"])),
        exception["agent"] or "none",
        clock(int(exception["seconds"])) if exception["seconds"] else "unknown",
    ]

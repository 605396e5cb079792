"""Typeset a statement as a readable PDF (tagged PDF/A and PDF/UA), with the template of a bundle's report.

It is made from the statement's own bytes at each request, in the active language. The evidence is the JSON file, whose
SHA-256 the PDF contains.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext, ngettext, pgettext

from recordings.assurance.findings import FINDINGS, Finding
from recordings.models import CompletenessStatement
from recordings.proof.evidence.bundle.pdf import one_line, typeset
from recordings.wording import clock

ROWS = 1_000


def statement_pdf(row: CompletenessStatement) -> bytes:
    """Typeset a statement. Starts a process and takes some seconds. Raises CannotBuild."""
    document: dict[str, Any] = json.loads(bytes(row.document))
    names = channel_names(document)
    exceptions, at = document["exceptions"], row.stated_at
    left_out = len(exceptions) - ROWS
    more = ngettext(
        "%(number)s more is in the JSON and CSV files.",
        "%(number)s more are in the JSON and CSV files.",
        left_out,
    )
    columns = _columns()
    return typeset(
        {
            "title": gettext("Completeness statement for %(month)s, version %(version)s")
            % {"month": document["month"], "version": row.version},
            "at": int(at.timestamp()),
            "boxes": "",
            "date": {"year": at.year, "month": at.month, "day": at.day},
            "facts": [
                {"name": name, "value": one_line(value), "code": is_code}
                for name, value, is_code in _facts(row, document, names)
            ],
            "check": _how_to_verify(),
            "command": f"sha256sum completeness-{document['month']}-v{row.version}.json",
            "footer": gettext("Statement %(id)s · SHA-256 of the JSON file %(sha256)s")
            % {"id": row.pk, "sha256": row.sha256},
            "table": gettext("The first %(number)s exceptions") % {"number": f"{ROWS:,}"}
            if left_out > 0
            else gettext("Exceptions"),
            "left_out": more % {"number": f"{left_out:,}"} if left_out > 0 else "",
            "columns": [heading for heading, _ in columns],
            "widths": [width for _, width in columns],
            "rows": [_row(exception, names) for exception in exceptions[:ROWS]],
        }
    )


def channel_names(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the names of a statement's channels by id."""
    return {line["channel"]: line["name"] or channel_name(line["channel"]) for line in document["channels"]}


def channel_name(channel: str) -> str:
    """Name a channel of which only the id is known."""
    return gettext("channel %(id)s") % {"id": channel}


def _columns() -> tuple[tuple[str, int], ...]:
    """Return the headings with their shares of the width."""
    return (
        (gettext("Recorded or began (UTC)"), 14),
        (gettext("Findings"), 20),
        (gettext("Object"), 16),
        (gettext("Recording"), 30),
        (gettext("Channel"), 16),
        (gettext("Agent"), 8),
        (gettext("Length"), 8),
    )


def _how_to_verify() -> tuple[str, str]:
    return (
        gettext(
            "This PDF is a readable copy. The statement is the JSON file: its SHA-256, above, is in an event of the "
            "audit trail, assurance.stated, and the sealed log signs that event with all others."
        ),
        gettext(
            "Request the evidence bundle about the statement, verify it with a verifier from a source you trust, and "
            "compare the SHA-256 in its report with that of the file:"
        ),
    )


def _facts(
    row: CompletenessStatement, document: dict[str, Any], names: Mapping[str, str]
) -> Iterator[tuple[str, str, bool]]:
    """Yield the name and text of each fact, and whether it is set as code."""
    yield gettext("Stated"), f"{row.stated_at:%Y-%m-%d %H:%M:%S} UTC", False
    yield gettext("Expected"), f"{row.expected:,}", False
    yield gettext("Found"), f"{row.found:,}", False
    yield gettext("Exceptions"), f"{row.exceptions:,}", False
    for finding in Finding:
        number = document["total"]["findings"][finding.value]
        yield str(finding.label), f"{number:,} – {finding.meaning}" if number else "0", False
    for line in document["channels"]:
        figures = gettext(
            "channel %(id)s · expected %(expected)s · found %(found)s · exceptions %(exceptions)s"
        ) % {
            "id": line["channel"],
            **{name: f"{line[name]:,}" for name in ("expected", "found", "exceptions")},
        }
        yield names[line["channel"]], figures, False
    yield gettext("Limits"), gettext(document["caveat"]), False
    yield gettext("SHA-256 of the JSON file"), row.sha256, True
    yield gettext("SHA-256 of the CSV file"), row.table_sha256, True


def _row(exception: dict[str, Any], names: Mapping[str, str]) -> list[str]:
    return [
        exception["at"][:16].replace("T", " "),
        ", ".join(str(FINDINGS[code].label) for code in exception["findings"]),
        exception["object"],
        exception["recording"] or pgettext("recording", "none"),
        one_line(names.get(exception["channel"], exception["channel"])),
        exception["agent"] or pgettext("agent", "none"),
        clock(int(exception["seconds"])) if exception["seconds"] else gettext("unknown"),
    ]

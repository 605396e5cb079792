"""An evidence bundle: everything an outsider needs to check a report without the portal (docs/trail-format.md, 7).

One snapshot, one pass over the leaves at constant memory; each file of the zip is packed beside it until all are there.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from recordings.audit import Kind
from recordings.audit.snapshot import snapshot
from recordings.proof.evidence.bundle import pdf, readme
from recordings.proof.evidence.bundle.claims import Claims, Order
from recordings.proof.evidence.bundle.description import portrait
from recordings.proof.evidence.bundle.final_checkpoint import await_standing
from recordings.proof.evidence.bundle.statement import Sentence, statement
from recordings.proof.evidence.bundle.stream import Progress, write_events
from recordings.proof.evidence.bundle.table import COLUMNS
from recordings.proof.evidence.bundle.zip_writer import Output, Parcel
from recordings.proof.evidence.canonical_json import canonical
from recordings.proof.evidence.check.inspection import VERIFIER
from recordings.proof.evidence.check.single_file import single_file
from recordings.proof.evidence.leaves import tiles
from recordings.sheets.xlsx import Workbook

_TABLES = ("report.csv", "report.xlsx", "report.pdf")


@dataclass(frozen=True)
class Built:
    """What is in a finished bundle."""

    size: int
    rows: int
    viewings: int
    leaves: int
    witnesses: tuple[str, ...]
    verdict: str
    statement: list[Sentence]
    csv_sha256: str


def build_bundle(order: Order, out: Output, file_name: str, progress: Progress, scratch: Path) -> Built:
    """Wait for the checkpoint behind the order's event and write the bundle; `scratch` has room for all of it.

    Raises CannotProve when nothing is signed in time, TooMuch for more leaves than a bundle carries, LogBroken and
    EventGone when the log cannot prove it.
    """
    standing = await_standing(order.request, lambda: progress(0, 0))
    at = datetime.now(UTC)
    with snapshot() as connection, Parcel(scratch) as parcel:
        claims = Claims.made(connection, order, standing)
        tree = tiles(connection, claims.size)
        with (
            parcel.member("events.jsonl") as events,
            parcel.member("report.csv") as csv,
            parcel.member("report.xlsx") as xlsx,
            Workbook(xlsx, COLUMNS) as book,
        ):
            found = write_events(connection, claims, tree, events, csv, book, progress)
        facts = found.facts()
        said = statement(facts)
        certificate = pdf.Certificate(
            said, readme.verdict(standing), portrait(claims.scope), facts, standing, csv.sha256, file_name, at
        )
        parcel.add("report.pdf", pdf.render(certificate, found.first))
        parcel.add("README.txt", readme.readme(said, standing, file_name).encode())
        about = claims.as_json(tree, facts.rows, parcel.sha256(*_TABLES))
        parcel.add("bundle.json", canonical(about))
        parcel.add("checkpoint.txt", standing.note.encode())
        parcel.add("policy.txt", readme.policy_file(standing))
        anchors = _add_anchors(parcel, claims)
        parcel.add("verify_audit.py", VERIFIER.read_bytes())
        parcel.add("verify.html", single_file())
        first = ["README.txt", "bundle.json", "checkpoint.txt", "policy.txt", "events.jsonl", *_TABLES]
        parcel.send(out, [*first, *anchors, "verify_audit.py", "verify.html"])
    return Built(
        size=claims.size,
        rows=facts.rows,
        viewings=found.kinds[Kind.URL_ISSUED.value],
        leaves=len(claims.shipped),
        witnesses=standing.witnesses,
        verdict=readme.verdict(standing),
        statement=said,
        csv_sha256=csv.sha256,
    )


def _add_anchors(parcel: Parcel, claims: Claims) -> list[str]:
    """Older checkpoints and their time stamps; the names of the files in their order."""
    names = []
    for stamped in claims.stamped:
        for name, content in zip(stamped.files, (stamped.note.encode(), stamped.response), strict=True):
            parcel.add(name, content)
            names.append(name)
    return names

"""Build an evidence bundle: all an outsider needs to check a report without the portal (docs/trail-format.md, 7).

Memory stays constant: one pass over the leaves, each file of the zip packed into a temporary file until all are there.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from recordings.audit import Kind
from recordings.audit.snapshot import snapshot
from recordings.proof.evidence.bundle import pdf, readme
from recordings.proof.evidence.bundle.claims import Order, make_claims
from recordings.proof.evidence.bundle.description import description
from recordings.proof.evidence.bundle.final_checkpoint import await_final_checkpoint
from recordings.proof.evidence.bundle.population import select_population
from recordings.proof.evidence.bundle.statement import Sentence, statement
from recordings.proof.evidence.bundle.stream import Progress, write_events
from recordings.proof.evidence.bundle.table import COLUMNS
from recordings.proof.evidence.bundle.zip_writer import BundleZip, Output
from recordings.proof.evidence.canonical_json import canonical
from recordings.proof.evidence.check.inspection import VERIFIER
from recordings.proof.evidence.check.single_file import single_file
from recordings.proof.evidence.leaves import tiles
from recordings.sheets.xlsx import Workbook

_TABLES = ("report.csv", "report.xlsx", "report.pdf")
# The order of the files in the zip; time stamps of older checkpoints come between.
_FIRST = ("README.txt", "bundle.json", "checkpoint.txt", "policy.txt", "events.jsonl", *_TABLES)
_VERIFIERS = ("verify_audit.py", "verify.html")


@dataclass(frozen=True)
class Built:
    """What is in a finished bundle. `size` is that of its checkpoint."""

    size: int
    rows: int
    viewings: int
    leaves: int
    witnesses: tuple[str, ...]
    verdict: str
    statement: list[Sentence]
    csv_sha256: str


def build_bundle(order: Order, out: Output, file_name: str, progress: Progress, scratch: Path) -> Built:
    """Build the bundle that a committed event asks for, and write it to `out`; `scratch` has room for all of it.

    Raises CannotProve when nothing is signed in time, TooMuch for more leaves than a bundle carries, LogBroken and
    EventGone when the log cannot prove it.
    """
    # 1. Wait until the event that asks for the bundle is sealed, a checkpoint behind it signed and, in time, witnessed.
    checkpoint = await_final_checkpoint(order.request, lambda: progress(0, 0))
    built_at = datetime.now(UTC)
    # 2. Read the database at one moment. It comes after the wait, so the snapshot holds all that the checkpoint signs.
    with snapshot() as connection, BundleZip(scratch) as bundle:
        # 3. Select every leaf of the scope, and the incidents that speak of some of them.
        population = select_population(connection, order.scope, checkpoint.size)
        # 4. Make the claims that a verifier will check: that none is missing, who asked, where the log was opened.
        claims = make_claims(connection, order, checkpoint, population)
        tree = tiles(connection, claims.size)
        # 5. Stream the leaves in one pass: the events with their proofs, and the table as CSV and as XLSX.
        with (
            bundle.member("events.jsonl") as events,
            bundle.member("report.csv") as csv,
            bundle.member("report.xlsx") as xlsx,
            Workbook(xlsx, COLUMNS) as book,
        ):
            summary = write_events(connection, claims, tree, events, csv, book, progress)
        # 6. State what the leaves show, in the sentences that a verifier prints from the same facts.
        facts = summary.facts()
        sentences, verdict = statement(facts), readme.verdict(checkpoint)
        # 7. Add what people read, and what they check the bundle with.
        certificate = pdf.Certificate(
            sentences, verdict, description(claims.scope), facts, checkpoint, csv.sha256, file_name, built_at
        )
        bundle.add("report.pdf", pdf.render(certificate, summary.pdf_rows))
        bundle.add("README.txt", readme.readme(sentences, checkpoint, file_name).encode())
        bundle.add("verify_audit.py", VERIFIER.read_bytes())
        bundle.add("verify.html", single_file())
        bundle.add("policy.txt", readme.policy_file(checkpoint))
        bundle.add("checkpoint.txt", checkpoint.note.encode())
        for name, content in claims.anchor_files.items():
            bundle.add(name, content)
        # 8. Add bundle.json last: it names the hashes of the tables.
        bundle.add("bundle.json", canonical(claims.as_json(tree, facts.rows, bundle.sha256(*_TABLES))))
        # 9. Write the zip and close it with the hash of everything before its last file.
        bundle.write_to(out, [*_FIRST, *claims.anchor_files, *_VERIFIERS])
    return Built(
        size=claims.size,
        rows=facts.rows,
        viewings=summary.kinds[Kind.URL_ISSUED.value],
        leaves=len(claims.shipped),
        witnesses=checkpoint.witnesses,
        verdict=verdict,
        statement=sentences,
        csv_sha256=csv.sha256,
    )

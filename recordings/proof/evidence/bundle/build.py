"""Build an evidence bundle: everything an outsider needs to verify a report (docs/trail-format.md, 7).

Memory stays constant: the leaves are read once, and each file of the zip is compressed into a temporary file.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.utils import translation

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
    """A summary of a finished bundle. `size`: of its checkpoint."""

    size: int
    rows: int
    viewings: int
    leaves: int
    witnesses: tuple[str, ...]
    verdict: str
    statement: list[Sentence]
    csv_sha256: str


def build_bundle(order: Order, out: Output, file_name: str, progress: Progress, scratch: Path) -> Built:
    """Build the bundle that a committed event requests, and write it to `out`. `scratch`: folder for temporary files.

    Raises CannotProve when no checkpoint is signed in time, TooMuch above the limits of a bundle, LogBroken or
    EventGone when parts of the log are missing.
    """
    # 1. Wait until the requesting event is sealed and a checkpoint after it is signed and, if possible, witnessed.
    checkpoint = await_final_checkpoint(order.request, lambda: progress(0, 0))
    built_at = datetime.now(UTC)
    # 2. Open a snapshot of the database. After the wait, so that it contains everything that the checkpoint covers.
    with snapshot() as connection, BundleZip(scratch) as bundle:
        # 3. Select every leaf of the scope, and the incidents about them.
        population = select_population(connection, order.scope, checkpoint.size)
        # 4. Make the claims that a verifier checks: no leaf is missing, who requested it, where the log was opened.
        claims = make_claims(connection, order, checkpoint, population)
        tree = tiles(connection, claims.size)
        # 5. Read the leaves once: write the events with their proofs, and the table as CSV and XLSX.
        with (
            bundle.member("events.jsonl") as events,
            bundle.member("report.csv") as csv,
            bundle.member("report.xlsx") as xlsx,
            Workbook(xlsx, COLUMNS) as book,
        ):
            summary = write_events(connection, claims, tree, events, csv, book, progress)
        # 6. State what the leaves show, in the sentences that a verifier prints.
        facts = summary.facts()
        sentences, verdict = statement(facts), readme.verdict(checkpoint)
        # 7. Add the files for people, and the verifiers. Only the PDF is in the language that was chosen.
        certificate = pdf.Certificate(sentences, verdict, facts, checkpoint, csv.sha256, file_name, built_at)
        with translation.override(order.language):
            bundle.add("report.pdf", pdf.render(certificate, description(claims.scope), summary.pdf_rows))
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

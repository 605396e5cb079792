"""An evidence bundle: everything an outsider needs to check a report without the portal (docs/trail-format.md).

One snapshot, one pass over the leaves at constant memory; what comes after the proofs in the zip waits in files.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from recordings.audit.snapshot import snapshot
from recordings.evidence import pdf, table, words
from recordings.evidence.claims import Claims, Order, completeness, opening, scope_tag
from recordings.evidence.leaves import Shipped, shipped, tiles
from recordings.evidence.parcel import Output, Parcel
from recordings.evidence.population import select
from recordings.evidence.stamps import stamped_around
from recordings.evidence.standing import Standing, await_standing
from recordings.evidence.texts import canonical
from recordings.sheets.xlsx import Workbook
from recordings.tlog.proof import format_proof
from recordings.tlog.tiles import Tiles

BATCH = 500
_PIECE = 256 * 1024
_KIND = table.COLUMNS.index("type")
VERIFIER = Path(__file__).with_name("verify_audit.py")

# Done and expected leaves; both 0 while a checkpoint is waited for.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Built:
    """What is in a finished bundle."""

    size: int
    manifest: int
    rows: int
    viewings: int
    leaves: int
    witnesses: tuple[str, ...]
    verdict: str
    bundle_sha256: str


def build_bundle(order: Order, out: Output, file_name: str, progress: Progress, scratch: Path) -> Built:
    """Wait for the checkpoint behind the order's event and write the bundle; `scratch` has room for its table.

    Raises CannotProve when nothing is signed in time, TooMuch for more leaves than a bundle carries, LogBroken and
    EventGone when the log cannot prove it.
    """
    standing = await_standing(order.request, lambda: progress(0, 0))
    with snapshot() as connection:
        claims = _claims(connection, order, standing)
        tree = tiles(connection, standing.size)
        with (
            Parcel(out, claims.at) as parcel,
            TemporaryFile(dir=scratch) as csv,
            TemporaryFile(dir=scratch) as xlsx,
        ):
            sha256 = parcel.add("bundle.json", canonical(claims.as_json(tree)))
            parcel.add("checkpoint.txt", standing.note.encode())
            parcel.add("policy.txt", words.policy_file(standing))
            papers = _Papers(csv, xlsx, [], Counter())
            _proofs(connection, claims, tree, parcel, papers, progress)
            _rest(parcel, papers, claims, file_name, sha256)
    return _built(claims, papers.kinds, sha256)


def _built(claims: Claims, kinds: Counter[str], sha256: str) -> Built:
    standing = claims.standing
    return Built(
        size=standing.size,
        manifest=claims.manifest,
        rows=len(claims.population.rows),
        viewings=words.viewings(kinds),
        leaves=len(claims.population.leaves),
        witnesses=standing.witnesses,
        verdict=words.verdict(standing),
        bundle_sha256=sha256,
    )


def _claims(connection: Any, order: Order, standing: Standing) -> Claims:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tag_key FROM audit.log_head")
        tag_key = bytes(cursor.fetchone()[0])
    size, origin = standing.size, standing.checkpoint.origin
    own = scope_tag(tag_key, order.scope)
    population = select(connection, order.scope, own, size)
    first = opening(connection, origin, size)
    leaves = [*population.leaves, first, size - 1]
    return Claims(
        order=order,
        at=datetime.now(UTC),
        standing=standing,
        tag_key=tag_key,
        opening=first,
        population=population,
        completeness=completeness(connection, order.scope, own, size - 1),
        stamped=stamped_around(connection, size, origin, leaves),
    )


@dataclass(frozen=True)
class _Papers:
    """The table as it grows beside the proofs: two files without a name, and the lines that the PDF shows."""

    csv: IO[bytes]
    xlsx: IO[bytes]
    first: list[pdf.Line]
    kinds: Counter[str]


def _proofs(
    connection: Any, claims: Claims, tree: Tiles, parcel: Parcel, papers: _Papers, progress: Progress
) -> None:
    """One proof per leaf, and the rows of the table that the same leaves make."""
    papers.csv.write(table.BYTE_ORDER_MARK + table.csv_lines([table.COLUMNS]))
    with Workbook(papers.xlsx, table.COLUMNS) as book:
        for done, leaves in _batches(connection, claims):
            for leaf in leaves:
                proof = format_proof(leaf.n, tree.inclusion_path(leaf.n), claims.standing.note, leaf.extra())
                parcel.add(f"events/{leaf.n:012}.tlog-proof", proof.encode())
            told = [leaf for leaf in leaves if leaf.n in claims.rows]
            rows = [table.row(leaf) for leaf in told]
            papers.csv.write(table.csv_lines(rows))
            book.write(rows)
            papers.kinds.update(str(row[_KIND]) for row in rows)
            papers.first.extend(map(pdf.line, rows[: pdf.ROWS - len(papers.first)], told))
            progress(done, len(claims.shipped))


def _batches(connection: Any, claims: Claims) -> Iterator[tuple[int, list[Shipped]]]:
    for at in range(0, len(claims.shipped), BATCH):
        batch = claims.shipped[at : at + BATCH]
        bodies = [n for n in batch if n in claims.with_body]
        yield at + len(batch), shipped(connection, batch, bodies)


def _rest(parcel: Parcel, papers: _Papers, claims: Claims, file_name: str, sha256: str) -> None:
    parcel.add("report.csv", _pieces(papers.csv))
    parcel.add("report.xlsx", _pieces(papers.xlsx))
    parcel.add("report.pdf", pdf.render(claims, papers.first, papers.kinds, file_name, sha256))
    for stamped in claims.stamped:
        for name, content in zip(stamped.files, (stamped.note.encode(), stamped.response), strict=True):
            parcel.add(name, content)
    parcel.add("README.txt", words.readme(claims, file_name, sha256).encode())
    parcel.add("verify_audit.py", VERIFIER.read_bytes())


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    return iter(lambda: file.read(_PIECE), b"")

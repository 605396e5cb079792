"""A sample as a zip: all that is needed to draw it again without the portal."""

import hashlib
import json
import zipfile
from importlib.resources import files
from tempfile import TemporaryFile
from typing import IO

from recordings.models import Sample
from recordings.reviews.plans.drawing import draw_again, lines_of, skipped_of
from recordings.reviews.plans.population import read_pieces

# The fifteen lines of docs/sampling.md; a test compares them.
SCRIPT = (files(__package__) / "redraw.txt").read_text()
README = (files(__package__) / "readme.txt").read_text()
_TIME = (1980, 1, 1, 0, 0, 0)  # the same sample gives the same bytes


def write_export(sample: Sample) -> tuple[IO[bytes], str]:
    """Write a drawn sample as a zip into a temporary file. Return the file and its SHA-256."""
    skipped = skipped_of(sample)
    facts = {
        "format": "auditportal-sample/1",
        "sample": str(sample.pk),
        "plan": str(sample.plan_id),
        "period_from": sample.period_from.isoformat(),
        "period_until": sample.period_until.isoformat(),
        "draw": sample.draw,
        "draws": Sample.objects.filter(plan=sample.plan_id, period_from=sample.period_from).count(),
        "frozen_event": str(sample.frozen_event),
        "drawn_event": str(sample.drawn_event),
        "population_hash": sample.population_hash,
        "units": sample.units,
        "number": sample.number,
        "exclusions": sample.exclusions,
        "filters": sample.filters,
        "checkpoint": {"origin": sample.checkpoint_origin, "size": sample.checkpoint_size},
        "self_drawn": sample.self_drawn,
        "skipped": skipped,
    }
    again = draw_again(sample)
    command = " ".join(["python3 redraw.py population.tsv lines.txt", str(sample.number), *sorted(skipped)])
    small = {
        "README.txt": README.replace("COMMAND", command),
        "redraw.py": SCRIPT,
        "sample.json": json.dumps(facts, ensure_ascii=False, indent=1, sort_keys=True) + "\n",
        "lines.txt": sample.seed_lines,
        "picks.tsv": lines_of(again.picks),
    }
    file = TemporaryFile()  # noqa: SIM115 (the response closes it)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in small.items():
            archive.writestr(_entry(name), text)
        with archive.open(_entry("population.tsv"), "w") as population:
            for piece in read_pieces(sample):
                population.write(piece)
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return file, digest


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry

"""The samples of plans: whose evaluations are weighted by the population of each stratum, as it was frozen."""

from collections import Counter
from functools import lru_cache
from uuid import UUID

from django.utils.translation import gettext, ngettext

from recordings.models import Sample
from recordings.reach import Reach
from recordings.reviews.numbers.selection import Selection
from recordings.reviews.numbers.tallies import Tally, tallies
from recordings.reviews.numbers.weighted import weighted_mean, weighted_share
from recordings.reviews.numbers.words import Shown, labelled
from recordings.reviews.plans.population import read_pieces

OFFERED = 100


def samples_in(reach: Reach) -> list[Sample]:
    """List the newest drawn samples of which this reach covers everything."""
    rows = (
        Sample.objects.filter(drawn_at__isnull=False).select_related("plan").order_by("-period_from", "-draw")
    )
    return [row for row in rows[:OFFERED] if reach.covers(Reach.from_detail(row.plan.scopes))]


@lru_cache(maxsize=32)
def strata_of(sample_id: UUID) -> dict[str, int]:
    """Count the units of each stratum in a population file. The file never changes."""
    sample, counted, rest = Sample.objects.get(pk=sample_id), Counter[bytes](), b""
    for piece in read_pieces(sample):
        *lines, rest = (rest + piece).split(b"\n")
        counted.update(line.partition(b"\t")[2] for line in lines)
    return {stratum.decode(): number for stratum, number in counted.items()}


def weighted_averages(selection: Selection, reach: Reach) -> tuple[list[tuple[str, Shown]], str]:
    """Return the weighted averages of a selected sample, and a sentence about the weights.

    Without a sample, or while a stratum has no evaluation, there are none, and the sentence says why.
    """
    if selection.sample is None:
        return [], gettext("Not weighted: each evaluation counts once")
    strata = strata_of(selection.sample)
    of = {key[0]: tally for key, tally in tallies(selection, reach, ("stratum",))[("stratum",)].items()}
    found = [(population, of.get(stratum, Tally())) for stratum, population in strata.items()]
    missing = sum(not tally.scores.n for _population, tally in found)
    if missing:
        message = ngettext(
            "Not weighted: %(number)s of %(strata)s strata has no scored evaluation yet",
            "Not weighted: %(number)s of %(strata)s strata have no scored evaluation yet",
            missing,
        )
        return [], message % {"number": missing, "strata": len(strata)}
    message = ngettext(
        "Weighted by the population of %(number)s stratum, %(units)s recordings",
        "Weighted by the population of %(number)s strata, %(units)s recordings",
        len(strata),
    )
    averages = labelled(
        weighted_mean([(population, tally.scores) for population, tally in found]),
        weighted_share([(population, tally.failed, tally.n) for population, tally in found]),
        weighted_mean([(population, tally.na_shares) for population, tally in found]),
        weighted_mean([(population, tally.watched) for population, tally in found], 1),
    )
    return averages, message % {"number": len(strata), "units": f"{sum(strata.values()):,}"}

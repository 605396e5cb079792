"""The numbers of a selection as rows of one table, as the pages show them."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from recordings.catalog.queries import agents_and_streams
from recordings.reach import Reach
from recordings.reviews.evaluations import title_of
from recordings.reviews.numbers.agents import ranks_of
from recordings.reviews.numbers.codes import count_answers, encode_next
from recordings.reviews.numbers.questions import version_shown
from recordings.reviews.numbers.score_rows import RowColumn
from recordings.reviews.numbers.selection import Selection
from recordings.reviews.numbers.tallies import BINS, FEWEST_RANKED, Tally, tallies
from recordings.reviews.numbers.words import scores_of
from recordings.reviews.shown import sections_of
from recordings.reviews.statistics import Interval, wilson
from recordings.scorecards.form import read_form
from recordings.sheets.rows import Cell

COLUMNS = (
    RowColumn("table", _("Table"), 14),
    RowColumn("of", _("Of"), 24),
    RowColumn("what", _("What"), 24),
    RowColumn("n", _("Number"), 8),
    RowColumn("value", _("Value"), 8),
    RowColumn("low", _("Interval from"), 8),
    RowColumn("high", _("Interval to"), 8),
    RowColumn("remark", _("Remark"), 14),
)
Row = tuple[Cell, ...]


def number_rows(selection: Selection, reach: Reach) -> list[Row]:
    """Return averages, distribution, weeks, agents, scorers, and the questions of the version that the page shows."""
    counted = tallies(selection, reach, (), ("bin",), ("week",), ("agent_id",), ("scorer_id",))
    everything = counted[()].get((), Tally())
    rows = [*_tally(gettext("All evaluations"), "", everything)]
    changed = gettext("changed after they were submitted")
    rows.append((gettext("All evaluations"), "", changed, everything.n, everything.changed, "", "", ""))
    for place in range(BINS):
        number = counted[("bin",)].get((place,), Tally()).n
        rows.append(
            (gettext("Distribution"), scores_of(place), gettext("evaluations"), number, "", "", "", "")
        )
    for place, day in enumerate(selection.weeks):
        tally = counted[("week",)].get((place,), Tally())
        rows.append(_average(gettext("Weeks"), f"{day}", gettext("average score"), tally.score, ""))
    rows += _agents(reach, {key[0]: tally for key, tally in counted[("agent_id",)].items()})
    people = get_user_model().objects.in_bulk([key[0] for key in counted[("scorer_id",)]])
    for key, tally in counted[("scorer_id",)].items():
        name = people[key[0]].display_name if key[0] in people else ""
        rows += _tally(
            gettext("Scorers"), name, tally, "" if tally.is_ranked else gettext("too few to compare")
        )
    return [*rows, *_questions(selection, reach)]


def _agents(reach: Reach, of_agent: dict[int | None, Tally]) -> Iterator[Row]:
    names, _channels = agents_and_streams(reach)
    ranks = ranks_of({pk: tally for pk, tally in of_agent.items() if pk is not None and tally.is_ranked})
    too_few = gettext("too few to rank: fewer than %(number)s") % {"number": FEWEST_RANKED}
    for pk, name in names.items():
        if tally := of_agent.get(int(pk)):
            rank = gettext("rank %(rank)s of %(number)s") % {"rank": ranks.get(int(pk)), "number": len(ranks)}
            yield from _tally(gettext("Agents"), name, tally, rank if tally.is_ranked else too_few)


def _questions(selection: Selection, reach: Reach) -> Iterator[Row]:
    encode_next()
    version = version_shown(selection, reach)
    if version is None:
        return
    language = get_language() or "en"
    table = gettext("%(title)s, version %(number)s") % {
        "title": title_of(version, language),
        "number": version.number,
    }
    counts = count_answers(replace(selection, version=version.pk), reach, version)
    remark = (
        gettext("not counted yet: %(number)s") % {"number": counts.not_encoded} if counts.not_encoded else ""
    )
    by_key = {one.question.key: one for one in counts.questions}
    for section in sections_of(read_form(bytes(version.document)), language):
        for shown in section.questions:
            if (one := by_key.get(shown.question.key)) is None:
                continue
            of = f"{shown.number} {shown.text}"
            for outcome, number in zip(shown.outcomes, one.answers, strict=True):
                yield _share(table, of, outcome.label, wilson(number, one.answered), remark)
            yield _share(table, of, gettext("N/A, per cent"), wilson(one.na, one.asked), remark)
            yield _share(table, of, gettext("Fails, per cent"), wilson(one.failed, one.asked), remark)


def _tally(table: str, of: str, tally: Tally, remark: str = "") -> Iterator[Row]:
    yield _average(table, of, gettext("average score"), tally.score, remark)
    yield _share(table, of, gettext("with a failing answer, per cent"), tally.failed_share, remark)
    yield _average(table, of, gettext("average share of N/A, per cent"), tally.na_share, remark)
    yield _average(table, of, gettext("average share watched, per cent"), tally.watched_share, remark)


def _average(table: str, of: str, what: str, value: Interval | None, remark: str, scale: int = 1) -> Row:
    if value is None:
        return table, of, what, 0, "", "", "", remark
    low = None if value.low is None else max(0.0, value.low)
    figures = ("" if one is None else Decimal(f"{one * scale:.2f}") for one in (value.value, low, value.high))
    return (table, of, what, value.n, *figures, remark)


def _share(table: str, of: str, what: str, value: Interval | None, remark: str) -> Row:
    return _average(table, of, what, value, remark, 100)

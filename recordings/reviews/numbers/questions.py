"""The questions of a scorecard version as the page shows them: shares of answers, of N/A and of fails."""

from dataclasses import dataclass

from django.db import connection

from recordings.db import fetch_all
from recordings.models import ScorecardVersion
from recordings.reach import Reach
from recordings.reviews.numbers.codes import Counted
from recordings.reviews.numbers.selection import Selection
from recordings.reviews.numbers.words import Shown, shown_share
from recordings.reviews.shown import ShownQuestion, sections_of
from recordings.reviews.statistics import wilson
from recordings.scorecards.form import read_form

_MOST_USED = """
SELECT c.version_id FROM recordings_currentscore c {where} GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1
"""


@dataclass(frozen=True)
class AnswerLine:
    """An option or a range: how often it was chosen, and its share of the answers."""

    label: str
    number: int
    share: Shown


@dataclass(frozen=True)
class QuestionLine:
    """A question with the shares of its answers (of those answered), of N/A and of fails (of those asked)."""

    shown: ShownQuestion
    counted: Counted
    answers: list[AnswerLine]
    na: Shown
    failed: Shown


@dataclass(frozen=True)
class SectionLines:
    """A section of the version with its questions that are counted."""

    title: str
    questions: list[QuestionLine]


def version_shown(selection: Selection, reach: Reach) -> ScorecardVersion | None:
    """Return the selected version, or else the one with the most evaluations; None without any."""
    pk = selection.version
    if pk is None:
        where = selection.where("c", reach)
        rows = fetch_all(connection, _MOST_USED.format(where=where.clause()), where.values)
        pk = rows[0][0] if rows else None
    return ScorecardVersion.objects.filter(pk=pk).first() if pk else None


def section_lines(version: ScorecardVersion, counted: list[Counted], language: str) -> list[SectionLines]:
    """Return the counts of a version as lines, in the order of the form."""
    by_key = {one.question.key: one for one in counted}
    sections = sections_of(read_form(bytes(version.document)), language)
    return [
        SectionLines(
            section.title,
            [
                _line(shown, by_key[shown.question.key])
                for shown in section.questions
                if shown.question.key in by_key
            ],
        )
        for section in sections
    ]


def _line(shown: ShownQuestion, counted: Counted) -> QuestionLine:
    answers = [
        AnswerLine(outcome.label, number, shown_share(wilson(number, counted.answered)))
        for outcome, number in zip(shown.outcomes, counted.answers, strict=True)
    ]
    na, failed = wilson(counted.na, counted.asked), wilson(counted.failed, counted.asked)
    return QuestionLine(shown, counted, answers, shown_share(na), shown_share(failed))

"""The answers of an evaluation as bytes, so that 100,000 evaluations of 60 questions are counted in milliseconds.

All evaluations of a version have the same bytes in the same order. A choice or number has one byte, a multiple one for
each option, and every one of them a byte that says whether the answer failed. Texts and dates have none.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import psycopg
from django.db import connection
from django.db.models import OuterRef, Subquery

from recordings.db import ANYTHING, Where
from recordings.models import CurrentScore, EvaluationScore, ScorecardVersion
from recordings.reach import Reach
from recordings.reviews.numbers.selection import Selection
from recordings.scorecards.form import SCORED_TYPES, Form, Question, read_form

UNANSWERED, NA, FIRST = 0, 1, 2
LEFT_OUT, CHOSEN = 2, 3
MOST_CODE = 255
BATCH = 500
_JOINED = """
SELECT count(*), count(c.codes), string_agg(c.codes, ''::bytea)
FROM recordings_currentscore c {where}
"""


# A change meanwhile has other answers: its row waits again.
_STORE = """
UPDATE recordings_currentscore c SET codes = u.codes
FROM unnest(%s::bytea[], %s::uuid[], %s::int[]) AS u (codes, evaluation_id, changes)
WHERE c.evaluation_id = u.evaluation_id AND c.changes = u.changes
"""


@dataclass(frozen=True)
class Slot:
    """The place of a question among the bytes of an evaluation. `width` without the byte for fails, which is last."""

    question: Question
    start: int
    width: int


@dataclass(frozen=True)
class Counted:
    """How often a question was answered, N/A and failed, and how often with each option or range."""

    question: Question
    answered: int
    na: int
    failed: int
    answers: tuple[int, ...]

    @property
    def asked(self) -> int:
        return self.answered + self.na


@dataclass(frozen=True)
class CountedForm:
    """The questions of a version. `not_encoded`: evaluations of the selection that are not in the counts yet."""

    questions: list[Counted]
    evaluations: int
    not_encoded: int


def slots_of(form: Form) -> list[Slot]:
    """Return the places of the questions that have bytes."""
    slots, start = [], 0
    for _section, question in form.questions():
        if question.type in SCORED_TYPES:
            width = len(question.options) if question.type == "multiple" else 1
            if width:
                slots.append(Slot(question, start, width))
                start += width + 1
    return slots


def encode(slots: list[Slot], answers: Mapping[str, Any], failed: set[str]) -> bytes:
    """Encode the answers of a file and the keys of the questions that failed."""
    codes = bytearray()
    for slot in slots:
        node, question = answers.get(slot.question.key), slot.question
        if node is None:
            codes += bytes(slot.width)
        elif node.get("na"):
            codes += bytes([NA]) * slot.width
        elif question.type == "multiple":
            chosen = node["options"]
            codes += bytes(CHOSEN if option.key in chosen else LEFT_OUT for option in question.options)
        else:
            codes.append(min(MOST_CODE, FIRST + _place(question, node)))
        codes.append(question.key in failed)
    return bytes(codes)


def encode_next(limit: int = BATCH) -> int:
    """Encode the current answers of up to `limit` evaluations. Return their number."""
    newest = EvaluationScore.objects.filter(evaluation=OuterRef("pk"), number=OuterRef("changes") + 1)
    waiting = (
        CurrentScore.objects.filter(codes=None)
        .annotate(
            answers=Subquery(newest.values("answers")[:1]),
            failed=Subquery(newest.values("result__failed")[:1]),
        )
        .values_list("pk", "version_id", "changes", "answers", "failed")[:limit]
    )
    rows = list(waiting)
    versions = ScorecardVersion.objects.in_bulk({version for _pk, version, *_rest in rows})
    slots = {pk: slots_of(read_form(bytes(version.document))) for pk, version in versions.items()}
    coded = [
        (
            encode(
                slots[version], json.loads(bytes(answers))["answers"], {fail["question"] for fail in failed}
            ),
            pk,
            changes,
        )
        for pk, version, changes, answers, failed in rows
    ]
    if coded:
        with connection.cursor() as cursor:
            cursor.execute(_STORE, [*map(list, zip(*coded, strict=True))])
    return len(rows)


def count_answers(
    selection: Selection, reach: Reach, version: ScorecardVersion, *, only: Where = ANYTHING
) -> CountedForm:
    """Count the answers to each question of a version. `only`: a further condition on the rows `c`."""
    where = selection.where("c", reach) & only
    statement = _JOINED.format(where=where.clause())
    connection.ensure_connection()
    # As bytes and not as text, which would be twice as much.
    with psycopg.Cursor(connection.connection) as cursor:
        row = cursor.execute(statement.encode(), where.values, binary=True).fetchone()
    n, encoded, joined = row or (0, 0, None)
    data, slots = bytes(joined or b""), slots_of(read_form(bytes(version.document)))
    width = slots[-1].start + slots[-1].width + 1 if slots else 1
    return CountedForm([_count(slot, data, width) for slot in slots], n, n - encoded)


def _count(slot: Slot, data: bytes, width: int) -> Counted:
    question = slot.question
    first = data[slot.start :: width]
    na = first.count(NA)
    answered = len(first) - na - first.count(UNANSWERED)
    failed = data[slot.start + slot.width :: width].count(1)
    return Counted(question, answered, na, failed, tuple(_answers(slot, first, data, width)))


def _answers(slot: Slot, first: bytes, data: bytes, width: int) -> Iterator[int]:
    if slot.question.type == "multiple":
        for place in range(slot.width):
            yield data[slot.start + place :: width].count(CHOSEN)
        return
    for place in range(len(slot.question.options or slot.question.ranges)):
        yield first.count(min(MOST_CODE, FIRST + place))


def _place(question: Question, node: Mapping[str, Any]) -> int:
    if question.type == "choice":
        return [option.key for option in question.options].index(node["option"])
    number = Fraction(node["number"])
    return next(place for place, range_ in enumerate(question.ranges) if range_.holds(number))

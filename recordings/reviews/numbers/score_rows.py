"""One row per evaluation for a report: its current score, by whom and of whom. No customer, no comment, no reason."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import psycopg
from django.contrib.auth import get_user_model
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from recordings.models import ScorecardVersion
from recordings.reach import Reach
from recordings.reviews.evaluations import title_of
from recordings.reviews.numbers.selection import Selection
from recordings.sheets.rows import Cell

BATCH = 1000
COUNT = "SELECT count(*) FROM recordings_currentscore c {where}"
# The database joins the lists, which is faster than reading JSON here.
ROWS = """
SELECT c.evaluation_id::text, c.recording_id::text, c.object_id::text, c.shown_at, c.submitted_at, s.scored_at,
       c.version_id, c.scorer_id, coalesce(c.agent_id::text, ''), coalesce(a.name, ''), coalesce(t.name, ''),
       coalesce(m.name, ''), s.result ->> 'score', s.result ->> 'score_without_fails',
       f.result ->> 'score', c.changes, s.result ->> 'na_share', c.watched_percent,
       coalesce((SELECT string_agg(q ->> 'question', ' ') FROM jsonb_array_elements(s.result -> 'failed') q), ''),
       coalesce((SELECT string_agg((q ->> 'key') || '=' || coalesce(q ->> 'score', ''), ' ')
                 FROM jsonb_array_elements(s.result -> 'sections') q), ''),
       s.answers_hash
FROM recordings_currentscore c
JOIN recordings_evaluationscore s ON s.evaluation_id = c.evaluation_id AND s.number = c.changes + 1
LEFT JOIN recordings_evaluationscore f ON c.changes > 0 AND f.evaluation_id = c.evaluation_id AND f.number = 1
LEFT JOIN recordings_agent a ON a.id = c.agent_id
LEFT JOIN recordings_team t ON t.id = a.team_id
LEFT JOIN recordings_stream m ON m.id = c.stream_id
{where} ORDER BY c.shown_at, c.evaluation_id
"""


class RowColumn(NamedTuple):
    """A column: its name in CSV, its title elsewhere, its share of a PDF's width (0: not in the PDF)."""

    name: str
    title: str | Promise
    share: int = 0


COLUMNS = (
    RowColumn("evaluation", _("Evaluation")),
    RowColumn("recording", _("Recording")),
    RowColumn("object", _("Object"), 12),
    RowColumn("recorded_at", _("Recorded (UTC)"), 12),
    RowColumn("submitted_at", _("Submitted (UTC)"), 12),
    RowColumn("scored_at", _("Current score since (UTC)")),
    RowColumn("scorecard", _("Scorecard"), 14),
    RowColumn("version", _("Version"), 5),
    RowColumn("form_hash", _("Hash of the form")),
    RowColumn("scorer", _("Scorer"), 11),
    RowColumn("scorer_account", _("Account of the scorer")),
    RowColumn("agent_id", _("Agent id")),
    RowColumn("agent", _("Agent"), 11),
    RowColumn("team", _("Team"), 9),
    RowColumn("channel", _("Channel"), 9),
    RowColumn("score", _("Score"), 6),
    RowColumn("score_without_fails", _("Score without fails")),
    RowColumn("first_score", _("First score"), 6),
    RowColumn("changes", _("Changes"), 6),
    RowColumn("na_share", _("N/A, per cent")),
    RowColumn("watched_percent", _("Watched, per cent"), 6),
    RowColumn("failed_questions", _("Questions that failed")),
    RowColumn("section_scores", _("Scores of the sections")),
    RowColumn("answers_hash", _("Hash of the answers")),
)


def count_scores(connection: "psycopg.Connection[Any]", selection: Selection, reach: Reach) -> int:
    """Count the rows of the snapshot that `connection` reads."""
    where = selection.where("c", reach)
    row = connection.execute(COUNT.format(where=where.clause()).encode(), where.values).fetchone()
    return int(row[0]) if row else 0


def read_scores(
    connection: "psycopg.Connection[Any]", selection: Selection, reach: Reach
) -> Iterator[list[tuple[Cell, ...]]]:
    """Read the rows in batches with a cursor of the server, in the order of the recordings' times."""
    versions = {row.pk: row for row in ScorecardVersion.objects.defer("document")}
    language = get_language() or "en"
    titles = {pk: title_of(row, language) for pk, row in versions.items()}
    people = {row.pk: row.display_name for row in get_user_model().objects.all()}
    where = selection.where("c", reach)
    with connection.cursor("scores", binary=True) as cursor:
        cursor.execute(ROWS.format(where=where.clause()).encode(), where.values)
        while rows := cursor.fetchmany(BATCH):
            yield [
                (
                    *row[:6],
                    titles[row[6]],
                    versions[row[6]].number,
                    versions[row[6]].hash,
                    people.get(row[7], ""),
                    f"user:{row[7]}",
                    *row[8:12],
                    _number(row[12]),
                    _number(row[13]),
                    _number(row[14] if row[15] else row[12]),
                    row[15],
                    _number(row[16]),
                    "" if row[17] is None else row[17],
                    *row[18:],
                )
                for row in rows
            ]


def csv_texts(row: tuple[Cell, ...]) -> tuple[str, ...]:
    """Return the cells of a row as texts; times are ISO 8601 in UTC."""
    return tuple([cell.isoformat()[:19] + "Z" if isinstance(cell, datetime) else str(cell) for cell in row])


def _number(text: str | None) -> Cell:
    return "" if text is None else Decimal(text)

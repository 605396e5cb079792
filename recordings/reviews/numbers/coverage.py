"""What was done with the calls of each agent in each week: sampled, watched, scored, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from recordings.db import Where, fetch_all
from recordings.reach import Reach
from recordings.reviews.numbers.selection import Selection

# A viewing begins with its first URL; without a watched range nobody watched. LIMIT makes PostgreSQL look up the
# viewings of each recording instead of reading those of all.
_CALLS = """
SELECT d.agent_id, width_bucket(d.shown_at, %s::timestamptz[]) - 1, count(*),
       count(*) FILTER (WHERE EXISTS (
           SELECT FROM recordings_samplepick p WHERE p.recording_id = d.id AND NOT EXISTS (
               SELECT FROM recordings_sampleskip k WHERE k.pick_id = p.id))),
       count(w.watched)
FROM recordings_searchdoc d LEFT JOIN LATERAL (
    SELECT true AS watched FROM recordings_viewing v
    WHERE v.recording_id = d.id AND NOT isempty(v.watched) LIMIT 1) w ON true
{where} GROUP BY 1, 2
"""
_SCORED = """
SELECT c.agent_id, width_bucket(c.shown_at, %s::timestamptz[]) - 1, count(*)
FROM recordings_currentscore c {where} GROUP BY 1, 2
"""
_NO_RECORDINGS = (0, 0, 0)


class Covered(Enum):
    """The most that was done with the calls of an agent and week: a letter, a shade and a word each."""

    SCORED = pgettext_lazy("letter of a state", "E"), "s3", _("evaluated")
    WATCHED = pgettext_lazy("letter of a state", "W"), "s2", _("watched, not evaluated")
    SAMPLED = pgettext_lazy("letter of a state", "S"), "s1", _("sampled, not watched")
    NOTHING = "–", "s0", _("recordings, none sampled, watched or evaluated")
    NO_RECORDINGS = "", "none", _("no recordings")

    def __init__(self, letter: str | Promise, shade: str, word: Promise) -> None:
        self.letter, self.shade, self.word = letter, shade, word


@dataclass(frozen=True)
class Cell:
    """One agent's calls of one week, and how many of them were sampled, watched and evaluated."""

    calls: int = 0
    sampled: int = 0
    watched: int = 0
    scored: int = 0

    @property
    def covered(self) -> Covered:
        if self.scored:
            return Covered.SCORED
        if self.watched:
            return Covered.WATCHED
        if self.sampled:
            return Covered.SAMPLED
        return Covered.NOTHING if self.calls else Covered.NO_RECORDINGS


def cells_of(selection: Selection, reach: Reach, agents: Sequence[int]) -> dict[tuple[int, int], Cell]:
    """Count the recordings of these agents, by agent and place of the week: all, sampled, watched, evaluated."""
    one_of = (list(agents),)
    calls = selection.where_recordings("d", reach) & Where("d.agent_id = ANY(%s::bigint[])", one_of)
    scored = selection.where("c", reach) & Where("c.agent_id = ANY(%s::bigint[])", one_of)
    of_calls, of_scores = (
        fetch_all(connection, statement.format(where=where.clause()), [selection.edges, *where.values])
        for statement, where in ((_CALLS, calls), (_SCORED, scored))
    )
    known = {(agent, week): (calls, sampled, watched) for agent, week, calls, sampled, watched in of_calls}
    evaluated = {(agent, week): number for agent, week, number in of_scores}
    return {
        key: Cell(*known.get(key, _NO_RECORDINGS), scored=evaluated.get(key, 0))
        for key in known.keys() | evaluated.keys()
    }

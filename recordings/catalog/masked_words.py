"""Search by people who do not see personal data: words match agents, channels and numbers of objects only.

A word that is a customer's finds nothing, exactly as a word that nobody has, so no search tells whether a customer
with a name, phone number or mail address exists.
"""

import re

from django.db import connection

from recordings.catalog.text import MONTH, Typed, any_of, exactly, name_lexemes, read_typed
from recordings.db import fetch_all
from recordings.reach import Reach

_OBJECT = re.compile(rf"'o{MONTH}\d+'")
# No row has this lexeme.
_NOTHING = exactly("xnone")
# The names of agents and channels that each term matches. They are few.
_MATCHES = """
SELECT term, letter || id FROM unnest(%s::text[]) AS term
CROSS JOIN unnest(%s::text[], %s::bigint[], %s::text[]) AS named (letter, id, words)
WHERE words::tsvector @@ term::tsquery ORDER BY 1, 2
"""
_NAMES = "SELECT 'a', id, name FROM recordings_agent UNION ALL SELECT 'c', id, name FROM recordings_stream"


def read_words(text: str, reach: Reach) -> Typed:
    """Read typed text for somebody who searches within `reach`. Raises TooManyWords."""
    typed = read_typed(text)
    if not reach.hides_personal_data or not typed.terms:
        return typed
    matches = _named_by([term.replace(MONTH, "") for term in typed.terms])
    return Typed(
        tuple(
            any_of([*_OBJECT.findall(term), *map(exactly, matches.get(term.replace(MONTH, ""), ()))])
            or _NOTHING
            for term in typed.terms
        ),
        typed.recording,
    )


def _named_by(terms: list[str]) -> dict[str, list[str]]:
    """Return the lexemes of agents (`a`) and channels (`c`) whose name each term matches."""
    rows = [row for row in fetch_all(connection, _NAMES) if row[2]]
    letters, ids = [row[0] for row in rows], [row[1] for row in rows]
    words = [" ".join(name_lexemes(row[2])) for row in rows]
    found: dict[str, list[str]] = {}
    for term, lexeme in fetch_all(connection, _MATCHES, (terms, letters, ids, words)):
        found.setdefault(term, []).append(lexeme)
    return found

"""Write the map of agents and weeks as HTML: a template takes too long for thousands of cells.

Every cell has a letter, and a sentence for its state: the shade only repeats it.
"""

from collections.abc import Sequence
from datetime import date
from itertools import groupby

from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from recordings.reviews.numbers.agents import AgentLine
from recordings.reviews.numbers.coverage import Cell, Covered


def head(weeks: Sequence[date]) -> SafeString:
    """Write two rows of headings: the months, and the first days of the weeks in them."""
    months = [(len(list(group)), month) for month, group in groupby(weeks, lambda day: f"{day:%Y-%m}")]
    spans = format_html_join("", '<th scope="colgroup" colspan="{}"><span>{}</span></th>', months)
    each = ((f"{day:%Y-%m-}", f"{day:%d}") for day in weeks)
    headings = format_html_join("", '<th scope="col"><span class="sr">{}</span>{}</th>', each)
    return format_html('<tr><td class="who"></td>{}</tr><tr><td class="who"></td>{}</tr>', spans, headings)


def rows(lines: Sequence[AgentLine]) -> SafeString:
    """Write a row for each agent and a cell for each week."""
    texts = {state: (str(escape(state.letter)), str(escape(state.word))) for state in Covered}
    counts = str(
        escape(
            gettext(
                "recordings: %(calls)s · sampled: %(sampled)s · watched: %(watched)s · evaluated: %(scored)s"
            )
        )
    )
    written = (
        (
            line.name,
            SafeString("".join(_cell(cell, texts, counts) for cell in line.cells)),  # markup: cells of ours
        )
        for line in lines
    )
    return format_html_join("", '<tr><th scope="row" class="who"><bdi>{}</bdi></th>{}</tr>', written)


def _cell(cell: Cell, texts: dict[Covered, tuple[str, str]], counts: str) -> str:
    """Write a cell. `texts` and `counts` are escaped already; the rest are numbers."""
    state = cell.covered
    letter, word = texts[state]
    if state is Covered.NO_RECORDINGS:
        return f'<td class="none"><span class="sr">{word}</span></td>'
    title = counts % {
        "calls": cell.calls,
        "sampled": cell.sampled,
        "watched": cell.watched,
        "scored": cell.scored,
    }
    return (
        f'<td class="{state.shade}" title="{title}"><span aria-hidden="true">{letter}</span>'
        f'<span class="sr">{word}</span></td>'
    )

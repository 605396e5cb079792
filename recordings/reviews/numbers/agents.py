"""The agents of a selection: their averages, their ranks, and a row of the map each."""

from collections.abc import Mapping
from dataclasses import dataclass

from recordings.reach import Reach
from recordings.reviews.numbers.coverage import Cell, cells_of
from recordings.reviews.numbers.selection import Selection
from recordings.reviews.numbers.tallies import Tally, tallies

ON_PAGE = 25


@dataclass(frozen=True)
class AgentLine:
    """An agent. `rank` counts from 1, the same for equal averages; None with too few evaluations to rank."""

    id: int
    name: str
    tally: Tally
    rank: int | None
    cells: list[Cell]


@dataclass(frozen=True)
class AgentsPage:
    """A page of agents, by name. `ranked`: how many of all have enough evaluations."""

    lines: list[AgentLine]
    number: int
    pages: int
    agents: int
    ranked: int


def agents_page(selection: Selection, reach: Reach, names: Mapping[str, str], number: int = 1) -> AgentsPage:
    """Return a page of these agents. `names`: by id, in their order."""
    # 1. Count all, so that ranks are those among everybody in reach.
    counted = tallies(selection, reach, ("agent_id",))[("agent_id",)]
    of_agent = {key[0]: tally for key, tally in counted.items() if key[0] is not None}
    ranks = ranks_of({agent: tally for agent, tally in of_agent.items() if tally.is_ranked})
    # 2. The agents of the page.
    listed = [int(agent) for agent in names]
    pages = max(1, -(-len(listed) // ON_PAGE))
    number = min(max(1, number), pages)
    shown = listed[(number - 1) * ON_PAGE : number * ON_PAGE]
    # 3. Their weeks.
    cells = cells_of(selection, reach, shown)
    places = range(len(selection.weeks))
    lines = [
        AgentLine(
            agent,
            names[str(agent)],
            of_agent.get(agent, Tally()),
            ranks.get(agent),
            [cells.get((agent, week), Cell()) for week in places],
        )
        for agent in shown
    ]
    return AgentsPage(lines, number, pages, len(listed), len(ranks))


def ranks_of(ranked: Mapping[int, Tally]) -> dict[int, int]:
    """Rank by average score, the highest first. Equal averages have the same rank."""
    averages = {agent: tally.scores.total / tally.scores.n for agent, tally in ranked.items()}
    ordered = sorted(averages.values(), reverse=True)
    first: dict[float, int] = {}
    for place, average in enumerate(ordered, 1):
        first.setdefault(average, place)
    return {agent: first[average] for agent, average in averages.items()}

"""Search per kind of query beside a plain Django list: `icontains` per word, `COUNT`, `OFFSET`, on the same data."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product
from typing import Any

from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Count, Max, Q
from django.utils import timezone

from recordings.catalog import queries
from recordings.catalog.conditions import Search
from recordings.catalog.criteria import Criteria
from recordings.catalog.finding import find
from recordings.models import CommBoxObject
from recordings.paging import PAGE, start_by_time
from recordings.reach import EVERYTHING, Reach, Scope
from recordings.timed import forget_all
from tests.bench.data import AGENTS, ARABIC, CHANNELS, FIRST_ID, HEBREW, OLD_WORD
from tests.bench.results import Measured, Stopwatch, in_database, timed

RUNS, PLAIN_RUNS, SUBJECTS = 300, 5, 20
DEEP_PAGE = 1_000
AGAINST = "icontains + COUNT + OFFSET, p50"
# Two reviewers: their channels are neither the busiest nor the quietest, their agents are every fifth.
REACHES = {
    f"3 of {len(CHANNELS)} channels": Reach(frozenset({Scope(channels=frozenset({31007, 31014, 31027}))})),
    f"12 of {AGENTS} agents": Reach(frozenset({Scope(agents=frozenset(range(5004, 5001 + AGENTS, 5)))})),
}
UNSCOPED = "the same without a scope, p95"
SEARCHED = ("customer_name", "customer_email", "customer_phone", "agent__name", "stream__name")


@dataclass(frozen=True)
class Kind:
    """A kind of query: what is looked for, taken in turn, by whom, and where the page begins."""

    name: str
    subjects: list[Criteria]
    cursor: str = ""
    page: int = 1
    first_time: bool = False  # nobody has asked for it lately: how many rows it has must be learned
    patient: bool = False  # not the first answer, but the whole one
    reach: Reach = EVERYTHING


def measure() -> Iterator[Measured]:
    """p95 in the database also under scope, and the whole search (Python included) against the plain list."""
    for kind in kinds():
        ours, spent = measured(kind, RUNS)
        plain = timed(_plain(kind), kind.subjects[:PLAIN_RUNS], PLAIN_RUNS)
        yield Measured(f"search, {kind.name}: in the database, p50", spent.p50, "ms")
        yield Measured(f"search, {kind.name}: in the database, p95", spent.p95, "ms")
        yield Measured(f"search, {kind.name}: a page, p50", ours.p50, "ms", plain.p50 / ours.p50, AGAINST)
        for name, reach in REACHES.items():
            scoped = measured(replace(kind, reach=reach), RUNS)[1]
            named = f"search, {kind.name}, scoped to {name}: in the database, p95"
            yield Measured(named, scoped.p95, "ms", spent.p95 / scoped.p95, UNSCOPED)


def measured(kind: Kind, runs: int) -> tuple[Stopwatch, Stopwatch]:
    """A page of each of the kind's subjects in turn: the whole search, and what of it was spent in the database."""
    with in_database() as statements:
        whole = timed(page_of(kind, statements), kind.subjects, runs)
    return whole, Stopwatch(statements[len(kind.subjects) :])


def page_of(kind: Kind, statements: list[float]) -> Callable[[Criteria], object]:
    """A whole page as the view asks for it; its statements together become one entry."""

    def work(criteria: Criteria) -> object:
        if kind.first_time:
            forget_all()
        before = len(statements)
        found = queries.objects_page(
            criteria, kind.reach, start_by_time({"older": kind.cursor}), patient=kind.patient
        )
        statements[before:] = [sum(statements[before:])]
        return found

    return work


def _plain(kind: Kind) -> Callable[[Criteria], object]:
    """The same list as one would write it first: every object with its newest recording, page by number."""

    def work(criteria: Criteria) -> object:
        return list(Paginator(_filtered(criteria), PAGE).page(kind.page).object_list)

    return work


def _filtered(criteria: Criteria) -> Any:
    found = CommBoxObject.objects.select_related("stream", "agent")
    found = found.annotate(newest=Max("recordings__shown_at"), files=Count("recordings")).order_by(
        "-newest", "-pk"
    )
    for word in criteria.words.split():
        any_of = Q()
        for name in SEARCHED:
            any_of |= Q(**{f"{name}__icontains": word})
        found = found.filter(any_of | Q(pk=int(word)) if word.isdecimal() else any_of)
    given = {"agent": criteria.agent, "stream": criteria.stream, "recordings__shown_at__gte": criteria.since}
    given["recordings__shown_at__lt"] = criteria.until
    return found.filter(**{name: value for name, value in given.items() if value is not None})


def kinds() -> Iterator[Kind]:
    """The kinds of query on the data that is loaded; the last ones are those that once grew with the catalog."""
    month, now = timedelta(days=30), timezone.now()
    months = [now - month * (number + 1) for number in range(SUBJECTS)]
    yield Kind("newest", [Criteria()])
    yield Kind("rare word", _words(_names("HAVING count(*) > 1 ORDER BY greatest(count(*), 20), md5(name)")))
    common = _words(_names("ORDER BY count(*) DESC"))
    yield Kind("common word", common)
    yield Kind("common word for the first time", common, first_time=True)
    yield Kind("two words", _words(_full_names()))
    yield Kind("object id", _words(str(FIRST_ID + 1 + number * 4999) for number in range(SUBJECTS)))
    yield Kind("phone ending", _words(f"{number * 487 + 101:04}" for number in range(SUBJECTS)))
    yield Kind("agent", [Criteria(agent=5001 + number * 3 % AGENTS) for number in range(SUBJECTS)])
    channel = [
        Criteria(stream=31001 + place % 6, since=at, until=at + month) for place, at in enumerate(months)
    ]
    yield Kind("channel and month", channel)
    yield Kind("nothing found", _words(f"xyzzy{number}" for number in range(SUBJECTS)))
    yield Kind("page 1,000", [Criteria()], cursor=_deep_cursor(), page=DEEP_PAGE)
    yield Kind("word of the oldest tenth", _words([OLD_WORD]))
    yield Kind("word of the oldest tenth for the first time", _words([OLD_WORD]), first_time=True)
    with_it = _words(f"{words.words} {OLD_WORD}" for words in common)
    yield Kind("common word and word of the oldest tenth", with_it, patient=True)
    apart = _words(f"{one} {other}" for one, other in product(HEBREW[0].split()[:4], ARABIC[0].split()[:5]))
    yield Kind("common words that never meet", apart, patient=True)
    yield Kind("common words that never meet, first answer", apart)
    yield Kind(
        "common word and agent", [Criteria(words=each.words, agent=5001) for each in common], first_time=True
    )
    yield Kind(
        "common word and length",
        [Criteria(words=each.words, shortest=3000) for each in common],
        first_time=True,
    )


def _words(words: Any) -> list[Criteria]:
    return [Criteria(words=word) for word in words]


def _names(having: str) -> list[str]:
    """Words of customers' names, as often as `having` says."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM (SELECT unnest(string_to_array(customer_name, ' ')) AS name "
            f"FROM recordings_commboxobject) names GROUP BY name {having} LIMIT %s",
            [SUBJECTS],
        )
        return [name for (name,) in cursor.fetchall()]


def _full_names() -> list[str]:
    """Names of two words, from the most common on."""
    names = CommBoxObject.objects.values_list("customer_name").annotate(n=Count("pk")).order_by("-n")
    return [name for name, _ in names[: SUBJECTS * 20 : 20]]


def _deep_cursor() -> str:
    """Where page 1,000 begins."""
    last = find(Search.for_objects(Criteria(), EVERYTHING), (DEEP_PAGE - 1) * PAGE).rows[-1]
    return str(last.key)

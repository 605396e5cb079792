"""Answer Get Stream Objects: filters, order and pages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from auditportal.sandbox.commbox.shapes import provider_id
from auditportal.sandbox.world.account import WEB, Conversation

LARGEST_PAGE = 100
Key = Callable[[Conversation], datetime | None]
TIMES: dict[str, Key] = {
    "createdtime": lambda talk: talk.created_at,
    "closedtime": lambda talk: talk.closed_at,
    "prioritytime": lambda talk: talk.created_at,
    "updatedtime": lambda talk: talk.updated_at,
}
PAIRS = (
    ("unixStartTime", "unixEndTime"),
    ("identityStreamProviderId", "identityStreamProviderType"),
    ("streamProviderId", "streamProviderType"),
)


class BadQuery(ValueError):
    """A query that CommBox refuses with 400."""


@dataclass(frozen=True)
class Search:
    """A parsed query."""

    tests: tuple[Callable[[Conversation], bool], ...]
    order: str
    descending: bool
    page: int
    size: int

    def run(self, talks: list[Conversation]) -> list[Conversation]:
        """Return one page of matching objects. Ties are ordered by id, so that pages never overlap."""
        matching = [talk for talk in talks if all(test(talk) for test in self.tests)]
        key = TIMES[self.order]
        matching.sort(key=lambda talk: (moment(key(talk)), talk.id), reverse=self.descending)
        return matching[self.page * self.size : (self.page + 1) * self.size]


def moment(at: datetime | None) -> float:
    """Return a time to sort by; None comes first."""
    return at.timestamp() if at else 0.0


def read_search(query: Mapping[str, str], *, time_filter: bool, limited: bool = False) -> Search:
    """Parse a query. Raises BadQuery for half a pair, an invalid number or word, or without a limiting filter."""
    for first, second in PAIRS:
        if (first in query) != (second in query):
            raise BadQuery(f"{first} and {second} belong together")
    if not limited and not any(name in query for name in ("userIdentityId", *(first for first, _ in PAIRS))):
        raise BadQuery("Invalid parameters")
    return Search(
        tests=tuple(make_tests(query, time_filter=time_filter)),
        order=word(query, "order", TIMES, "createdtime"),
        descending=word(query, "sort", ("asc", "desc"), "desc") == "desc",
        page=number(query, "pageNumber", 0),
        size=min(LARGEST_PAGE, number(query, "pageSize", LARGEST_PAGE)) or LARGEST_PAGE,
    )


def make_tests(query: Mapping[str, str], *, time_filter: bool) -> list[Callable[[Conversation], bool]]:
    """Return one test per filter."""
    tests: list[Callable[[Conversation], bool]] = []
    if "unixStartTime" in query:
        start, end = number(query, "unixStartTime"), number(query, "unixEndTime")
        field = word(query, "timeFilter", TIMES, "createdtime") if time_filter else "createdtime"
        tests.append(lambda talk: start <= moment(TIMES[field](talk)) <= end)
    if "userIdentityId" in query:
        identity = number(query, "userIdentityId")
        tests.append(lambda talk: talk.customer.identity_id == identity)
    if "identityStreamProviderId" in query:
        address = (query["identityStreamProviderId"], number(query, "identityStreamProviderType"))
        tests.append(lambda talk: (talk.customer.address, talk.customer.address_type) == address)
    if "streamProviderId" in query:
        own = (query["streamProviderId"], number(query, "streamProviderType"))
        tests.append(lambda talk: (provider_id(talk), WEB) == own)
    if "subStream" in query:
        sub = number(query, "subStream")
        tests.append(lambda talk: talk.sub_stream_id == sub)
    if query.get("status"):
        wanted = {whole(part) for part in query["status"].split(",")}
        tests.append(lambda talk: talk.status_id in wanted)
    return tests


def number(query: Mapping[str, str], name: str, default: int | None = None) -> int:
    """Return a parameter that is a non-negative integer."""
    return whole(query[name]) if name in query or default is None else default


def whole(text: str) -> int:
    """Parse digits. Raises BadQuery for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise BadQuery("Invalid parameters")
    return int(text)


def word(
    query: Mapping[str, str], name: str, allowed: Mapping[str, Key] | tuple[str, ...], default: str
) -> str:
    """Return a parameter that is one of some words, ignoring case."""
    given = query.get(name, default).lower()
    if given not in allowed:
        raise BadQuery("Invalid parameters")
    return given

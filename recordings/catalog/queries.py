"""Read what the catalog's pages show: a page of a list, or one object with its recordings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from operator import attrgetter
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from recordings.catalog import masks
from recordings.catalog.conditions import Search
from recordings.catalog.criteria import Criteria
from recordings.catalog.finding import SearchRow, find, find_next
from recordings.catalog.places import agents_and_streams_in
from recordings.catalog.text import MOST_WORDS, TooManyWords, read_typed, watermark_in
from recordings.commbox.enums import OBJECT_TYPES, STATUSES, label
from recordings.db import BIGGEST_ID, Where, fetch_all
from recordings.folding import digits
from recordings.models import CommBoxObject, Recording, RecordingState
from recordings.paging import NEWEST, PAGE, Page, Start, TimeKey
from recordings.reach import EVERYTHING, Reach

# A recording is "playable" by what CommBox reports and by its file. Its file may not have been checked yet.
UNCHECKED = "unchecked"
_STATE_LABELS: dict[str, str | Promise] = {
    **{state.value: state.label for state in RecordingState},
    UNCHECKED: _("Not checked yet"),
    "": _("No recording found"),
}
_BOTH_NAMES = """
SELECT true, id, name FROM recordings_agent UNION ALL SELECT false, id, name FROM recordings_stream ORDER BY 3, 2
"""
# In the address of a recording's page: the query string of the list from which it was opened.
LIST_PARAMETER = "list"
# In the address of an object's page, and of its recordings: the query of the list of objects.
OBJECTS_PARAMETER = "objects"


@dataclass(frozen=True, slots=True)
class CatalogLine:
    """A row of a list: an object, and the recording that it is listed for (none when `files` is 0)."""

    object_id: int
    recording_id: UUID
    shown_at: datetime
    files: int
    duration_seconds: int | None
    recording_type: str
    state: str
    worst_state: str
    customer: str
    phone_ending: str
    channel: str
    agent: str
    refreshed_at: datetime | None
    stale: bool
    opened_from: str = ""  # query string for the address of its page, naming the list


def state_label(state: str) -> str:
    """Write the state of a recording in the reader's language; an empty state is that of no recording."""
    return str(_STATE_LABELS.get(state, state))


def objects_page(
    criteria: Criteria, reach: Reach, start: Start[TimeKey] = NEWEST, *, patient: bool = True
) -> Page[CatalogLine, TimeKey]:
    """Search a page of the objects in reach, the one with the newest recording first.

    Unless `patient`, the search may stop before it has looked at everything; then the page says how far it came.
    """
    return _search_page(criteria, reach, partial(Search.for_objects, reach=reach), start, patient)


def recordings_page(
    criteria: Criteria, reach: Reach, start: Start[TimeKey] = NEWEST, *, patient: bool = True
) -> Page[CatalogLine, TimeKey]:
    """Search a page of the recordings in reach, newest first; `patient` as for objects."""
    return _search_page(criteria, reach, partial(Search.for_recordings, reach=reach), start, patient)


def neighbours(
    criteria: Criteria, reach: Reach, shown_at: datetime, recording_id: UUID
) -> tuple[UUID | None, UUID | None]:
    """Return the next newer and the next older recording in reach in the list of these criteria, None at its ends.

    In a large catalog words are not searched for far away: None may also mean that the neighbour is months away.
    """
    if not _finds_anything(criteria):
        return None, None
    search, key = Search.for_recordings(criteria, reach), TimeKey(shown_at, recording_id)
    newer, older = find_next(search, key, newer=True), find_next(search, key)
    return newer and newer.id, older and older.id


def object_neighbours(criteria: Criteria, reach: Reach, object_id: int) -> tuple[int | None, int | None]:
    """Return the next newer and the next older object in reach in the list of these criteria, None at its ends.

    Both are None for an object that is not in the list. In a large catalog as for recordings.
    """
    if not _finds_anything(criteria):
        return None, None
    search = Search.for_objects(criteria, reach)
    own = find(replace(search, key=search.key & Where("d.object_id = %s", (object_id,))), 1).rows
    if not own:
        return None, None
    newer, older = find_next(search, own[0].key, newer=True), find_next(search, own[0].key)
    return newer and newer.object_id, older and older.object_id


def _finds_anything(criteria: Criteria) -> bool:
    """Return whether the words of a search can be looked for."""
    if watermark_in(criteria.words):
        return False
    try:
        return bool(read_typed(criteria.words)) or not criteria.words.strip()
    except TooManyWords:
        return False


def _search_page(
    criteria: Criteria,
    reach: Reach,
    search_for: Callable[[Criteria], Search],
    start: Start[TimeKey],
    patient: bool,
) -> Page[CatalogLine, TimeKey]:
    if watermark := watermark_in(criteria.words):
        hint = gettext("%(watermark)s is the watermark of a viewing. The audit trail shows its recording.")
        return Page([], hint=hint % {"watermark": watermark})
    try:
        typed = read_typed(criteria.words)
    except TooManyWords:
        return Page([], hint=gettext("A search can have at most %(most)s words.") % {"most": MOST_WORDS})
    if criteria.words.strip() and not typed:
        return Page([], hint=gettext("Enter at least one letter or digit."))
    search = search_for(criteria)
    result = find(search, PAGE + 1, after=start.key, newer=start.newer, patient=patient)
    if start.newer and len(result.rows) <= PAGE:
        # Fewer rows than a page are left: show the first page instead.
        start, result = NEWEST, find(search, PAGE + 1, patient=patient)
    page = Page.cut(result.rows, start, attrgetter("key"), result.number)
    return replace(page.showing(_lines(page.rows, reach)), looked_back_to=result.looked_back_to)


def _lines(rows: Sequence[SearchRow], reach: Reach) -> list[CatalogLine]:
    limit = stale_before()
    return [
        CatalogLine(
            object_id=row.object_id,
            recording_id=row.id,
            shown_at=row.shown_at,
            files=row.files,
            duration_seconds=row.duration_seconds,
            recording_type=row.recording_type,
            state=UNCHECKED if row.is_unchecked else row.state,
            worst_state=_unless_unchecked(row.worst_state, row.has_unchecked),
            customer=row.customer_name if shown else masks.masked(row.customer_name),
            phone_ending=masked(row.customer_phone) if shown else "",
            channel=channel_name(row.stream_name, row.stream_id),
            agent=agent_name(row.agent_name, row.agent_id),
            refreshed_at=row.refreshed_at,
            stale=row.refreshed_at is None or row.refreshed_at < limit,
        )
        for row in rows
        for shown in [reach.shows_personal_data_of(row)]
    ]


def _unless_unchecked(worst_state: str, has_unchecked: bool) -> str:
    """Return UNCHECKED for an object whose only problem is a file that was not checked yet, else its worst state."""
    return UNCHECKED if has_unchecked and worst_state == RecordingState.PLAYABLE else worst_state


def stale_before() -> datetime:
    """Return the moment before which a confirmation is stale."""
    return timezone.now() - timedelta(hours=settings.STALE_AFTER_HOURS)


def agents_and_streams(reach: Reach = EVERYTHING) -> tuple[dict[str, str], dict[str, str]]:
    """Read the names of the agents and of the channels in reach by number, sorted by name: one query, or two."""
    agents: dict[str, str] = {}
    streams: dict[str, str] = {}
    some_agents, some_streams = (None, None) if reach.is_everything else agents_and_streams_in(reach)
    for is_agent, pk, name in fetch_all(connection, _BOTH_NAMES):
        if is_agent and (some_agents is None or pk in some_agents):
            agents[str(pk)] = agent_name(name, pk)
        if not is_agent and (some_streams is None or pk in some_streams):
            streams[str(pk)] = channel_name(name, pk)
    return agents, streams


def channel_name(name: str, pk: object) -> str:
    """Return the name of a channel, or its number when CommBox gives it none."""
    return name or gettext("channel %(number)s") % {"number": pk}


def agent_name(name: str, pk: object) -> str:
    """Return the name of an agent, or their number when CommBox names none; empty for no agent."""
    return name or ("" if pk is None else gettext("agent %(number)s") % {"number": pk})


def masked(phone: str) -> str:
    """Mask a phone number except its last four digits, or fewer of a short one."""
    number = digits(phone)
    shown = min(4, len(number) // 2)
    return f"•••• {number[-shown:]}" if shown else ""


@dataclass(frozen=True)
class OpenedObject:
    """An object with the names of its channel and agent."""

    thing: CommBoxObject
    channel: str
    agent: str
    stale: bool

    @property
    def stream_id(self) -> int:
        return self.thing.stream_id

    @property
    def agent_id(self) -> int | None:
        return self.thing.agent_id

    @property
    def sensitivity(self) -> str:
        return self.thing.sensitivity

    @property
    def masked_phone(self) -> str:
        return masked(self.thing.customer_phone)

    @property
    def status(self) -> str:
        return label(STATUSES, self.thing.status_id)

    @property
    def type(self) -> str:
        return label(OBJECT_TYPES, self.thing.object_type)


def object_of(object_id: int) -> OpenedObject | None:
    """Read the object with this number; None if there is none. One query."""
    if object_id > BIGGEST_ID:
        return None
    thing = CommBoxObject.objects.select_related("stream", "agent").filter(pk=object_id).first()
    if thing is None:
        return None
    # There is no foreign key constraint: CommBox may name an agent before it lists them.
    agent = thing.agent if thing.agent_id is not None else None
    return OpenedObject(
        thing=thing,
        channel=channel_name(thing.stream.name, thing.stream_id),
        agent=agent_name(agent.name if agent else "", thing.agent_id),
        stale=thing.refreshed_at is None or thing.refreshed_at < stale_before(),
    )


@dataclass(frozen=True, slots=True)
class RecordingLine:
    """A row of the recordings on an object's page."""

    id: UUID
    recorded_at: datetime | None
    duration_seconds: int | None
    file_size_bytes: int | None
    recording_type: str
    state: str
    state_reason: str
    confirmed_at: datetime | None
    vanished_at: datetime | None
    file_badge: str
    refreshed_at: datetime | None

    @property
    def is_unchecked(self) -> bool:
        """Whether CommBox reports it as playable but its file was not checked yet."""
        return self.state == RecordingState.PLAYABLE and not self.file_badge

    @property
    def as_of(self) -> datetime | None:
        """When CommBox last reported it."""
        return self.confirmed_at if self.vanished_at else self.refreshed_at


def recordings_of(object_id: int) -> tuple[int, list[RecordingLine]]:
    """Count the recordings of an object and read the newest page of them: two queries."""
    of_object = Recording.objects.filter(object=object_id)
    columns = [*RecordingLine.__slots__[:-1], "object__refreshed_at"]
    rows = of_object.order_by("-shown_at", "-id").values_list(*columns)[:PAGE]
    return of_object.count(), [RecordingLine(*row) for row in rows]


def newest_recordings(reach: Reach, most: int) -> list[CatalogLine]:
    """Read the newest recordings in reach: two queries."""
    return _lines(find(Search.for_recordings(Criteria(), reach), most).rows, reach)

"""The data for playback's templates: the recording's page, the facts beside the player, the trail."""

import json
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from recordings.audit import Purpose
from recordings.catalog.object_list import ObjectList
from recordings.catalog.queries import channel_name
from recordings.exceptions import PortalError
from recordings.media_urls import FreshUrl
from recordings.models import CommBoxObject, MediaCheck, Recording, Viewing
from recordings.permissions import Permission
from recordings.playback import queries
from recordings.playback.actions import StartedViewing
from recordings.playback.forms import ViewingForm
from recordings.playback.list_place import ListPlace
from recordings.playback.queries import Position, ViewingRow, WatchedSpans
from recordings.policies import can_use
from recordings.trail.queries import EventRow, refusals_of, trail_of

# Problems that the parser found in a recording's metadata (commbox/parsing), by field and kind.
_FIELDS = {
    "duration": _("Length: %(problem)s"),
    "file_size": _("Size: %(problem)s"),
    "recorded_at": _("Recorded time: %(problem)s"),
    "created_at": _("Created time: %(problem)s"),
    "recording_url": _("Link to the file: %(problem)s"),
    "recording_type": _("Type: %(problem)s"),
}
_PROBLEMS = {
    "bad": _("not readable"),
    "negative": _("below zero"),
    "huge": _("impossibly large"),
    "improbable": _("unusually large"),
    "fractional": _("not a whole number"),
    "contradictory": _("two different values"),
    "future": _("in the future"),
}
TRAIL_EVENTS = 12
REFUSALS = 20


@dataclass(frozen=True, slots=True)
class RecordingFacts:
    """The facts shown beside the player (`_facts.html`, heading and breadcrumb)."""

    position: Position
    channel: str
    agent_name: str
    storage: str
    sha256: str
    media_check: MediaCheck | None
    flags: list[str]

    @classmethod
    def of(cls, recording: Recording, watched: WatchedSpans) -> Self:
        """Read them with five queries, or six when the agent's name is the object's."""
        flags = [_problem_of(str(flag)) for flag in recording.flags]
        if watched.is_beyond(recording.duration_seconds):
            flags.append(gettext("Watched beyond the length that CommBox reports"))
        return cls(
            position=queries.position_of(recording),
            channel=channel_name(recording.object.stream.name, recording.object.stream_id),
            agent_name=queries.agent_of(recording),
            storage=queries.storage_words(recording),
            sha256=queries.sha256_of(recording),
            media_check=recording.media_checks.order_by("-checked_at").first(),
            flags=flags,
        )


@dataclass(frozen=True, slots=True)
class RecordingTrail:
    """The newest events, viewings and refusals of a recording (`_trail.html`, `_viewings.html`)."""

    recording: Recording
    events: list[EventRow]
    all_url: str
    viewings: list[ViewingRow]
    refusals: list[EventRow]
    certificate_url: str  # empty when the reader may not export reports

    @classmethod
    def of(cls, recording: Recording, reader: Any) -> Self:
        """Read it. The caller has checked that `reader` may read the trail."""
        certificate_url, ref = "", f"recording:{recording.pk}"
        if can_use(reader, Permission.EXPORT_REPORTS, recording.object):
            # The form of reports, filled in for everything in the sealed log about this recording.
            scope = urlencode({"format": "bundle", "q": ref})
            certificate_url = f"{reverse('reports:list')}?{scope}#new"
        return cls(
            recording=recording,
            events=trail_of(ref, TRAIL_EVENTS, viewer=reader),
            all_url=f"{reverse('trail:trail')}?q={recording.pk}",
            viewings=queries.viewings_of(recording.pk),
            refusals=refusals_of(ref, REFUSALS, viewer=reader),
            certificate_url=certificate_url,
        )


@dataclass(frozen=True, slots=True)
class Download:
    """The form for a download; after it was sent, the URL, or why there is none."""

    form: ViewingForm
    issued: FreshUrl | None = None
    refusal: PortalError | None = None


@dataclass(frozen=True, slots=True)
class PlayerPage:
    """The variable `page` of `recording.html` and its partial "viewing".

    `started`: what plays. `refusal`: why nothing plays. Both are None before Play is pressed. `facts` and `trail` are
    None for the partial, which shows only the player; `trail` is also None when the reader may not read the trail.
    `download` is None when the reader may not download the file.
    """

    recording: Recording
    form: ViewingForm
    watched: WatchedSpans
    may_play: bool
    started: StartedViewing | None = None
    refusal: PortalError | None = None
    facts: RecordingFacts | None = None
    trail: RecordingTrail | None = None
    in_list: ListPlace | None = None
    may_evaluate: bool = False
    may_supervise: bool = False
    may_coach: bool = False
    may_read_evaluations: bool = False
    from_objects: ObjectList | None = None
    download: Download | None = None
    # The page that shows the player, where that is not the recording's.
    back_url: str = ""

    @property
    def object(self) -> CommBoxObject:
        return self.recording.object

    @property
    def viewing(self) -> Viewing | None:
        return self.started.viewing if self.started else None

    @property
    def purpose_label(self) -> str:
        """The purpose of the viewing that plays; empty when none does."""
        return str(Purpose(self.viewing.purpose).label) if self.viewing else ""

    @property
    def issued(self) -> FreshUrl | None:
        """The one URL that a response may contain: its issue is in the trail."""
        return self.started.issued if self.started else None

    @property
    def is_audio(self) -> bool:
        return self.recording.recording_type.lower() == "audio"

    @property
    def duration_ms(self) -> int | None:
        """The reported length, or the end of what was watched if that is later; None when neither is known."""
        ends = [(self.recording.duration_seconds or 0) * 1000, *(end for _, end in self.watched.everyone)]
        return max(ends) or None

    @property
    def mine_json(self) -> str:
        return json.dumps(self.watched.mine)

    @property
    def everyone_json(self) -> str:
        return json.dumps(self.watched.everyone)


def _problem_of(flag: str) -> str:
    """Write a flag of a recording, such as `negative_duration`, in words; an unknown one as it is."""
    if flag == "activity_with_two_files":
        return gettext("CommBox reports two files for one recording")
    kind, _separator, field = flag.partition("_")
    if kind not in _PROBLEMS or field not in _FIELDS:
        return flag.replace("_", " ")
    return str(_FIELDS[field]) % {"problem": _PROBLEMS[kind]}

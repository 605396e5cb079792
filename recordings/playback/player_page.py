"""What the templates of playback read, typed: the recording's page, the facts beside the player, the trail below."""

import json
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode

from django.urls import reverse

from recordings.audit import Purpose
from recordings.exceptions import PortalError
from recordings.media_urls import FreshUrl
from recordings.models import CommBoxObject, MediaCheck, Recording, Viewing
from recordings.permissions import Permission
from recordings.playback import queries
from recordings.playback.actions import StartedViewing
from recordings.playback.forms import ViewingForm
from recordings.playback.list_place import ListPlace
from recordings.playback.queries import Position, ViewingRow, WatchedSpans
from recordings.policies import can
from recordings.trail.queries import EventRow, refusals_of, trail_of

TRAIL_EVENTS = 12
REFUSALS = 20


@dataclass(frozen=True, slots=True)
class RecordingFacts:
    """What is known of a recording, beside its player (`_facts.html`, heading and breadcrumb)."""

    position: Position
    agent_name: str
    storage: str
    sha256: str
    media_check: MediaCheck | None
    flags: list[str]

    @classmethod
    def of(cls, recording: Recording, watched: WatchedSpans) -> Self:
        """Read them: four queries, five when the object's agent has to be named."""
        flags = [str(flag).replace("_", " ") for flag in recording.flags]
        if watched.is_beyond(recording.duration_seconds):
            flags.append("watched beyond the length that CommBox reports")
        return cls(
            position=queries.position_of(recording),
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
    certificate_url: str  # empty for who may not export

    @classmethod
    def of(cls, recording: Recording, reader: Any) -> Self:
        """Read it. The caller has checked that `reader` may."""
        certificate_url, ref = "", f"recording:{recording.pk}"
        if can(reader, Permission.EXPORT_REPORTS):
            # The form of reports, filled in: it asks for everything the sealed log holds of this recording.
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
class PlayerPage:
    """What `recording.html` and its partial "viewing" read as `page`.

    `started` is what plays, `refusal` why nothing does; before play is pressed both are None. The partial shows
    nothing around the player, so `facts` and `trail` are None there; `trail` also for who may not read it.
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

    @property
    def object(self) -> CommBoxObject:
        return self.recording.object

    @property
    def viewing(self) -> Viewing | None:
        return self.started.viewing if self.started else None

    @property
    def purpose_label(self) -> str:
        """The purpose of the viewing that runs; empty when none does."""
        return Purpose(self.viewing.purpose).label if self.viewing else ""

    @property
    def issued(self) -> FreshUrl | None:
        """The one URL an answer may carry: its issue is in the trail."""
        return self.started.issued if self.started else None

    @property
    def is_audio(self) -> bool:
        return self.recording.recording_type.lower() == "audio"

    @property
    def duration_ms(self) -> int | None:
        """The length as far as it is known: what CommBox reports, or more where more was watched."""
        ends = [(self.recording.duration_seconds or 0) * 1000, *(end for _, end in self.watched.everyone)]
        return max(ends) or None

    @property
    def mine_json(self) -> str:
        return json.dumps(self.watched.mine)

    @property
    def everyone_json(self) -> str:
        return json.dumps(self.watched.everyone)

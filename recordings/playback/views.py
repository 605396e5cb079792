"""The recording's page, and what its player asks for. No GET ever holds a URL to the file."""

import json
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from recordings.audit import Actor, Kind, Outcome, Purpose, Target, record_durably
from recordings.audit.reading import log_reading
from recordings.exceptions import PortalError
from recordings.http import Request, page
from recordings.media_urls import NoUrl
from recordings.models import Recording, Viewing
from recordings.permissions import Permission
from recordings.playback import actions, queries
from recordings.playback.errors import BadReport, Denial, Denied, UnknownRecording, UnknownViewing
from recordings.playback.events import deny
from recordings.playback.forms import ViewingForm, remember, remembered
from recordings.playback.spans import BadSpans, Watched, read_watched
from recordings.policies import can, open_view, permission_required
from recordings.trail.queries import trail_of

Answer = TypeVar("Answer", bound=HttpResponse)
TRAIL_EVENTS = 12
PAGE = "playback/recording.html"


@require_safe
@permission_required(Permission.OPEN_OBJECTS)
def recording_page(request: Request, pk: UUID) -> HttpResponse:
    """One recording: what is known of it, and the way to begin a viewing."""
    recording = queries.recording_of(pk)
    record_durably(
        Kind.RECORDING_OPENED,
        by=Actor.from_request(request),
        target=Target.of(recording),
        outcome=Outcome.GRANTED,
    )
    form = ViewingForm(initial=remembered(request.session, recording.object_id))
    return page(request, PAGE, {**_block(request, recording, form), **_around(request, recording)})


@require_safe
@permission_required(Permission.READ_TRAIL)
def trail(request: Request, pk: UUID) -> HttpResponse:
    """The trail and the viewings beside the player, read again after something happened."""
    if not request.htmx:
        return redirect(f"{reverse('trail:trail')}?q={pk}")
    recording, actor = queries.recording_of(pk), Actor.from_request(request)
    # Beside an open viewing, which is in the trail itself, it is read again every few seconds.
    if not queries.is_watching(pk, request.user.pk, actor.session):
        log_reading(by=actor, target=Target.of(recording))
    return page(request, PAGE, _witnessed(request, recording), fragment="witnessed")


def _refused(request: Request, pk: UUID) -> None:
    """A role without the right pressed play: the refusal is about the recording, where there is one."""
    try:
        recording = queries.recording_of(pk)
    except UnknownRecording:
        return
    deny(
        Denial.NO_RIGHT,
        recording=recording,
        by=Actor.from_request(request),
        rule=Permission.PLAY_RECORDINGS.value,
    )


@require_POST
@permission_required(Permission.PLAY_RECORDINGS, refusal=_refused)
def start(request: Request, pk: UUID) -> HttpResponse:
    """Begin a viewing: the only answer that holds a URL besides its renewal."""
    recording = queries.recording_of(pk)
    actor = Actor.from_request(request)
    _check_site(request, recording, actor)
    form = ViewingForm(request.POST)
    if not form.is_valid():
        return _answer(request, recording, form, status=422)
    given = form.cleaned_data
    remember(request.session, recording.object_id, given["purpose"], given["note"])
    purpose = Purpose(given["purpose"])
    try:
        playing = actions.start_viewing(
            recording=recording, purpose=purpose, remark=given["note"], viewer=request.user, by=actor
        )
    except (Denied, NoUrl) as refusal:
        return _answer(request, recording, form, refusal=refusal, status=refusal.status)
    return _answer(request, recording, form, playing=playing)


@require_POST
@open_view
def url(request: Request, pk: UUID) -> HttpResponse:
    """Renew the URL of a viewing that goes on. Open, so that a signed-out player is refused here, in the trail."""
    try:
        viewing = queries.viewing_of(pk)
    except UnknownViewing:
        if request.user.is_authenticated:
            raise
        raise Denied(Denial.SIGNED_OUT) from None
    actor = Actor.from_request(request)
    _check_site(request, viewing.recording, actor)
    fresh = actions.renew_url(viewing=viewing, may_play=_may_play(request), by=actor)
    return _json({"url": fresh.url, "expires_in": fresh.expires_in})


@require_POST
@permission_required(Permission.PLAY_RECORDINGS)
def watched(request: Request, pk: UUID) -> HttpResponse:
    """Take the player's report of what was on screen; answer with what was watched in all."""
    report = _report(request)
    viewing = queries.viewing_of(pk)
    actions.note_watched(viewing=viewing, watched=report, **_who(request))
    return _json(queries.seen(viewing.recording_id, viewing.viewer_id).as_json())


@require_POST
@permission_required(Permission.PLAY_RECORDINGS)
def finish(request: Request, pk: UUID) -> HttpResponse:
    """The player says goodbye, with its last report."""
    report = _report(request)
    actions.finish_viewing(viewing=queries.viewing_of(pk), watched=report, **_who(request))
    return _json({})


@require_POST
@permission_required(Permission.PLAY_RECORDINGS)
def problem(request: Request, pk: UUID) -> HttpResponse:
    """The player cannot have the file: find out why, keep it, and say it in a sentence."""
    viewing = queries.viewing_of(pk)
    try:
        found = actions.report_problem(viewing=viewing, **_who(request))
    except NoUrl as refusal:
        return _json({"outcome": refusal.code, "sentence": refusal.sentence, "again": refusal.again})
    return _json({"outcome": found.outcome, "sentence": found.sentence, "again": found.again})


def _who(request: Request) -> dict[str, Any]:
    return {"may_play": _may_play(request), "by": Actor.from_request(request)}


def _may_play(request: Request) -> bool:
    return can(request.user, Permission.PLAY_RECORDINGS)


def _check_site(request: Request, recording: Recording, actor: Actor) -> None:
    """Another site's page must not start or prolong a viewing, token or no token (ASVS 3.5.8)."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        deny(Denial.CROSS_SITE, recording=recording, by=actor)


def _report(request: Request) -> Watched:
    try:
        return read_watched(json.loads(request.body))
    except BadSpans as error:
        raise BadReport(str(error)) from None
    except (ValueError, RecursionError):
        raise BadReport from None


def _json(content: dict[str, Any]) -> JsonResponse:
    return _private(JsonResponse(content))


def _private(response: Answer) -> Answer:
    """Kept by nobody, named to nobody: what a browser gets with a URL, or about one."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _answer(
    request: Request,
    recording: Recording,
    form: ViewingForm,
    *,
    playing: actions.Playing | None = None,
    refusal: PortalError | None = None,
    status: int = 200,
) -> HttpResponse:
    """The player with what it plays or why it does not: a fragment for htmx, else the whole page."""
    context = _block(request, recording, form, playing=playing, refusal=refusal)
    context |= {"swapped": True} if request.htmx else _around(request, recording)
    response = page(request, PAGE, context, fragment="viewing", status=status)
    if not request.htmx:
        # The page keeps the site's policy (same-origin: storage learns nothing), or its own forms could not be posted.
        response.headers["Cache-Control"] = "no-store"
        return response
    response.headers["HX-Trigger"] = "viewing-changed"
    return _private(response)


def _block(request: Request, recording: Recording, form: ViewingForm, **more: Any) -> dict[str, Any]:
    """What the player and the purpose beside it show."""
    seconds = recording.duration_seconds
    viewing: Viewing | None = more["playing"].viewing if more.get("playing") else None
    seen = queries.seen(recording.pk, request.user.pk)
    return {
        "recording": recording,
        "object": recording.object,
        "form": form,
        "seen": seen,
        "mine_json": json.dumps(seen.mine),
        "everyone_json": json.dumps(seen.everyone),
        "is_audio": recording.recording_type.lower() == "audio",
        "duration_ms": seconds * 1000 if seconds else None,
        "may_play": _may_play(request),
        "viewing": viewing,
        **more,
    }


def _around(request: Request, recording: Recording) -> dict[str, Any]:
    """What the page shows around the player."""
    around: dict[str, Any] = {
        "place": queries.place_of(recording),
        "storage": queries.storage_words(recording),
        "sha256": queries.sha256_of(recording),
        "media_check": recording.media_checks.order_by("-checked_at").first(),
        "agent_name": queries.agent_of(recording),
        "flags": [str(flag).replace("_", " ") for flag in recording.flags],
    }
    return around | (_witnessed(request, recording) if can(request.user, Permission.READ_TRAIL) else {})


def _witnessed(request: Request, recording: Recording) -> dict[str, Any]:
    """Trail and viewings, for those who may read them."""
    return {
        "recording": recording,
        "may_read_trail": True,
        "events": trail_of(f"recording:{recording.pk}", TRAIL_EVENTS, viewer=request.user),
        "viewings": queries.viewings_of(recording.pk),
        "refused": queries.refused_plays(recording.pk),
        "all_url": f"{reverse('trail:trail')}?q={recording.pk}",
        "certificate_url": _certificate_url(recording)
        if can(request.user, Permission.EXPORT_REPORTS)
        else "",
    }


def _certificate_url(recording: Recording) -> str:
    """The form of reports, filled in so that it asks for everything the sealed log holds of this recording."""
    scope = urlencode({"format": "bundle", "q": f"recording:{recording.pk}"})
    return f"{reverse('reports:list')}?{scope}#new"

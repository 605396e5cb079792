"""The recording's page, and the requests of its player. No response to a GET contains a URL to the file."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from recordings.audit import (
    Actor,
    AuditUnavailable,
    Kind,
    Outcome,
    Purpose,
    Target,
    record_committed,
    record_refusal,
)
from recordings.audit.reading import check_open, log_reading
from recordings.catalog.object_list import ObjectList
from recordings.catalog.queries import LIST_PARAMETER, OBJECTS_PARAMETER
from recordings.exceptions import PortalError
from recordings.http import Request, is_poll, page
from recordings.media_urls import NoUrl
from recordings.models import Recording, Viewing
from recordings.permissions import Permission
from recordings.playback import actions, queries, watching
from recordings.playback.actions import StartedViewing
from recordings.playback.downloads import issue_download
from recordings.playback.errors import BadReport, Denial, Denied, UnknownViewing
from recordings.playback.events import deny
from recordings.playback.forms import ViewingForm, remember_purpose, remembered_purpose
from recordings.playback.list_place import ListPlace
from recordings.playback.player_page import Download, PlayerPage, RecordingFacts, RecordingTrail
from recordings.playback.policies import deny_other_sites, may_play, usable_recording
from recordings.playback.spans import WatchReport, read_report
from recordings.policies import any_person, can, can_use, open_view, permission_required, reach
from recordings.storage import StorageOutcome

PAGE = "playback/recording.html"
DOWNLOAD_IDS = "download_%s"  # a page has two forms with a purpose
FILE_FOUND = _("Storage serves the file, but this browser could not play it.")


def _refuse(permission: Permission) -> Callable[[Request, UUID], None]:
    """Answer somebody who has the permission for no recording at all, but may list some."""

    def refusal(request: Request, pk: UUID) -> None:
        if can(request.user, Permission.SEARCH_OBJECTS):
            usable_recording(request, pk, permission)

    return refusal


@require_safe
@permission_required(Permission.OPEN_OBJECTS, refusal=_refuse(Permission.OPEN_OBJECTS))
def recording_page(request: Request, pk: UUID) -> HttpResponse:
    """Show a recording, with the button that starts a viewing."""
    recording, actor = usable_recording(request, pk, Permission.OPEN_OBJECTS), Actor.from_request(request)
    record_committed(
        Kind.RECORDING_OPENED,
        by=actor,
        target=Target.of(recording),
        outcome=Outcome.GRANTED,
    )
    form = ViewingForm(initial=remembered_purpose(request.session, recording.object_id))
    listed, in_list = reach(request.user, Permission.SEARCH_OBJECTS), None
    if LIST_PARAMETER in request.GET and can(request.user, Permission.SEARCH_OBJECTS):
        with suppress(
            AuditUnavailable
        ):  # a search that cannot be logged is not run: the page has no list links
            in_list = ListPlace.of(recording, request.GET[LIST_PARAMETER], listed, by=actor)
    from_objects = ObjectList.read(request.GET.get(OBJECTS_PARAMETER), listed)
    shown = _player_page(request, recording, form, whole=True, in_list=in_list, from_objects=from_objects)
    return page(request, PAGE, {"page": shown})


@require_safe
@permission_required(Permission.READ_TRAIL)
def trail(request: Request, pk: UUID) -> HttpResponse:
    """Show trail and viewings beside the player again, after a viewing changed."""
    if not request.htmx:
        return redirect(f"{reverse('trail:trail')}?q={pk}")
    recording, actor = usable_recording(request, pk, Permission.READ_TRAIL), Actor.from_request(request)
    if is_poll(request):
        check_open(Kind.RECORDING_OPENED, by=actor, target=Target.of(recording))
    else:
        log_reading(by=actor, target=Target.of(recording))
    return page(request, PAGE, {"trail": RecordingTrail.of(recording, request.user)}, fragment="trail")


def _deny_role(request: Request, pk: UUID) -> None:
    """Record that someone without the permission pressed Play. The answer does not say whether the recording exists."""
    recording, by = queries.find_recording(pk), Actor.from_request(request)
    rule = Permission.PLAY_RECORDINGS.value
    if recording is not None:
        deny(Denial.NO_RIGHT, recording=recording, by=by, rule=rule)
    record_refusal(by=by, target=Target("recording", f"recording:{pk}"), method="POST", rule=rule)
    raise Denied(Denial.NO_RIGHT)


@require_POST
@permission_required(Permission.PLAY_RECORDINGS, refusal=_deny_role)
def start(request: Request, pk: UUID) -> HttpResponse:
    """Start a viewing. Only this response and that of `url` contain a URL to the file."""
    recording, actor = usable_recording(request, pk, Permission.PLAY_RECORDINGS), Actor.from_request(request)
    deny_other_sites(request, recording, actor)
    form = ViewingForm(request.POST)
    if not form.is_valid():
        return _player(request, recording, form, status=422)
    purpose, note = form.cleaned_data["purpose"], form.cleaned_data["note"]
    remember_purpose(request.session, recording.object_id, purpose, note)
    try:
        started = actions.start_viewing(
            recording=recording, purpose=Purpose(purpose), note=note, viewer=request.user, by=actor
        )
    except (Denied, NoUrl) as refusal:
        return _player(request, recording, form, refusal=refusal, status=refusal.status)
    return _player(request, recording, form, started=started)


@require_POST
@permission_required(Permission.DOWNLOAD_RECORDINGS, refusal=_refuse(Permission.DOWNLOAD_RECORDINGS))
def download(request: Request, pk: UUID) -> HttpResponse:
    """Answer with a link that saves the file. Only this response contains the URL."""
    recording, actor = (
        usable_recording(request, pk, Permission.DOWNLOAD_RECORDINGS),
        Actor.from_request(request),
    )
    deny_other_sites(request, recording, actor, Kind.DOWNLOAD_REFUSED)
    form = ViewingForm(request.POST, auto_id=DOWNLOAD_IDS)
    if not form.is_valid():
        return _downloaded(request, recording, Download(form), status=422)
    purpose, note = form.cleaned_data["purpose"], form.cleaned_data["note"]
    remember_purpose(request.session, recording.object_id, purpose, note)
    try:
        issued = issue_download(recording=recording, purpose=Purpose(purpose), note=note, by=actor)
    except NoUrl as refusal:
        return _downloaded(request, recording, Download(form, refusal=refusal), status=refusal.status)
    return _downloaded(request, recording, Download(form, issued))


def _downloaded(
    request: Request, recording: Recording, download: Download, status: int = 200
) -> HttpResponse:
    """Answer the Download button; for htmx without the page."""
    whole = not request.htmx
    form = ViewingForm(initial=remembered_purpose(request.session, recording.object_id))
    shown = _player_page(request, recording, form, whole=whole, download=download)
    response = page(request, PAGE, {"page": shown}, fragment="download", status=status)
    if request.htmx:
        response.headers["HX-Trigger"] = "viewing-changed"
        response.headers["Referrer-Policy"] = "no-referrer"
    return response


@require_POST
@open_view
def url(request: Request, pk: UUID) -> HttpResponse:
    """Renew the URL of a viewing. An open view, so that it can record the refusal of a player that is signed out."""
    viewing, who = _viewing(request, pk), _who(request)
    deny_other_sites(request, viewing.recording, who["by"])
    fresh = actions.renew_url(viewing=viewing, **who)
    return _json({"url": fresh.url, "expires_in": fresh.expires_in})


@require_POST
@any_person
def watched(request: Request, pk: UUID) -> HttpResponse:
    """Merge the player's report of what was played. Answer with everything that was watched so far."""
    report, viewing = _report(request), _viewing(request, pk)
    watching.note_watched(viewing=viewing, report=report, **_who(request))
    return _json(queries.watched_of(viewing.recording_id, viewing.viewer_id).as_json())


@require_POST
@any_person
def finish(request: Request, pk: UUID) -> HttpResponse:
    """End a viewing with the player's last report."""
    report, viewing = _report(request), _viewing(request, pk)
    watching.finish_viewing(viewing=viewing, report=report, **_who(request))
    return _json({})


@require_POST
@any_person
def problem(request: Request, pk: UUID) -> HttpResponse:
    """Find out why the player cannot load the file, and answer with a sentence."""
    try:
        actions.report_problem(viewing=_viewing(request, pk), **_who(request))
    except NoUrl as refusal:
        return _json({"outcome": refusal.code, "sentence": refusal.sentence, "again": refusal.again})
    return _json({"outcome": StorageOutcome.FOUND.value, "sentence": FILE_FOUND, "again": True})


def _viewing(request: Request, pk: UUID) -> Viewing:
    """Return a viewing. Raises UnknownViewing, and Denied for nobody who is signed in.

    The refusal is recorded, as it is for a viewing of somebody else, so that both take the same time.
    """
    try:
        return queries.viewing_of(pk)
    except UnknownViewing:
        if not request.user.is_authenticated:
            raise Denied(Denial.SIGNED_OUT) from None
        rule = Permission.PLAY_RECORDINGS.value
        target = Target("page", request.path[:200])
        record_refusal(by=Actor.from_request(request), target=target, method="POST", rule=rule)
        raise


def _who(request: Request) -> dict[str, Any]:
    """Return what continuing a viewing is judged by: what the person may play now, and who they are."""
    return {
        "reach": reach(request.user, Permission.PLAY_RECORDINGS),
        "by": Actor.from_request(request),
    }


def _report(request: Request) -> WatchReport:
    try:
        return read_report(json.loads(request.body))
    except (ValueError, RecursionError):
        raise BadReport from None


def _json(content: dict[str, Any]) -> JsonResponse:
    return JsonResponse(content, headers={"Referrer-Policy": "no-referrer"})


def _player_page(
    request: Request, recording: Recording, form: ViewingForm, *, whole: bool, **outcome: Any
) -> PlayerPage:
    """Build the data of the template: for the player alone, or for the whole page."""
    may_read_trail = whole and can_use(request.user, Permission.READ_TRAIL, recording.object)
    watched = queries.watched_of(recording.pk, request.user.pk)
    if whole and can_use(request.user, Permission.DOWNLOAD_RECORDINGS, recording.object):
        initial = remembered_purpose(request.session, recording.object_id)
        outcome.setdefault("download", Download(ViewingForm(initial=initial, auto_id=DOWNLOAD_IDS)))
    return PlayerPage(
        recording=recording,
        form=form,
        watched=watched,
        may_play=may_play(request.user, recording),
        may_evaluate=can(request.user, Permission.EVALUATE),
        may_supervise=can_use(request.user, Permission.SUPERVISE, recording.object),
        may_coach=can_use(request.user, Permission.COACH, recording.object),
        may_read_evaluations=can_use(request.user, Permission.READ_EVALUATIONS, recording.object),
        facts=RecordingFacts.of(recording, watched) if whole else None,
        trail=RecordingTrail.of(recording, request.user) if may_read_trail else None,
        **outcome,
    )


def _player(
    request: Request,
    recording: Recording,
    form: ViewingForm,
    *,
    started: StartedViewing | None = None,
    refusal: PortalError | None = None,
    status: int = 200,
) -> HttpResponse:
    """Answer the Play button with the player, or with the reason why nothing plays; for htmx without the page."""
    shown = _player_page(request, recording, form, whole=not request.htmx, started=started, refusal=refusal)
    response = page(request, PAGE, {"page": shown}, fragment="viewing", status=status)
    if request.htmx:
        response.headers["HX-Trigger"] = "viewing-changed"
        # The whole page keeps the site's policy, same-origin, which tells storage nothing either. With "no-referrer",
        # browsers send "Origin: null" with its forms, and Django refuses those.
        response.headers["Referrer-Policy"] = "no-referrer"
    return response

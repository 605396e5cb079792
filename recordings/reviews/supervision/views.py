"""The queue of supervision, and an item beside the player."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST, require_safe

from recordings.audit import Actor, Kind, Outcome, Purpose, Target, record_committed
from recordings.audit.once import record_once
from recordings.exceptions import PortalError
from recordings.http import Request, page
from recordings.models import ItemSource, SupervisionItem
from recordings.paging import BY_TIME, start_by_time
from recordings.permissions import Permission
from recordings.playback.forms import ViewingForm, remembered_purpose
from recordings.playback.player_page import PlayerPage
from recordings.playback.policies import usable_recording
from recordings.playback.queries import watched_of
from recordings.policies import can, can_use, check_not_own_call, permission_required
from recordings.reviews.supervision import items, queue, rules, samples
from recordings.reviews.supervision.errors import NotHolder, NotOpen, Overtaken, UnknownItem
from recordings.reviews.supervision.forms import DispositionForm, QueueForm, VerdictForm
from recordings.reviews.supervision.item_page import history_of, moment_typed

PAGE = "reviews/supervision/item.html"
LONGEST_REASON = 500


@require_safe
@permission_required(Permission.SUPERVISE)
def queue_list(request: Request) -> HttpResponse:
    """List the queue by deadline. It names customers and agents, so reading it is an event."""
    form = QueueForm(request.GET, person=request.user)
    is_valid = form.is_valid()
    filters = form.filters() if is_valid else queue.QueueFilters()
    record_once(Kind.SUPERVISION_OPENED, by=Actor.from_request(request), act=dict(request.GET.lists()))
    listed = queue.queue_page(request.user, filters, start_by_time(request.GET))
    due, overdue = queue.due_of(request.user)
    context = {
        "form": form,
        "rows": listed.rows,
        "due": due,
        "overdue": overdue,
        "samples": samples.samples_of(request.user) if can(request.user, Permission.MANAGE_SAMPLING) else [],
        **listed.urls(BY_TIME, form.query()),
    }
    return page(request, "reviews/supervision/queue.html", context, status=200 if is_valid else 400)


@require_POST
@permission_required(Permission.SUPERVISE)
def add(request: Request, pk: UUID) -> HttpResponse:
    """Put a recording into the queue by hand, or open the item that it has there."""
    recording = usable_recording(request, pk, Permission.SUPERVISE)
    check_not_own_call(request, recording.object, target=Target.of(recording))
    item, is_new = items.add_to_queue(
        recording=recording,
        source=ItemSource.HAND,
        by=Actor.from_request(request),
        person=request.user,
        reason=request.POST.get("reason", "").strip()[:LONGEST_REASON],
    )
    if is_new:
        messages.success(request, gettext("The recording is in the queue of supervision."))
    else:
        messages.info(request, gettext("The recording was in the queue of supervision already."))
    return redirect("supervision:item", item.pk)


@require_POST
@permission_required(Permission.SUPERVISE)
def add_sample(request: Request) -> HttpResponse:
    """Put the picks of a plan's sample into the queue, and say what became of them."""
    try:
        sample_id = UUID(request.POST.get("sample", ""))
    except ValueError:
        messages.error(request, gettext("Choose a sample."))
        return redirect("supervision:queue")
    queued = samples.queue_sample(sample_id=sample_id, person=request.user, by=Actor.from_request(request))
    message = ngettext(
        "%(number)s recording was put into the queue.",
        "%(number)s recordings were put into the queue.",
        queued.added,
    )
    messages.success(request, message % {"number": queued.added})
    if queued.known:
        message = ngettext(
            "%(number)s recording was in the queue already.",
            "%(number)s recordings were in the queue already.",
            queued.known,
        )
        messages.info(request, message % {"number": queued.known})
    if queued.beyond:
        message = ngettext(
            "%(number)s recording is not yours to supervise and was left out.",
            "%(number)s recordings are not yours to supervise and were left out.",
            queued.beyond,
        )
        messages.warning(request, message % {"number": queued.beyond})
    return redirect("supervision:queue")


@require_safe
@permission_required(Permission.SUPERVISE)
def item(request: Request, pk: UUID) -> HttpResponse:
    """Show an item: the player, its history, and the form for who decides."""
    row = item_in_reach(request, pk)
    record_committed(
        Kind.RECORDING_OPENED,
        by=Actor.from_request(request),
        target=Target.of(row.recording),
        outcome=Outcome.GRANTED,
    )
    return item_page(request, row)


@require_POST
@permission_required(Permission.SUPERVISE)
def dispose(request: Request, pk: UUID) -> HttpResponse:
    """Decide about an item. What was typed is kept on every refusal."""
    row = item_in_reach(request, pk)
    form = _form(request, row, request.POST)
    if not form.is_valid():
        return item_page(request, row, form, status=422)
    try:
        items.dispose(
            item=row,
            base=_number(request.POST.get("base", "")),
            decision=form.decision(),
            person=request.user,
            by=Actor.from_request(request),
        )
    except (Overtaken, NotOpen, NotHolder) as refusal:
        return item_page(request, row, form, refusal=refusal, status=refusal.status)
    messages.success(request, gettext("The decision was recorded."))
    return redirect("supervision:item", pk)


def item_in_reach(request: Request, pk: UUID) -> SupervisionItem:
    """Return an item with its recording. Raises UnknownItem, and OwnCall."""
    rows = SupervisionItem.objects.select_related("recording__object__stream", "recording__object__agent")
    row = rows.filter(pk=pk).first()
    if row is None or not can_use(request.user, Permission.SUPERVISE, row.recording.object):
        raise UnknownItem
    check_not_own_call(request, row.recording.object, target=Target.of(row.recording))
    return row


def player_of(request: Request, recording: Any) -> PlayerPage:
    """Return the player's part of a page; compliance is the purpose unless another is remembered."""
    initial = remembered_purpose(request.session, recording.object_id)
    return PlayerPage(
        recording=recording,
        form=ViewingForm(initial=initial or {"purpose": Purpose.COMPLIANCE.value}),
        watched=watched_of(recording.pk, request.user.pk),
        may_play=can_use(request.user, Permission.PLAY_RECORDINGS, recording.object),
    )


def _form(request: Request, row: SupervisionItem, data: Any) -> DispositionForm:
    return DispositionForm(
        data,
        watched=watched_of(row.recording_id, request.user.pk).mine,
        people=rules.next_holders(request.user, row),
        needs_moment=row.recording.may_be_tried and row.recording.vanished_at is None,
    )


def item_page(
    request: Request,
    row: SupervisionItem,
    form: DispositionForm | None = None,
    *,
    verdict: VerdictForm | None = None,
    refusal: PortalError | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show an item. After a refusal the form is shown whoever decides now: what was typed into it is not lost."""
    standing, person = rules.Standing.of(row), request.user
    spot_check = row.checks.filter(verdict=None).order_by("-pk").first()
    if form is None and rules.may_dispose(person, row.recording.object, standing):
        form = _form(request, row, None)
    if verdict is None and spot_check is not None and rules.may_check(person, row):
        verdict = VerdictForm(watched=[])
    shown = verdict or form
    context = {
        "item": row,
        "recording": row.recording,
        "standing": standing,
        "form": form,
        "verdict": verdict,
        "spot_check": spot_check,
        "moment": moment_typed(shown) if shown else "",
        "refusal": refusal,
        "history": history_of(row),
        "page": player_of(request, row.recording),
    }
    return page(request, PAGE, context, status=status)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else -1

"""The trail, the bytes of one event, the page of one person. Each reading is recorded before anything is shown."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth import get_user_model
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from recordings.audit import Actor, Target
from recordings.audit.kinds import Outcome
from recordings.audit.reading import log_reading
from recordings.concurrency import two_at_once
from recordings.http import Request, attachment, page
from recordings.paging import BY_NUMBER, start_by_number
from recordings.permissions import Permission
from recordings.policies import any_person, can, check, permission_required, reach
from recordings.reach import EVERYTHING, Reach
from recordings.trail.compose import Language
from recordings.trail.examine import examine
from recordings.trail.filter_words import period_words
from recordings.trail.filters import TrailFilters
from recordings.trail.forms import TrailForm
from recordings.trail.person_days import DaysForm, days_of
from recordings.trail.queries import first_event_at, shown, trail, utc_period
from recordings.trail.word_index import events_not_indexed, index_next


@require_safe
@permission_required(Permission.READ_TRAIL)
@two_at_once
def trail_page(request: Request) -> HttpResponse:
    """Show the trail, newest first, with the filters of the query string."""
    form = TrailForm(request.GET)
    context: dict[str, Any] = {"form": form, "q": request.GET.get("q", "")}
    if not form.is_valid():
        return page(request, "trail/trail.html", context, fragment="results", status=400)
    filters = form.filters()
    words = form.cleaned_data["q"]
    log_reading(by=Actor.from_request(request), filters=filters.as_logged(), words=words)
    if filters.words:
        index_next()
    events = trail(filters, start_by_number(request.GET), viewer=request.user, each=form.shows_each)
    context |= {
        "page": events,
        "chips": form.chips(),
        "switches": form.switches(),
        "since": first_event_at(),
        "may_export": can(request.user, Permission.EXPORT_REPORTS),
        **_export(form, filters, reach(request.user, Permission.EXPORT_REPORTS)),
        "is_limited": not reach(request.user, Permission.READ_TRAIL).is_everything,
        "shown": shown(events),
        "utc_period": utc_period(filters),
        "not_indexed": events_not_indexed() if filters.words else 0,
        **events.urls(BY_NUMBER, form.query(), reverse("trail:trail")),
    }
    return page(request, "trail/trail.html", context, fragment="results")


@require_safe
@permission_required(Permission.READ_TRAIL)
def event_body(request: Request, event_id: UUID) -> HttpResponse:
    """Send the exact bytes of one event as a file, so that anyone can hash them."""
    examined = examine(event_id, reach(request.user, Permission.READ_TRAIL))
    if examined is None:
        raise Http404
    log_reading(by=Actor.from_request(request), target=Target("event", f"event:{event_id}"))
    response = HttpResponse(examined.event.stored.body, content_type="application/json")
    return attachment(response, f"event-{event_id}.json")


@require_safe
@any_person
def person_page(request: Request, person_id: int) -> HttpResponse:
    """Show what one person did and what they were refused.

    Everyone may open their own page. It shows everything they did, with no scope. Who read about them is shown only to
    those who may read the whole trail.
    """
    own = request.user.pk == person_id
    if not own:
        check(request, Permission.READ_TRAIL, target=Target("person", f"user:{person_id}"))
    person = get_object_or_404(get_user_model(), pk=person_id)
    form = DaysForm(request.GET)
    context: dict[str, Any] = {"subject": person, "own": own, "form": form}
    if not form.is_valid():
        return page(request, "trail/person.html", context, fragment="results", status=400)
    log_reading(by=Actor.from_request(request), target=Target.of(person))
    ref, only_refused = f"user:{person.pk}", form.cleaned_data["only"] == "refused"
    days = {name: form.cleaned_data[name] for name in ("since", "until")}
    days["zone"] = timezone.get_current_timezone_name()
    readable = reach(request.user, Permission.READ_TRAIL)
    if only_refused:
        filters = TrailFilters(actor=ref, outcome=Outcome.DENIED, **days)
    elif own and not readable.is_everything:
        filters = TrailFilters(actor=ref, **days)
    else:
        filters = TrailFilters(any_ref=(ref,), **days)
    seen = EVERYTHING if own else readable
    start = start_by_number(request.GET)
    events = trail(filters, start, viewer=request.user, each=False, within=seen)
    first, last = form.summarized()
    context |= {
        "days": days_of(ref, first, last, timezone.get_current_timezone(), reach=seen),
        "is_limited": not seen.is_everything,
        "summarized": period_words(first, last, Language.current()),
        "zone": timezone.get_current_timezone_name(),
        "utc_period": utc_period(filters),
        "chips": form.chips(),
        "page": events,
        "only_refused": only_refused,
        "proof_url": _proof_url(ref) if reach(request.user, Permission.EXPORT_REPORTS).is_everything else "",
        "shown": shown(events),
        **events.urls(BY_NUMBER, form.query(), request.path),
    }
    return page(request, "trail/person.html", context, fragment="results")


def _export(form: TrailForm, filters: TrailFilters, reach: Reach) -> dict[str, Any]:
    """Return the address of the report form with these filters: a bundle, unless no bundle can have such filters."""
    picked = filters.all_kinds or filters.outcome or filters.purpose or filters.no_reading
    picked = picked or not reach.is_everything
    query = form.query() if picked else "&".join(filter(None, [form.query(), "format=bundle"]))
    return {"export_url": f"{reverse('reports:list')}?{query}#new", "with_proof": not picked}


def _proof_url(ref: str) -> str:
    """Return the address of the report form, filled in for a bundle of everything this person did."""
    return f"{reverse('reports:list')}?{urlencode({'format': 'bundle', 'person': ref})}#new"

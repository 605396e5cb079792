"""The pages of numbers. Each is an event: they name agents, scorers or both, and state what was selected."""

from dataclasses import replace
from typing import Any

from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from recordings.audit import Actor, Kind, record_once
from recordings.days import written_day
from recordings.http import Request, page
from recordings.paging import number_in
from recordings.permissions import Permission
from recordings.policies import can, permission_required, reach
from recordings.reviews.evaluations import title_of
from recordings.reviews.numbers import heatmap
from recordings.reviews.numbers.agents import agents_page
from recordings.reviews.numbers.blind import count_withheld, shown_to
from recordings.reviews.numbers.codes import count_answers, encode_next
from recordings.reviews.numbers.coverage import Covered
from recordings.reviews.numbers.forms import NumbersForm
from recordings.reviews.numbers.questions import section_lines, version_shown
from recordings.reviews.numbers.samples import weighted_averages
from recordings.reviews.numbers.selection import Selection
from recordings.reviews.numbers.tallies import BINS, FEWEST_RANKED, Tally, tallies
from recordings.reviews.numbers.words import averages_of, scores_of

PAGES = (
    ("overview", _("Scores"), "numbers:overview"),
    ("agents", _("Agents"), "numbers:agents"),
    ("questions", _("Questions"), "numbers:questions"),
    ("scorers", _("Scorers"), "numbers:scorers"),
)


@require_safe
@permission_required(Permission.READ_EVALUATIONS)
def overview(request: Request) -> HttpResponse:
    """Show the distribution of the scores, then the averages, then the weeks."""
    form = _form(request)
    if not form.is_valid():
        return _invalid(request, form, "overview")
    selection = form.selection()
    counted = tallies(selection, _reach(request), (), ("bin",), ("week",))
    everything = counted[()].get((), Tally())
    of_bin, of_week = counted[("bin",)], counted[("week",)]
    weighted, weights = weighted_averages(selection, _reach(request))
    context = {
        "all": everything,
        "weights": weights,
        "bins": [(scores_of(place), of_bin.get((place,), Tally()).n) for place in range(BINS)],
        "unscored": everything.n - everything.scores.n,
        "averages": weighted or averages_of(everything),
        "weeks": [
            (written_day(day), of_week.get((place,), Tally()).score)
            for place, day in enumerate(selection.weeks)
        ],
    }
    return _page(request, form, selection, "overview", context)


@require_safe
@permission_required(Permission.READ_EVALUATIONS)
def agents(request: Request) -> HttpResponse:
    """Show the agents with their averages and the map of their weeks."""
    form = _form(request)
    if not form.is_valid():
        return _invalid(request, form, "agents")
    selection = form.selection()
    shown = agents_page(selection, _reach(request), form.shown_agents, number_in(request.GET, "page"))
    context = {
        "shown": shown,
        "head": heatmap.head(selection.weeks),
        "rows": heatmap.rows(shown.lines),
        "states": list(Covered),
        "older_url": _page_url(form, shown.number + 1) if shown.number < shown.pages else "",
        "newer_url": _page_url(form, shown.number - 1) if shown.number > 1 else "",
    }
    return _page(request, form, selection, "agents", context)


@require_safe
@permission_required(Permission.READ_EVALUATIONS)
def questions(request: Request) -> HttpResponse:
    """Show the answers to each question of one scorecard version: the selected one, or the one most used."""
    form = _form(request)
    if not form.is_valid():
        return _invalid(request, form, "questions")
    selection, within = form.selection(), _reach(request)
    encode_next()
    version = version_shown(selection, within)
    context: dict[str, Any] = {"version": version}
    if version is not None:
        of_version = replace(selection, version=version.pk)
        counted = count_answers(of_version, within, version, only=shown_to(request.user))
        language = get_language() or "en"
        context |= {
            "withheld": count_withheld(of_version, within, request.user),
            "title": title_of(version, language),
            "counted": counted,
            "sections": section_lines(version, counted.questions, language),
        }
    return _page(request, form, selection, "questions", context)


@require_safe
@permission_required(Permission.READ_EVALUATIONS)
def scorers(request: Request) -> HttpResponse:
    """Show the people who evaluated, with their averages."""
    form = _form(request)
    if not form.is_valid():
        return _invalid(request, form, "scorers")
    selection = form.selection()
    counted = tallies(selection, _reach(request), ("scorer_id",))[("scorer_id",)]
    people = get_user_model().objects.in_bulk([key[0] for key in counted])
    lines = [(people[key[0]].display_name, tally) for key, tally in counted.items() if key[0] in people]
    context = {"lines": sorted(lines, key=lambda line: line[0])}
    return _page(request, form, selection, "scorers", context)


def _page(
    request: Request, form: NumbersForm, selection: Selection, here: str, context: dict[str, Any]
) -> HttpResponse:
    detail = {"area": here, "filters": selection.as_detail()}
    record_once(Kind.NUMBERS_OPENED, by=Actor.from_request(request), act=detail, detail=detail)
    period = gettext("%(since)s to %(until)s") % {
        "since": written_day(selection.since),
        "until": written_day(selection.until),
    }
    common = {"period": period, "fewest": FEWEST_RANKED, **_frame(request, form, here)}
    return page(request, f"reviews/numbers/{here}.html", {**common, **context})


def _invalid(request: Request, form: NumbersForm, here: str) -> HttpResponse:
    return page(request, f"reviews/numbers/{here}.html", _frame(request, form, here), status=400)


def _frame(request: Request, form: NumbersForm, here: str) -> dict[str, Any]:
    may_export = can(request.user, Permission.EXPORT_REPORTS)
    return {"form": form, "here": here, "pages": PAGES, "query": form.query(), "may_export": may_export}


def _form(request: Request) -> NumbersForm:
    return NumbersForm(request.GET, reach=_reach(request), not_of=request.user.own_agent_ids)


def _reach(request: Request) -> Any:
    return reach(request.user, Permission.READ_EVALUATIONS)


def _page_url(form: NumbersForm, number: int) -> str:
    query = form.query()
    return f"?{query}&page={number}" if query else f"?page={number}"

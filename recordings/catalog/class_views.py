"""The page of sensitivity rules, and the class of an object set by hand."""

import re
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from recordings.audit import Actor, Target
from recordings.catalog import classes
from recordings.catalog.queries import agents_and_streams, channel_name, object_of
from recordings.catalog.tasks import apply_class_rules
from recordings.exceptions import UnknownObject
from recordings.filter_form import NamesSelect
from recordings.http import Request, page
from recordings.models import ClassRule, CommBoxObject, ObjectClass, Sensitivity, Stream, Team
from recordings.nudge import nudge
from recordings.permissions import Permission
from recordings.policies import can_use, check_not_own_call, permission_required, reach, refuse

ENDED_SHOWN = 20
_OBJECT_ID = re.compile(r"[0-9]{1,19}\Z")


class RuleForm(forms.Form):
    """Which objects get which class. At least one of channel, team and type is named."""

    stream = forms.ModelChoiceField(
        label=_("Channel"),
        queryset=Stream.objects.none(),
        required=False,
        empty_label=_("any channel"),
        widget=NamesSelect,
    )
    team = forms.ModelChoiceField(
        label=_("Team"),
        queryset=Team.objects.none(),
        required=False,
        empty_label=_("any team"),
        widget=NamesSelect,
    )
    recording_type = forms.CharField(
        label=_("Type of recording in CommBox"),
        max_length=40,
        required=False,
        help_text=_("Empty: any type."),
    )
    sensitivity = forms.ChoiceField(label=_("Sensitivity"), choices=Sensitivity.choices)
    reason = forms.CharField(label=_("Reason"), max_length=300)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stream, team = self.fields["stream"], self.fields["team"]
        stream.queryset = Stream.objects.order_by("name", "pk")  # type: ignore[attr-defined]
        stream.label_from_instance = lambda row: channel_name(row.name, row.pk)  # type: ignore[attr-defined]
        team.queryset = Team.objects.order_by("name", "pk")  # type: ignore[attr-defined]
        team.label_from_instance = _team_name  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse a rule about everything."""
        values: dict[str, Any] = super().clean() or {}
        if not self.errors and not any(values.get(name) for name in ("stream", "team", "recording_type")):
            self.add_error(None, gettext("Choose a channel, a team or a type."))
        return values


class ObjectClassForm(forms.Form):
    """The class of an object, or none by hand, with a reason."""

    sensitivity = forms.ChoiceField(
        label=_("Sensitivity"),
        required=False,
        choices=[("", pgettext_lazy("sensitivity", "as rules and channel say")), *Sensitivity.choices],
    )
    reason = forms.CharField(label=_("Reason"), max_length=300)


class EndForm(forms.Form):
    """Why a rule ends."""

    reason = forms.CharField(label=_("Reason"), max_length=300)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.CLASSIFY_RECORDINGS)
def rules(request: Request) -> HttpResponse:
    """List the rules; POST adds one. Rules are about objects of any scope, so they need a grant without one."""
    _check_everywhere(request)
    form = RuleForm(request.POST or None, initial={"stream": request.GET.get("stream")})
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        classes.add_rule(
            sensitivity=Sensitivity(values["sensitivity"]),
            stream=values["stream"],
            team=values["team"],
            recording_type=values["recording_type"],
            reason=values["reason"],
            by=Actor.from_request(request),
            set_by=request.user,
        )
        nudge(apply_class_rules)
        messages.success(request, gettext("The rule was added. Objects follow within minutes."))
        return redirect("catalog:class_rules")
    return page(request, "catalog/class_rules.html", _rules_context(form), status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.CLASSIFY_RECORDINGS)
def end_rule(request: Request, rule_id: int) -> HttpResponse:
    """End a rule. GET shows the page that asks for a reason."""
    _check_everywhere(request)
    rule = get_object_or_404(ClassRule, pk=rule_id)
    form = EndForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        context = {"form": form, "rule": _lines([rule])[0]}
        return page(request, "catalog/end_class_rule.html", context, status=422 if form.errors else 200)
    by = Actor.from_request(request)
    classes.end_rule(rule=rule, by=by, ended_by=request.user, reason=form.cleaned_data["reason"])
    nudge(apply_class_rules)
    messages.success(request, gettext("The rule was ended. Objects follow within minutes."))
    return redirect("catalog:class_rules")


@require_POST
@permission_required(Permission.CLASSIFY_RECORDINGS)
def classify(request: Request, object_id: str) -> HttpResponse:
    """Set an object's class by hand. Nobody does so for a call of their own."""
    opened = object_of(int(object_id)) if _OBJECT_ID.match(object_id) else None
    if opened is None or not can_use(request.user, Permission.SEARCH_OBJECTS, opened.thing):
        raise UnknownObject
    target = Target.of(opened.thing)
    if not can_use(request.user, Permission.CLASSIFY_RECORDINGS, opened.thing):
        refuse(request, Permission.CLASSIFY_RECORDINGS, target=target)
    check_not_own_call(request, opened.thing, target=target)
    form = ObjectClassForm(request.POST)
    address = reverse("catalog:object", args=[opened.thing.pk])
    if not form.is_valid():
        messages.error(request, gettext("Choose a class and give a reason. Nothing was changed."))
        return redirect(address)
    code = form.cleaned_data["sensitivity"]
    changed = classes.classify_object(
        thing=opened.thing,
        sensitivity=Sensitivity(code) if code else None,
        reason=form.cleaned_data["reason"],
        by=Actor.from_request(request),
        set_by=request.user,
    )
    if changed:
        messages.success(request, gettext("The sensitivity was changed."))
    return redirect(address)


def class_context(user: Any, thing: CommBoxObject) -> dict[str, Any]:
    """Return what an object's page shows of its class: the class, who set it by hand, and the form."""
    by_hand = ObjectClass.objects.filter(object_id=thing.pk, ended_at=None).select_related("set_by").first()
    may = can_use(user, Permission.CLASSIFY_RECORDINGS, thing)
    initial = {"sensitivity": by_hand.sensitivity if by_hand else ""}
    return {
        "label": Sensitivity(thing.sensitivity).label
        if thing.sensitivity in Sensitivity
        else thing.sensitivity,
        "by_hand": by_hand,
        "form": ObjectClassForm(initial=initial) if may else None,
    }


def class_of_channel(stream_id: int) -> ClassRule | None:
    """Return the rule that gives a channel its class; None for the standard class."""
    only_channel = ClassRule.objects.filter(stream=stream_id, team=None, recording_type="", ended_at=None)
    return only_channel.first()


def _check_everywhere(request: Request) -> None:
    if not reach(request.user, Permission.CLASSIFY_RECORDINGS).is_everything:
        refuse(request, Permission.CLASSIFY_RECORDINGS)


def _rules_context(form: RuleForm) -> dict[str, Any]:
    rows = ClassRule.objects.select_related("set_by", "ended_by")
    in_force = rows.filter(ended_at=None).order_by("pk")
    ended = rows.exclude(ended_at=None).order_by("-ended_at")[:ENDED_SHOWN]
    return {"form": form, "rules": _lines([*in_force, *ended])}


def _lines(rules: list[ClassRule]) -> list[dict[str, Any]]:
    _agents, streams = agents_and_streams()
    teams = {team.pk: _team_name(team) for team in Team.objects.all()}
    return [
        {
            "rule": rule,
            "class": Sensitivity(rule.sensitivity).label,
            "channel": streams.get(str(rule.stream_id)) or channel_name("", rule.stream_id)
            if rule.stream_id is not None
            else "",
            "team": teams.get(rule.team_id, str(rule.team_id)) if rule.team_id is not None else "",
        }
        for rule in rules
    ]


def _team_name(team: Team) -> str:
    return team.name or gettext("team %(number)s") % {"number": team.pk}

"""The filters of the trail page, as people give them, and what they mean."""

import re
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth import get_user_model
from django.db.models import Q, TextField
from django.db.models.functions import Cast, Right

from recordings.audit.kinds import Kind, Outcome, Purpose
from recordings.filter_form import FilterForm
from recordings.models import Viewing
from recordings.trail.filters import GROUPS, TrailFilters

_WATERMARK = re.compile(r"(?i)v-([0-9a-f]{8})\Z")
_REQUEST = re.compile(r"[A-Za-z0-9._-]{8,64}\Z")
_REF = re.compile(r"(object|recording|user|report|statement|system|event):[\w.-]{1,64}\Z")
OUTCOMES = {
    Outcome.GRANTED.value: "Granted",
    Outcome.DENIED.value: "Refused",
    Outcome.ERROR.value: "Went wrong",
    Outcome.COMPLETED.value: "Completed",
}
PURPOSES = {purpose.value: purpose.label for purpose in Purpose}
SYSTEMS = {"system:refresh": "system (refresh)", "system:sealer": "system (sealer)"}
MOST_PEOPLE = 8


def _any(choices: dict[str, str]) -> list[tuple[str, str]]:
    return [("", "Any"), *choices.items()]


class TrailForm(FilterForm):
    """The filters of the trail."""

    q = forms.CharField(required=False, max_length=200, strip=True, label="Search the trail")
    group = forms.MultipleChoiceField(
        required=False,
        label="What happened",
        choices=[(code, label) for code, (label, _) in GROUPS.items()],
        widget=forms.CheckboxSelectMultiple,
    )
    kind = forms.MultipleChoiceField(required=False, choices=[(kind.value, kind.value) for kind in Kind])
    person = forms.ChoiceField(required=False, label="Person")
    outcome = forms.ChoiceField(
        required=False,
        label="Outcome",
        choices=_any(OUTCOMES),
    )
    purpose = forms.ChoiceField(
        required=False,
        label="Purpose",
        choices=_any(PURPOSES),
    )
    since = forms.DateField(required=False, label="First day (UTC)", widget=forms.DateInput({"type": "date"}))
    until = forms.DateField(required=False, label="Last day (UTC)", widget=forms.DateInput({"type": "date"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = _people()
        self.words: dict[str, Any] = {}
        choices = [("", "Anybody"), *self.people.items(), *SYSTEMS.items()]
        self.fields["person"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            self.add_error("until", "The last day lies before the first.")
        return cleaned

    def clean_q(self) -> str:
        text: str = self.cleaned_data["q"]
        self.words = _filters_meant_by(text)
        return text

    def filters(self) -> TrailFilters:
        """What was asked for; call it on a valid form only."""
        given = self.cleaned_data
        facts: dict[str, Any] = {name: given[name] for name in ("outcome", "purpose", "since", "until")}
        words = self.words
        if given["person"]:
            # A watermark names its viewer: somebody else chosen beside it leaves nothing.
            clash = words.get("actor", given["person"]) != given["person"]
            words = {**words, "actor": given["person"], "nothing": clash or words.get("nothing", False)}
        return TrailFilters(groups=tuple(given["group"]), kinds=tuple(given["kind"]), **facts, **words)

    @property
    def choices_of_one(self) -> list[forms.BoundField]:
        return [self[name] for name in ("person", "outcome", "purpose")]

    @property
    def kinds_given(self) -> list[str]:
        """Single kinds come by link only; the form carries them along."""
        return self.given("kind")

    def describe(self, name: str, value: str) -> str:
        """Describe a filter that is on."""
        labels: dict[str, dict[str, str]] = {
            "group": {code: label for code, (label, _) in GROUPS.items()},
            "person": {**self.people, **SYSTEMS},
            "outcome": OUTCOMES,
            "purpose": PURPOSES,
            "since": {value: f"from {value}"},
            "until": {value: f"to {value}"},
        }
        return labels.get(name, {}).get(value, value)


def _people() -> dict[str, str]:
    users = get_user_model().objects.order_by("full_name", "pk").only("full_name", "username")
    return {f"user:{user.pk}": user.display_name for user in users}


def _filters_meant_by(text: str) -> dict[str, Any]:
    """What was typed: an object's number, a uuid, a watermark, a request's id, a ref, or part of a person's name.

    Raises ValidationError when it stands for too many people at once.
    """
    if not text:
        return {}
    if text.isascii() and text.isdigit() and len(text) < 20:
        return {"any_ref": (f"object:{int(text)}",)}
    if watermark := _WATERMARK.match(text):
        return _watermarked(watermark.group(1).lower())
    if _REF.match(text):
        return {"any_ref": (text,)}
    try:
        uuid = UUID(text)
    except ValueError:
        return _person_or_request(text)
    refs = tuple(f"{kind}:{uuid}" for kind in ("recording", "report", "event"))
    return {"any_ref": refs, "event": str(uuid), "request": uuid.hex}


def _watermarked(tail: str) -> dict[str, Any]:
    """The viewing whose watermark was read off a screen: its recording, and who watched it."""
    short = Right(Cast("id", TextField()), 8)
    viewing = Viewing.objects.annotate(short=short).filter(short=tail).first()
    if viewing is None:
        return {"nothing": True}
    return {"target": f"recording:{viewing.recording_id}", "actor": f"user:{viewing.viewer_id}"}


def _person_or_request(text: str) -> dict[str, Any]:
    named = Q(full_name__icontains=text) | Q(username__icontains=text)
    people = get_user_model().objects.filter(named).order_by("pk").values_list("pk", flat=True)
    refs = tuple(f"user:{pk}" for pk in people[: MOST_PEOPLE + 1])
    if len(refs) > MOST_PEOPLE:
        raise forms.ValidationError(f"More than {MOST_PEOPLE} people match: type more of the name.")
    request = text if _REQUEST.match(text) else ""
    return {"any_ref": refs, "request": request} if refs or request else {"nothing": True}

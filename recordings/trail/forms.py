"""The filters of the trail page, as people give them, and what they mean."""

import re
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib.auth import get_user_model
from django.db.models import Q

from recordings.audit.kinds import Kind, Purpose
from recordings.db import BIGGEST_ID
from recordings.filter_form import Chip, DayField, FilterForm
from recordings.models import Leaf
from recordings.trail.filter_words import OUTCOMES, day_words
from recordings.trail.filters import TrailFilters
from recordings.trail.groups import GROUPS
from recordings.trail.words import MOST_TYPED, words_of

_WATERMARK = re.compile(r"(?i)v[-‐-―−]?([0-9a-f]{8})\Z")
_LEAF = re.compile(r"(?i)leaf\s+([0-9., ]{1,25})\Z")
_REQUEST = re.compile(r"[A-Za-z0-9._-]{8,64}\Z")
_REF = re.compile(r"(object|recording|user|report|statement|system|event):[\w.-]{1,64}\Z")
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
    reading = forms.ChoiceField(
        required=False,
        label="Reading of the trail",
        choices=[("", "Shown"), ("hide", "Hidden")],
    )
    rows = forms.ChoiceField(
        required=False,
        label="Viewings",
        choices=[("", "One row for each"), ("each", "Every event")],
    )
    since = DayField(label="First day (UTC)")
    until = DayField(label="Last day (UTC)")

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
            words = {**words, "actor": given["person"]}
        return TrailFilters(
            groups=tuple(given["group"]),
            kinds=tuple(given["kind"]),
            no_reading=given["reading"] == "hide",
            **facts,
            **words,
        )

    @property
    def shows_each(self) -> bool:
        """Whether each event is a row of its own: where single kinds, or the steps of one viewing, are asked for."""
        given = self.cleaned_data
        return bool(given["rows"] or given["kind"] or _WATERMARK.match(given["q"]))

    @property
    def choices_of_one(self) -> list[forms.BoundField]:
        return [self[name] for name in ("person", "outcome", "purpose")]

    @property
    def by_link_only(self) -> list[tuple[str, str]]:
        """What has no field on the page, name and value: the form carries it along."""
        return [pair for pair in self.pairs() if pair[0] in ("kind", "reading", "rows")]

    def switches(self) -> list[Chip]:
        """What one press leaves out of the list or puts into it, unless it is on."""
        offered = [] if self.given("reading") else [("reading", "hide", "Hide reading of the trail")]
        if not self.shows_each:
            offered.append(("rows", "each", "Every event of viewings"))
        return [
            Chip(text, urlencode([*self.pairs(), (name, value)], errors="replace"))
            for name, value, text in offered
        ]

    def describe(self, name: str, value: str) -> str:
        """Describe a filter that is on."""
        labels: dict[str, dict[str, str]] = {
            "group": {code: label for code, (label, _) in GROUPS.items()},
            "person": {**self.people, **SYSTEMS},
            "outcome": OUTCOMES,
            "purpose": PURPOSES,
            "rows": {"each": "Every event of viewings"},
            "reading": {"hide": "Reading of the trail hidden"},
            "since": {value: f"from {day_words(value)}"},
            "until": {value: f"to {day_words(value)}"},
        }
        return labels.get(name, {}).get(value, value)


def _people() -> dict[str, str]:
    users = get_user_model().objects.order_by("full_name", "pk").only("full_name", "username")
    return {f"user:{user.pk}": user.display_name for user in users}


def _filters_meant_by(text: str) -> dict[str, Any]:
    """What was typed: a reference, a UUID, a number, the id on a watermark – or words that events show, a person's
    name among them.

    Raises ValidationError when it stands for too many people or holds too many words.
    """
    if not text:
        return {}
    if _REF.match(text):
        return {"any_ref": (text,)}
    if leaf := _LEAF.match(text):
        return _with_leaf(re.sub(r"\D", "", leaf[1])) or {"nothing": True}
    if text.isascii() and text.isdigit() and len(text) < 20:
        return {"any_ref": (f"object:{int(text)}",), "words": (text,), **_with_leaf(text)}
    if watermark := _WATERMARK.match(text):
        return {"words": (watermark[1].lower(),)}
    try:
        uuid = UUID(text)
    except ValueError:
        return _words_or_person(text)
    refs = tuple(f"{kind}:{uuid}" for kind in ("recording", "report", "event"))
    return {"any_ref": refs, "event": str(uuid), "request": uuid.hex, "words": (uuid.hex,)}


def _with_leaf(number: str) -> dict[str, Any]:
    """The event whose leaf has this number; empty when there is none."""
    n = int(number or BIGGEST_ID)
    leaf = Leaf.objects.filter(n=n).values_list("event_id", flat=True).first() if n < BIGGEST_ID else None
    return {"event": str(leaf)} if leaf else {}


def _words_or_person(text: str) -> dict[str, Any]:
    words = tuple(dict.fromkeys(words_of(text)))
    if len(words) > MOST_TYPED:
        raise forms.ValidationError(f"These are {len(words)} words: type at most {MOST_TYPED}.")
    named = Q(full_name__icontains=text) | Q(username__icontains=text)
    people = get_user_model().objects.filter(named).order_by("pk").values_list("pk", flat=True)
    refs = tuple(f"user:{pk}" for pk in people[: MOST_PEOPLE + 1])
    if len(refs) > MOST_PEOPLE:
        raise forms.ValidationError(f"More than {MOST_PEOPLE} people match: type more of the name.")
    meant = {"any_ref": refs, "request": text if _REQUEST.match(text) else "", "words": words}
    return meant if any(meant.values()) else {"nothing": True}

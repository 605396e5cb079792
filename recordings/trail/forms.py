"""The form of the trail page's filters, and what a person means by what they type."""

import re
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib.auth import get_user_model
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy, ngettext
from django.utils.translation import gettext_lazy as _

from recordings.audit.kinds import Kind
from recordings.db import BIGGEST_ID
from recordings.filter_form import Chip, DayField, FilterForm, check_period, day_label
from recordings.models import Leaf
from recordings.trail import labels
from recordings.trail.filters import TrailFilters
from recordings.trail.groups import GROUPS
from recordings.trail.words import MOST_TYPED, words_of

_WATERMARK = re.compile(r"(?i)v[-‐-―−]?([0-9a-f]{8})\Z")
_LEAF = re.compile(r"(?i)leaf\s+([0-9., ]{1,25})\Z")
_REQUEST = re.compile(r"[A-Za-z0-9._-]{8,64}\Z")
_REF = re.compile(
    r"(object|recording|user|report|statement|scorecard|calibration|plan|sample|system|event):[\w.-]{1,64}\Z"
)
Labels = dict[str, str | Promise]
GROUP_LABELS: Labels = {code: gettext_lazy(label) for code, (label, _prefixes) in GROUPS.items()}
OUTCOMES: Labels = {code: gettext_lazy(label) for code, label in labels.OUTCOMES.items()}
PURPOSES: Labels = {code: gettext_lazy(label) for code, label in labels.PURPOSES.items()}
SYSTEMS: Labels = {"system:refresh": _("The portal (refresh)"), "system:sealer": _("The portal (sealer)")}
MOST_PEOPLE = 8


def _any(choices: Labels) -> list[tuple[str, str | Promise]]:
    return [("", _("Any")), *choices.items()]


class TrailForm(FilterForm):
    """The filters of the trail."""

    q = forms.CharField(required=False, max_length=200, strip=True, label=_("Search the trail"))
    group = forms.MultipleChoiceField(
        required=False,
        label=_("What happened"),
        choices=list(GROUP_LABELS.items()),
        widget=forms.CheckboxSelectMultiple,
    )
    kind = forms.MultipleChoiceField(required=False, choices=[(kind.value, kind.value) for kind in Kind])
    person = forms.ChoiceField(
        required=False, label=_("Person"), widget=forms.Select({"translate": "no"})
    )  # names
    outcome = forms.ChoiceField(
        required=False,
        label=_("Outcome"),
        choices=_any(OUTCOMES),
    )
    purpose = forms.ChoiceField(
        required=False,
        label=_("Purpose"),
        choices=_any(PURPOSES),
    )
    reading = forms.ChoiceField(
        required=False,
        label=_("Reading of the trail"),
        choices=[("", _("Shown")), ("hide", _("Hidden"))],
    )
    rows = forms.ChoiceField(
        required=False,
        label=_("Viewings"),
        choices=[("", _("One row for each")), ("each", _("Every event"))],
    )
    since = DayField(label=_("First day"))
    until = DayField(label=_("Last day"))

    @property
    def zone(self) -> str:
        """Return the time zone whose days are meant: the reader's."""
        return timezone.get_current_timezone_name()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = _people()
        self.words: dict[str, Any] = {}
        choices = [("", _("Anyone")), *self.people.items(), *SYSTEMS.items()]
        self.fields["person"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        check_period(self, cleaned)
        return cleaned

    def clean_q(self) -> str:
        text: str = self.cleaned_data["q"]
        self.words = _filters_meant_by(text)
        return text

    def filters(self) -> TrailFilters:
        """Return the filters of a valid form."""
        given = self.cleaned_data
        facts: dict[str, Any] = {name: given[name] for name in ("outcome", "purpose", "since", "until")}
        words = self.words
        if given["person"]:
            words = {**words, "actor": given["person"]}
        return TrailFilters(
            groups=tuple(given["group"]),
            kinds=tuple(given["kind"]),
            no_reading=given["reading"] == "hide",
            zone=self.zone,
            **facts,
            **words,
        )

    @property
    def shows_each(self) -> bool:
        """Whether each event has a row: with filters by kind, or by one viewing."""
        given = self.cleaned_data
        return bool(given["rows"] or given["kind"] or _WATERMARK.match(given["q"]))

    @property
    def choices_of_one(self) -> list[forms.BoundField]:
        return [self[name] for name in ("person", "outcome", "purpose")]

    @property
    def by_link_only(self) -> list[tuple[str, str]]:
        """Return name and value of what has no field on the page, so that the form keeps it."""
        return [pair for pair in self.pairs() if pair[0] in ("kind", "reading", "rows")]

    def switches(self) -> list[Chip]:
        """Return links that turn on a filter without a field, unless it is on."""
        offered = [] if self.given("reading") else [("reading", "hide", gettext("Hide reading of the trail"))]
        if not self.shows_each:
            offered.append(("rows", "each", gettext("Show every event of viewings")))
        return [
            Chip(text, urlencode([*self.pairs(), (name, value)], errors="replace"))
            for name, value, text in offered
        ]

    def describe(self, name: str, value: str) -> str:
        """Describe a filter that is on."""
        described: dict[str, Labels] = {
            "group": GROUP_LABELS,
            "person": {**self.people, **SYSTEMS},
            "outcome": OUTCOMES,
            "purpose": PURPOSES,
            "rows": {"each": _("Every event of viewings")},
            "reading": {"hide": _("Reading of the trail hidden")},
        }
        if name in ("since", "until"):
            return day_label(name, value)
        return str(described.get(name, {}).get(value, value))


def _people() -> Labels:
    users = get_user_model().objects.order_by("full_name", "pk").only("full_name", "username")
    return {f"user:{user.pk}": user.display_name for user in users}


def _filters_meant_by(text: str) -> dict[str, Any]:
    """Read a reference, a UUID, a number, the id on a watermark, or words that events show, such as a person's name.

    Raises ValidationError when it matches too many people or has too many words.
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
    """Return the filter by the event whose leaf has this number; empty when there is none."""
    n = int(number or BIGGEST_ID)
    leaf = Leaf.objects.filter(n=n).values_list("event_id", flat=True).first() if n < BIGGEST_ID else None
    return {"event": str(leaf)} if leaf else {}


def _words_or_person(text: str) -> dict[str, Any]:
    words = tuple(dict.fromkeys(words_of(text)))
    if len(words) > MOST_TYPED:
        message = ngettext("Enter at most %(most)s word.", "Enter at most %(most)s words.", MOST_TYPED)
        raise forms.ValidationError(message % {"most": MOST_TYPED})
    named = Q(full_name__icontains=text) | Q(username__icontains=text)
    people = get_user_model().objects.filter(named).order_by("pk").values_list("pk", flat=True)
    refs = tuple(f"user:{pk}" for pk in people[: MOST_PEOPLE + 1])
    if len(refs) > MOST_PEOPLE:
        message = ngettext(
            "More than %(most)s person matches. Enter more of the name.",
            "More than %(most)s people match. Enter more of the name.",
            MOST_PEOPLE,
        )
        raise forms.ValidationError(message % {"most": MOST_PEOPLE})
    meant = {"any_ref": refs, "request": text if _REQUEST.match(text) else "", "words": words}
    return meant if any(meant.values()) else {"nothing": True}

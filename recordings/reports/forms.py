"""The form for a report: the filters of the trail page, what it lists, and its format."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recordings.models import ReportKind
from recordings.proof.evidence.bundle.references import known_reference
from recordings.proof.evidence.bundle.scope import Scope
from recordings.proof.evidence.errors import CannotBuild, UnknownReference
from recordings.reach import Reach
from recordings.reports.actions import BUNDLE
from recordings.reviews.numbers.forms import NumbersForm
from recordings.trail.filters import TrailFilters
from recordings.trail.forms import TrailForm

FORMATS: dict[str, str | Promise] = {
    "csv": _("CSV"),
    "xlsx": _("Excel"),
    "pdf": _("PDF"),
    "jsonl": _("JSON Lines"),
    BUNDLE: _("Evidence bundle"),
}
_OF_EVENTS_ONLY = ("jsonl", BUNDLE)
_NO_REVIEW_BUNDLE = _(
    "A bundle has events. For the evidence of review choose another format, or request a bundle of the person's events."
)
_ONLY_EVENTS = _(
    "Reports of viewings and of access by person are available as Excel, CSV or PDF. Choose one of these formats, or a "
    "report of events."
)
_VIEWINGS_TOO_NARROW = _(
    "A report of viewings can be filtered by period, person, purpose, and one recording or object. Remove the other "
    "filters, or request a report of events."
)
_ACCESS_TOO_NARROW = _(
    "A report of access by person can be filtered by period, person, and one recording or object. Remove the other "
    "filters, or request a report of events."
)
_REVIEW_TOO_NARROW = _(
    "The evidence of review can be filtered by period, person, and one recording or object. Remove the other filters, "
    "or request a report of events."
)
NO_RECORDING = _("There is no recording with this id.")
_NAMED_BY_UUID = ("recording", "statement", "report")


class ReportForm(TrailForm):
    report = forms.ChoiceField(
        label=_("Contents"),
        choices=[(kind.value, kind.label) for kind in ReportKind if kind.is_of_trail],
        widget=forms.RadioSelect,
        initial=ReportKind.EVENTS,
        required=False,
        help_text=_(
            "Events: one row per event. Viewings: one row per viewing, with what was watched. Access by person: one "
            "row per person, with what they did in the period. Evidence of review: one row per decision and spot check "
            "of supervision, with who made it, when, and what was watched; then recordings without a decision."
        ),
    )
    format = forms.ChoiceField(
        label=_("Format"),
        choices=list(FORMATS.items()),
        widget=forms.RadioSelect,
        initial="xlsx",
        help_text=_(
            "Excel is recommended for reading: dates are dates, and everything else stays as it was written. A "
            "spreadsheet changes the values of a CSV file when it opens it: 0012345 becomes 12345, a long number loses "
            "its last digits, 3-12 becomes a date. CSV and JSON Lines are for programs; JSON Lines has the exact bytes "
            "of each event. An evidence bundle covers one recording, one object with its recordings, one person or a "
            "period. It proves to an outsider that nothing was altered or left out up to the time it states, even when "
            "there is nothing."
        ),
    )
    language = forms.ChoiceField(
        label=_("Language of a PDF"),
        choices=settings.LANGUAGES,  # each names itself
        widget=forms.Select({"translate": "no"}),
        required=False,
        help_text=_("CSV, Excel and JSON Lines are always in English."),
    )

    def __init__(self, *args: Any, reach: Reach, **kwargs: Any) -> None:
        """`reach`: where the person may export."""
        super().__init__(*args, **kwargs)
        self.reach = reach
        self.fields["language"].initial = translation.get_language()
        self.fields["since"].label, self.fields["until"].label = _("First day (UTC)"), _("Last day (UTC)")
        self.fields["since"].help_text = _("A report covers days of UTC, from 00:00 to 24:00 UTC.")
        self.fields["q"].label = _("Words")
        self.fields["q"].help_text = _(
            "Whole words that the trail shows, such as a name, a customer, a case or an address; or an id."
        )

    @property
    def zone(self) -> str:
        """Return UTC: evidence has days of UTC, whoever requests it."""
        return "UTC"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors and cleaned.get("report") != ReportKind.EVENTS:
            self._check_counted(cleaned)
        elif cleaned.get("format") == BUNDLE and not self.errors:
            try:
                Scope.asked(self.filters(), timezone.now(), self.reach)
            except CannotBuild as refused:
                raise forms.ValidationError(str(refused.sentence)) from refused
        return cleaned

    def clean_language(self) -> str:
        return self.cleaned_data["language"] or translation.get_language() or "en"

    def clean_report(self) -> str:
        return self.cleaned_data["report"] or ReportKind.EVENTS.value

    def filters(self) -> TrailFilters:
        """Return the filters. For a bundle, viewings and access, the words name the one thing or person it covers."""
        is_counted = self.cleaned_data.get("report") != ReportKind.EVENTS
        if is_counted or self.cleaned_data.get("format") == BUNDLE:
            self.words = _one_thing(self.words, self.reach)
        asked = super().filters()
        return replace(asked, no_reading=False) if is_counted else asked

    def _check_counted(self, cleaned: dict[str, Any]) -> None:
        """Raise ValidationError for a format or a filter that reports of viewings or access cannot have."""
        is_review = cleaned["report"] == ReportKind.REVIEW
        if is_review and cleaned.get("format") == BUNDLE:
            raise forms.ValidationError(_NO_REVIEW_BUNDLE)
        if not is_review and cleaned.get("format") in _OF_EVENTS_ONLY:
            raise forms.ValidationError(_ONLY_EVENTS)
        try:
            asked = self.filters()
        except CannotBuild as refused:
            raise forms.ValidationError(str(refused.sentence)) from refused
        is_access = cleaned["report"] in (ReportKind.ACCESS, ReportKind.REVIEW)
        narrowed = (
            asked.all_kinds or asked.outcome or asked.any_ref or asked.words or asked.event or asked.nothing
        )
        if narrowed or (is_access and asked.purpose):
            sentence = _REVIEW_TOO_NARROW if is_review else _ACCESS_TOO_NARROW
            raise forms.ValidationError(sentence if is_access else _VIEWINGS_TOO_NARROW)


class NumbersReportForm(NumbersForm):
    """The filters of the pages of numbers, with what the report has and its format."""

    report = forms.ChoiceField(
        label=_("Contents"),
        choices=[(kind.value, kind.label) for kind in ReportKind if not kind.is_of_trail],
        widget=forms.RadioSelect,
        initial=ReportKind.SCORES,
        help_text=_(
            "Evaluations: one row per evaluation, with its current score. Numbers: averages, shares and their "
            "intervals, as the pages show them."
        ),
    )
    format = forms.ChoiceField(
        label=_("Format"),
        choices=[(name, FORMATS[name]) for name in ("xlsx", "csv", "pdf")],
        widget=forms.RadioSelect,
        initial="xlsx",
    )


def _one_thing(words: dict[str, Any], reach: Reach) -> dict[str, Any]:
    """Read words that may mean one object, recording or person as just that.

    Raises UnknownReference for a reference to something that does not exist.
    """
    refs = words.get("any_ref", ())
    if len(refs) == 1:
        ref = known_reference(refs[0], reach)
        return {"actor" if ref.startswith(("user:", "system:")) else "target": ref}
    if refs and words.get("event"):
        return {"target": _known_by(words["event"], reach)}
    return words


def _known_by(uuid: str, reach: Reach) -> str:
    """Return the reference of the one thing that has this UUID; with a scope, only a recording."""
    for kind in _NAMED_BY_UUID if reach.is_everything else ("recording",):
        with suppress(UnknownReference):
            return known_reference(f"{kind}:{uuid}", reach)
    raise UnknownReference(str(NO_RECORDING))


def prefilled(query: QueryDict, reach: Reach) -> ReportForm:
    """Return a form filled with the filters of a trail page, for a person who may export in this reach."""
    blank = ReportForm(reach=reach)
    initial: dict[str, Any] = {
        name: query.getlist(name) if isinstance(field, forms.MultipleChoiceField) else query.get(name)
        for name, field in blank.fields.items()
        if name in query
    }
    return ReportForm(initial=initial, reach=reach)

"""What a report is asked for: the filters of the trail page, and a format."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone

from recordings.models import ReportKind
from recordings.proof.evidence.bundle.references import known_reference
from recordings.proof.evidence.bundle.scope import Scope
from recordings.proof.evidence.errors import CannotBuild, UnknownReference
from recordings.reports.actions import BUNDLE
from recordings.trail.filters import TrailFilters
from recordings.trail.forms import TrailForm

FORMATS = {"csv": "CSV", "xlsx": "Excel", "pdf": "PDF", "jsonl": "JSON Lines", BUNDLE: "Evidence bundle"}
_OF_EVENTS_ONLY = ("jsonl", BUNDLE)
_ONLY_EVENTS = (
    "Viewings and access by person come as Excel, CSV or PDF. Choose one of these, or a report of events."
)
_TOO_NARROW = (
    "A report of viewings or of access by person is narrowed by a period, a person and one recording or "
    "object{purpose}. Take the other filters away, or ask for a report of events."
)
NO_RECORDING = "The portal knows no recording of this id."
_NAMED_BY_UUID = ("recording", "statement", "report")


class ReportForm(TrailForm):
    report = forms.ChoiceField(
        label="What it lists",
        choices=ReportKind.choices,
        widget=forms.RadioSelect,
        initial=ReportKind.EVENTS,
        required=False,
        help_text="Events: one row an event. Viewings: one row a viewing, with what was watched. Access by person: one "
        "row a person, with what they did in the period.",
    )
    format = forms.ChoiceField(
        label="Format",
        choices=list(FORMATS.items()),
        widget=forms.RadioSelect,
        initial="xlsx",
        help_text="Excel is recommended for reading: dates are dates, and everything else stays as it was written. A "
        "spreadsheet that opens a CSV file retypes it: 0012345 becomes 12345, a long number loses its last digits, "
        "3-12 becomes a date. CSV and JSON Lines are for programs; JSON Lines has the exact bytes of each event. An "
        "evidence bundle is about one recording, one object with its recordings, one person or a period. It proves to "
        "an outsider that nothing is altered and nothing is left out up to the moment it names – also that there was "
        "nothing.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["q"].label = "Words"
        self.fields[
            "q"
        ].help_text = "Whole words that the trail shows: a name, a customer, a case, an address; or an id."

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors and cleaned.get("report") != ReportKind.EVENTS:
            self._check_counted(cleaned)
        elif cleaned.get("format") == BUNDLE and not self.errors:
            try:
                Scope.asked(self.filters(), timezone.now())
            except CannotBuild as refused:
                raise forms.ValidationError(str(refused.sentence)) from refused
        return cleaned

    def clean_report(self) -> str:
        return self.cleaned_data["report"] or ReportKind.EVENTS.value

    def filters(self) -> TrailFilters:
        """What was asked for. For a bundle, and for viewings and access, the words name the one thing or person that it
        is about."""
        is_counted = self.cleaned_data.get("report") != ReportKind.EVENTS
        if is_counted or self.cleaned_data.get("format") == BUNDLE:
            self.words = _one_thing(self.words)
        asked = super().filters()
        return replace(asked, no_reading=False) if is_counted else asked

    def _check_counted(self, cleaned: dict[str, Any]) -> None:
        """Raise ValidationError for what a report of viewings or of access cannot be, or be narrowed by."""
        if cleaned.get("format") in _OF_EVENTS_ONLY:
            raise forms.ValidationError(_ONLY_EVENTS)
        try:
            asked = self.filters()
        except CannotBuild as refused:
            raise forms.ValidationError(str(refused.sentence)) from refused
        is_access = cleaned["report"] == ReportKind.ACCESS
        narrowed = (
            asked.all_kinds or asked.outcome or asked.any_ref or asked.words or asked.event or asked.nothing
        )
        if narrowed or (is_access and asked.purpose):
            raise forms.ValidationError(_TOO_NARROW.format(purpose="" if is_access else ", and by a purpose"))


def _one_thing(words: dict[str, Any]) -> dict[str, Any]:
    """Words that mean one object, recording or person become that; what else they might mean is nobody's wish.

    Raises UnknownReference for a reference to what does not exist.
    """
    refs = words.get("any_ref", ())
    if len(refs) == 1:
        ref = known_reference(refs[0])
        return {"actor" if ref.startswith(("user:", "system:")) else "target": ref}
    if refs and words.get("event"):
        return {"target": _known_by(words["event"])}
    return words


def _known_by(uuid: str) -> str:
    """The one thing that has this UUID."""
    for kind in _NAMED_BY_UUID:
        with suppress(UnknownReference):
            return known_reference(f"{kind}:{uuid}")
    raise UnknownReference(NO_RECORDING)


def prefilled(query: QueryDict) -> ReportForm:
    """The empty form with the filters of a trail page in it."""
    blank = ReportForm()
    initial: dict[str, Any] = {
        name: query.getlist(name) if isinstance(field, forms.MultipleChoiceField) else query.get(name)
        for name, field in blank.fields.items()
        if name in query
    }
    return ReportForm(initial=initial)

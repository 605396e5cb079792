"""What a report is asked for: the filters of the trail page, and a format."""

from contextlib import suppress
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone

from recordings.proof.evidence.bundle.references import known_reference
from recordings.proof.evidence.bundle.scope import Scope
from recordings.proof.evidence.errors import CannotBuild, UnknownReference
from recordings.reports.actions import BUNDLE
from recordings.trail.filters import TrailFilters
from recordings.trail.forms import TrailForm

FORMATS = {"csv": "CSV", "xlsx": "Excel", "jsonl": "JSON Lines", BUNDLE: "Evidence bundle"}
NO_RECORDING = "The portal knows no recording of this id."
_NAMED_BY_UUID = ("recording", "statement", "report")


class ReportForm(TrailForm):
    format = forms.ChoiceField(
        label="Format",
        choices=list(FORMATS.items()),
        widget=forms.RadioSelect,
        initial="csv",
        help_text="CSV and Excel for reading, times as text in UTC to the microsecond; JSON Lines with the exact "
        "bytes of each event, for checking them. An evidence bundle is about one recording, one object with its "
        "recordings, one person or a period. It proves to an outsider that nothing is altered and nothing is left out "
        "up to the moment it names – also that there was nothing.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["q"].label = "Words"
        self.fields["q"].help_text = "Person, object, recording, request id or watermark."

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("format") == BUNDLE and not self.errors:
            try:
                Scope.asked(self.filters(), timezone.now())
            except CannotBuild as refused:
                raise forms.ValidationError(refused.sentence) from refused
        return cleaned

    def filters(self) -> TrailFilters:
        """What was asked for. For a bundle the words name the one thing or person that it is about."""
        if self.cleaned_data.get("format") == BUNDLE:
            self.words = _one_thing(self.words)
        return super().filters()


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

"""What a report is asked for: the filters of the trail page, and a format."""

from typing import Any

from django import forms
from django.http import QueryDict

from recordings.audit.forms import TrailForm

FORMATS = {
    "csv": "CSV, for spreadsheets",
    "jsonl": "JSON Lines, with the exact bytes of each event",
}


class ReportForm(TrailForm):
    format = forms.ChoiceField(
        label="Format", choices=list(FORMATS.items()), widget=forms.RadioSelect, initial="csv"
    )


def prefilled(query: QueryDict) -> ReportForm:
    """The empty form with the filters of a trail page in it."""
    blank = ReportForm()
    initial: dict[str, Any] = {
        name: query.getlist(name) if isinstance(field, forms.MultipleChoiceField) else query.get(name)
        for name, field in blank.fields.items()
        if name in query
    }
    return ReportForm(initial=initial)

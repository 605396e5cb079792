"""What a report is asked for: the filters of the trail page, and a format."""

from typing import Any

from django import forms
from django.http import QueryDict

from recordings.audit.forms import TrailForm

FORMATS = {"csv": "CSV", "xlsx": "Excel", "jsonl": "JSON Lines"}


class ReportForm(TrailForm):
    format = forms.ChoiceField(
        label="Format",
        choices=list(FORMATS.items()),
        widget=forms.RadioSelect,
        initial="csv",
        help_text="CSV and Excel for reading, times as text in UTC to the microsecond; JSON Lines with the exact "
        "bytes of each event, for checking them.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["q"].label = "Words"
        self.fields["q"].help_text = "Person, object, recording, request id or watermark."


def prefilled(query: QueryDict) -> ReportForm:
    """The empty form with the filters of a trail page in it."""
    blank = ReportForm()
    initial: dict[str, Any] = {
        name: query.getlist(name) if isinstance(field, forms.MultipleChoiceField) else query.get(name)
        for name, field in blank.fields.items()
        if name in query
    }
    return ReportForm(initial=initial)

"""The forms with which an administrator invites many people at once: choose a file, then confirm what it says."""

from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy

from auditportal.accounts import people_csv
from auditportal.accounts.people_csv import Line, Unreadable
from recordings.stepup import ConfirmedForm


class ImportForm(forms.Form):
    """A CSV file, or its lines pasted. A valid form has `text` and `lines`."""

    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        required=False,
        widget=forms.FileInput({"accept": ".csv,text/csv,text/plain"}),
    )
    text = forms.CharField(
        label=gettext_lazy("Or the lines themselves"),
        required=False,
        max_length=people_csv.LARGEST,
        widget=forms.Textarea({"rows": 6, "spellcheck": "false", "autocomplete": "off", "dir": "auto"}),
    )

    def clean(self) -> dict[str, Any]:
        """Read the lines; a file goes before pasted ones."""
        values = self.cleaned_data
        file = values.get("file")
        if self.errors:
            return values
        if not file and not values["text"]:
            raise forms.ValidationError(gettext("Choose a file, or paste lines."))
        if file and file.size > people_csv.LARGEST:
            limit = {"limit": people_csv.LARGEST // 1024}
            raise forms.ValidationError(gettext("The file is too large. The limit is %(limit)s KB.") % limit)
        try:
            if file:
                values["text"] = people_csv.text_of(file.read())
            values["lines"] = people_csv.read(values["text"])
        except Unreadable as error:
            raise forms.ValidationError(error.sentence) from None
        return values


class ConfirmImportForm(ConfirmedForm):
    """The text of a list that was shown, with how many of its lines were good, and the administrator's password."""

    text = forms.CharField(max_length=people_csv.LARGEST, strip=False, widget=forms.HiddenInput)
    good = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines: list[Line] = []

    def clean(self) -> dict[str, Any]:
        """Read the lines again: people may have changed since they were shown."""
        try:
            self.lines = people_csv.read(self.cleaned_data.get("text", ""))
        except Unreadable as error:
            raise forms.ValidationError(error.sentence) from None
        if sum(line.person is not None for line in self.lines) != self.cleaned_data.get("good"):
            self.add_error(None, gettext("The list has changed since it was shown. Choose the file again."))
        return super().clean()

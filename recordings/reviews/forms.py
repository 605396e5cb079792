"""The forms with which a scorecard is created."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import get_language, gettext, gettext_lazy

from recordings.reviews.documents import STARTERS, blank, canonical, starter
from recordings.scorecards.amazon.convert import Converted, convert
from recordings.scorecards.amazon.file import is_amazon
from recordings.scorecards.strict_json import MAX_BYTES, BadFile
from recordings.scorecards.texts import localized


class NewScorecardForm(forms.Form):
    """What a new scorecard begins with: nothing, one of the starters, or a file.

    `cleaned_data` has the `document`, or `converted` and its `source` when the file is a form of Amazon Connect.
    """

    start = forms.ChoiceField(
        label=gettext_lazy("Begin with"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what the scorecard begins with.")},
    )
    file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        help_text=gettext_lazy(
            "A form in our format (auditportal-form/1, at most 1 MiB), "
            "or an evaluation form from Amazon Connect’s API (at most 512 KiB)."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = get_language() or "en"
        starters = [(name, localized(starter(name)[0].title, language)) for name in STARTERS]
        self.fields["start"].choices = [  # type: ignore[attr-defined]
            *starters,
            ("blank", gettext("An empty scorecard")),
            ("file", gettext("A file")),
        ]

    def clean(self) -> dict[str, Any]:
        """Make the document that the choice stands for: `cleaned_data["document"]`."""
        values: dict[str, Any] = super().clean() or {}
        start = values.get("start")
        if start == "blank":
            values["document"] = blank(gettext("New scorecard"))
        elif start in STARTERS:
            values["document"] = starter(start)[1]
        elif start == "file":
            values |= self._from_file(values.get("file"))
        return values

    def _from_file(self, file: "UploadedFile[Any] | None") -> dict[str, Any]:
        if file is None:
            if "file" not in self.errors:
                self.add_error("file", gettext("Choose a file."))
            return {}
        data: bytes = file.read(MAX_BYTES + 1)
        try:
            if is_amazon(data):
                return {"converted": convert(data), "source": data.decode()}
            return {"document": canonical(data)[1]}
        except BadFile as error:
            self.add_error("file", in_words(error))
            return {}


class AmazonForm(forms.Form):
    """The file again, after its preview was shown."""

    source = forms.CharField(strip=False, widget=forms.HiddenInput)

    def clean_source(self) -> Converted:
        """Convert it again: what comes from the page is not trusted more than the file was."""
        try:
            return convert(self.cleaned_data["source"].encode(errors="replace"))
        except BadFile as error:
            raise forms.ValidationError(in_words(error)) from None


def in_words(error: BadFile) -> str:
    """Say why a file was refused, with the place."""
    if not error.place:
        return str(error.sentence)
    return gettext("At %(place)s: %(sentence)s") % {"place": error.place, "sentence": error.sentence}

"""The form with which a scorecard is created."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import get_language, gettext, gettext_lazy

from recordings.reviews.documents import STARTERS, blank, canonical, starter
from recordings.scorecards.strict_json import MAX_BYTES, BadFile
from recordings.scorecards.texts import localized


class NewScorecardForm(forms.Form):
    """What a new scorecard begins with: nothing, one of the starters, or a file of ours."""

    start = forms.ChoiceField(
        label=gettext_lazy("Begin with"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what the scorecard begins with.")},
    )
    file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        help_text=gettext_lazy("A form in our format (auditportal-form/1), at most 1 MiB."),
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
            values["document"] = self._document(values.get("file"))
        return values

    def _document(self, file: "UploadedFile[Any] | None") -> bytes:
        if file is None:
            if "file" not in self.errors:
                self.add_error("file", gettext("Choose a file."))
            return b""
        data: bytes = file.read(MAX_BYTES + 1)
        try:
            return canonical(data)[1]
        except BadFile as error:
            words = {"place": error.place, "sentence": error.sentence}
            self.add_error(
                "file", gettext("At %(place)s: %(sentence)s") % words if error.place else str(error.sentence)
            )
            return b""

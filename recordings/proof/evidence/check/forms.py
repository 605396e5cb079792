"""Forms for a checkpoint, pasted or as a file, and for a bundle."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from recordings.proof.evidence.check.uploads import LARGEST
from recordings.wording import filled

_BUNDLE_HELP: Any = filled(
    _("The exported .zip, at most %(megabytes)s MB, or a .tlog-proof"), megabytes=LARGEST // 1024**2
)
_PLACEHOLDER = (
    "example.com/log\n18207\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/log Az3grlgt…"
)


class CompareForm(forms.Form):
    """A checkpoint as text or as a file, but not both."""

    note = forms.CharField(
        required=False,
        max_length=64 * 1024,
        strip=False,
        label=_("The checkpoint as text"),
        widget=forms.Textarea(
            {
                "rows": 7,
                "class": "code",
                "spellcheck": "false",
                "dir": "ltr",
                "translate": "no",
                "placeholder": _PLACEHOLDER,
            }
        ),
    )
    file = forms.FileField(
        required=False,
        label=_("Or as a file"),
        help_text=_("checkpoint.txt, or a whole bundle (.zip), whose checkpoint.txt is used"),
        widget=forms.FileInput({"accept": ".txt,.zip,text/plain,application/zip"}),
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if bool(given.get("note", "").strip()) == bool(given.get("file")) and not self.errors:
            raise forms.ValidationError(gettext("Paste a checkpoint or choose a file, but not both."))
        return given


class BundleForm(forms.Form):
    """A bundle or a single proof to verify."""

    bundle = forms.FileField(
        label=_("The bundle, or the proof of an event"),
        help_text=_BUNDLE_HELP,
        widget=forms.FileInput({"accept": ".zip,.tlog-proof,application/zip", "data-largest": str(LARGEST)}),
        error_messages={"required": _("Choose a file.")},
    )

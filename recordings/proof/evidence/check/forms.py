"""What an auditor brings: a checkpoint, pasted or as a file; a bundle."""

from typing import Any

from django import forms

from recordings.proof.evidence.check.uploads import LARGEST

_PLACEHOLDER = (
    "example.com/log\n18207\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/log Az3grlgt…"
)


class CompareForm(forms.Form):
    """Either the text or the file; both at once would leave open which of them the answer is about."""

    note = forms.CharField(
        required=False,
        max_length=64 * 1024,
        strip=False,
        label="The checkpoint, as text",
        widget=forms.Textarea(
            {"rows": 7, "class": "code", "spellcheck": "false", "dir": "ltr", "placeholder": _PLACEHOLDER}
        ),
    )
    file = forms.FileField(
        required=False,
        label="Or as a file",
        help_text="checkpoint.txt, or a whole bundle (.zip): its checkpoint.txt is taken.",
        widget=forms.FileInput({"accept": ".txt,.zip,text/plain,application/zip"}),
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if bool(given.get("note", "").strip()) == bool(given.get("file")) and not self.errors:
            raise forms.ValidationError("Paste a checkpoint or choose a file: one of the two.")
        return given


class BundleForm(forms.Form):
    bundle = forms.FileField(
        label="The bundle, or the proof of one event",
        help_text=f"The .zip as it was exported, at most {LARGEST // 1024**2} MB, or a .tlog-proof.",
        widget=forms.FileInput({"accept": ".zip,.tlog-proof,application/zip", "data-largest": str(LARGEST)}),
        error_messages={"required": "Choose a file."},
    )

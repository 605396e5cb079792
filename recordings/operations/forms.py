"""Forms of the operations page."""

import re

from django import forms

from recordings.db import BIGGEST_ID
from recordings.models import CommBoxObject
from recordings.operations.run_pages import KINDS

MOST_IDS = 1000
_ID = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)


class ObjectsForm(forms.Form):
    """One object by its id, or a list of them as somebody has it: in lines, with commas or blanks."""

    object_ids = forms.CharField(
        label="Object ids",
        max_length=25_000,
        error_messages={"required": "Which objects?"},
        help_text=f"Up to {MOST_IDS:,}, one a line or separated by commas.",
        widget=forms.Textarea(attrs={"rows": 3, "inputmode": "numeric", "autocomplete": "off"}),
    )

    def clean_object_ids(self) -> list[int]:
        """The ids, each once. Raises ValidationError that names the first one that is none or unknown."""
        words = list(dict.fromkeys(re.split(r"[\s,;]+", self.cleaned_data["object_ids"].strip(" \t\r\n,;"))))
        wrong = [word for word in words if not _ID.fullmatch(word) or int(word) > BIGGEST_ID]
        if wrong:
            raise forms.ValidationError(f"An object id is a whole number; “{wrong[0][:40]}” is not one.")
        if len(words) > MOST_IDS:
            raise forms.ValidationError(f"These are {len(words):,} ids; at most {MOST_IDS:,} at once.")
        return _known([int(word) for word in words])


def _known(ids: list[int]) -> list[int]:
    found = set(CommBoxObject.objects.filter(pk__in=ids).values_list("pk", flat=True))
    unknown = [str(number) for number in ids if number not in found]
    if unknown:
        more = f" and {len(unknown) - 1} more" if unknown[1:] else ""
        raise forms.ValidationError(f"The portal knows no object {unknown[0]}{more}. Nothing was queued.")
    return ids


class RunsForm(forms.Form):
    """Which page of the runs: of one kind or of all, older than a number."""

    kind = forms.ChoiceField(required=False, choices=[("", "All"), *KINDS.items()])
    before = forms.IntegerField(required=False, min_value=1, max_value=BIGGEST_ID)

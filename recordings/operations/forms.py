"""Forms of the operations page."""

import re

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext, gettext_lazy, ngettext, pgettext_lazy

from recordings.db import BIGGEST_ID
from recordings.models import CommBoxObject
from recordings.operations.run_pages import KINDS

MOST_IDS = 1000
_ID = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)


class ObjectsForm(forms.Form):
    """Ids of objects, separated by spaces, commas, semicolons or line ends."""

    object_ids = forms.CharField(
        label=gettext_lazy("Object ids"),
        max_length=25_000,
        error_messages={"required": gettext_lazy("Enter at least one object id.")},
        help_text=format_lazy(
            gettext_lazy("Up to {number}, one per line or separated by commas."), number=f"{MOST_IDS:,}"
        ),
        widget=forms.Textarea(attrs={"rows": 3, "inputmode": "numeric", "autocomplete": "off"}),
    )

    def clean_object_ids(self) -> list[int]:
        """Return the ids, each once. Raises ValidationError that names the first invalid or unknown one."""
        words = list(dict.fromkeys(re.split(r"[\s,;]+", self.cleaned_data["object_ids"].strip(" \t\r\n,;"))))
        wrong = [word for word in words if not _ID.fullmatch(word) or int(word) > BIGGEST_ID]
        if wrong:
            raise forms.ValidationError(
                gettext("“%(text)s” is not an object id. An object id is a whole number.")
                % {"text": wrong[0][:40]}
            )
        if len(words) > MOST_IDS:
            raise forms.ValidationError(
                gettext("You entered %(number)s ids; the limit is %(most)s.")
                % {"number": f"{len(words):,}", "most": f"{MOST_IDS:,}"}
            )
        return _known([int(word) for word in words])


def _known(ids: list[int]) -> list[int]:
    found = set(CommBoxObject.objects.filter(pk__in=ids).values_list("pk", flat=True))
    unknown = [number for number in ids if number not in found]
    if unknown:
        others = len(unknown) - 1
        message = (
            ngettext(
                "The portal does not know object %(id)s and %(number)s other. Nothing was queued.",
                "The portal does not know object %(id)s and %(number)s others. Nothing was queued.",
                others,
            )
            if others
            else gettext("The portal does not know object %(id)s. Nothing was queued.")
        )
        raise forms.ValidationError(message % {"id": unknown[0], "number": others})
    return ids


class RunsForm(forms.Form):
    """The query string of the list of runs: one kind or all, and only runs before a number."""

    kind = forms.ChoiceField(required=False, choices=[("", pgettext_lazy("runs", "All")), *KINDS.items()])
    before = forms.IntegerField(required=False, min_value=1, max_value=BIGGEST_ID)

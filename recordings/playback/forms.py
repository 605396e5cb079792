"""The form for a viewing's purpose. It is asked once per object and remembered for the session."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from recordings.audit import Purpose

NOTE_MAX_LENGTH = 500
REMEMBERED = 50
_KEY = "purposes"


class ViewingForm(forms.Form):
    """Purpose and note of a viewing, or of a download."""

    purpose = forms.ChoiceField(
        label=_("Purpose"),
        choices=lambda: [(purpose.value, purpose.label) for purpose in Purpose],
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose a purpose. It is recorded in the audit trail."),
            "invalid_choice": _("Choose one of the purposes in the list."),
        },
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=NOTE_MAX_LENGTH,
        strip=True,
        widget=forms.TextInput(
            {
                "autocomplete": "off",
                "placeholder": _("For example a case number"),
            }
        ),
    )


def remembered_purpose(session: Any, object_id: int) -> dict[str, str]:
    """Return the purpose and note given in this session for an object; empty when there is none."""
    given = session.get(_KEY, {}).get(str(object_id))
    return {"purpose": given[0], "note": given[1]} if given else {}


def remember_purpose(session: Any, object_id: int, purpose: str, note: str) -> None:
    """Store purpose and note for the object's other recordings, for the last REMEMBERED objects."""
    given = [purpose, note]
    purposes: dict[str, list[str]] = session.get(_KEY, {})
    if purposes.get(str(object_id)) == given:
        return  # a session that did not change is not written
    others = [(key, value) for key, value in purposes.items() if key != str(object_id)]
    session[_KEY] = dict([*others[-REMEMBERED + 1 :], (str(object_id), given)])

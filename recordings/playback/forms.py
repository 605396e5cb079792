"""Why somebody watches: asked once per object, remembered while they are signed in."""

from typing import Any

from django import forms

from recordings.audit import Purpose

NOTE_MAX_LENGTH = 500
REMEMBERED = 50
_KEY = "purposes"


class ViewingForm(forms.Form):
    """Purpose and note of a viewing."""

    purpose = forms.ChoiceField(
        label="Purpose of this viewing",
        choices=[(purpose.value, purpose.label) for purpose in Purpose],
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose what you are watching for: it goes into the audit trail.",
            "invalid_choice": "Choose one of the purposes in the list.",
        },
    )
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=NOTE_MAX_LENGTH,
        strip=True,
        widget=forms.TextInput(
            {"autocomplete": "off", "placeholder": "a case number, who else is in the room …"}
        ),
    )


def remembered_purpose(session: Any, object_id: int) -> dict[str, str]:
    """Return the purpose and note this session gave for an object; empty when it gave none."""
    given = session.get(_KEY, {}).get(str(object_id))
    return {"purpose": given[0], "note": given[1]} if given else {}


def remember_purpose(session: Any, object_id: int, purpose: str, note: str) -> None:
    """Keep purpose and note for the object's other recordings; of more than REMEMBERED objects the newest."""
    given = [purpose, note]
    purposes: dict[str, list[str]] = session.get(_KEY, {})
    if purposes.get(str(object_id)) == given:
        return  # a session that did not change is not written
    others = [(key, value) for key, value in purposes.items() if key != str(object_id)]
    session[_KEY] = dict([*others[-REMEMBERED + 1 :], (str(object_id), given)])

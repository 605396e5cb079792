"""Why somebody watches: asked once per object, remembered while they are signed in."""

from typing import Any

from django import forms

from recordings.audit import Purpose

MOST_NOTE = 500
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
        max_length=MOST_NOTE,
        strip=True,
        widget=forms.TextInput(
            {"autocomplete": "off", "placeholder": "a case number, who else is in the room …"}
        ),
    )


def remembered(session: Any, object_id: int) -> dict[str, str]:
    """The purpose and note this session gave for an object; empty when it gave none."""
    found = session.get(_KEY, {}).get(str(object_id))
    return {"purpose": found[0], "note": found[1]} if found else {}


def remember(session: Any, object_id: int, purpose: str, note: str) -> None:
    """Keep them for the object's other recordings; of many objects the newest. Written only when they are new."""
    given = [purpose, note]
    purposes: dict[str, list[str]] = session.get(_KEY, {})
    if purposes.get(str(object_id)) == given:
        return
    kept = {key: value for key, value in purposes.items() if key != str(object_id)}
    session[_KEY] = dict([*list(kept.items())[-REMEMBERED + 1 :], (str(object_id), given)])

"""Forms of the operations page."""

from django import forms

from recordings.models import CommBoxObject

LARGEST_ID = 2**63 - 1


class ObjectForm(forms.Form):
    """An object by its id."""

    object_id = forms.IntegerField(
        label="Object id",
        min_value=1,
        max_value=LARGEST_ID,
        error_messages={"invalid": "An object id is a whole number.", "required": "Which object?"},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "maxlength": 19}),
    )

    def clean_object_id(self) -> int:
        object_id = int(self.cleaned_data["object_id"])
        if not CommBoxObject.objects.filter(pk=object_id).exists():
            raise forms.ValidationError("The portal knows no object of this id.")
        return object_id

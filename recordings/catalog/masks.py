"""Masks of customers' personal values: the one place that decides whether a page shows a name, phone or mail address.

A mask is the same whatever it hides, so it tells nothing. What a search finds: catalog/masked_words.py.
"""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from recordings.audit import Actor, Kind, Outcome, Target, record_committed
from recordings.models import CommBoxObject
from recordings.permissions import Permission
from recordings.policies import can_use

MASK = "••••"
FIELDS = ("customer_name", "customer_phone", "customer_email")


class UnmaskForm(forms.Form):
    """Which value is shown, and why."""

    field = forms.ChoiceField(
        label=_("Value"),
        choices=list(zip(FIELDS, (_("Customer"), _("Phone"), _("E-mail")), strict=True)),
    )
    reason = forms.CharField(label=_("Reason"), max_length=300)


@dataclass(frozen=True)
class Customer:
    """A customer's values as somebody may see them: each as it is, masked, or empty where CommBox has none."""

    name: str
    phone: str
    email: str
    is_masked: bool
    may_unmask: bool


def customer_of(thing: CommBoxObject, user: Any, unmasked: str = "") -> Customer:
    """Return the customer of an object for a person; `unmasked` is a field of FIELDS that they asked for."""
    seen = can_use(user, Permission.SEE_PERSONAL_DATA, thing)
    name, phone, email = (
        value if seen or field == unmasked else masked(value)
        for field in FIELDS
        for value in [getattr(thing, field)]
    )
    may_unmask = not seen and can_use(user, Permission.UNMASK_PERSONAL_DATA, thing)
    return Customer(name, phone, email, is_masked=not seen, may_unmask=may_unmask)


def masked(value: str) -> str:
    """Return the mask of a value; empty for none."""
    return MASK if value else ""


def record_value_shown(*, by: Actor, thing: CommBoxObject, field: str, reason: str) -> None:
    """Record who viewed which masked value of an object's customer, and why. Raises AuditUnavailable."""
    record_committed(
        Kind.VALUE_SHOWN,
        by=by,
        target=Target.of(thing),
        outcome=Outcome.GRANTED,
        detail={"field": field},
        note=reason,
    )

"""The list of people: found by words, role and state, in the order of their names, one page at a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import F, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Now
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy, pgettext_lazy

from auditportal.accounts.models import Grant, User
from auditportal.accounts.roles import ROLES, Role
from recordings.filter_form import FilterForm
from recordings.paging import COUNTED, PAGE, Page, Start
from recordings.worded import Worded

NO_ROLE = "none"


class State(Worded):
    """The state of an account."""

    label: str | Promise
    level: str

    ACTIVE = "active", pgettext_lazy("account", "active"), ""
    INVITED = "invited", pgettext_lazy("account", "has not signed in yet"), "info"
    INACTIVE = "inactive", pgettext_lazy("account", "inactive"), "bad"

    @classmethod
    def of(cls, user: User) -> "State":
        if not user.is_active:
            return cls.INACTIVE
        return cls.ACTIVE if user.last_login else cls.INVITED


_IN_STATE = {
    State.ACTIVE: Q(is_active=True, last_login__isnull=False),
    State.INVITED: Q(is_active=True, last_login=None),
    State.INACTIVE: Q(is_active=False),
}


@dataclass(frozen=True)
class Row:
    """A person with the grants that are in force or begin later, and the roles held now."""

    user: User
    grants: list[Grant]
    held: list[Role]
    state: State


class PeopleForm(FilterForm):
    """The query string of the list."""

    q = forms.CharField(required=False, max_length=200, strip=True)
    role = forms.ChoiceField(label=gettext_lazy("Role"), required=False)
    state = forms.ChoiceField(label=gettext_lazy("Account"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._labels = {
            "role": {role.code: role.label for role in ROLES.values()} | {NO_ROLE: gettext("No role")},
            "state": {state.value: state.label for state in State},
        }
        for name, labels in self._labels.items():
            self.fields[name].choices = [("", gettext("All")), *labels.items()]  # type: ignore[attr-defined]

    def describe(self, name: str, value: str) -> str:
        """Describe a filter that is on."""
        return str(self._labels[name].get(value, value))

    @property
    def choices_of_one(self) -> list[forms.BoundField]:
        return [self["role"], self["state"]]

    def people(self) -> QuerySet[User]:
        """Return the people that a valid form asks for, by name."""
        words, role, state = (self.cleaned_data[name] for name in ("q", "role", "state"))
        found = User.objects.order_by("full_name", "pk")
        if words:
            found = found.filter(
                Q(full_name__icontains=words) | Q(username__icontains=words) | Q(email__icontains=words)
            )
        current = Grant.objects.current()
        if role == NO_ROLE:
            found = found.exclude(pk__in=current.values("user"))
        elif role:
            found = found.filter(pk__in=current.filter(role=role).values("user"))
        return found.filter(_IN_STATE[State(state)]) if state else found


def people_page(form: PeopleForm, start: Start[int]) -> Page[Row, int]:
    """Return one page; the key is the id of the person before or after it. Three queries."""
    people = form.people()
    count = people[: COUNTED + 1].count()
    if start.key is not None:
        name = Subquery(User.objects.filter(pk=start.key).values("full_name"))
        people = people.filter(
            Q(full_name__lt=name) | Q(full_name=name, pk__lt=start.key)
            if start.newer
            else Q(full_name__gt=name) | Q(full_name=name, pk__gt=start.key)
        )
    if start.newer:
        people = people.order_by(F("full_name").desc(), "-pk")
    return Page.cut(rows_of(people[: PAGE + 1]), start, lambda row: row.user.pk, count)


def rows_of(people: QuerySet[User]) -> list[Row]:
    """Read people and their grants: two queries."""
    open_grants = (
        Grant.objects.filter(ended_at=None)
        .filter(Q(until=None) | Q(until__gt=Now()))
        .annotate(is_in_force=Q(starts_at__lte=Now()))
        .order_by("pk")
    )
    found: Any = people.prefetch_related(Prefetch("grants", open_grants, to_attr="open_grants"))
    return [Row(user, user.open_grants, _held(user.open_grants), State.of(user)) for user in found]


def _held(grants: Iterable[Any]) -> list[Role]:
    """Return the roles held now, each once, in the order of ROLES."""
    codes = {grant.role for grant in grants if grant.is_in_force}
    return [role for role in ROLES.values() if role.code in codes]

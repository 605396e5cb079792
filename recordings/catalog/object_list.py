"""The list of objects that an object was opened from: it is in the address of the object's page and of its recordings,
so that a person can go to the next object of the list, and back to it."""

from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from recordings.audit import Actor
from recordings.catalog.criteria import Criteria
from recordings.catalog.forms import SearchForm
from recordings.catalog.logs import record_search
from recordings.catalog.queries import OBJECTS_PARAMETER, object_neighbours
from recordings.reach import Reach


@dataclass(frozen=True, slots=True)
class ObjectList:
    """A list of objects, newest first; around one of them the addresses of its neighbours, empty at an end."""

    criteria: Criteria
    reach: Reach
    list_url: str
    query: str  # what the addresses of an object and of its recordings hold of the list
    previous_url: str = ""
    next_url: str = ""

    @classmethod
    def read(cls, asked: str | None, reach: Reach) -> Self | None:
        """Read the query string of a list of the objects in reach; None where that is none."""
        form = SearchForm(QueryDict(asked), reach) if asked is not None else None
        if form is None or not form.is_valid():
            return None
        query = form.query()
        list_url = reverse("catalog:objects") + (f"?{query}" if query else "")
        return cls(form.criteria(), reach, list_url, urlencode({OBJECTS_PARAMETER: query}))

    def around(self, object_id: int, *, by: Actor) -> "ObjectList":
        """Find the neighbours of an object in the list.

        It is a search: its event is committed first, unless the list itself has just written it. Raises
        AuditUnavailable.
        """
        record_search(by=by, area="objects", criteria=self.criteria)
        newer, older = object_neighbours(self.criteria, self.reach, object_id)
        return replace(self, previous_url=self._address(newer), next_url=self._address(older))

    def _address(self, object_id: int | None) -> str:
        return f"{reverse('catalog:object', args=[object_id])}?{self.query}" if object_id else ""

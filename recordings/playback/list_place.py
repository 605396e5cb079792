"""The list of recordings from which a person opened a recording. It is in the address of the recording's page, so that
the page can link to the previous and next recording and back to the list."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict
from django.urls import reverse

from recordings.audit import Actor
from recordings.catalog.forms import SearchForm
from recordings.catalog.logs import record_search
from recordings.catalog.queries import LIST_PARAMETER, neighbours
from recordings.models import Recording
from recordings.reach import Reach


@dataclass(frozen=True, slots=True)
class ListPlace:
    """A recording's position in a list, newest first: the addresses of its neighbours, empty at an end."""

    list_url: str
    query: str  # the part of a recording page's address that names the list
    previous_url: str
    next_url: str

    @classmethod
    def of(cls, recording: Recording, asked: str, reach: Reach, *, by: Actor) -> Self | None:
        """Find the recording in the list of what is in reach whose query string is `asked`; None if that is not valid.

        This is a search: its event is committed first, unless the list itself wrote it within a minute. Raises
        AuditUnavailable.
        """
        form = SearchForm(QueryDict(asked), reach)
        if not form.is_valid():
            return None
        criteria = form.criteria()
        record_search(by=by, area="recordings", criteria=criteria)
        newer, older = neighbours(criteria, reach, recording.shown_at, recording.pk)
        query = urlencode({LIST_PARAMETER: form.query()})

        def address(pk: UUID | None) -> str:
            return f"{reverse('playback:recording', args=[pk])}?{query}" if pk else ""

        list_url = reverse("catalog:recordings") + (f"?{form.query()}" if form.query() else "")
        return cls(list_url, query, address(newer), address(older))

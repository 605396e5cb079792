"""The sentences of the two lists: objects and recordings."""

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from recordings.paging import Page


@dataclass(frozen=True)
class ListWords:
    """The sentences of one list. `total` to `part_of_many` have the places %(number)s and %(shown)s."""

    title: str | Promise
    search: str | Promise
    description: str | Promise
    total: Promise
    more_than: Promise
    so_far: Promise
    part_of_them: Promise
    part_of_many: Promise

    def count_of(self, page: Page[Any, Any]) -> str:
        """Say how many rows the list has, as far as they were counted."""
        words = self.more_than if page.capped else self.so_far if page.looked_back_to else self.total
        return _filled(words, page)

    def shown_of(self, page: Page[Any, Any]) -> str:
        """Say how many of the list's rows the page shows."""
        if page.capped:
            return _filled(self.part_of_many, page)
        return _filled(self.so_far if page.looked_back_to else self.part_of_them, page)


def _filled(words: Any, page: Page[Any, Any]) -> str:
    # `count` chooses the plural.
    return str(words % {"count": page.count, "number": f"{page.count:,}", "shown": f"{len(page.rows):,}"})


OBJECTS = ListWords(
    title=_("Objects"),
    search=_("Search objects"),
    description=_(
        "Conversations with a recording, newest first. A search also finds conversations without one."
    ),
    total=ngettext_lazy("%(number)s object", "%(number)s objects", "count"),
    more_than=_("more than %(number)s objects"),
    so_far=ngettext_lazy("%(number)s object so far", "%(number)s objects so far", "count"),
    part_of_them=ngettext_lazy("%(shown)s of %(number)s object", "%(shown)s of %(number)s objects", "count"),
    part_of_many=_("%(shown)s of more than %(number)s objects"),
)
RECORDINGS = ListWords(
    title=_("Recordings"),
    search=_("Search recordings"),
    description=_("Every recording of every conversation, newest first"),
    total=ngettext_lazy("%(number)s recording", "%(number)s recordings", "count"),
    more_than=_("more than %(number)s recordings"),
    so_far=ngettext_lazy("%(number)s recording so far", "%(number)s recordings so far", "count"),
    part_of_them=ngettext_lazy(
        "%(shown)s of %(number)s recording", "%(shown)s of %(number)s recordings", "count"
    ),
    part_of_many=_("%(shown)s of more than %(number)s recordings"),
)

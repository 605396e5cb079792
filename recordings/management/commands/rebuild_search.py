"""`manage.py rebuild_search`: what search reads, made again from the facts. Safe to run at any time."""

from typing import Any

from django.core.management.base import BaseCommand

from recordings.catalog.search_documents import rebuild_all
from recordings.trail.phrases import count


class Command(BaseCommand):
    help = "Rebuild the search rows of every object."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Search rows of {count(rebuild_all(), 'object')} are up to date.")

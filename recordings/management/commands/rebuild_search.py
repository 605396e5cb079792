"""`manage.py rebuild_search`: what search reads, made again from the facts. Safe to run at any time."""

from typing import Any

from django.core.management.base import BaseCommand

from recordings.catalog.docs import rebuild_all


class Command(BaseCommand):
    help = "Rebuild the search rows of every object."

    def handle(self, *args: Any, **options: Any) -> None:
        number = rebuild_all()
        self.stdout.write(f"Search rows of {number:,} object{'' if number == 1 else 's'} are up to date.")

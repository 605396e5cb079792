"""manage.py refresh_object ID: refresh one object now and print what changed."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recordings.audit import Actor
from recordings.exceptions import UnknownObject
from recordings.refresh.actions import RefreshResult, refresh_object


class Command(BaseCommand):
    help = "Ask CommBox for the recordings of one object and store the answer."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("object_id", type=int, metavar="ID")

    def handle(self, *, object_id: int, **_: Any) -> None:
        try:
            result = refresh_object(object_id=object_id, by=Actor.system("refresh_object"))
        except UnknownObject:
            raise CommandError(f"There is no object {object_id} in the portal.") from None
        if not result.ok:
            raise CommandError(f"{result.error} What is stored of object {object_id} is unchanged.")
        self.stdout.write(_sentence(result))


def _sentence(result: RefreshResult) -> str:
    changes = [f"{number} × {kind.value}" for kind, number in sorted(result.events.items())]
    changes += [f"{result.problems} × unreadable"] if result.problems else []
    return f"Object {result.object_id}: {', '.join(changes) or 'no changes'}."

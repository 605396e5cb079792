"""manage.py convert_form FILE.json: convert an evaluation form of Amazon Connect into a scorecard's form."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from recordings.scorecards.amazon.convert import convert
from recordings.scorecards.strict_json import BadFile, read_file


class Command(BaseCommand):
    help = (
        "Convert an evaluation form of Amazon Connect's API into a scorecard's form, which is printed. What cannot be "
        "carried over is listed on standard error, one line for each part. The exit code is 0 when everything is "
        "carried over, 1 when something is not, and 2 when the file cannot be read as such a form."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("form", help="the form's file")

    def handle(self, *, form: str, **_: Any) -> None:
        try:
            converted = convert(read_file(form))
        except BadFile as error:
            self.stderr.write(f"{form}: {error}")
            sys.exit(2)
        self.stdout.write(converted.data.decode())
        for note in converted.notes:
            self.stderr.write(str(note))
        if converted.notes:
            sys.exit(1)

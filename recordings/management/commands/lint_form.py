"""manage.py lint_form FORM.json: list what is wrong with a form."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from recordings.scorecards.form import read_form
from recordings.scorecards.lint import lint
from recordings.scorecards.strict_json import BadFile, read_file


class Command(BaseCommand):
    help = (
        "Check a scorecard's form and print one line for each finding, with its place. The exit code is 0 when there "
        "is no fault (warnings are allowed), 1 when there is one, and 2 when the file cannot be read as a form."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("form", help="the form's file")

    def handle(self, *, form: str, **_: Any) -> None:
        try:
            findings = lint(read_form(read_file(form)))
        except BadFile as error:
            self.stderr.write(f"{form}: {error}")
            sys.exit(2)
        for finding in findings:
            self.stdout.write(str(finding))
        if any(not finding.warning for finding in findings):
            sys.exit(1)

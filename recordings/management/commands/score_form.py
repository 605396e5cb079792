"""manage.py score_form FORM.json ANSWERS.json: print the score of the answers to a form."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from recordings.scorecards.answers import read_answers
from recordings.scorecards.form import read_form
from recordings.scorecards.lint import lint
from recordings.scorecards.score import score
from recordings.scorecards.strict_json import BadFile, read_file


class Command(BaseCommand):
    help = (
        "Score the answers to a form and print the result as JSON. The exit code is 0 with a result, 1 when the form "
        "has a fault (see lint_form), and 2 when a file cannot be read as a form or as answers to it."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("form", help="the form's file")
        parser.add_argument("answers", help="the file with the answers")

    def handle(self, *, form: str, answers: str, **_: Any) -> None:
        path = form
        try:
            parsed = read_form(read_file(path))
            faults = [finding for finding in lint(parsed) if not finding.warning]
            if faults:
                for fault in faults:
                    self.stderr.write(str(fault))
                sys.exit(1)
            path = answers
            parsed_answers = read_answers(read_file(path), parsed)
        except BadFile as error:
            self.stderr.write(f"{path}: {error}")
            sys.exit(2)
        self.stdout.write(json.dumps(score(parsed, parsed_answers).as_json(), ensure_ascii=False))

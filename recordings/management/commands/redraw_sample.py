"""manage.py redraw_sample ID: draw a sample again from its record, and compare."""

import sys
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand

from recordings.models import Sample
from recordings.reviews.plans.drawing import draw_again, lines_of
from recordings.reviews.plans.errors import RecordBroken
from recordings.sampling.draw import BadDraw
from recordings.sampling.population import BadPopulation


class Command(BaseCommand):
    help = (
        "Draw a sample again from its record and print its picks: stratum, a tab, unit. The exit code is 0 when they "
        "are the stored picks, 1 when they are not or the record is broken, and 2 without such a drawn sample."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("sample", type=UUID, help="the sample's id, as in the address of its page")

    def handle(self, *, sample: UUID, **_: Any) -> None:
        found = Sample.objects.filter(pk=sample, drawn_at__isnull=False).first()
        if found is None:
            self.stderr.write("There is no drawn sample with this id.")
            sys.exit(2)
        try:
            again = draw_again(found)
        except (BadDraw, BadPopulation, RecordBroken) as problem:
            self.stderr.write(str(problem))
            sys.exit(1)
        self.stdout.write(lines_of(again.picks), ending="")
        if not again.is_same:
            self.stderr.write("The stored picks differ.")
            sys.exit(1)

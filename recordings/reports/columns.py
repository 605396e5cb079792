"""The columns of a table."""

from typing import NamedTuple

from django.utils.functional import Promise


class Column(NamedTuple):
    """A column: its name in CSV, its title elsewhere, its share of a PDF's width (0: not in the PDF)."""

    name: str
    title: str | Promise
    share: int = 0

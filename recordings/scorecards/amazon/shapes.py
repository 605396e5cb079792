"""A form of Amazon Connect as its file describes it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from recordings.scorecards.strict_json import Node


@dataclass(frozen=True)
class Outcome:
    """An option or a range of numbers. `points` is None without a score. `fails`: it is an automatic fail.

    `target` is the section that the fail is limited to; None for the whole form.
    """

    ref: str
    text: str
    low: int
    high: int
    points: Fraction | None
    is_bonus: bool
    fails: bool
    target: str | None
    place: str


@dataclass(frozen=True, eq=False)
class Question:
    """A question. `type` is ours. `cap` is the most points that it gives, when the file limits them."""

    ref: str
    text: str
    help: str
    type: str
    na: bool
    weight: Fraction | None
    is_excluded: bool
    is_bonus: bool
    cap: Fraction | None
    ends: tuple[int, int] | None
    outcomes: tuple[Outcome, ...]
    enablement: Node | None
    place: str
    about: str


@dataclass(eq=False)
class Section:
    """A section with its own questions, and its subsections."""

    ref: str
    title: str
    weight: Fraction | None
    is_excluded: bool
    place: str
    parent: "Section | None"
    questions: list[Question] = field(default_factory=list)
    sections: "list[Section]" = field(default_factory=list)

    @property
    def about(self) -> str:
        """The titles from the outermost section to this one."""
        return f"{self.parent.about} · {self.title}" if self.parent else self.title

    def all_questions(self) -> Iterator[Question]:
        """Iterate over its questions and those of its subsections."""
        yield from self.questions
        for section in self.sections:
            yield from section.all_questions()


@dataclass(frozen=True)
class AmazonForm:
    """A form as the file describes it. `mode` is None when scoring is disabled."""

    title: str
    mode: str | None
    sections: tuple[Section, ...]

    def all_sections(self) -> Iterator[Section]:
        """Iterate over sections and subsections, in order."""
        for section in self.sections:
            yield section
            yield from section.sections

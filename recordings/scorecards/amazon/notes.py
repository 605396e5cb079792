"""What could not be carried over."""

from dataclasses import dataclass

from django.utils.functional import Promise

from recordings.wording import in_english


@dataclass(frozen=True)
class Note:
    """Something that the converted form lacks. `place` is a path in the file, `about` the titles there."""

    place: str
    about: str
    sentence: str | Promise

    def __str__(self) -> str:
        return f"{self.place}: {in_english(self.sentence)}"


@dataclass
class Notes:
    """The notes of a form, in the order in which they are made."""

    list: list[Note]

    def add(self, place: str, about: str, sentence: str | Promise) -> None:
        """Add a note."""
        self.list.append(Note(place, about, sentence))

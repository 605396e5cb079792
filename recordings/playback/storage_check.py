"""What storage says of a file that somebody wants to play."""

from recordings.audit import Actor
from recordings.custody.actions import Look, Reading, note_answer
from recordings.media_urls import FreshUrl, NoUrl
from recordings.models import Recording
from recordings.storage import StorageOutcome


class FileRefused(NoUrl):
    """Storage does not give the file out."""

    def __init__(self, outcome: StorageOutcome) -> None:
        super().__init__(outcome.value, outcome.sentence, again=outcome.passes)


# The look is the portal's own, whoever has pressed play.
BY = Actor.system("custody")


def check_answer(recording: Recording, fresh: FreshUrl, *, strict: bool = False) -> Look:
    """Keep what storage answered and return it. Raises FileRefused when the URL is of no use.

    A storage that is busy or not reachable from here may give the file to the browser: only `strict` raises then.
    Raises AuditUnavailable when a change of the file cannot be written into the trail.
    """
    look = note_answer(recording=recording, fresh=fresh, by=BY, reading=Reading.SOON)
    if not look.outcome.gives_out or (strict and look.outcome is not StorageOutcome.FOUND):
        raise FileRefused(look.outcome)
    return look

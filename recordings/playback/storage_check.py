"""Check storage's answer for a file that someone wants to play."""

from recordings.audit import Actor
from recordings.custody.actions import Look, Reading, note_answer
from recordings.media_urls import FreshUrl, NoUrl
from recordings.models import Recording
from recordings.storage import StorageOutcome


class FileRefused(NoUrl):
    """Storage does not serve the file."""

    def __init__(self, outcome: StorageOutcome) -> None:
        super().__init__(outcome.value, outcome.sentence, again=outcome.passes)


# The check is the portal's own act, whoever pressed Play.
BY = Actor.system("custody")


def check_answer(recording: Recording, fresh: FreshUrl, *, strict: bool = False) -> Look:
    """Store storage's answer and return the result. Raises FileRefused when the URL will not play.

    A storage that is busy or unreachable from here may still serve the browser: then only `strict` raises. Raises
    AuditUnavailable when a change of the file cannot be written to the trail.
    """
    look = note_answer(recording=recording, fresh=fresh, by=BY, reading=Reading.SOON)
    if not look.outcome.gives_out or (strict and look.outcome is not StorageOutcome.FOUND):
        raise FileRefused(look.outcome)
    return look

"""Mail people about what is due, and administrators about alarms. The rows are the queue; the pages show it too."""

from collections.abc import Callable, Iterable
from typing import Any

from celery import shared_task

from auditportal.accounts import mail, reminders
from recordings.reviews.coaching import reminders as coaching
from recordings.reviews.disputes import reminders as disputes
from recordings.reviews.supervision import reminders as supervision


@shared_task
def remind_of_evaluations() -> None:
    """Mail each person which evaluations they have to sign, and which disputes to decide."""
    _mail("evaluations", disputes.due_now(), disputes.record_reminded)


@shared_task
def remind_of_coaching() -> None:
    """Mail each person which coaching sessions to acknowledge, and which viewings to complete."""
    _mail("coaching", coaching.due_now(), coaching.record_reminded)


@shared_task
def remind_supervisors() -> None:
    """Mail each supervisor once a day how much is due or overdue. The mail names no recording."""
    _mail("supervision", supervision.due_now(), supervision.record_reminded)


@shared_task
def mail_alarms() -> None:
    """Mail about the use of break-glass accounts."""
    reminders.mail_break_glass_uses()


@shared_task
def remind_of_recertification() -> None:
    """Mail administrators before a recertification is due."""
    reminders.remind_of_recertification()


def _mail(name: str, dues: Iterable[Any], record_reminded: Callable[[Any], None]) -> None:
    """Send the mail `name` to each person with something due, and record it."""
    if not mail.is_set_up():
        return
    with mail.connection() as through:
        for due in dues:
            if not due.person.email:
                continue
            language = due.person.language
            try:
                mail.send(name, to=due.person.email, language=language, through=through, due=due)
            except mail.NotSent as refusal:  # logged; the next run tries again
                if refusal.problem in (mail.Problem.RECIPIENT, mail.Problem.CONTENT):
                    continue  # of this mail; the others may be taken
                return
            # After the mail: a task that is killed here sends it once more.
            record_reminded(due)

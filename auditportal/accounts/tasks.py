"""Celery tasks: mails that remind people of what is due. Without a mail server, the pages show it."""

from celery import shared_task

from auditportal.accounts import mail
from recordings.reviews.disputes import reminders


@shared_task
def remind_of_evaluations() -> None:
    """Mail each person which evaluations they have to sign, and which disputes to decide."""
    if not mail.is_set_up():
        return
    with mail.connection() as through:
        for due in reminders.due_now():
            if not due.person.email:
                continue
            try:
                mail.send(
                    "evaluations",
                    to=due.person.email,
                    language=due.person.language,
                    through=through,
                    due=due,
                )
            except mail.NotSent:
                return  # logged; the next run tries again
            # After the mail: a task that is killed here sends it once more.
            reminders.record_reminded(due)

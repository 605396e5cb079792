"""Mail people about what is due, and administrators about alarms. The rows are the queue; the pages show it too."""

from celery import shared_task

from auditportal.accounts import mail, reminders
from recordings.reviews.disputes import reminders as dispute_reminders


@shared_task
def remind_of_evaluations() -> None:
    """Mail each person which evaluations they have to sign, and which disputes to decide."""
    if not mail.is_set_up():
        return
    with mail.connection() as through:
        for due in dispute_reminders.due_now():
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
            dispute_reminders.record_reminded(due)


@shared_task
def mail_alarms() -> None:
    """Mail about the use of break-glass accounts."""
    reminders.mail_break_glass_uses()


@shared_task
def remind_of_recertification() -> None:
    """Mail administrators before a recertification is due."""
    reminders.remind_of_recertification()

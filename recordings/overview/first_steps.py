"""What is left to do in a new installation, for the person who set it up."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recordings.models import SourceStatus, Stream


@dataclass(frozen=True)
class Step:
    """One thing to do: whether it is done, and how to do it. `command` is for a person with access to the server."""

    title: str | Promise
    how: str | Promise
    is_done: bool
    url: str = ""
    command: str = ""


def first_steps(source: SourceStatus | None) -> list[Step]:
    """Return all steps until each is done, then none. Two queries."""
    steps = [
        Step(
            _("CommBox answers"),
            _("Set COMMBOX_API_KEY, and check that a worker and the scheduler run."),
            bool(source and source.last_success_at),
            reverse("operations:operations"),
        ),
        Step(
            _("Channels are known"),
            _("They are discovered every ten minutes, or now with this command."),
            Stream.objects.exists(),
            command="manage.py refresh_catalog",
        ),
        Step(
            _("A bucket is allowed"),
            _("List in RECORDING_BUCKETS where recordings may be played from."),
            bool(settings.RECORDING_BUCKETS),
        ),
        Step(
            _("Others have an account"),
            _("Invite a second administrator first: the last one cannot be removed."),
            get_user_model().objects.filter(is_active=True)[:2].count() > 1,
            reverse("people:list"),
        ),
    ]
    return [] if all(step.is_done for step in steps) else steps

"""Celery tasks of supervision. Each may be lost, run twice or be killed without harm."""

from celery import shared_task

from recordings.models import SpotDraw
from recordings.reviews.supervision import checks


@shared_task
def draw_spot_checks() -> None:
    """Draw what was frozen, as far as its checkpoint is there."""
    for draw_id in SpotDraw.objects.filter(drawn_at=None).values_list("pk", flat=True):
        checks.finish_draw(draw_id)

"""Celery tasks. Each may be lost, run twice or be killed without harm."""

from celery import shared_task

from recordings.catalog.classes import apply_rules


@shared_task
def apply_class_rules() -> None:
    """Classify the objects of rules that began or ended."""
    apply_rules()

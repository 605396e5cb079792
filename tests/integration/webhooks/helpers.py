"""Deliver to the webhook as CommBox does."""

from django.test import Client, override_settings

from recordings.webhooks.hints import DeliveryOutcome

TOKEN = "0123456789abcdef0123456789abcdef"


def deliver(body: bytes) -> DeliveryOutcome:
    """Deliver a body; return what its answer says has become of it."""
    with override_settings(COMMBOX_WEBHOOK_TOKEN=TOKEN):
        answer = Client().post(f"/webhooks/commbox/{TOKEN}", body, content_type="application/json")
    outcomes = {outcome.sentence: outcome for outcome in DeliveryOutcome}
    return outcomes[answer.content.decode()]

"""Describe the call or conversation of a certificate with the portal's own data, which no proof covers."""

from django.utils.translation import gettext

from recordings.models import Agent, CommBoxObject, Recording
from recordings.proof.evidence.bundle.scope import OBJECT, TARGET, Scope


def description(scope: Scope) -> str:
    """Return phrases such as "call at 2026-11-20 09:14:22 UTC · customer Dana Marlowe · agent Tom Brandt", translated.

    Empty when the scope is no recording or object, or is not in the catalog.
    """
    kind, _, key = scope.ref.partition(":")
    phrases: list[str] = []
    if scope.kind == TARGET and kind == "recording":
        recording = Recording.objects.select_related("object__stream").filter(pk=key).first()
        phrases = _call(recording) if recording else []
    elif scope.kind == OBJECT:
        conversation = CommBoxObject.objects.select_related("stream").filter(pk=key).first()
        phrases = [gettext("conversation"), *_participants(conversation, "")] if conversation else []
    return " · ".join(phrases)


def _call(recording: Recording) -> list[str]:
    when = recording.recorded_at or recording.activity_created_at
    at = gettext("call at %(time)s UTC") % {"time": f"{when:%Y-%m-%d %H:%M:%S}"} if when else ""
    phrases = [
        at or gettext("call at an unknown time"),
        *_participants(recording.object, recording.actor_name),
    ]
    if recording.duration_seconds is not None:
        minutes, seconds = divmod(recording.duration_seconds, 60)
        phrases.append(
            gettext("%(minutes)s min %(seconds)s s long") % {"minutes": minutes, "seconds": seconds}
        )
    return phrases


def _participants(conversation: CommBoxObject, agent: str) -> list[str]:
    if not agent and conversation.agent_id is not None:
        agent = Agent.objects.filter(pk=conversation.agent_id).values_list("name", flat=True).first() or ""
    customer = conversation.customer_name
    return [
        gettext("customer %(name)s") % {"name": customer} if customer else gettext("customer without a name"),
        gettext("agent %(name)s") % {"name": agent} if agent else gettext("agent unknown"),
        gettext("channel %(name)s") % {"name": conversation.stream},
    ]

"""Describe the call or conversation that a certificate is about, in words that people know it by. It is the portal's
own knowledge: no proof covers it."""

from recordings.models import Agent, CommBoxObject, Recording
from recordings.proof.evidence.bundle.scope import OBJECT, TARGET, Scope


def description(scope: Scope) -> str:
    """Describe what a scope is about, such as "the call of 2026-11-20 09:14:22 UTC with Dana Marlowe, agent Tom Brandt,
    in channel Video"; empty for what is no call and no conversation, or is not in the portal's catalog."""
    kind, _, key = scope.ref.partition(":")
    if scope.kind == TARGET and kind == "recording":
        recording = Recording.objects.select_related("object__stream").filter(pk=key).first()
        return _call(recording) if recording else ""
    if scope.kind == OBJECT:
        conversation = CommBoxObject.objects.select_related("stream").filter(pk=key).first()
        return f"the conversation {_participants(conversation, '')}" if conversation else ""
    return ""


def _call(recording: Recording) -> str:
    when = recording.recorded_at or recording.activity_created_at
    of = f"of {when:%Y-%m-%d %H:%M:%S} UTC" if when else "whose time CommBox did not give"
    seconds = recording.duration_seconds
    length = f", {seconds // 60} min {seconds % 60} s long" if seconds is not None else ""
    return f"the call {of} {_participants(recording.object, recording.actor_name)}{length}"


def _participants(conversation: CommBoxObject, agent: str) -> str:
    """ "with <customer>, agent <name>, in channel <name>", as far as CommBox gave them."""
    if not agent and conversation.agent_id is not None:
        agent = Agent.objects.filter(pk=conversation.agent_id).values_list("name", flat=True).first() or ""
    customer = f"with {conversation.customer_name or 'a customer without a name'}"
    return f"{customer}, agent {agent or 'not known'}, in channel {conversation.stream}"

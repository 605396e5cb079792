"""Who may use and play a recording, and continue a viewing: whoever started it, in the same session, while they may."""

from typing import Any
from uuid import UUID

from recordings.audit import Actor, Kind, Purpose, Target
from recordings.http import Request
from recordings.models import AssignedViewing, Recording, Viewing
from recordings.permissions import Permission
from recordings.playback.errors import Denial, UnknownRecording
from recordings.playback.events import deny
from recordings.playback.queries import find_recording
from recordings.policies import can_use, usable
from recordings.reach import Reach


def check_may_go_on(viewing: Viewing, *, reach: Reach, by: Actor) -> None:
    """Raise Denied, after the refusal is in the trail, unless `by` may continue this viewing now.

    `reach`: the objects whose recordings they may play now.
    """
    is_assigned = not reach.includes(viewing.recording.object) and _is_assigned(viewing)
    denial = first_denial(viewing, reach=reach, by=by, is_assigned=is_assigned)
    if denial is not None:
        deny(denial, recording=viewing.recording, viewing=viewing, by=by)


def may_play(user: Any, recording: Recording) -> bool:
    """Whether this person may start to play a recording now: it is in their reach, or an assigned viewing allows it.

    An assigned viewing allows its exemplar's recording only, while it is open and the exemplar is in use. It never
    allows a download, and never a person with a role that sees no recordings.
    """
    if can_use(user, Permission.PLAY_RECORDINGS, recording.object):
        return True
    if not user.is_authenticated or _is_barred(user):
        return False
    return AssignedViewing.objects.allowing(user.pk, recording.pk).exists()


def first_denial(viewing: Viewing, *, reach: Reach, by: Actor, is_assigned: bool = False) -> Denial | None:
    """Return the first rule that forbids `by` to continue this viewing now; None when they may.

    `is_assigned`: an assigned viewing allows it, whatever the reach.

    Whose viewing it is comes before every rule that would tell a stranger something about it.
    """
    if by.kind != "person":
        return Denial.SIGNED_OUT
    if by.ref != f"user:{viewing.viewer_id}":
        return Denial.NOT_YOURS
    if not is_assigned and not reach.includes(viewing.recording.object):
        was_assigned = viewing.purpose == Purpose.TRAINING
        return Denial.NO_RIGHT if reach.is_nothing and not was_assigned else Denial.OUT_OF_REACH
    if not by.session or by.session != viewing.session_ref:
        return Denial.OTHER_SESSION
    if viewing.ended_at is not None:
        return Denial.ENDED
    return None if viewing.recording.may_be_tried else Denial.NOT_PLAYABLE


def _is_assigned(viewing: Viewing) -> bool:
    """Whether an assigned viewing allows this viewing to continue. One that was completed meanwhile does."""
    allowing = AssignedViewing.objects.allowing(
        viewing.viewer_id, viewing.recording_id, begun_at=viewing.started_at
    )
    return allowing.exists() and not _is_barred(viewing.viewer)


def _is_barred(user: Any) -> bool:
    """Whether a role that the person holds now never sees recordings."""
    return any(role.is_barred_from_media for role in user.roles)


def usable_recording(request: Request, pk: UUID, permission: Permission) -> Recording:
    """Return a recording for which the person has the permission. Raises UnknownRecording and BeyondLevel."""
    recording, target = find_recording(pk), Target("recording", f"recording:{pk}")
    of = recording.object if recording else None
    usable(request, permission, of, target=target, unknown=UnknownRecording())
    assert recording is not None  # noqa: S101 (else it is refused)
    return recording


def deny_other_sites(
    request: Request, recording: Recording, actor: Actor, kind: Kind = Kind.VIEWING_DENIED
) -> None:
    """Refuse another site's page that starts or continues a viewing, or what `kind` says.

    Even with a valid token (ASVS 3.5.8).
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        deny(Denial.CROSS_SITE, recording=recording, by=actor, kind=kind)

"""Who may use a recording, and continue a viewing: the person who started it, in the same session, while they may."""

from uuid import UUID

from recordings.audit import Actor, Target
from recordings.http import Request
from recordings.models import Recording, Viewing
from recordings.permissions import Permission
from recordings.playback.errors import Denial, UnknownRecording
from recordings.playback.events import deny
from recordings.playback.queries import find_recording
from recordings.policies import usable
from recordings.reach import Reach


def check_may_go_on(viewing: Viewing, *, reach: Reach, by: Actor) -> None:
    """Raise Denied, after the refusal is in the trail, unless `by` may continue this viewing now.

    `reach`: the objects whose recordings they may play now.
    """
    denial = first_denial(viewing, reach=reach, by=by)
    if denial is not None:
        deny(denial, recording=viewing.recording, viewing=viewing, by=by)


def first_denial(viewing: Viewing, *, reach: Reach, by: Actor) -> Denial | None:
    """Return the first rule that forbids `by` to continue this viewing now; None when they may.

    Whose viewing it is comes before every rule that would tell a stranger something about it.
    """
    if by.kind != "person":
        return Denial.SIGNED_OUT
    if by.ref != f"user:{viewing.viewer_id}":
        return Denial.NOT_YOURS
    if reach.is_nothing:
        return Denial.NO_RIGHT
    if not reach.includes(viewing.recording.object):
        return Denial.OUT_OF_REACH
    if not by.session or by.session != viewing.session_ref:
        return Denial.OTHER_SESSION
    if viewing.ended_at is not None:
        return Denial.ENDED
    return None if viewing.recording.may_be_tried else Denial.NOT_PLAYABLE


def usable_recording(request: Request, pk: UUID, permission: Permission) -> Recording:
    """Return a recording for which the person has the permission. Raises UnknownRecording and BeyondLevel."""
    recording, target = find_recording(pk), Target("recording", f"recording:{pk}")
    of = recording.object if recording else None
    usable(request, permission, of, target=target, unknown=UnknownRecording())
    assert recording is not None  # noqa: S101 (else it is refused)
    return recording

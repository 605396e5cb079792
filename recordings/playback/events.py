"""The facts in playback's events, and the two refusals: of a viewing, and of a URL for it."""

from typing import Any, NoReturn

from django.utils import timezone
from django.utils.functional import Promise

from recordings.audit import Actor, Kind, Purpose, Target, committed, record, refuse
from recordings.exceptions import NotSealed, NotWitnessed
from recordings.media_urls import NoUrl
from recordings.models import Recording, Viewing
from recordings.playback.errors import Denial, Denied

# Why there may be no URL although the person is permitted.
URL_TROUBLES = (NoUrl, NotSealed, NotWitnessed)


def about(viewing: Viewing, **detail: Any) -> dict[str, Any]:
    """Return what every event of a viewing holds, for `record`: the recording, the purpose, the viewing's id."""
    return {
        "target": Target.of(viewing),
        "purpose": Purpose(viewing.purpose),
        "detail": {"viewing": str(viewing.pk), **detail},
    }


def deny(
    denial: Denial,
    *,
    recording: Recording,
    by: Actor,
    viewing: Viewing | None = None,
    sentence: str | Promise = "",
    rule: str = "",
    kind: Kind = Kind.VIEWING_DENIED,
) -> NoReturn:
    """Commit that starting or continuing a viewing, or what `kind` says, was refused; then raise Denied."""
    refusal = Denied(denial, sentence)
    detail = {"reason": denial.value, "sentence": str(refusal)}
    if viewing is not None:
        detail["viewing"] = str(viewing.pk)
    refuse(refusal, kind, by=by, target=Target.of(recording), detail=detail, rule=rule)


def as_no_url(trouble: NoUrl | NotSealed | NotWitnessed) -> NoUrl:
    """Return the error for a person to whom no URL is issued."""
    if isinstance(trouble, NoUrl):
        return trouble
    code = "not_sealed" if isinstance(trouble, NotSealed) else "not_witnessed"
    return NoUrl(code, trouble.sentence, again=True)


def refuse_url(
    viewing: Viewing, trouble: NoUrl | NotSealed | NotWitnessed, *, by: Actor, ends: bool = False
) -> NoReturn:
    """Commit that no URL was issued and why, then raise NoUrl. With `ends`, also end the viewing."""
    refusal = as_no_url(trouble)
    with committed():
        if ends:
            Viewing.objects.filter(pk=viewing.pk).update(ended_at=timezone.now())
        facts = about(viewing, reason=refusal.code, sentence=str(refusal))
        record(Kind.URL_REFUSED, by=by, outcome=refusal.outcome, **facts)
    raise refusal

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
) -> NoReturn:
    """Commit that starting or continuing a viewing was refused, then raise Denied."""
    refusal = Denied(denial, sentence)
    detail = {"reason": denial.value, "sentence": str(refusal)}
    if viewing is not None:
        detail["viewing"] = str(viewing.pk)
    refuse(refusal, Kind.VIEWING_DENIED, by=by, target=Target.of(recording), detail=detail, rule=rule)


def refuse_url(
    viewing: Viewing, trouble: NoUrl | NotSealed | NotWitnessed, *, by: Actor, ends: bool = False
) -> NoReturn:
    """Commit that no URL was issued and why, then raise NoUrl. With `ends`, also end the viewing."""
    if isinstance(trouble, NoUrl):
        refusal = trouble
    else:
        code = "not_sealed" if isinstance(trouble, NotSealed) else "not_witnessed"
        refusal = NoUrl(code, trouble.sentence, again=True)
    with committed():
        if ends:
            Viewing.objects.filter(pk=viewing.pk).update(ended_at=timezone.now())
        facts = about(viewing, reason=refusal.code, sentence=str(refusal))
        record(Kind.URL_REFUSED, by=by, outcome=refusal.outcome, **facts)
    raise refusal

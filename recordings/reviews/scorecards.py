"""Change scorecards. Each change and its event are one transaction."""

from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from recordings.audit import Actor, Kind, Target, record
from recordings.models import Scorecard, ScorecardState, ScorecardVersion
from recordings.reviews.documents import canonical
from recordings.reviews.errors import FaultyForm, NotActive, NotADraft
from recordings.scorecards.amazon.convert import Converted
from recordings.scorecards.form import read_form
from recordings.scorecards.lint import lint
from recordings.scorecards.texts import localized


@transaction.atomic
def create_scorecard(*, document: bytes, imported: bool, person: Any, by: Actor) -> ScorecardVersion:
    """Create a scorecard with a draft. `imported`: its form is a person's file. Raises BadFile."""
    version = _draft(Scorecard.objects.create(created_by=person), document, person)
    kind = Kind.SCORECARD_IMPORTED if imported else Kind.SCORECARD_CREATED
    record(kind, by=by, target=target_of(version), detail=_facts(version))
    return version


@transaction.atomic
def import_from_amazon(*, converted: Converted, person: Any, by: Actor) -> ScorecardVersion:
    """Create a scorecard from a form of Amazon Connect. The event keeps what could not be carried over."""
    version = _draft(Scorecard.objects.create(created_by=person), converted.data, person)
    record(
        Kind.SCORECARD_IMPORTED,
        by=by,
        target=target_of(version),
        detail={**_facts(version), "from": "amazon-connect", "not_carried": len(converted.notes)},
        about={"left_out": "\n".join(map(str, converted.notes))},
    )
    return version


@transaction.atomic
def draft_of(*, version: ScorecardVersion, person: Any, by: Actor) -> ScorecardVersion:
    """Return the draft of the version's scorecard; create it with the version's form when there is none."""
    rows = ScorecardVersion.objects.filter(scorecard_id=version.scorecard_id)
    list(rows.select_for_update().order_by("number").values_list("pk"))  # one draft, whoever else asks now
    if draft := rows.filter(state=ScorecardState.DRAFT).first():
        return draft
    draft = _draft(version.scorecard, bytes(version.document), person)
    record(Kind.SCORECARD_CREATED, by=by, target=target_of(draft), detail=_facts(draft))
    return draft


@transaction.atomic
def activate_version(*, version: ScorecardVersion, person: Any, by: Actor) -> None:
    """Activate a draft, and retire the version that was active. Raises NotADraft, and FaultyForm."""
    draft, now = _locked(version, ScorecardState.DRAFT), timezone.now()
    if draft is None:
        raise NotADraft
    faults = [finding for finding in lint(read_form(bytes(draft.document))) if not finding.warning]
    if faults:
        raise FaultyForm(faults)
    before = ScorecardVersion.objects.filter(scorecard_id=draft.scorecard_id, state=ScorecardState.ACTIVE)
    if active := before.select_for_update().first():
        _retire(active, person, by, replaced_by=draft.number)
    draft.state, draft.activated_at, draft.activated_by = ScorecardState.ACTIVE, now, person
    draft.save(update_fields=["state", "activated_at", "activated_by"])
    record(Kind.SCORECARD_ACTIVATED, by=by, target=target_of(draft), detail=_facts(draft))


@transaction.atomic
def retire_version(*, version: ScorecardVersion, person: Any, by: Actor) -> None:
    """Retire an active version. Evaluations that were begun with it can be finished. Raises NotActive."""
    active = _locked(version, ScorecardState.ACTIVE)
    if active is None:
        raise NotActive
    _retire(active, person, by)


def target_of(version: ScorecardVersion) -> Target:
    """Return the target of an event about a version. Its label is the title."""
    return Target("scorecard", f"scorecard:{version.pk}", localized(version.title, "en"))


def _locked(version: ScorecardVersion, state: ScorecardState) -> ScorecardVersion | None:
    return ScorecardVersion.objects.select_for_update().filter(pk=version.pk, state=state).first()


def _retire(active: ScorecardVersion, person: Any, by: Actor, **detail: int) -> None:
    active.state, active.retired_at, active.retired_by = ScorecardState.RETIRED, timezone.now(), person
    active.save(update_fields=["state", "retired_at", "retired_by"])
    record(Kind.SCORECARD_RETIRED, by=by, target=target_of(active), detail={**_facts(active), **detail})


def _draft(scorecard: Scorecard, document: bytes, person: Any) -> ScorecardVersion:
    form, document = canonical(document)
    newest = scorecard.versions.aggregate(newest=Max("number"))["newest"] or 0
    return ScorecardVersion.objects.create(
        scorecard=scorecard,
        number=newest + 1,
        document=document,
        hash=form.hash,
        title=form.title,
        questions=len(list(form.questions())),
        changed_at=timezone.now(),
        changed_by=person,
    )


def _facts(version: ScorecardVersion) -> dict[str, Any]:
    return {
        "scorecard": str(version.scorecard_id),
        "version": version.number,
        "hash": version.hash,
        "questions": version.questions,
    }

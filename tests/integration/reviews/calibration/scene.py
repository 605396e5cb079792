"""A calibration of two recordings by three scorers, with the scorecard of the documents."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from recordings.audit import Actor
from recordings.models import Calibration, Evaluation, Recording
from recordings.reviews import scorecards
from recordings.reviews.calibration import actions
from recordings.reviews.calibration.queries import Progress, progress_of
from recordings.reviews.evaluations import submit_evaluation
from tests.factories import person, recording, viewing
from tests.unit.scorecards.forms import EXAMPLE, as_bytes

# 60 points: the section "opening" fails by the number of seconds.
SIXTY = {
    "answer.greeting": ["yes"],
    "answer.hold": ["61"],
    "answer.topics": ["a"],
    "na.apology": ["1"],
    "reason.apology": ["the line dropped"],
    "answer.summary": ["yes"],
    "comment.summary": ["Summed up at the end"],
}
# 93.33 points
NINETY = {**SIXTY, "answer.hold": ["20"]}


def actor(user: Any) -> Actor:
    return Actor(f"user:{user.pk}", "person", user.display_name, "qa_manager")


class Scene:
    """Its people, recordings and calibration; they act through the actions."""

    def __init__(self) -> None:
        self.manager: Any = person("qa_manager", "mia.manager")
        self.scorers: list[Any] = [person("reviewer", f"{name}.scorer") for name in ("ana", "ben", "cyd")]
        self.by = actor(self.manager)
        self.version = scorecards.create_scorecard(
            document=as_bytes(EXAMPLE), imported=False, person=self.manager, by=self.by
        )
        scorecards.activate_version(version=self.version, person=self.manager, by=self.by)
        self.version.refresh_from_db()
        self.calls = [recording(), recording()]
        self.calibration = self.created()

    def created(self, due_in: timedelta = timedelta(days=1)) -> Calibration:
        return actions.create_calibration(
            version=self.version,
            recordings=self.calls,
            people=self.scorers,
            due_at=timezone.now() + due_in,
            person=self.manager,
            by=self.by,
        )

    def progress(self, user: Any = None) -> Progress:
        return progress_of(user or self.manager, self.calibration.pk)

    def begin(self, scorer: Any, call: Recording) -> Evaluation:
        return actions.begin_score(
            progress=self.progress(scorer), recording=call.pk, person=scorer, by=actor(scorer)
        )

    def submit(self, scorer: Any, call: Recording, fields: dict[str, list[str]]) -> Evaluation:
        row = self.begin(scorer, call)
        submit_evaluation(evaluation=row, fields=fields, by=actor(scorer))
        row.refresh_from_db()
        return row

    def close(self) -> None:
        actions.close_scoring(progress=self.progress(), person=self.manager, by=self.by)

    def agree(self, call: Recording, fields: dict[str, list[str]]) -> Evaluation:
        viewing(call, self.manager, watched=[(0, 542_000)])
        row = actions.begin_agreed_card(
            progress=self.progress(), recording=call.pk, person=self.manager, by=self.by
        )
        submit_evaluation(evaluation=row, fields=fields, by=self.by)
        return row

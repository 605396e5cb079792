"""An evaluation of a call, and everybody who may have to do with it."""

from typing import Any

from auditportal.accounts import agent_links
from auditportal.accounts.models import Grant, User
from recordings.audit import Actor
from recordings.models import Agent, Dispute, Evaluation, EvaluationScore, Recording, ScorecardVersion, Team
from recordings.reviews import scorecards
from recordings.reviews.disputes import actions, decisions
from recordings.reviews.disputes.rights import Reader
from recordings.reviews.disputes.standing import State, find, in_state
from recordings.reviews.evaluations import begin_evaluation, submit_evaluation
from tests.factories import agent, conversation, person, recording, viewing
from tests.unit.scorecards.forms import EXAMPLE, as_bytes

BY = Actor.system("tests")
ANSWERS = {
    "answer.greeting": ["no"],
    "comment.greeting": ["Dana was not greeted"],
    "answer.hold": ["20"],
    "answer.topics": ["a", "b"],
    "answer.remark": ["Asked Dana for the invoice"],
    "answer.callback": ["2026-11-30"],
    "answer.summary": ["yes"],
    "at.summary": ["83000"],
}


def actor(user: Any) -> Actor:
    return Actor(f"user:{user.pk}", "person", user.display_name, user.role_codes)


def reader(user: Any) -> Reader:
    """The person as of now: grants and links are read again."""
    return Reader.of(User.objects.get(pk=user.pk))


class Desk:
    """A submitted evaluation (score 0.00: the greeting fails the form) of a call of Avery's, who is in team 1."""

    def __init__(self, watched: tuple[int, int] = (60_000, 400_000)) -> None:
        self.team, self.other_team = (Team.objects.create(id=pk, name=f"Team {pk}") for pk in (1, 2))
        self.avery: Agent = agent(team=self.team)
        self.scorer = person("qa_manager", "scorer.one")
        self.call: Recording = recording(conversation(agent=self.avery))
        self.version = _version(self.scorer)
        viewing(self.call, self.scorer, watched=[watched])
        self.evaluation = self.evaluated()
        self.agent = self.linked("agent.avery", self.avery)

    def evaluated(self, call: Recording | None = None, scorer: Any = None) -> Evaluation:
        """Another submitted evaluation of this call or of another, watched by the scorer already."""
        by = scorer or self.scorer
        row = begin_evaluation(recording=call or self.call, version=self.version, scorer=by, by=actor(by))
        submit_evaluation(evaluation=row, fields=ANSWERS, by=actor(by))
        return row

    def linked(self, username: str, to: Agent) -> User:
        """An account with the role Agent that is linked to an agent of CommBox."""
        user = person("agent", username)
        agent_links.link_agent(user=user, agent=to, by=BY, linked_by=person("administrator"), reason="is")
        return user

    def supervisor(self, username: str, team: Team | None) -> User:
        """A supervisor of a team, or of everything."""
        user = person("", username)
        Grant.objects.create(user=user, role="supervisor", teams=[team.pk] if team else [])
        return user

    def release(self, by: Any = None) -> None:
        who = by or self.scorer
        actions.release_evaluation(evaluation=self.evaluation, reader=reader(who), by=actor(who))

    def sign(self, by: Any = None, reason: str = "") -> None:
        who = by or self.agent
        actions.sign_evaluation(evaluation=self.evaluation, reader=reader(who), reason=reason, by=actor(who))

    def dispute(self, question: str = "greeting", by: Any = None, reason: str = "I greeted Dana") -> Dispute:
        who = by or self.agent
        return actions.open_dispute(
            evaluation=self.evaluation, question=question, reader=reader(who), reason=reason, by=actor(who)
        )

    def answer_blind(self, by: Any, **fields: list[str]) -> None:
        fields = fields or {"answer.greeting": ["yes"], "comment.greeting": ["Dana is greeted at 1:23"]}
        decisions.answer_blind(evaluation=self.evaluation, reader=reader(by), fields=fields, by=actor(by))

    def decide(
        self, dispute: Dispute, by: Any, outcome: str = "changed", reason: str = "Heard it"
    ) -> Dispute:
        return decisions.decide_dispute(
            dispute=dispute, outcome=outcome, reason=reason, reader=reader(by), by=actor(by)
        )

    @property
    def state(self) -> str:
        """The state on the evaluation's page, which is also the one by which the list finds it."""
        state = str(find(self.evaluation.pk).state)
        own = Evaluation.objects.filter(pk=self.evaluation.pk)
        assert [str(one) for one in State if own.filter(in_state(one))] == [state]
        return state

    @property
    def scores(self) -> list[str]:
        rows = EvaluationScore.objects.filter(evaluation=self.evaluation).order_by("number")
        return [row.result["score"] for row in rows]


def _version(by: Any) -> ScorecardVersion:
    made = scorecards.create_scorecard(document=as_bytes(EXAMPLE), imported=False, person=by, by=actor(by))
    scorecards.activate_version(version=made, person=by, by=actor(by))
    made.refresh_from_db()
    return made

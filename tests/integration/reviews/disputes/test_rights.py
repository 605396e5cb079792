"""The truth tables: who may read, release, sign, dispute and decide, in each state."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from auditportal.accounts.models import Grant
from recordings.models import Evaluation
from recordings.reviews.disputes import rights
from recordings.reviews.disputes.decisions import open_disputes
from recordings.reviews.disputes.standing import find
from tests.factories import agent, person, stream
from tests.integration.reviews.disputes.desk import Desk, reader

pytestmark = pytest.mark.django_db
ACTS = ("read", "release", "sign", "dispute", "decide")
# Who may do what, by state, by the first letters of ACTS. The scorer is a QA manager, as are the others with that name.
TABLE = {
    # who                       unreleased  waiting  disputed  signed
    "scorer":                   ("r l",     "r",     "r",      "r"),
    "QA manager":               ("r l",     "r",     "r  c",   "r"),
    "reviewer":                 ("",        "",      "",       ""),
    "supervisor of the team":   ("r",       "r s d", "r d",    "r"),
    "supervisor, other team":   ("",        "",      "",       ""),
    "supervisor of the agent":  ("r",       "r s d", "r d",    "r"),
    "supervisor of everything": ("r",       "r s d", "r d c",  "r"),
    "compliance officer":       ("r",       "r",     "r",      "r"),
    "agent of the call":        ("",        "r s d", "r d",    "r"),
    "other agent":              ("",        "",      "",       ""),
    "QA manager, the agent":    ("",        "",      "",       ""),
    "QA manager, elsewhere":    ("",        "",      "",       ""),
    "administrator":            ("",        "",      "",       ""),
    "external auditor":         ("",        "",      "",       ""),
    "no role":                  ("",        "",      "",       ""),
}  # fmt: skip
JSON = {"Accept": "application/json"}
LETTER = dict(zip(ACTS, "rlsdc", strict=True))


def people_of(desk: Desk) -> dict[str, Any]:
    was_agent = person("qa_manager")
    was_agent.agent_links.create(agent=desk.avery, reason="was", ended_at=desk.evaluation.started_at)
    elsewhere, of_agent = person(), person()
    Grant.objects.create(user=elsewhere, role="qa_manager", channels=[stream("Other").pk])
    Grant.objects.create(user=of_agent, role="supervisor", agents=[desk.avery.pk])
    return {
        "scorer": desk.scorer,
        "QA manager": person("qa_manager"),
        "reviewer": person("reviewer"),
        "supervisor of the team": desk.supervisor("super.team", desk.team),
        "supervisor, other team": desk.supervisor("super.other", desk.other_team),
        "supervisor of the agent": of_agent,
        "supervisor of everything": desk.supervisor("super.all", None),
        "compliance officer": person("compliance_officer"),
        "agent of the call": desk.agent,
        "other agent": desk.linked("agent.other", agent("Blake")),
        "QA manager, the agent": was_agent,
        "QA manager, elsewhere": elsewhere,
        "administrator": person("administrator"),
        "external auditor": person("external_auditor"),
        "no role": person(),
    }


def allowed(desk: Desk, user: Any) -> set[str]:
    row, who = find(desk.evaluation.pk), reader(user)
    if not rights.may_read(who, row):
        return set()
    disputes = open_disputes(row)
    found = {
        "read": None,
        "release": rights.against_release(who, row),
        "sign": rights.against_signature(who, row),
        "dispute": rights.against_dispute(who, row),
        "decide": rights.against_decision(who, row, disputes),
    }
    return {LETTER[act] for act, refusal in found.items() if refusal is None}


def test_everybody_may_what_the_table_says_in_each_state(desk: Desk) -> None:
    people = people_of(desk)
    steps = (None, desk.release, desk.dispute, None)
    for state, step in enumerate(steps):
        if step:
            step()
        if state == 3:
            (open_one,) = open_disputes(find(desk.evaluation.pk))
            decider = person("qa_manager")
            desk.answer_blind(decider)
            desk.decide(open_one, decider)
            desk.sign()
        assert desk.state == ("unreleased", "waiting", "disputed", "signed")[state]
        found = {who: allowed(desk, user) for who, user in people.items()}
        assert found == {who: set(row[state].replace(" ", "")) for who, row in TABLE.items()}, desk.state


def test_what_somebody_may_not_read_answers_like_what_is_missing(client: Client, desk: Desk) -> None:
    """Byte for byte, for each page and act, and both are in the trail."""
    people = people_of(desk)
    missing = "00000000-0000-0000-0000-000000000001"
    desk.release()
    desk.dispute()
    for who in ("supervisor, other team", "QA manager, elsewhere", "QA manager, the agent", "other agent"):
        client.force_login(people[who])
        for name, method in (
            ("result", client.get),
            ("release", client.post),
            ("sign", client.post),
            ("dispute", client.post),
            ("decide", client.get),
            ("decide", client.post),
        ):
            ours, none = (
                method(reverse(f"disputes:{name}", args=[pk]), headers=JSON)
                for pk in (desk.evaluation.pk, missing)
            )
            assert ours.status_code == none.status_code in (403, 404), (who, name)
            assert same(ours) == same(none), (who, name)


def same(answer: Any) -> str:
    """What was answered, without the id of the request."""
    return re.sub("[0-9a-f]{32}", "ID", answer.content.decode())


def test_the_scorer_releases_unless_little_was_watched(desk: Desk) -> None:
    """With less than half watched somebody else looks first."""
    other = person("qa_manager")
    row = find(desk.evaluation.pk)
    for percent, scorer_may in ((None, False), (49, False), (50, True), (100, True)):
        row.newest_percent = percent
        assert (rights.against_release(reader(desk.scorer), row) is None) == scorer_may
        assert rights.against_release(reader(other), row) is None


def test_an_open_evaluation_has_no_result(client: Client, desk: Desk) -> None:
    begun = Evaluation.objects.create(recording=desk.call, version=desk.version, scorer=desk.scorer)
    client.force_login(desk.scorer)
    assert client.get(reverse("disputes:result", args=[begun.pk])).status_code == 404

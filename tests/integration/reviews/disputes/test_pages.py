"""The pages of results: what each shows, posts and refuses; lists take as many queries for one row as for three."""

import re
from dataclasses import replace
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from auditportal.accounts.models import Grant
from auditportal.accounts.tasks import remind_of_evaluations
from recordings.models import (
    AuditEvent,
    BlindAnswer,
    Dispute,
    EvaluationReading,
    EvaluationReminder,
    Report,
)
from recordings.reach import EVERYTHING
from recordings.reviews.coaching.people import evaluations_about
from recordings.reviews.numbers.selection import Selection
from recordings.reviews.numbers.tallies import tallies
from tests.factories import conversation, person, recording, stream, viewing
from tests.integration.portal.test_mail import box, sent_through
from tests.integration.reviews.disputes.desk import Desk
from tests.mailbox import Mailbox

__all__ = ["box", "sent_through"]

pytestmark = pytest.mark.django_db


def address(name: str, desk: Desk) -> str:
    return reverse(f"disputes:{name}", args=[desk.evaluation.pk])


def read(client: Client, who: Any, url: str, status: int = 200) -> str:
    if client.session.get("_auth_user_id") != str(who.pk):
        client.force_login(who)
    answer = client.get(url)
    assert answer.status_code == status, (url, answer.status_code)
    return re.sub(r"\s+", " ", answer.content.decode())


def test_the_result_has_answers_comments_and_moments(client: Client, desk: Desk) -> None:
    page = read(client, desk.scorer, address("result", desk))
    assert "Dana was not greeted" in page
    assert "Asked Dana for the invoice" in page
    assert f'{reverse("playback:recording", args=[desk.call.pk])}#t=83">1:23</a>' in page
    assert "Not released" in page
    assert AuditEvent.objects.filter(kind="evaluation.read").count() == 1
    assert EvaluationReading.objects.get().reader == desk.scorer


def test_a_recording_leads_to_its_evaluations(client: Client, desk: Desk) -> None:
    manager, url = person("qa_manager"), f"{reverse('disputes:results')}?recording="
    page = read(client, manager, reverse("playback:recording", args=[desk.call.pk]))
    assert f'href="{url}{desk.call.pk}"' in page
    assert address("result", desk) in read(client, manager, f"{url}{desk.call.pk}")
    assert address("result", desk) not in read(client, manager, f"{url}{recording(conversation()).pk}")


def test_the_scorer_s_own_page_leads_to_the_result(client: Client, desk: Desk) -> None:
    client.force_login(desk.scorer)
    answer = client.get(reverse("reviews:evaluation", args=[desk.evaluation.pk]))
    assert answer["Location"] == address("result", desk)
    assert "Reason for the change" in read(
        client, desk.scorer, reverse("reviews:evaluation", args=[desk.evaluation.pk]) + "?change"
    )


def test_a_score_after_little_watching_is_marked(client: Client) -> None:
    desk = Desk(watched=(60_000, 125_040))
    page = read(client, person("compliance_officer"), address("result", desk))
    assert "The scorer had watched 12 % of the recording." in page
    page = read(client, desk.scorer, address("result", desk))
    assert "Release to the agent" not in page
    answer = client.post(address("release", desk))
    assert answer.status_code == 403
    assert "watched less than half" in answer.content.decode()


def test_the_agent_reads_signs_and_disputes_without_playing(client: Client, desk: Desk) -> None:
    assert "No evaluation of a call of yours was released." in read(
        client, desk.agent, reverse("disputes:own_reviews")
    )
    read(client, desk.agent, address("result", desk), 404)
    desk.release()
    assert address("result", desk) in read(client, desk.agent, reverse("disputes:own_reviews"))
    page = read(client, desk.agent, address("result", desk))
    assert "Dana was not greeted" in page
    assert "#t=83" not in page
    assert "Dana Marlowe" not in page, "agents see customers masked"
    answer = client.post(address("dispute", desk), {"question": "greeting", "reason": " "})
    assert answer.status_code == 422
    assert "Give a reason." in answer.content.decode()
    client.post(address("dispute", desk), {"question": "greeting", "reason": "I greeted Dana"})
    assert Dispute.objects.get().is_open
    page = read(client, desk.agent, address("result", desk))
    assert "I greeted Dana" in page
    assert client.post(address("sign", desk)).status_code == 409


def test_who_may_decide_is_asked_before_the_answers_are_shown(client: Client, desk: Desk) -> None:
    """Nothing that the scorer answered is on a page before the decider's own answers are kept."""
    decider = person("qa_manager")
    viewing(desk.call, decider, watched=[(80_000, 90_000)])
    desk.release()
    dispute = desk.dispute()
    for url in (address("result", desk), address("decide", desk)):
        page = read(client, decider, url)
        assert "Dana was not greeted" not in page
        assert "I greeted Dana" not in page, "the agent's reason would say it as well"
        assert "checked" not in page.partition('id="evaluation-form"')[2].partition("</form>")[0]
    assert not EvaluationReading.objects.exists()
    assert client.post(address("decide", desk), {}).status_code == 422
    decision = reverse("disputes:decision", args=[dispute.pk])
    assert client.post(decision, {"outcome": "changed", "reason": "x"}).status_code == 409

    client.post(address("decide", desk), {"answer.greeting": "yes", "at.greeting": "83000"})
    assert BlindAnswer.objects.get().decider == decider
    page = read(client, decider, address("decide", desk))
    for text in ("Dana was not greeted", "I greeted Dana", "The scorer's answer", "Your answer"):
        assert text in page.replace("&#x27;", "'")
    assert client.post(decision, {"outcome": "changed", "reason": ""}).status_code == 422
    assert client.post(decision, {"reason": "x"}).status_code == 422
    answer = client.post(decision, {"outcome": "changed", "reason": "One hears it at 1:23"}, follow=True)
    page = answer.content.decode()
    assert "One hears it at 1:23" in page
    assert re.search(r"<del><bdi>No</bdi></del>\s*<ins><bdi>Yes · 1:23</bdi></ins>", page)


def test_who_reads_the_answers_leaves_the_decision_to_others(client: Client, desk: Desk) -> None:
    decider = person("qa_manager")
    desk.release()
    desk.dispute()
    assert "Dana was not greeted" in read(client, decider, address("result", desk) + "?answers")
    assert "you cannot score it blind" in read(client, decider, address("decide", desk), 403)


@pytest.mark.parametrize("number", [1, 3])
def test_the_lists_take_as_many_queries_for_one_as_for_three(
    client: Client, desk: Desk, number: int, django_assert_num_queries: Any
) -> None:
    desk.release()
    for _ in range(number - 1):
        call = recording(conversation(agent=desk.avery))
        viewing(call, desk.scorer, watched=[(0, 500_000)])
        desk.evaluation = desk.evaluated(call)
        desk.release()
    for who, name, queries in ((desk.agent, "own_reviews", 7), (person("qa_manager"), "results", 10)):
        page = read(client, who, reverse(f"disputes:{name}"))
        assert page.count("data-row") == number
        with django_assert_num_queries(queries):
            client.get(reverse(f"disputes:{name}"))


def test_the_list_filters_and_shows_what_is_in_reach(client: Client, desk: Desk) -> None:
    manager, url = person("qa_manager"), reverse("disputes:results")
    for query, is_found in {
        "": True,
        "state=unreleased": True,
        "state=signed": False,
        f"agent={desk.avery.pk}&team={desk.team.pk}": True,
        f"scorecard={desk.version.scorecard_id}": True,
        "since=2026-01-01&until=2999-12-30": True,
        "until=2026-01-01": False,
    }.items():
        assert (address("result", desk) in read(client, manager, f"{url}?{query}")) == is_found, query
    for query in ("state=x", "agent=1", "since=soon", "since=2026-02-01&until=2026-01-01"):
        read(client, manager, f"{url}?{query}", 400)
    elsewhere = person()
    Grant.objects.create(user=elsewhere, role="qa_manager", channels=[stream("Other").pk])
    assert address("result", desk) not in read(client, elsewhere, url)
    assert f"agent={desk.avery.pk}" not in read(client, elsewhere, url)
    read(client, desk.agent, url, 403)


def test_the_list_turns_pages(client: Client, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recordings.paging.PAGE", 1)
    monkeypatch.setattr("recordings.reviews.disputes.results.PAGE", 1)
    first, second = desk.evaluation, desk.evaluated()
    page = read(client, person("qa_manager"), reverse("disputes:results"))
    assert f"/results/{second.pk}/" in page
    assert f"/results/{first.pk}/" not in page
    older = re.search(r'href="([^"]*older=[^"]*)"', page)
    assert older
    page = client.get(reverse("disputes:results") + older[1].replace("&amp;", "&")).content.decode()
    assert f"/results/{first.pk}/" in page


def test_reminders_are_mailed_once(desk: Desk, settings: Any) -> None:
    """To the agent for a signature, to those who may decide for a dispute; twice in a row is once."""
    settings.SMTP_URL, settings.DEFAULT_FROM_EMAIL = "smtp://127.0.0.1:25", "portal@example.com"
    settings.PUBLIC_URL = "https://portal.example.com"
    for user in (desk.agent, desk.scorer, decider := person("qa_manager")):
        user.email = f"{user.username}@example.com"
        user.save(update_fields=["email"])
    remind_of_evaluations()
    assert mail.outbox == []
    desk.release()
    remind_of_evaluations()
    remind_of_evaluations()
    (message,) = mail.outbox
    assert message.to == [desk.agent.email]
    assert f"https://portal.example.com{address('result', desk)}" in str(message.body)
    assert "Dana" not in str(message.body)
    desk.dispute()
    remind_of_evaluations()
    remind_of_evaluations()
    assert [sent.to for sent in mail.outbox[1:]] == [[decider.email]]
    assert "A dispute to decide until" in str(mail.outbox[1].body)
    assert EvaluationReminder.objects.count() == 2
    assert AuditEvent.objects.filter(kind="evaluation.reminded").count() == 2


def test_without_an_account_of_the_agent_the_team_s_supervisors_are_reminded(
    desk: Desk, settings: Any
) -> None:
    settings.SMTP_URL, settings.DEFAULT_FROM_EMAIL = "smtp://127.0.0.1:25", "portal@example.com"
    settings.PUBLIC_URL = "https://portal.example.com"
    desk.agent.is_active = False
    desk.agent.save(update_fields=["is_active"])
    for name, team in (("super.team", desk.team), ("super.other", desk.other_team), ("super.all", None)):
        user = desk.supervisor(name, team)
        user.email = f"{name}@example.com"
        user.save(update_fields=["email"])
    desk.release()
    remind_of_evaluations()
    assert [sent.to for sent in mail.outbox] == [["super.team@example.com"]]


def test_a_refused_recipient_keeps_no_mail_from_the_others(desk: Desk, box: Mailbox) -> None:
    deciders = [person("qa_manager", email=f"{name}@example.com") for name in ("first", "second")]
    desk.release()
    desk.dispute()
    box.refuse = {deciders[0].email: "550 no such user"}
    remind_of_evaluations()
    assert [letter.message["To"] for letter in box.letters] == [deciders[1].email]
    box.refuse = {}
    remind_of_evaluations()
    assert [letter.message["To"] for letter in box.letters[1:]] == [deciders[0].email]


def test_counts_of_answers_do_not_show_a_disputed_answer_to_who_may_decide(
    client: Client, desk: Desk
) -> None:
    """With a narrow filter the count would be the scorer's answer; whoever has read it sees it."""
    decider = person("qa_manager")
    url = f"{reverse('numbers:questions')}?agent={desk.avery.pk}"
    desk.release()
    dispute = desk.dispute()
    assert "Version 1 · 0 evaluations" in (page := read(client, decider, url))
    assert "1 evaluation is left out because of an open dispute" in page
    assert "Version 1 · 1 evaluation ·" in (page := read(client, desk.scorer, url))
    assert "left out" not in page
    assert "Version 1 · 1 evaluation ·" in read(client, person("compliance_officer"), url)
    desk.answer_blind(decider)
    desk.decide(dispute, decider, "upheld")
    assert "Version 1 · 1 evaluation ·" in read(client, decider, url)


def test_a_list_shows_no_score_to_somebody_who_may_have_to_answer_blind(client: Client, desk: Desk) -> None:
    """The page of a disputed evaluation asks before it shows answers; a score can say what they were."""
    desk.release()
    other = recording(conversation(agent=desk.avery))
    viewing(other, desk.scorer, watched=[(60_000, 400_000)])
    open_one = desk.evaluated(other)
    shown, hidden = 'data-label="Score">0<', "hidden while disputed"
    officer, decider = person("compliance_officer", "officer"), person("qa_manager", "decider")
    desk.dispute()
    for user, scores, withheld in ((officer, 2, 0), (desk.scorer, 2, 0), (decider, 1, 1)):
        page = read(client, user, reverse("disputes:results"))
        assert (page.count(shown), page.count(hidden)) == (scores, withheld), user
    assert [row.pk for row in evaluations_about(desk.scorer, decider)] == [open_one.pk]


def test_nobody_reads_the_numbers_of_their_own_calls(client: Client, desk: Desk) -> None:
    """Not before the release, whatever else they may read; nor by a report."""
    Grant.objects.create(user=desk.agent, role="compliance_officer")
    page = read(client, desk.agent, reverse("numbers:questions"))
    assert "No submitted evaluation is of a recording of this period" in page
    assert "Version 1 · 1 evaluation ·" in read(
        client, person("compliance_officer"), reverse("numbers:questions")
    )
    client.force_login(desk.agent)
    # A small report asks for no confirmation, however long ago the password was entered.
    answer = client.post(reverse("reports:numbers"), {"report": "scores", "format": "csv"})
    assert answer.status_code == 302
    selection = Selection.from_detail(Report.objects.get().filters)
    assert tallies(selection, EVERYTHING, ())[()][()].n == 0
    assert tallies(replace(selection, not_of=()), EVERYTHING, ())[()][()].n == 1

"""Sampling plans: what is frozen and drawn, that it can be drawn again, and what happens to a plan."""

import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from auditportal.accounts.models import Grant
from recordings.audit import Actor
from recordings.audit.opened import open_event
from recordings.models import (
    Assignment,
    AuditEvent,
    Evaluation,
    PopulationPiece,
    Recording,
    Sample,
    SamplePick,
    SamplingPlan,
    ScorecardVersion,
)
from recordings.reviews import scorecards
from recordings.reviews.plans import assigning, drawing, export, plans, population
from recordings.reviews.plans.checkpoints import Waiting
from recordings.reviews.plans.drawing import draw_again, draw_sample, lines_of, skip_pick
from recordings.reviews.plans.errors import (
    AlreadyDone,
    AlreadyFrozen,
    NoActiveVersion,
    NothingMatches,
    PlanEnded,
    ReasonNeeded,
    RecordBroken,
)
from recordings.reviews.plans.freezing import freeze_sample
from recordings.reviews.plans.periods import edges, period_at, period_before
from tests.factories import conversation, person, recording
from tests.integration.reviews.plans.given import AFTER, SEED, SPAN, Planned

pytestmark = pytest.mark.django_db


def kinds() -> list[str]:
    return [
        kind
        for kind in AuditEvent.objects.order_by("id").values_list("kind", flat=True)
        if "scorecard" not in kind
    ]


def drawn(plan: SamplingPlan, by: Actor, **facts: Any) -> Sample:
    sample = freeze_sample(plan=plan, span=SPAN, by=by, **facts)
    assert draw_sample(sample.pk) is None
    sample.refresh_from_db()
    return sample


def state() -> list[Any]:
    """All rows of plans and the kinds of events."""
    return [
        [
            (s.plan_id, s.period_from, s.draw, s.population_hash, s.seed_lines)
            for s in Sample.objects.order_by("pk")
        ],
        sorted(SamplePick.objects.values_list("unit", "stratum")),
        sorted(Assignment.objects.values_list("pick__unit", "scorer")),
        PopulationPiece.objects.count(),
        sorted(kinds()),
    ]


@pytest.mark.parametrize(
    ("period", "first", "following"),
    [
        ("day", "2026-11-18", "2026-11-19"),
        ("week_monday", "2026-11-16", "2026-11-23"),
        ("week_sunday", "2026-11-15", "2026-11-22"),
        ("month", "2026-11-01", "2026-12-01"),
    ],
)
def test_periods_are_whole_days_of_the_plans_zone(period: str, first: str, following: str) -> None:
    zone = ZoneInfo("Asia/Jerusalem")
    plan = SamplingPlan(period=period, time_zone=zone.key)
    span = period_at(plan, SPAN[0] + timedelta(days=2))
    assert [f"{edge.astimezone(zone):%Y-%m-%d %H:%M}" for edge in span] == [
        f"{first} 00:00",
        f"{following} 00:00",
    ]
    assert period_before(plan, span[1]) == span
    assert edges(span, 4)[0] == span[0]
    assert edges(span, 4)[-1] == span[1]


def test_each_agent_gives_its_number_and_the_event_has_the_whole_record(
    plan: SamplingPlan, calls: list[Recording], agents: list[Any], by: Actor
) -> None:
    sample = freeze_sample(plan=plan, span=SPAN, by=by)
    assert (sample.units, sample.number, sample.draw, sample.exclusions) == (12, 2, 1, {})
    assert draw_sample(sample.pk) is None
    assert sorted(SamplePick.objects.values_list("stratum", flat=True)) == sorted(
        str(who.pk) for who in agents * 2
    )
    frozen = open_event(sample.frozen_event)
    assert frozen is not None
    assert frozen.detail["population_hash"] == sample.population_hash
    assert (frozen.detail["lines"], frozen.detail["number"], frozen.detail["draw"]) == (12, 2, 1)
    sample.refresh_from_db()
    event = open_event(sample.drawn_event)
    assert event is not None
    assert event.detail["lines"] == [line.decode().strip() for line in SEED.lines]
    assert event.detail["picks_hash"] == drawing.hash_of(draw_again(sample).picks)
    assert kinds() == ["plan.created", "sample.frozen", "sample.drawn", *["assignment.made"] * 6]


def test_what_is_left_out_is_counted_by_its_reason(
    plan: SamplingPlan,
    planned: Planned,
    calls: list[Recording],
    version: ScorecardVersion,
    scorers: list[Any],
    by: Actor,
) -> None:
    Recording.objects.filter(pk=calls[0].pk).update(state="vanished_at_source")
    Evaluation.objects.create(recording=calls[1], version=version, scorer=scorers[0], submitted_at=AFTER)
    Evaluation.objects.create(recording=calls[2], version=version, scorer=scorers[0])  # begun only
    other = drawn(planned(group="all", number=3), by)
    assert other.exclusions == {"not_playable": 1, "evaluated": 1}
    sample = freeze_sample(plan=plan, span=SPAN, by=by)
    assert sample.exclusions == {"not_playable": 1, "evaluated": 1, "drawn": 3}
    assert sample.units == 7


def test_only_what_filters_and_scorers_reach_is_drawn(
    planned: Planned, calls: list[Recording], agents: list[Any], by: Actor
) -> None:
    limited = person()
    Grant.objects.create(user=limited, role="reviewer", agents=[agents[0].pk])
    own = person("reviewer")
    own.agent_links.create(agent=agents[1], reason="known")
    plan = planned(scorers={str(limited.pk): 5})
    assert freeze_sample(plan=plan, span=SPAN, by=by).exclusions == {"out_of_reach": 8}
    plan = planned(scorers={str(own.pk): 5}, agents=[agents[1].pk])
    with pytest.raises(NothingMatches):
        freeze_sample(plan=plan, span=SPAN, by=by)
    plan = planned(agents=[agents[2].pk], shortest_seconds=100, longest_seconds=600)
    assert freeze_sample(plan=plan, span=SPAN, by=by).units == 4
    with pytest.raises(NothingMatches):
        freeze_sample(plan=planned(shortest_seconds=600), span=SPAN, by=by)
    with pytest.raises(NothingMatches):  # a period without recordings
        freeze_sample(plan=planned(), span=(SPAN[1], SPAN[1] + timedelta(days=7)), by=by)
    assert Sample.objects.count() == 2


def test_a_plan_reaches_no_further_than_its_author(
    planned: Planned, calls: list[Recording], agents: list[Any], manager: Any, by: Actor
) -> None:
    manager.grants.update(ended_at=AFTER)
    Grant.objects.create(user=manager, role="qa_manager", agents=[agents[0].pk])
    vars(manager).pop("held_grants", None)
    assert freeze_sample(plan=planned(), span=SPAN, by=by).units == 4


def test_parts_of_the_period_give_the_same_number(
    planned: Planned, calls: list[Recording], by: Actor
) -> None:
    """Days 16 to 19 of a week: of two parts, one gives three or four recordings, the other one or none."""
    sample = drawn(planned(parts=2, group="all", number=4), by)
    strata = sorted(SamplePick.objects.values_list("stratum", flat=True))
    assert (sample.number, strata) == (2, ["1", "1", "2", "2"]) or strata == ["1", "1"]


def test_where_there_are_fewer_all_are_drawn(planned: Planned, calls: list[Recording], by: Actor) -> None:
    drawn(planned(number=50), by)
    assert SamplePick.objects.count() == 12


def test_it_waits_for_its_checkpoint_and_says_for_what(
    plan: SamplingPlan, calls: list[Recording], by: Actor, at_hand: Any
) -> None:
    sample = freeze_sample(plan=plan, span=SPAN, by=by)
    at_hand(Waiting.NO_QUORUM)
    assert draw_sample(sample.pk) is Waiting.NO_QUORUM
    with pytest.raises(AlreadyFrozen):
        freeze_sample(plan=plan, span=SPAN, by=by, reason="again")
    assert not SamplePick.objects.exists()
    at_hand(SEED)
    draw_sample(sample.pk)
    before = state()
    assert draw_sample(sample.pk) is None  # a second worker
    assert state() == before


def test_a_new_draw_needs_a_reason_and_is_counted(
    plan: SamplingPlan, calls: list[Recording], by: Actor
) -> None:
    first = drawn(plan, by)
    with pytest.raises(ReasonNeeded):
        freeze_sample(plan=plan, span=SPAN, by=by)
    second = drawn(plan, by, reason="the filter was wrong")
    assert (second.draw, second.exclusions) == (2, {"drawn": 6})
    event = open_event(second.frozen_event)
    assert event is not None
    assert event.private("action_detail.reason") == "the filter was wrong"
    assert "reason" not in event.detail or "wrong" not in str(event.detail)
    assert not set(first.picks.values_list("unit", flat=True)) & set(
        second.picks.values_list("unit", flat=True)
    )


@pytest.mark.parametrize("died_in", ["record_all", "_add_skips", "_add", None])
def test_killed_half_way_gives_the_same_rows_and_events(
    plan: SamplingPlan, calls: list[Recording], monkeypatch: pytest.MonkeyPatch, died_in: str | None
) -> None:
    if died_in:
        place: Any = assigning if died_in == "record_all" else drawing
        with monkeypatch.context() as patch:
            patch.setattr(place, died_in, lambda *args, **kwargs: sys.exit())
            with pytest.raises(SystemExit), transaction.atomic():
                plans.advance_plan(plan.pk, AFTER)
    plans.advance_plan(plan.pk, AFTER)
    plans.advance_plan(plan.pk, AFTER)
    assert [len(rows) for rows in state()[:3]] == [1, 6, 6]
    assert kinds() == ["plan.created", "sample.frozen", "sample.drawn", *["assignment.made"] * 6]


def test_a_period_is_tried_once_when_it_is_over(plan: SamplingPlan, by: Actor) -> None:
    plans.advance_plan(plan.pk, SPAN[1] + timedelta(minutes=59))
    plan.refresh_from_db()
    assert plan.tried_until is None
    plans.advance_plan(plan.pk, AFTER)
    plan.refresh_from_db()
    assert (plan.tried_until, plan.tried_problem) == (SPAN[1], "nothing")
    assert not Sample.objects.exists()


def test_what_another_plan_drew_since_the_freezing_is_skipped_with_that_reason(
    plan: SamplingPlan, planned: Planned, calls: list[Recording], by: Actor
) -> None:
    first = freeze_sample(plan=plan, span=SPAN, by=by)
    second = freeze_sample(plan=planned(), span=SPAN, by=by)
    draw_sample(first.pk)
    draw_sample(second.pk)
    second.refresh_from_db()
    both = SamplePick.objects.filter(skip=None).values_list("recording", flat=True)
    assert len(both) == len(set(both)) == 12
    assert set(drawing.skipped_of(second).values()) <= {"drawn"}
    assert draw_again(second).is_same


def test_a_skip_takes_the_next_rank_of_the_stratum(
    plan: SamplingPlan, calls: list[Recording], by: Actor
) -> None:
    sample = drawn(plan, by)
    pick = sample.picks.order_by("rank").select_related("sample")[0]
    held = pick.assignments.get()
    skip_pick(pick=pick, reason="The sound of Dana is missing", by=by)
    assert sample.picks.filter(skip=None, stratum=pick.stratum).count() == 2
    held.refresh_from_db()
    assert held.ended_at is not None
    new = sample.picks.order_by("-picked_at")[0]
    assert new.assignments.get(ended_at=None).scorer_id
    event = open_event(pick.skip.event_id)
    assert event is not None
    assert event.private("action_detail.reason") == "The sound of Dana is missing"
    assert b"Dana" not in bytes(AuditEvent.objects.get(event_id=pick.skip.event_id).body)
    with pytest.raises(AlreadyDone):
        skip_pick(pick=pick, reason="again", by=by)
    assert draw_again(sample).is_same
    for left in list(sample.picks.filter(skip=None, stratum=pick.stratum)):
        skip_pick(pick=left, reason="x", by=by)
    assert sample.picks.filter(stratum=pick.stratum).count() == 4  # all there are
    assert draw_again(sample).is_same


def test_the_command_and_the_lines_of_the_export_draw_the_same(
    plan: SamplingPlan, calls: list[Recording], by: Actor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = drawn(plan, by)
    skip_pick(pick=sample.picks.order_by("rank")[0], reason="x", by=by)
    wanted = lines_of(draw_again(sample).picks)
    out = call_command_output(sample, capsys)
    assert out == wanted
    file, digest = export.write_export(sample)
    with file, zipfile.ZipFile(file) as archive:
        archive.extractall(tmp_path)
    other, same = export.write_export(sample)
    other.close()
    assert same == digest
    command = next(
        line for line in (tmp_path / "README.txt").read_text().splitlines() if "redraw.py population" in line
    )
    words = command.partition(" > ")[0].split()[1:]
    again = subprocess.run([sys.executable, "-I", *words], cwd=tmp_path, capture_output=True, check=True)
    assert again.stdout.decode() == wanted == (tmp_path / "picks.tsv").read_text()
    assert (tmp_path / "redraw.py").read_text() in (Path("docs") / "sampling.md").read_text()


def call_command_output(sample: Sample, capsys: pytest.CaptureFixture[str]) -> str:
    call_command("redraw_sample", str(sample.pk))
    return capsys.readouterr().out


def test_a_changed_record_is_found(
    plan: SamplingPlan, calls: list[Recording], by: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = drawn(plan, by)
    monkeypatch.setattr(population, "read_pieces", lambda sample: [b"x"])
    with pytest.raises(RecordBroken):
        draw_again(sample)
    with pytest.raises(SystemExit, match="1"):
        call_command("redraw_sample", str(sample.pk))
    with pytest.raises(SystemExit, match="2"):
        call_command("redraw_sample", str(plan.pk))


def test_a_long_file_is_kept_in_pieces(
    plan: SamplingPlan, calls: list[Recording], by: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(population, "PIECE_BYTES", 100)
    sample = drawn(plan, by)
    assert draw_again(sample).is_same
    assert PopulationPiece.objects.count() >= 1


def test_nobody_changes_what_was_frozen_and_drawn(
    plan: SamplingPlan, calls: list[Recording], by: Actor
) -> None:
    sample = drawn(plan, by)
    skip_pick(pick=sample.picks.order_by("rank")[0], reason="x", by=by)
    for statement in (
        "UPDATE recordings_sample SET units = 1",
        "UPDATE recordings_sample SET seed_lines = ''",
        "UPDATE recordings_samplepick SET stratum = ''",
        "UPDATE recordings_sampleskip SET code = ''",
        "UPDATE recordings_populationpiece SET data = ''",
        "DELETE FROM recordings_sampleskip",
        "TRUNCATE recordings_populationpiece",
    ):
        with (
            pytest.raises(DatabaseError, match=r"never changed|denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_a_retired_scorecard_draws_nothing(
    plan: SamplingPlan, calls: list[Recording], version: ScorecardVersion, manager: Any, by: Actor
) -> None:
    scorecards.retire_version(version=version, person=manager, by=by)
    with pytest.raises(NoActiveVersion):
        freeze_sample(plan=plan, span=SPAN, by=by)
    plans.advance_plan(plan.pk, AFTER)
    plan.refresh_from_db()
    assert plan.tried_problem == "no_version"


def test_an_ended_plan_keeps_its_work_and_draws_no_more(
    plan: SamplingPlan, calls: list[Recording], manager: Any, by: Actor
) -> None:
    drawn(plan, by)
    plans.end_plan(plan=plan, person=manager, by=by)
    with pytest.raises(PlanEnded):
        freeze_sample(plan=plan, span=SPAN, by=by, reason="x")
    with pytest.raises(PlanEnded):
        plans.end_plan(plan=plan, person=manager, by=by)
    plans.advance_plan(plan.pk, AFTER + timedelta(days=7))
    assert Sample.objects.count() == 1
    assert Assignment.objects.filter(ended_at=None).count() == 6


def test_a_change_keeps_what_was_drawn_and_counts_for_the_next(
    plan: SamplingPlan, calls: list[Recording], manager: Any, by: Actor, scorers: list[Any]
) -> None:
    sample = drawn(plan, by)
    before = state()[1:3]
    values = {name: getattr(plan, name) for name in plans._FIELDS} | {"number": 1, "name": "One of each"}
    plans.change_plan(plan=plan, values=values, person=manager, by=by)
    plans.advance_plan(plan.pk, AFTER)
    sample.refresh_from_db()
    assert (sample.number, state()[1:3]) == (2, before)
    plan.refresh_from_db()
    assert drawn(plan, by, reason="x").number == 1


def test_a_recording_without_agent_or_length_has_a_unit(planned: Planned, by: Actor) -> None:
    made = recording(conversation(agent=None), rebuild=False, duration_seconds=None, recorded_at=SPAN[0])
    drawn(planned(group="team"), by)
    pick = SamplePick.objects.get()
    assert (pick.unit, pick.stratum) == (f"{made.pk}/-/0-", "-")

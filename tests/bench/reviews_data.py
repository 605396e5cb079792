"""A year of evaluations in a database of its own: 300 agents, 52 weeks, 100,000 evaluations of 60 answers.

Made inside PostgreSQL, from 500 cards that the portal's own code scores. Every twentieth evaluation was changed once.
One in ten recordings was not evaluated; each evaluated one was watched, and its evaluation released.
"""

import hashlib
import json
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import psycopg
import rfc8785
from django.db import connection

from auditportal.embedded import Services
from recordings.models import Scorecard, ScorecardVersion
from recordings.reviews.numbers.codes import encode_next
from recordings.scorecards.answers import read_answers
from recordings.scorecards.form import read_form
from recordings.scorecards.score import score
from tests.bench import logs
from tests.factories import MORNING, person

EVALUATIONS = int(os.environ.get("BENCH_EVALUATIONS", "100000"))
AGENTS, WEEKS, CARDS, SCORERS, TEAMS, CHANNELS = 300, 52, 500, 20, 30, 10
CALLS = EVALUATIONS * 11 // 10
_FIRST = 1_407_374_990_000_000
_STREAMS = """
INSERT INTO recordings_stream (id, name, module_id, first_seen_at, list_error)
SELECT 31000 + n, 'Branch ' || n, 26, now(), '' FROM generate_series(1, %(channels)s) n
"""
_TEAMS = "INSERT INTO recordings_team (id, name) SELECT n, 'Team ' || n FROM generate_series(1, %(teams)s) n"
_AGENTS = """
INSERT INTO recordings_agent (id, name, email, team_id)
SELECT 5000 + n, 'Agent ' || lpad(n::text, 3, '0'), '', 1 + n %% %(teams)s FROM generate_series(1, %(agents)s) n
"""
_OBJECTS = """
INSERT INTO recordings_commboxobject (
    id, stream_id, customer_name, customer_email, customer_phone, agent_id, message, raw, first_seen_at,
    refresh_attempts, refresh_error, created_at)
SELECT %(first)s + n, 31001 + n * 7 %% %(channels)s, 'Customer ' || n, '', '', 5001 + n %% %(agents)s, '', '{}', at, 0,
       '', at
FROM (SELECT n, now() - interval '1 week' * %(weeks)s * (1 - n::float8 / %(calls)s) AS at
      FROM generate_series(1, %(calls)s) n) calls
"""
_RECORDINGS = """
INSERT INTO recordings_recording (
    id, object_id, fingerprint, upstream_activity_id, recording_type, url, url_kind, duration_seconds, recorded_at,
    actor_name, flags, raw, state, state_reason, state_at, first_seen_at, confirmed_at, shown_at)
SELECT md5('recording ' || id)::uuid, id, encode(sha256(id::text::bytea), 'hex'), id::text, 'video',
       'https://s3.eu-west-1.amazonaws.com/eu-recordings/' || id || '.mp4', 'direct', 600, created_at, '', '[]', '{}',
       'playable', '', created_at, created_at, created_at, created_at
FROM recordings_commboxobject
"""
_DOCS = """
INSERT INTO recordings_searchdoc (
    id, object_id, has_recording, newest, files, shown_at, words, stream_id, agent_id, sensitivity, duration_seconds,
    recording_type, state, worst_state)
SELECT r.id, o.id, true, true, 1, r.shown_at, '', o.stream_id, o.agent_id, o.sensitivity, 600, 'video', 'playable',
       'playable'
FROM recordings_recording r JOIN recordings_commboxobject o ON o.id = r.object_id
"""
_EVALUATIONS = """
INSERT INTO recordings_evaluation (
    id, recording_id, version_id, scorer_id, started_at, typed, revision, replaced, submitted_at, is_agreed_card)
SELECT md5('evaluation ' || id)::uuid, md5('recording ' || id)::uuid, %(version)s,
       (%(scorers)s::int[])[1 + id %% cardinality(%(scorers)s::int[])], created_at, '{}', 3, '{}',
       created_at + interval '1 day', false
FROM recordings_commboxobject WHERE id %% 11 > 0 ORDER BY id LIMIT %(evaluations)s
"""
_CARDS = "CREATE TEMPORARY TABLE card (n int, answers bytea, answers_hash text, result jsonb)"
_SCORES = """
INSERT INTO recordings_evaluationscore (
    id, evaluation_id, number, scored_at, answers, answers_hash, result, watched, watched_percent, event_id)
SELECT gen_random_uuid(), e.id, number, e.submitted_at, answers, answers_hash, result, '{[0,540000)}', 90,
       gen_random_uuid()
FROM (SELECT *, row_number() OVER (ORDER BY started_at) AS n FROM recordings_evaluation) e
CROSS JOIN generate_series(1, 2) number
JOIN card ON card.n = (e.n * 13 + number) %% %(cards)s
WHERE number = 1 OR e.n %% 20 = 0
ORDER BY e.n, number
"""
_VIEWINGS = """
INSERT INTO recordings_viewing (
    id, recording_id, viewer_id, purpose, note, session_ref, started_at, url_issued_at, renewals, watched, untold,
    watch_credit_ms)
SELECT gen_random_uuid(), recording_id, scorer_id, 'quality', '', '', started_at, started_at, 0, '{[0,540000)}', '{}', 0
FROM recordings_evaluation
"""
_RELEASES = """
INSERT INTO recordings_evaluationrelease (id, evaluation_id, released_by_id, released_at, event_id)
SELECT gen_random_uuid(), id, scorer_id, submitted_at, gen_random_uuid() FROM recordings_evaluation
"""


@contextmanager
def year(form: dict[str, Any], answers: Any) -> Iterator[tuple[Services, list[Any]]]:
    """The database while the block runs, and the people who scored. `answers(dice)` makes the answers of a card."""
    with logs.own_database("bench_reviews") as services:
        started = perf_counter()
        print(f"Making {EVALUATIONS:,} evaluations", end=" ", flush=True)
        scorers = [person("qa_manager", f"bench.scorer.{number}") for number in range(SCORERS)]
        version = _version(form, scorers[0])
        cards = _cards(version, answers)
        values = {
            "first": _FIRST,
            "channels": CHANNELS,
            "teams": TEAMS,
            "agents": AGENTS,
            "weeks": WEEKS,
            "calls": CALLS,
            "evaluations": EVALUATIONS,
            "cards": CARDS,
            "version": version.pk,
            "scorers": [scorer.pk for scorer in scorers],
        }
        with psycopg.connect(services.admin_url, autocommit=True) as admin:
            admin.execute(_CARDS)
            with admin.cursor().copy("COPY card FROM STDIN") as copy:
                for row in cards:
                    copy.write_row(row)
            for statement in (_STREAMS, _TEAMS, _AGENTS, _OBJECTS, _RECORDINGS, _DOCS, _EVALUATIONS, _SCORES):
                admin.execute(statement, values)
            admin.execute(_VIEWINGS)
            admin.execute(_RELEASES)
            admin.execute("VACUUM (ANALYZE)")
            print(f"took {perf_counter() - started:,.0f} s.", flush=True)
            yield services, scorers


def encode_all(services: Services) -> float:
    """Seconds that encoding all answers takes."""
    started = perf_counter()
    while encode_next():
        pass
    seconds = perf_counter() - started
    with psycopg.connect(services.admin_url, autocommit=True) as admin:
        admin.execute("VACUUM (ANALYZE) recordings_currentscore")
    return seconds


def _version(form: dict[str, Any], by: Any) -> ScorecardVersion:
    data = rfc8785.dumps(form)
    read = read_form(data)
    facts = {"document": data, "hash": read.hash, "title": "Bench", "questions": 60, "state": "active"}
    return ScorecardVersion.objects.create(
        scorecard=Scorecard.objects.create(created_by=by),
        number=1,
        changed_at=MORNING,
        changed_by=by,
        activated_at=MORNING,
        activated_by=by,
        **facts,
    )


def _cards(version: ScorecardVersion, answers: Any) -> Iterator[tuple[int, bytes, str, str]]:
    form, dice = read_form(bytes(version.document)), random.Random(5)
    for number in range(CARDS):
        data = rfc8785.dumps(json.loads(answers(dice)))
        result = score(form, read_answers(data, form)).as_json()
        yield number, data, f"sha256:{hashlib.sha256(data).hexdigest()}", json.dumps(result)


def explain(statement: str, values: Any) -> str:
    """The plan of a statement with its times, for docs/performance.md."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", values)
        return "\n".join(row[0] for row in cursor.fetchall())

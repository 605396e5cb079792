"""The data every part of the bench measures on: objects with a fifth more recordings, over three years.

Made inside PostgreSQL, the same each time. Names come in three scripts and follow the usual law: a few are everywhere,
most are rare. One word has only the oldest tenth. One object in twelve has no recording, one in ten several.
"""

from django.db import connection, connections

from recordings.catalog.rebuild import Progress, rebuild_all

FIRST_ID = 1_407_374_990_000_000
NAMED = ("Premium video", "Claims video", "Retail video", "Field support", "שירות לקוחות", "Web chat")
CHANNELS = (*NAMED, *(f"Branch {number}" for number in range(len(NAMED) + 1, 41)))
AGENTS = 60
OLD_WORD = "Oldham"  # in every second name of the oldest tenth, and in no other
# First names, then beginnings and endings of family names: from very common to very rare.
LATIN = (
    "Dana Tomas Greta Hugo Ines Jakub Klara Liam Mireille Nils Olga Pavel Quinn Rosa Stefan Tereza Ursula Viktor Zoë",
    "Mar Iver Blom Castell Dvořá Erik Fontai Grün Hart Ibar Jans Kowal Lindq Moren Nová Petr Quiñ Ross Šim Thomp",
    "lowe sen berg ano k tz er mann wald ra en czyk vist au ov es i ić son ulus",
)
HEBREW = (
    "נועה יובל מיכל אורי תמר איתי שירה דוד רחל עומר",
    "כה לו מזר פר ביט אבר פריד שפ אז גול",
    "ן י חי ץ ון הם מן ירא ולאי דשטיין",
)
ARABIC = (
    "محمد فاطمة أحمد ليلى يوسف مريم خالد نور سارة عمر",
    "حد خو من نج عل سلي دا نا بك صب",
    "اد ري صور ار ي مان وود صر ر اغ",
)
SCRIPTS = (LATIN, HEBREW, ARABIC)

# A number between 0 and 1 from a number, the same on every machine: the head of its MD5.
_CHANCE = """
CREATE FUNCTION pg_temp.chance(seed text) RETURNS double precision IMMUTABLE LANGUAGE sql
RETURN ('x' || left(md5(seed), 8))::bit(32)::bigint / 4294967296.0
"""
# Squared, cubed: the first of a list comes far more often than the last.
_PICK = """
CREATE FUNCTION pg_temp.pick(words text[], seed text, skew double precision) RETURNS text IMMUTABLE LANGUAGE sql
RETURN words[1 + floor(cardinality(words) * power(pg_temp.chance(seed), skew))::int]
"""
_STREAMS = """
INSERT INTO recordings_stream (id, name, module_id, first_seen_at, list_error)
SELECT 31000 + n, name, 26, now(), '' FROM unnest(%(channels)s::text[]) WITH ORDINALITY AS c (name, n)
"""
_AGENTS = """
INSERT INTO recordings_agent (id, name, email)
SELECT 5000 + n,
       pg_temp.pick(%(first0)s::text[], 'agent first ' || n, 1) || ' ' ||
       pg_temp.pick(%(begin0)s::text[], 'agent begin ' || n, 1) || pg_temp.pick(%(end0)s::text[], 'agent end ' || n, 1),
       'agent' || n || '@example.com'
FROM generate_series(1, %(agents)s) n
"""
_OBJECTS = """
INSERT INTO recordings_commboxobject (
    id, stream_id, substream_id, status_id, object_type, customer_identity_id, customer_name, customer_email,
    customer_phone, agent_id, message, created_at, updated_at, raw, first_seen_at, refreshed_at, refresh_attempts,
    refresh_error)
SELECT %(first_id)s + n,
       31001 + floor(%(streams)s * power(pg_temp.chance('channel ' || n), 2))::int, 0,
       (ARRAY[2, 2, 2, 2, 8, 8, 1, 14, 10])[1 + floor(9 * pg_temp.chance('status ' || n))::int], 4, 80000000 + n / 3,
       first || ' ' || family || CASE WHEN n <= %(objects)s / 10 AND n %% 2 = 0 THEN ' ' || %(old_word)s ELSE '' END,
       'customer' || n / 3 || '@example.com',
       '1555' || lpad(floor(10000000 * pg_temp.chance('phone ' || n))::int::text, 7, '0'),
       5001 + floor(%(agents)s * power(pg_temp.chance('agent ' || n), 2))::int, 'Video call',
       at, at, '{}', at, now() - interval '1 day' * pg_temp.chance('fresh ' || n), 0, ''
FROM (
    SELECT n, date_trunc('hour', now()) - interval '1096 days' * (1 - n::float8 / %(objects)s) AS at,
           pg_temp.pick(first, 'first ' || n, 2) AS first,
           pg_temp.pick(begin, 'begin ' || n, 3) || pg_temp.pick("end", 'end ' || n, 3) AS family
    FROM generate_series(1, %(objects)s) n
    JOIN (VALUES (0, %(first0)s::text[], %(begin0)s::text[], %(end0)s::text[]),
                 (1, %(first1)s::text[], %(begin1)s::text[], %(end1)s::text[]),
                 (2, %(first2)s::text[], %(begin2)s::text[], %(end2)s::text[])) AS script (number, first, begin, "end")
        ON number = (n %% 50 >= 31)::int + (n %% 50 >= 43)::int
) people
"""
_RECORDINGS = """
INSERT INTO recordings_recording (
    id, object_id, fingerprint, upstream_activity_id, recording_type, url, url_kind, duration_seconds, file_size_bytes,
    recorded_at, activity_created_at, actor_name, flags, raw, state, state_reason, state_at, first_seen_at,
    confirmed_at, shown_at)
SELECT md5('recording ' || n)::uuid, object_id, encode(sha256(n::text::bytea), 'hex'), n::text,
       CASE WHEN n %% 20 = 0 THEN 'audio' ELSE 'video' END,
       'https://s3.eu-west-1.amazonaws.com/eu-recordings/' || object_id || '/' || n || '.mp4', 'direct',
       seconds, seconds * 180000, at, at, '', '[]', '{}',
       (ARRAY['vanished_at_source', 'changed_at_source', 'file_missing', 'storage_refused', 'not_playable'])
           [1 + n %% 5], '', at, at, at, at
FROM (
    SELECT n, o.id AS object_id, (20 + 3600 * power(pg_temp.chance('length ' || n), 4))::int AS seconds,
           o.created_at + least(interval '20 days', now() - o.created_at)
               * pg_temp.chance('later ' || n) * (n > %(singles)s)::int AS at
    FROM generate_series(1, %(recordings)s) n
    JOIN recordings_commboxobject o ON o.id = %(first_id)s + CASE
        WHEN n <= %(singles)s THEN n + n / 11
        ELSE 1 + floor(%(objects)s / 10 * pg_temp.chance('more ' || n))::int * 10 END
) calls
"""
# Nine in ten are as they should be.
_MOSTLY_WELL = "UPDATE recordings_recording SET state = 'playable' WHERE upstream_activity_id::int %% 53 <> 0"


def load(objects: int) -> None:
    """Fill an empty, migrated database and leave it as a settled one is: analysed, its visibility known."""
    _fill(objects, objects * 12 // 10)
    for _ in rebuild_all(Progress()):
        pass
    settle()


def settle() -> None:
    """What autovacuum would have done by and by."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def _fill(objects: int, recordings: int) -> None:
    values = {
        "objects": objects,
        "recordings": recordings,
        "singles": objects * 11 // 12,
        "agents": AGENTS,
        "old_word": OLD_WORD,
        "first_id": FIRST_ID,
        "streams": len(CHANNELS),
        "channels": list(CHANNELS),
        **{
            f"{part}{number}": words.split()
            for number, script in enumerate(SCRIPTS)
            for part, words in zip(("first", "begin", "end"), script, strict=True)
        },
    }
    with connection.cursor() as cursor:
        for statement in (_CHANCE, _PICK, _STREAMS, _AGENTS, _OBJECTS, _RECORDINGS, _MOSTLY_WELL):
            cursor.execute(statement, values)

"""The sealed log over the trail's events: leaves, tiles, checkpoints and what others said about them.

Self-contained on purpose, like the trail itself: a migration must do the same in ten years.
"""

from django.db import migrations, models

TABLES = """
-- One leaf per sealed event, in the order of the log. The entry is what is hashed; the other columns are an index.
-- event_no is the event's number here; null when the entry came back from a published copy and its event did not.
CREATE TABLE audit.leaf (
    n         bigint      PRIMARY KEY CHECK (n >= 0),
    event_no  bigint      UNIQUE,
    event_id  uuid        NOT NULL UNIQUE,
    entry     bytea       NOT NULL CHECK (octet_length(entry) <= 65000),
    hash      bytea       NOT NULL CHECK (hash = sha256('\\x00'::bytea || entry)),
    obj       bytea       CHECK (octet_length(obj) = 32),
    obj_n     bigint      CHECK (obj_n > 0),
    act       bytea       NOT NULL CHECK (octet_length(act) = 32),
    act_n     bigint      NOT NULL CHECK (act_n > 0),
    sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((obj IS NULL) = (obj_n IS NULL))
);
CREATE UNIQUE INDEX leaf_by_object ON audit.leaf (obj, obj_n) WHERE obj IS NOT NULL;
CREATE UNIQUE INDEX leaf_by_actor ON audit.leaf (act, act_n);

-- C2SP tlog-tiles: full tiles only, 256 hashes each; a partial one is computed from what is below it.
CREATE TABLE audit.tile (
    level    smallint NOT NULL CHECK (level BETWEEN 0 AND 63),
    position bigint   NOT NULL CHECK (position >= 0),
    hashes   bytea    NOT NULL CHECK (octet_length(hashes) = 8192),
    PRIMARY KEY (level, position)
);

-- What the signer signed, as it was signed: never two roots of one size.
CREATE TABLE audit.checkpoint (
    size      bigint      PRIMARY KEY CHECK (size >= 0),
    root      bytea       NOT NULL CHECK (octet_length(root) = 32),
    origin    text        NOT NULL,
    note      text        NOT NULL,
    signed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX checkpoint_by_time ON audit.checkpoint (signed_at);

-- A witness's signature line over a checkpoint.
CREATE TABLE audit.cosignature (
    size     bigint      NOT NULL REFERENCES audit.checkpoint,
    witness  text        NOT NULL,
    line     text        NOT NULL,
    time     timestamptz NOT NULL,
    added_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (size, witness, time)
);
CREATE INDEX cosignature_by_witness ON audit.cosignature (witness, size);

-- A checkpoint put where we cannot take it back: kind is bucket, timestamp or mail; evidence is what came back.
CREATE TABLE audit.anchor (
    id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind     text        NOT NULL,
    size     bigint      NOT NULL REFERENCES audit.checkpoint,
    place    text        NOT NULL,
    evidence bytea       NOT NULL,
    time     timestamptz NOT NULL,
    added_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX anchor_by_kind ON audit.anchor (kind, size);

-- What must never happen and did. It stays for ever; a later row may say how it was settled.
CREATE TABLE audit.incident (
    id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code    text        NOT NULL,
    detail  text        NOT NULL,
    settles bigint      REFERENCES audit.incident,
    at      timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Caches: everything below can be computed again from the leaves.
CREATE TABLE audit.log_head (
    one          boolean     PRIMARY KEY DEFAULT true CHECK (one),
    origin       text        NOT NULL,
    tag_key      bytea       NOT NULL CHECK (octet_length(tag_key) = 32),
    size         bigint      NOT NULL,
    root         bytea       NOT NULL CHECK (octet_length(root) = 32),
    frontier     bytea       NOT NULL,
    low_water    bigint      NOT NULL,
    manifest_n   bigint      NOT NULL DEFAULT -1,
    manifest_at  timestamptz,
    sealed_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE audit.object_head (
    tag bytea PRIMARY KEY, ref text NOT NULL, count bigint NOT NULL, last bigint NOT NULL
);
CREATE TABLE audit.actor_head (
    tag bytea PRIMARY KEY, ref text NOT NULL, count bigint NOT NULL, last bigint NOT NULL
);
-- How each outside party (a witness, a kind of anchor) answered last.
CREATE TABLE audit.outside (
    name       text PRIMARY KEY,
    asked_at   timestamptz,
    success_at timestamptz,
    size       bigint,
    trouble    text NOT NULL DEFAULT '',
    every      interval NOT NULL
);
"""

TRIGGERS = "\n".join(
    f"""
CREATE TRIGGER {table}_is_kept BEFORE UPDATE OR DELETE ON audit.{table}
    FOR EACH ROW EXECUTE FUNCTION audit.refuse_change();
CREATE TRIGGER {table}_table_is_kept BEFORE TRUNCATE ON audit.{table}
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
ALTER TABLE audit.{table} ENABLE ALWAYS TRIGGER {table}_is_kept;
ALTER TABLE audit.{table} ENABLE ALWAYS TRIGGER {table}_table_is_kept;
"""
    for table in ("leaf", "tile", "checkpoint", "cosignature", "anchor", "incident")
)

PRIVILEGES = """
REVOKE ALL ON ALL TABLES IN SCHEMA audit FROM PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA audit TO auditportal_reader;
GRANT SELECT ON audit.event TO auditportal_sealer;
GRANT SELECT, INSERT ON audit.leaf, audit.tile, audit.checkpoint, audit.cosignature, audit.anchor, audit.incident
    TO auditportal_sealer;
GRANT SELECT, INSERT, UPDATE ON audit.log_head, audit.object_head, audit.actor_head, audit.outside
    TO auditportal_sealer;
-- The log writes about itself (opened, manifests, incidents) through the same one door.
GRANT EXECUTE ON FUNCTION audit.record_event(bytea, text[], text[], bytea[]) TO auditportal_sealer;
"""


class Migration(migrations.Migration):
    dependencies = [("recordings", "0002_audit_trail")]
    operations = [
        migrations.RunSQL(TABLES, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(TRIGGERS, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(PRIVILEGES, reverse_sql=migrations.RunSQL.noop),
        migrations.CreateModel(
            name="Anchor",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("kind", models.TextField()),
                ("size", models.BigIntegerField()),
                ("place", models.TextField()),
                ("evidence", models.BinaryField()),
                ("time", models.DateTimeField()),
                ("added_at", models.DateTimeField()),
            ],
            options={
                "db_table": '"audit"."anchor"',
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("size", models.BigIntegerField(primary_key=True, serialize=False)),
                ("root", models.BinaryField()),
                ("origin", models.TextField()),
                ("note", models.TextField()),
                ("signed_at", models.DateTimeField()),
            ],
            options={
                "db_table": '"audit"."checkpoint"',
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Cosignature",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "size",
                        "witness",
                        "time",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("size", models.BigIntegerField()),
                ("witness", models.TextField()),
                ("line", models.TextField()),
                ("time", models.DateTimeField()),
                ("added_at", models.DateTimeField()),
            ],
            options={
                "db_table": '"audit"."cosignature"',
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Incident",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("code", models.TextField()),
                ("detail", models.TextField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "db_table": '"audit"."incident"',
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Leaf",
            fields=[
                ("n", models.BigIntegerField(primary_key=True, serialize=False)),
                ("event_no", models.BigIntegerField(null=True, unique=True)),
                ("event_id", models.UUIDField(unique=True)),
                ("entry", models.BinaryField()),
                ("hash", models.BinaryField()),
                ("obj", models.BinaryField(null=True)),
                ("obj_n", models.BigIntegerField(null=True)),
                ("act", models.BinaryField()),
                ("act_n", models.BigIntegerField()),
                ("sealed_at", models.DateTimeField()),
            ],
            options={
                "db_table": '"audit"."leaf"',
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="LogHead",
            fields=[
                ("one", models.BooleanField(primary_key=True, serialize=False)),
                ("origin", models.TextField()),
                ("tag_key", models.BinaryField()),
                ("size", models.BigIntegerField()),
                ("root", models.BinaryField()),
                ("frontier", models.BinaryField()),
                ("low_water", models.BigIntegerField()),
                ("manifest_n", models.BigIntegerField()),
                ("manifest_at", models.DateTimeField(null=True)),
                ("sealed_at", models.DateTimeField()),
            ],
            options={
                "db_table": '"audit"."log_head"',
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Outside",
            fields=[
                ("name", models.TextField(primary_key=True, serialize=False)),
                ("asked_at", models.DateTimeField(null=True)),
                ("success_at", models.DateTimeField(null=True)),
                ("size", models.BigIntegerField(null=True)),
                ("trouble", models.TextField()),
                ("every", models.DurationField()),
            ],
            options={
                "db_table": '"audit"."outside"',
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Tile",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "level", "position", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("level", models.SmallIntegerField()),
                ("position", models.BigIntegerField()),
                ("hashes", models.BinaryField()),
            ],
            options={
                "db_table": '"audit"."tile"',
                "managed": False,
            },
        ),
    ]

"""The sealed log's tables once the sealer counts the log again from its leaves: nothing here is believed any more.

Leaves get the chain of the parent. Tables and columns that only the sealer believed go: heads of objects and actors,
the low-water mark, the tree's edge. A settled incident names the event that says so.

Self-contained on purpose, like the trail itself: a migration must do the same in ten years.
"""

from django.db import migrations, models

TABLES = """
ALTER TABLE audit.leaf
    ADD COLUMN par   bytea  CHECK (octet_length(par) = 32),
    ADD COLUMN par_n bigint CHECK (par_n > 0),
    ADD CONSTRAINT leaf_parent_check CHECK ((par IS NULL) = (par_n IS NULL));
CREATE UNIQUE INDEX leaf_by_parent ON audit.leaf (par, par_n) WHERE par IS NOT NULL;

-- What is left is the row that a sealer locks against a second one; its values are for display.
-- parents_from: the first leaf of version 2. closed_until: what the newest manifest says.
ALTER TABLE audit.log_head
    DROP COLUMN low_water,
    DROP COLUMN frontier,
    ADD COLUMN parents_from bigint NOT NULL DEFAULT 0 CHECK (parents_from >= 0),
    ADD COLUMN closed_until timestamptz;
UPDATE audit.log_head SET parents_from = size;

DROP TABLE audit.object_head, audit.actor_head;

-- The sealer.incident event that speaks of the row: its first report, or, with `settles`, its settlement. The sealer
-- writes the event together with its leaf; until then the row says nothing.
ALTER TABLE audit.incident ADD COLUMN event_id uuid UNIQUE;
"""

# Incidents that were settled before had their events, too: the k-th row is paired with the k-th event of its words.
SETTLED = """
ALTER TABLE audit.incident DISABLE TRIGGER incident_is_kept;
WITH rows AS (
    SELECT s.id, i.code, i.detail AS sentence, s.detail AS reason,
           row_number() OVER (PARTITION BY i.code, i.detail, s.detail ORDER BY s.id) AS k
    FROM audit.incident s JOIN audit.incident i ON i.id = s.settles
), said AS (
    SELECT id, event_id, convert_from(body, 'UTF8')::jsonb->'action_detail' AS detail
    FROM audit.event WHERE kind = 'sealer.incident' AND actor_ref = 'system:sealer'
), events AS (
    SELECT event_id, detail->>'code' AS code, detail->>'sentence' AS sentence, detail->>'settled' AS reason,
           row_number() OVER (PARTITION BY detail->>'code', detail->>'sentence', detail->>'settled' ORDER BY id) AS k
    FROM said
)
UPDATE audit.incident AS kept SET event_id = events.event_id
FROM rows JOIN events USING (code, sentence, reason, k) WHERE rows.id = kept.id;
ALTER TABLE audit.incident ENABLE ALWAYS TRIGGER incident_is_kept;
"""


class Migration(migrations.Migration):
    dependencies = [("recordings", "0014_lease_holder")]
    operations = [
        migrations.RunSQL(TABLES, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(SETTLED, reverse_sql=migrations.RunSQL.noop),
        migrations.RemoveField(model_name="loghead", name="frontier"),
        migrations.RemoveField(model_name="loghead", name="low_water"),
        migrations.AddField(
            model_name="loghead", name="parents_from", field=models.BigIntegerField(), preserve_default=False
        ),
        migrations.AddField(model_name="loghead", name="closed_until", field=models.DateTimeField(null=True)),
        migrations.AddField(model_name="leaf", name="par", field=models.BinaryField(null=True)),
        migrations.AddField(model_name="leaf", name="par_n", field=models.BigIntegerField(null=True)),
        migrations.AddField(
            model_name="incident", name="event_id", field=models.UUIDField(null=True, unique=True)
        ),
    ]

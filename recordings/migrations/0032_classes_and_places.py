"""Dated classes, earlier places of objects, and memberships of teams. Earlier days than today are not recorded."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

# Written by the database, so that no way of storing an object or an agent misses it. The clock, not the start of the
# transaction: two changes in one transaction have an order.
FUNCTIONS = """
CREATE FUNCTION note_earlier_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO recordings_earlierplace (object_id, stream_id, agent_id, sensitivity, until)
    VALUES (OLD.id, OLD.stream_id, OLD.agent_id, OLD.sensitivity, clock_timestamp());
    RETURN NULL;
END $$;
CREATE TRIGGER note_earlier_place AFTER UPDATE OF stream_id, agent_id, sensitivity ON recordings_commboxobject
FOR EACH ROW WHEN ((OLD.stream_id, OLD.agent_id, OLD.sensitivity)
                   IS DISTINCT FROM (NEW.stream_id, NEW.agent_id, NEW.sensitivity))
EXECUTE FUNCTION note_earlier_place();

CREATE FUNCTION note_membership() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    at timestamptz := clock_timestamp();
BEGIN
    UPDATE recordings_teammembership SET until = at WHERE agent_id = NEW.id AND until IS NULL;
    IF NEW.team_id IS NOT NULL THEN
        INSERT INTO recordings_teammembership (agent_id, team_id, since) VALUES (NEW.id, NEW.team_id, at);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER note_first_membership AFTER INSERT ON recordings_agent
FOR EACH ROW WHEN (NEW.team_id IS NOT NULL) EXECUTE FUNCTION note_membership();
CREATE TRIGGER note_membership AFTER UPDATE OF team_id ON recordings_agent
FOR EACH ROW WHEN (OLD.team_id IS DISTINCT FROM NEW.team_id) EXECUTE FUNCTION note_membership();

INSERT INTO recordings_placessince (since) VALUES (clock_timestamp());
INSERT INTO recordings_teammembership (agent_id, team_id, since)
SELECT id, team_id, (SELECT since FROM recordings_placessince) FROM recordings_agent WHERE team_id IS NOT NULL;
"""
BACK = """
DROP FUNCTION note_earlier_place() CASCADE;
DROP FUNCTION note_membership() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("recordings", "0031_object_of_event"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PlacesSince",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("since", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="EarlierPlace",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("object_id", models.BigIntegerField()),
                ("stream_id", models.BigIntegerField()),
                ("agent_id", models.BigIntegerField(null=True)),
                ("sensitivity", models.CharField(max_length=16)),
                ("until", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["object_id", "until"], name="earlier_place")],
            },
        ),
        migrations.CreateModel(
            name="TeamMembership",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("agent_id", models.BigIntegerField()),
                ("team_id", models.BigIntegerField()),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["team_id", "since"], name="team_membership_since")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("until", None)),
                        fields=("agent_id",),
                        name="team_membership_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ClassRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sensitivity", models.CharField(max_length=16)),
                ("reason", models.CharField(max_length=300)),
                ("set_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ended_at", models.DateTimeField(null=True)),
                ("end_reason", models.CharField(blank=True, default="", max_length=300)),
                ("recording_type", models.CharField(blank=True, default="", max_length=40)),
                ("applied_at", models.DateTimeField(null=True)),
                (
                    "ended_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "set_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "stream",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="recordings.stream",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="recordings.team",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("stream", "team", "recording_type"),
                        name="class_rule_once_at_a_time",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ObjectClass",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sensitivity", models.CharField(max_length=16)),
                ("reason", models.CharField(max_length=300)),
                ("set_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ended_at", models.DateTimeField(null=True)),
                ("end_reason", models.CharField(blank=True, default="", max_length=300)),
                ("object_id", models.BigIntegerField()),
                (
                    "ended_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "set_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["object_id", "-set_at"], name="object_class_history")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("object_id",),
                        name="object_class_once_at_a_time",
                    )
                ],
            },
        ),
        migrations.RunSQL(FUNCTIONS, BACK),
    ]

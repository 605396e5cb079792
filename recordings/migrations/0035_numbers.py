"""The current score of each evaluation in one narrow row, written by triggers: numbers are counted from these rows."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# The rows are for counting only, and the application's login writes none of them: the functions run with the rights of
# their owner. Whatever way a score, an object or a recording is stored, its row follows. A form may give a bonus of any
# size: above 10,000 points its row has 10,000, so that sums of squares stay integers. Scores of a calibration have no
# row: they are not counted.
_SCORE = "CASE WHEN ({0}.result ->> 'score')::numeric > 10000 THEN 1000000 ELSE ({0}.result ->> 'score')::numeric * 100 END"
ROWS = f"""
SELECT DISTINCT ON (s.evaluation_id)
       s.evaluation_id, e.version_id, e.scorer_id, e.recording_id, r.object_id, o.stream_id, o.agent_id, o.sensitivity,
       r.shown_at, f.scored_at AS submitted_at,
       ({_SCORE.format("s")})::integer AS score,
       ({_SCORE.format("f")})::integer AS first_score, s.number - 1 AS changes,
       ((s.result ->> 'na_share')::numeric * 100)::integer AS na_share, s.watched_percent,
       jsonb_array_length(s.result -> 'failed') AS fails
FROM recordings_evaluationscore s
JOIN recordings_evaluationscore f ON f.evaluation_id = s.evaluation_id AND f.number = 1
JOIN recordings_evaluation e ON e.id = s.evaluation_id AND e.calibration_id IS NULL
JOIN recordings_recording r ON r.id = e.recording_id
JOIN recordings_commboxobject o ON o.id = r.object_id
"""  # noqa: S608  (our own words)
COLUMNS = (
    "evaluation_id, version_id, scorer_id, recording_id, object_id, stream_id, agent_id, sensitivity, shown_at,"
    " submitted_at, score, first_score, changes, na_share, watched_percent, fails"
)
FUNCTIONS = f"""
CREATE FUNCTION recordings_note_score() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO recordings_currentscore ({COLUMNS})
    {ROWS} WHERE s.id = NEW.id
    ON CONFLICT (evaluation_id) DO UPDATE
    SET score = EXCLUDED.score, changes = EXCLUDED.changes, na_share = EXCLUDED.na_share,
        watched_percent = EXCLUDED.watched_percent, fails = EXCLUDED.fails, codes = NULL
    WHERE recordings_currentscore.changes < EXCLUDED.changes;
    RETURN NULL;
END $$;
CREATE TRIGGER note_score AFTER INSERT ON recordings_evaluationscore
FOR EACH ROW EXECUTE FUNCTION recordings_note_score();

CREATE FUNCTION recordings_move_score() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE recordings_currentscore
    SET stream_id = NEW.stream_id, agent_id = NEW.agent_id, sensitivity = NEW.sensitivity WHERE object_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER move_score AFTER UPDATE OF stream_id, agent_id, sensitivity ON recordings_commboxobject
FOR EACH ROW WHEN ((OLD.stream_id, OLD.agent_id, OLD.sensitivity)
                   IS DISTINCT FROM (NEW.stream_id, NEW.agent_id, NEW.sensitivity))
EXECUTE FUNCTION recordings_move_score();

CREATE FUNCTION recordings_date_score() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE recordings_currentscore SET shown_at = NEW.shown_at WHERE recording_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER date_score AFTER UPDATE OF shown_at ON recordings_recording
FOR EACH ROW WHEN (OLD.shown_at IS DISTINCT FROM NEW.shown_at) EXECUTE FUNCTION recordings_date_score();

INSERT INTO recordings_currentscore ({COLUMNS}) {ROWS} ORDER BY s.evaluation_id, s.number DESC;
"""  # noqa: S608  (our own words)
BACK = """
DROP FUNCTION recordings_note_score() CASCADE;
DROP FUNCTION recordings_move_score() CASCADE;
DROP FUNCTION recordings_date_score() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("recordings", "0034_calibration"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CurrentScore",
            fields=[
                (
                    "evaluation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="current",
                        serialize=False,
                        to="recordings.evaluation",
                    ),
                ),
                ("recording_id", models.UUIDField()),
                ("object_id", models.BigIntegerField()),
                ("stream_id", models.BigIntegerField()),
                ("agent_id", models.BigIntegerField(null=True)),
                ("sensitivity", models.CharField(max_length=16)),
                ("shown_at", models.DateTimeField(help_text="of the recording")),
                ("submitted_at", models.DateTimeField()),
                (
                    "score",
                    models.IntegerField(help_text="in hundredths; none when no question counted", null=True),
                ),
                ("first_score", models.IntegerField(null=True)),
                ("changes", models.IntegerField(help_text="how many scores came after the first")),
                ("na_share", models.IntegerField(help_text="in hundredths of a per cent", null=True)),
                ("watched_percent", models.IntegerField(null=True)),
                ("fails", models.IntegerField(help_text="questions that failed the evaluation or a section")),
                (
                    "codes",
                    models.BinaryField(
                        help_text="the answers, a byte each; none until they are encoded", null=True
                    ),
                ),
                (
                    "scorer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="recordings.scorecardversion",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["shown_at"],
                        include=[
                            "agent_id",
                            "stream_id",
                            "sensitivity",
                            "version",
                            "scorer",
                            "score",
                            "na_share",
                            "watched_percent",
                            "fails",
                            "changes",
                        ],
                        name="current_score_counted",
                    ),
                    models.Index(fields=["agent_id", "shown_at"], name="current_score_agent"),
                    models.Index(fields=["object_id"], name="current_score_object"),
                    models.Index(fields=["recording_id"], name="current_score_recording"),
                    models.Index(
                        condition=models.Q(("codes", None)),
                        fields=["evaluation"],
                        name="current_score_uncoded",
                    ),
                ],
            },
        ),
        migrations.RunSQL(FUNCTIONS, BACK),
    ]

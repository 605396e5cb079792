"""The statements that compute the sensitivity class of objects. Its order: catalog/classes.py."""

from recordings.models.sensitivity import Sensitivity

_RANK = (
    f"array_position(ARRAY[{', '.join(repr(value) for value in Sensitivity.values)}], r.sensitivity::text)"
)
# Rules are few. Of those that name only a channel, one is in force for each channel.
_CLASS = f"""
coalesce(
    (SELECT h.sensitivity FROM recordings_objectclass h WHERE h.object_id = o.id AND h.ended_at IS NULL),
    (SELECT r.sensitivity FROM recordings_classrule r
     WHERE r.ended_at IS NULL AND (r.team_id IS NOT NULL OR r.recording_type <> '')
       AND (r.stream_id IS NULL OR r.stream_id = o.stream_id)
       AND (r.team_id IS NULL OR r.team_id = (SELECT a.team_id FROM recordings_agent a WHERE a.id = o.agent_id))
       AND (r.recording_type = '' OR EXISTS (
            SELECT FROM recordings_recording x
            WHERE x.object_id = o.id AND lower(x.recording_type) = r.recording_type))
     ORDER BY {_RANK} DESC LIMIT 1),
    (SELECT r.sensitivity FROM recordings_classrule r
     WHERE r.ended_at IS NULL AND r.team_id IS NULL AND r.recording_type = '' AND r.stream_id = o.stream_id),
    '{Sensitivity.STANDARD.value}')
"""  # noqa: S608 (our own words)
DIFFERING = f"""
SELECT o.id FROM recordings_commboxobject o WHERE o.id = ANY(%s) AND o.sensitivity <> {_CLASS} ORDER BY o.id
"""  # noqa: S608 (our own words)
CLASSIFY = f"""
WITH computed AS (
    SELECT o.id, {_CLASS} AS sensitivity FROM recordings_commboxobject o WHERE o.id = ANY(%s)
)
UPDATE recordings_commboxobject o SET sensitivity = c.sensitivity FROM computed c
WHERE o.id = c.id AND o.sensitivity <> c.sensitivity
"""  # noqa: S608 (our own words)

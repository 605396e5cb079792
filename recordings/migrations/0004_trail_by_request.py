"""An index for the question every error page invites: what happened in the request with this id?"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("recordings", "0003_source_gate")]
    operations = [
        migrations.RunSQL(
            "CREATE INDEX event_by_request ON audit.event (request_id) WHERE request_id <> ''",
            reverse_sql="DROP INDEX audit.event_by_request",
        )
    ]

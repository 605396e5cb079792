"""The words of the trail are folded as those of the catalog: the index is emptied and fills again by itself.

A release before this one that still indexes meanwhile folds fewer letters (ø, ligatures, Arabic and Hebrew forms).
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("recordings", "0025_viewing_open_index")]
    operations = [migrations.RunSQL("TRUNCATE recordings_trailwords", migrations.RunSQL.noop)]

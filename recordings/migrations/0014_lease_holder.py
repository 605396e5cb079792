from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("recordings", "0013_personal_values"),
    ]

    operations = [
        migrations.AddField(
            model_name="commboxobject",
            name="refresh_leased_by",
            field=models.IntegerField(null=True),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("recordings", "0011_assurance"),
    ]

    operations = [
        migrations.AddField(
            model_name="commboxobject",
            name="refresh_leased_by",
            field=models.IntegerField(null=True),
        ),
    ]

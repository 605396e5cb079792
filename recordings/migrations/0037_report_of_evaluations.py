from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("recordings", "0036_disputes"),
    ]

    operations = [
        migrations.AlterField(
            model_name="report",
            name="kind",
            field=models.CharField(
                choices=[
                    ("events", "Events"),
                    ("viewings", "Viewings"),
                    ("access", "Access by person"),
                    ("scores", "Evaluations"),
                    ("numbers", "Numbers of evaluations"),
                ],
                db_default="events",
                default="events",
                max_length=10,
            ),
        ),
    ]

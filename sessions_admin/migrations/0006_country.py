from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sessions_admin", "0005_signs")]

    operations = [
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("ended_at", None)),
                fields=["country_code", "-created_at", "-id"],
                name="sa_active_country",
            ),
        ),
    ]

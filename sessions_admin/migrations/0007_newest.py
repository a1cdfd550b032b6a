from django.db import migrations, models


def tell_the_newest(apps, schema_editor):
    """For runs that are on their way: the newest of the sessions that they were to end.

    Of one whose moment was lost, nobody can say; it ends no more.
    """
    database = schema_editor.connection.alias
    rows = apps.get_model("sessions_admin", "TrackedSession").objects.using(database)
    receipts = apps.get_model("sessions_admin", "Termination").objects.using(database)
    running = receipts.filter(finished_at=None)
    for receipt in running.exclude(started_before=None):
        meant = rows.filter(created_at__lte=receipt.started_before).order_by("-pk")
        newest = meant.values_list("pk", flat=True).first()
        receipts.filter(pk=receipt.pk).update(newest=newest or 0)
    running.filter(newest=None).update(newest=0)


def tell_the_moment(apps, schema_editor):
    database = schema_editor.connection.alias
    receipts = apps.get_model("sessions_admin", "Termination").objects.using(database)
    receipts.filter(finished_at=None).update(started_before=models.F("created_at"))


class Migration(migrations.Migration):
    dependencies = [("sessions_admin", "0006_country")]

    operations = [
        migrations.AddField(
            model_name="termination",
            name="newest",
            field=models.BigIntegerField(editable=False, null=True),
        ),
        migrations.RunPython(tell_the_newest, tell_the_moment, elidable=True),
        migrations.RemoveField(model_name="termination", name="started_before"),
    ]

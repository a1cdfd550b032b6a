import django.utils.timezone
from django.db import migrations, models
from django.db.models import F, TextField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, Lower

from sessions_admin import trigrams
from sessions_admin.search_text import Host, Joined

OF_THE_SIGN_IN = (
    "account_name",
    "city",
    "region",
    "country",
    "browser",
    "browser_version",
    "os",
    "os_version",
    "device",
)
OF_THE_LATEST_SIGHTING = (
    "ip_address",
    "city",
    "region",
    "country",
    "browser",
    "browser_version",
    "os",
    "os_version",
    "device",
)


def expression():
    parts = [Host("ip_address"), *map(F, OF_THE_SIGN_IN)]
    parts += [KT(f"sightings__0__{name}") for name in OF_THE_LATEST_SIGHTING]
    text = []
    for part in parts:
        text += [Value("\n"), Coalesce(part, Value(""), output_field=TextField())]
    for code in (F("country_code"), KT("sightings__0__country_code")):
        text += [Value("\t"), Coalesce(code, Value(""), output_field=TextField()), Value("\t")]
    return Lower(Joined(*text))


def tell_rare_words_from_common(apps, schema_editor):
    """Have the planner keep more examples of these texts than of others."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "ALTER TABLE sessions_admin_trackedsession ALTER COLUMN search_text SET STATISTICS 1000"
        )


def finish(apps, schema_editor):
    """What was done before there were steps is done."""
    receipts = apps.get_model("sessions_admin", "Termination").objects.using(
        schema_editor.connection.alias
    )
    receipts.update(finished_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_admin", "0003_guarded"),
    ]

    operations = [
        migrations.AddField(
            model_name="termination",
            name="started_before",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="termination",
            name="kept_session",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="termination",
            name="last_session",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="termination",
            name="language",
            field=models.CharField(blank=True, default="", editable=False, max_length=35),
        ),
        migrations.AddField(
            model_name="termination",
            name="expected",
            field=models.PositiveIntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="termination",
            name="reached",
            field=models.CharField(blank=True, default="", editable=False, max_length=100),
        ),
        migrations.AddField(
            model_name="termination",
            name="failures_in_a_row",
            field=models.PositiveSmallIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="termination",
            name="worker",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="termination",
            name="leased_until",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="termination",
            name="finished_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now, editable=False, null=True
            ),
        ),
        migrations.AddIndex(
            model_name="termination",
            index=models.Index(
                condition=models.Q(("finished_at", None)),
                fields=["leased_until"],
                name="sa_unfinished",
            ),
        ),
        migrations.AddField(
            model_name="trackedsession",
            name="search_text",
            field=models.GeneratedField(
                db_persist=True,
                expression=expression(),
                output_field=models.TextField(),
                editable=False,
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("termination__isnull", False)),
                fields=["termination", "account_id"],
                name="sa_receipt_account",
            ),
        ),
        migrations.RunPython(tell_rare_words_from_common, migrations.RunPython.noop),
        migrations.RunPython(
            trigrams.create(
                "sa_active_search",
                table="sessions_admin_trackedsession",
                texts=["search_text"],
                # Searches read all of the list of what was written last, so it is kept short.
                more="WITH (gin_pending_list_limit = 256) WHERE ended_at IS NULL",
            ),
            trigrams.drop("sa_active_search"),
        ),
        # Last: PostgreSQL alters no table that was written to before in the same transaction.
        migrations.RunPython(finish, migrations.RunPython.noop),
    ]

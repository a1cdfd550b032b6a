import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import sessions_admin.client.origins
import sessions_admin.indexes
from sessions_admin import folding, generated, search_text
from sessions_admin.listing import trigrams

# The filtered columns in the indexes of the texts.
OF_OPEN = ["account_id || ''", "application || ''", "country_code || ''", "sign_in_method || ''"]
OF_ENDED = [*OF_OPEN, "end_reason || ''"]


def keep_more_statistics(apps, schema_editor):
    """Have the planner keep more examples of this text, to tell rare words from common ones."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "ALTER TABLE sessions_admin_trackedsession ALTER COLUMN search_text SET STATISTICS 1000"
        )


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Export",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("actor_label", models.CharField(max_length=320, verbose_name="admin")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_index=True, default=django.utils.timezone.now, verbose_name="date"
                    ),
                ),
                (
                    "page",
                    models.CharField(
                        choices=[
                            ("sessions", "Active user sessions"),
                            ("records", "Login records"),
                            ("log", "Termination log"),
                        ],
                        max_length=10,
                        verbose_name="page",
                    ),
                ),
                (
                    "format",
                    models.CharField(
                        choices=[("csv", "CSV"), ("jsonl", "JSON Lines")],
                        max_length=10,
                        verbose_name="format",
                    ),
                ),
                ("account_ids", models.JSONField(default=list)),
                ("filters", models.JSONField(default=dict, verbose_name="filters")),
                ("rows", models.PositiveIntegerField(default=0, verbose_name="rows")),
                (
                    "finished_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="finished"),
                ),
                ("is_complete", models.BooleanField(default=False, verbose_name="complete")),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "export",
                "verbose_name_plural": "exports",
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="Termination",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("actor_label", models.CharField(max_length=320, verbose_name="admin")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_index=True, default=django.utils.timezone.now, verbose_name="date"
                    ),
                ),
                ("scope", models.CharField(max_length=500, verbose_name="action")),
                ("action", models.JSONField(default=dict, editable=False)),
                ("account_ids", models.JSONField(default=list)),
                ("filters", models.JSONField(default=dict)),
                ("reason", models.CharField(blank=True, max_length=500, verbose_name="reason")),
                ("requested", models.PositiveIntegerField(default=0, verbose_name="requested")),
                ("ended", models.PositiveIntegerField(default=0, verbose_name="terminated")),
                (
                    "already_gone",
                    models.PositiveIntegerField(default=0, verbose_name="already ended"),
                ),
                ("failed", models.PositiveIntegerField(default=0, verbose_name="failed")),
                ("newest", models.BigIntegerField(editable=False, null=True)),
                ("kept_session", models.UUIDField(editable=False, null=True)),
                ("last_session", models.UUIDField(editable=False, null=True)),
                (
                    "language",
                    models.CharField(blank=True, default="", editable=False, max_length=35),
                ),
                ("expected", models.PositiveIntegerField(editable=False, null=True)),
                (
                    "reached",
                    models.CharField(blank=True, default="", editable=False, max_length=100),
                ),
                ("failures_in_a_row", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("worker", models.UUIDField(editable=False, null=True)),
                ("leased_until", models.DateTimeField(editable=False, null=True)),
                (
                    "finished_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, null=True
                    ),
                ),
                ("leaves_unseen", models.BooleanField(default=False, editable=False)),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "termination",
                "verbose_name_plural": "terminations",
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="TrackedSession",
            fields=[
                # Columns of a fixed width come first: PostgreSQL reads them faster than those behind texts.
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="created on"
                    ),
                ),
                (
                    "last_seen_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="last active"
                    ),
                ),
                ("expires_at", models.DateTimeField(verbose_name="expires")),
                (
                    "last_seen_week",
                    generated.GeneratedColumn(
                        db_persist=True,
                        expression=generated.Week("last_seen_at"),
                        output_field=models.DateField(),
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="tracked_sessions",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                (
                    "termination",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="sessions",
                        to="sessions_admin.termination",
                    ),
                ),
                ("is_far", models.BooleanField(default=False, verbose_name="impossible travel")),
                ("is_new_country", models.BooleanField(default=False, verbose_name="new country")),
                (
                    "is_new_kind",
                    models.BooleanField(default=False, verbose_name="new type of device"),
                ),
                (
                    "is_one_of_many",
                    models.BooleanField(default=False, verbose_name="many active sessions"),
                ),
                (
                    "was_reused_elsewhere",
                    models.BooleanField(default=False, verbose_name="reused elsewhere"),
                ),
                ("is_masked", models.BooleanField(default=False, verbose_name="address masked")),
                ("is_adopted", models.BooleanField(default=False, editable=False)),
                ("is_forwarded", models.BooleanField(default=False, verbose_name="may be a proxy")),
                (
                    "session_key",
                    models.CharField(editable=False, max_length=255, null=True, unique=True),
                ),
                ("user_label", models.CharField(max_length=320, verbose_name="user (at sign-in)")),
                (
                    "account_id",
                    models.CharField(blank=True, max_length=64, verbose_name="account ID"),
                ),
                (
                    "account_name",
                    models.CharField(blank=True, max_length=200, verbose_name="account"),
                ),
                ("application", models.CharField(max_length=64, verbose_name="application")),
                (
                    "sign_in_method",
                    models.CharField(
                        blank=True, default="", max_length=50, verbose_name="sign-in method"
                    ),
                ),
                (
                    "signed_in_by",
                    models.CharField(
                        blank=True, default="", max_length=320, verbose_name="support"
                    ),
                ),
                (
                    "ip_address",
                    models.GenericIPAddressField(
                        null=True, unpack_ipv4=True, verbose_name="IP address"
                    ),
                ),
                ("country_code", models.CharField(blank=True, max_length=2)),
                ("country", models.CharField(blank=True, max_length=100, verbose_name="country")),
                ("region", models.CharField(blank=True, max_length=100, verbose_name="region")),
                ("city", models.CharField(blank=True, max_length=100, verbose_name="city")),
                ("latitude", models.FloatField(editable=False, null=True)),
                ("longitude", models.FloatField(editable=False, null=True)),
                ("browser", models.CharField(blank=True, max_length=100, verbose_name="browser")),
                (
                    "browser_version",
                    models.CharField(blank=True, max_length=40, verbose_name="browser version"),
                ),
                (
                    "os",
                    models.CharField(blank=True, max_length=100, verbose_name="operating system"),
                ),
                (
                    "os_version",
                    models.CharField(blank=True, max_length=40, verbose_name="system version"),
                ),
                ("device", models.CharField(blank=True, max_length=100, verbose_name="device")),
                (
                    "device_kind",
                    models.CharField(
                        choices=[
                            ("desktop", "Desktop"),
                            ("phone", "Phone"),
                            ("tablet", "Tablet"),
                            ("bot", "Bot"),
                            ("app", "App"),
                            ("other", "Other device"),
                        ],
                        default="other",
                        max_length=10,
                        verbose_name="device type",
                    ),
                ),
                (
                    "user_agent",
                    models.CharField(blank=True, max_length=1000, verbose_name="user agent"),
                ),
                (
                    "device_name",
                    models.CharField(blank=True, max_length=30, verbose_name="device name"),
                ),
                (
                    "other_origins",
                    models.JSONField(blank=True, default=list, verbose_name="other origins"),
                ),
                (
                    "end_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("signed_out", "Signed out"),
                            ("terminated", "Terminated"),
                            ("replaced", "Replaced by a new sign-in"),
                            ("password_changed", "Password changed"),
                            ("user_deactivated", "User deactivated"),
                            ("user_deleted", "User deleted"),
                            ("removed", "Removed from the account"),
                            ("wrong_passwords", "Too many incorrect passwords"),
                            ("signed_out_elsewhere", "Signed out from another device"),
                            ("idle", "Idle timeout"),
                            ("too_old", "Maximum lifetime reached"),
                            ("expired", "Expired"),
                            ("lost", "Missing from session store"),
                        ],
                        default="",
                        max_length=20,
                        verbose_name="end reason",
                    ),
                ),
                (
                    "key_digest",
                    models.CharField(blank=True, default="", editable=False, max_length=32),
                ),
                (
                    "reuse_count",
                    models.PositiveIntegerField(default=0, verbose_name="reuse attempts"),
                ),
                (
                    "reused_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="last reuse attempt"),
                ),
                (
                    "reused_ip",
                    models.GenericIPAddressField(
                        null=True, unpack_ipv4=True, verbose_name="reused from"
                    ),
                ),
                (
                    "reused_user_agent",
                    models.CharField(
                        blank=True, default="", max_length=1000, verbose_name="reused with"
                    ),
                ),
                ("reuse_seen_at", models.DateTimeField(editable=False, null=True)),
                ("wrong_passwords", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("singles", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("flag_evidence", models.JSONField(default=None, editable=False, null=True)),
            ],
            options={
                "verbose_name": "tracked session",
                "verbose_name_plural": "tracked sessions",
                "ordering": ["-created_at", "-pk"],
            },
            bases=(sessions_admin.client.origins.OriginTexts, models.Model),
        ),
        migrations.RunPython(folding.create_function, folding.drop_function),
        migrations.RunPython(search_text.create_function, search_text.drop_function),
        migrations.AddField(
            "trackedsession",
            "search_text",
            generated.GeneratedColumn(
                db_persist=True,
                editable=False,
                expression=search_text.SearchText(),
                output_field=models.TextField(),
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
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("ended_at", None)),
                fields=["-created_at", "-id"],
                name="sa_active_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("ended_at", None)),
                fields=[
                    "account_id",
                    "-created_at",
                    "-id",
                    "application",
                    "country_code",
                    "sign_in_method",
                    "user",
                ],
                name="sa_active_account",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("ended_at", None)),
                fields=[
                    "application",
                    "-created_at",
                    "-id",
                    "account_id",
                    "country_code",
                    "sign_in_method",
                    "user",
                ],
                name="sa_active_application",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("ended_at", None)),
                fields=[
                    "country_code",
                    "-created_at",
                    "-id",
                    "account_id",
                    "application",
                    "sign_in_method",
                    "user",
                ],
                name="sa_active_country",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)),
                fields=["-created_at", "-id"],
                name="sa_ended_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)),
                fields=[
                    "account_id",
                    "-created_at",
                    "-id",
                    "application",
                    "country_code",
                    "sign_in_method",
                    "end_reason",
                    "user",
                ],
                name="sa_ended_account",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)),
                fields=[
                    "application",
                    "-created_at",
                    "-id",
                    "account_id",
                    "country_code",
                    "sign_in_method",
                    "end_reason",
                    "user",
                ],
                name="sa_ended_application",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)),
                fields=[
                    "country_code",
                    "-created_at",
                    "-id",
                    "account_id",
                    "application",
                    "sign_in_method",
                    "end_reason",
                    "user",
                ],
                name="sa_ended_country",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)),
                fields=[
                    "end_reason",
                    "-created_at",
                    "-id",
                    "account_id",
                    "application",
                    "country_code",
                    "sign_in_method",
                    "user",
                ],
                name="sa_ended_reason",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)),
                fields=[
                    "sign_in_method",
                    "-created_at",
                    "-id",
                    "account_id",
                    "application",
                    "country_code",
                    "end_reason",
                    "user",
                ],
                name="sa_ended_method",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(
                    ("ended_at", None), models.Q(("sign_in_method", ""), _negated=True)
                ),
                fields=[
                    "sign_in_method",
                    "-created_at",
                    "-id",
                    "account_id",
                    "application",
                    "country_code",
                    "user",
                ],
                name="sa_active_method",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("ended_at", None)),
                fields=[
                    "last_seen_week",
                    "-created_at",
                    "-id",
                    "account_id",
                    "application",
                    "country_code",
                    "sign_in_method",
                    "user",
                ],
                name="sa_active_week",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=sessions_admin.indexes.CoveringIndex(
                beside=(
                    "account_id",
                    "application",
                    "country_code",
                    "sign_in_method",
                    "end_reason",
                ),
                fields=["user", "-created_at", "-id"],
                name="sa_history",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("ended_at", None), ("is_far", True)),
                fields=[
                    "-created_at",
                    "-id",
                    "account_id",
                    "application",
                    "country_code",
                    "sign_in_method",
                    "user",
                ],
                name="sa_is_far",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False), ("is_far", True)),
                fields=[
                    "-created_at",
                    "-id",
                    "account_id",
                    "application",
                    "country_code",
                    "sign_in_method",
                    "end_reason",
                    "user",
                ],
                name="sa_ended_is_far",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("ended_at", None), ("is_new_country", True)),
                fields=[
                    "-created_at",
                    "-id",
                    "account_id",
                    "application",
                    "country_code",
                    "sign_in_method",
                    "user",
                ],
                name="sa_is_new_country",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False), ("is_new_country", True)),
                fields=[
                    "-created_at",
                    "-id",
                    "account_id",
                    "application",
                    "country_code",
                    "sign_in_method",
                    "end_reason",
                    "user",
                ],
                name="sa_ended_is_new_country",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("ended_at", None), ("is_new_kind", True)),
                fields=[
                    "-created_at",
                    "-id",
                    "account_id",
                    "application",
                    "country_code",
                    "sign_in_method",
                    "user",
                ],
                name="sa_is_new_kind",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False), ("is_new_kind", True)),
                fields=[
                    "-created_at",
                    "-id",
                    "account_id",
                    "application",
                    "country_code",
                    "sign_in_method",
                    "end_reason",
                    "user",
                ],
                name="sa_ended_is_new_kind",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("ended_at", None), ("is_one_of_many", True)),
                fields=[
                    "-created_at",
                    "-id",
                    "account_id",
                    "application",
                    "country_code",
                    "sign_in_method",
                    "user",
                ],
                name="sa_is_one_of_many",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)),
                fields=["key_digest"],
                name="sa_ended_key",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("ended_at", None)),
                fields=["user", "-created_at", "-id", "account_id"],
                name="sa_active_user",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(
                    ("ended_at", None),
                    models.Q(
                        ("is_far", True),
                        ("is_new_country", True),
                        ("is_new_kind", True),
                        _connector="OR",
                    ),
                ),
                fields=["user", "account_id"],
                name="sa_flagged_user",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)),
                fields=["account_id", "account_name"],
                name="sa_ended_names",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)),
                fields=["is_masked", "ended_at"],
                name="sa_ended",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("termination__isnull", False)),
                fields=["termination", "-created_at", "-id"],
                name="sa_termination",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("termination__isnull", False)),
                fields=["termination", "account_id"],
                name="sa_termination_account",
            ),
        ),
        migrations.AddIndex(
            model_name="trackedsession",
            index=models.Index(
                condition=models.Q(("was_reused_elsewhere", True)),
                fields=["termination"],
                name="sa_reused_elsewhere",
            ),
        ),
        migrations.RunPython(keep_more_statistics, migrations.RunPython.noop),
        migrations.RunPython(
            trigrams.create(
                "sa_active_search",
                table="sessions_admin_trackedsession",
                texts=["search_text"],
                within=OF_OPEN,
                # Searches read all of the list of recent writes, so it is kept short.
                more="WITH (gin_pending_list_limit = 256) WHERE ended_at IS NULL",
            ),
            trigrams.drop("sa_active_search"),
        ),
        # The few with a flag, so that a search counts them without reading its other matches.
        migrations.RunPython(
            trigrams.create(
                "sa_flagged_search",
                table="sessions_admin_trackedsession",
                texts=["search_text"],
                within=OF_OPEN,
                more="WITH (gin_pending_list_limit = 256) "
                "WHERE ended_at IS NULL AND (is_far OR is_new_country OR is_new_kind)",
            ),
            trigrams.drop("sa_flagged_search"),
        ),
        migrations.RunPython(
            trigrams.create(
                "sa_ended_flagged_search",
                table="sessions_admin_trackedsession",
                texts=search_text.INDEXED,
                within=OF_ENDED,
                more="WHERE ended_at IS NOT NULL AND (is_far OR is_new_country OR is_new_kind)",
            ),
            trigrams.drop("sa_ended_flagged_search"),
        ),
        # That of the ended rows grows with every session that ends, many at a time, and is read less.
        migrations.RunPython(
            trigrams.create(
                "sa_ended_search",
                table="sessions_admin_trackedsession",
                texts=search_text.INDEXED,
                within=OF_ENDED,
                more="WHERE ended_at IS NOT NULL",
            ),
            trigrams.drop("sa_ended_search"),
        ),
    ]

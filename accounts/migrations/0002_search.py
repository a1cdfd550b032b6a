from django.db import migrations

from sessions_admin import trigrams


class Migration(migrations.Migration):
    """People are found by any part of their names and addresses."""

    dependencies = [
        ("accounts", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(
            trigrams.create(
                "accounts_user_search",
                table="accounts_user",
                texts=["UPPER(name::text)", "UPPER(email::text)"],
            ),
            trigrams.drop("accounts_user_search"),
        ),
    ]

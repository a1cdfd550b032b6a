"""The list of another package in a separate process, in that package's own environment.

Reads orders as lines of JSON, like ``benchmarks.worker``. Runs where only Django, a database driver
and the package are installed, so it imports nothing of this project.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import timedelta
from typing import Any

AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/26.0 Safari/605.1.15",
)
SESSIONS_EACH = 10
# For each package: its app, its session engine ("" for Django's own), its model and its list.
SITES = {
    "django-user-sessions": ("user_sessions", "user_sessions.backends.db", "user_sessions.Session"),
    "django-qsessions": ("qsessions", "qsessions.backends.db", "qsessions.Session"),
    "django-allauth": ("allauth.usersessions", "", "usersessions.UserSession"),
}


def configure(package: str, url: str) -> None:
    import django
    from django.conf import settings
    from psycopg.conninfo import conninfo_to_dict

    app, engine, _model = SITES[package]
    server = conninfo_to_dict(url)
    allauth = ["allauth", "allauth.account"] if package == "django-allauth" else []
    middleware = {
        "django-user-sessions": ["user_sessions.middleware.SessionMiddleware"],
        "django-qsessions": ["qsessions.middleware.SessionMiddleware"],
    }.get(package, ["django.contrib.sessions.middleware.SessionMiddleware"])
    contrib = ["admin", "auth", "contenttypes", "messages", "staticfiles"]
    if package == "django-allauth":
        contrib.append("sessions")
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": server["dbname"],
                "USER": server.get("user", ""),
                "PASSWORD": server.get("password", ""),
                "HOST": server.get("host", ""),
                "PORT": str(server.get("port", "")),
                "CONN_MAX_AGE": None,
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[*(f"django.contrib.{name}" for name in contrib), *allauth, app],
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            *middleware,
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            *(["allauth.account.middleware.AccountMiddleware"] if allauth else []),
        ],
        ROOT_URLCONF=__name__,
        SECRET_KEY="bench",
        SESSION_ENGINE=engine or "django.contrib.sessions.backends.db",
        STATIC_URL="/static/",
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        USE_TZ=True,
    )
    django.setup()


class Site:
    """The orders that the site of a package answers, one method each."""

    def __init__(self, package: str) -> None:
        from django.apps import apps
        from django.contrib import admin
        from django.urls import path

        self.model = apps.get_model(SITES[package][2])
        global urlpatterns
        urlpatterns = [path("admin/", admin.site.urls)]
        self.list = admin.site._registry[self.model]

    def seed(self, size: int) -> str:
        """Write this many sessions for a tenth as many people, and return the Django version."""
        import django
        from django.contrib.auth.models import User
        from django.core.management import call_command
        from django.db import connection
        from django.test import Client
        from django.utils import timezone

        call_command("migrate", verbosity=0)
        people = [
            User(username=f"ana.bernov.{n}", email=f"ana.bernov.{n}@mail.example")
            for n in range(size // SESSIONS_EACH)
        ]
        User.objects.bulk_create(people, batch_size=1000)
        begin = timezone.now() - timedelta(days=13)
        known = {field.name for field in self.model._meta.concrete_fields}
        self.model._default_manager.bulk_create(
            [
                self.model(**{name: value for name, value in row.items() if name in known})
                for row in (
                    {
                        "session_key": f"{n:032x}",
                        "session_data": "e30:1",
                        "expire_date": begin + timedelta(days=27),
                        "user": people[n % len(people)],
                        "user_agent": AGENTS[n % len(AGENTS)],
                        "ip": f"198.51.{n // 256 % 256}.{n % 256}",
                        "created_at": begin + timedelta(seconds=n),
                        "last_seen_at": begin + timedelta(seconds=n),
                    }
                    for n in range(size)
                )
            ],
            batch_size=1000,
        )
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        self.client = Client(headers={"user-agent": AGENTS[0]}, REMOTE_ADDR="192.0.2.1")
        self.client.force_login(User.objects.create_superuser("superuser", "su@bench.example"))
        return django.get_version()

    def visit(self, rows: int) -> dict[str, Any]:
        """Fetch the list with this many rows; count its statements."""
        from django.db import connection

        self.list.list_per_page = rows
        statements = []

        def counted(execute: Any, *statement: Any) -> Any:
            statements.append(statement[0])
            return execute(*statement)

        options = self.model._meta
        with connection.execute_wrapper(counted):
            began = time.perf_counter()
            answer = self.client.get(f"/admin/{options.app_label}/{options.model_name}/")
            seconds = time.perf_counter() - began
        assert answer.status_code == 200, answer
        return {
            "ms": seconds * 1000,
            "statements": len(statements),
            "rows": answer.content.count(b'class="action-select"'),
            "bytes": len(answer.content),
        }


urlpatterns: list[Any] = []


def main() -> None:
    package = sys.argv[1]
    configure(package, os.environ["DATABASE_URL"])
    # The settings name this module by the name it has now.
    sys.modules.setdefault(__name__, sys.modules["__main__"])
    site = Site(package)
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        do = getattr(site, order.pop("do"))
        print(json.dumps(do(**order)), flush=True)


if __name__ == "__main__":
    main()

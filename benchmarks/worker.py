"""One site in a process of its own: takes orders as lines of JSON, and answers each with a line.

The site is the one that DATABASE_URL names. Several of them, of different sizes, are asked in turn,
so that a noisy machine is noisy for all.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/141.0.0.0 Safari/537.36"
)


def prepare() -> None:
    os.environ.update(
        DEBUG="1", DATABASE_POOL_SIZE="0", DJANGO_SETTINGS_MODULE="sessions_admin.project.settings"
    )
    import django

    django.setup()
    from django.conf import settings

    settings.DEBUG = False
    settings.ALLOWED_HOSTS = ["*"]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.LOGGING_CONFIG = None
    import logging

    logging.disable(logging.ERROR)


class Site:
    """What can be asked of one site."""

    def __init__(self) -> None:
        self.clients: dict[str, Any] = {}

    def seed(self, size: int) -> dict[str, Any]:
        from django.core.management import call_command

        from accounts.models import Membership, User
        from benchmarks import seeding

        call_command("migrate", verbosity=0)
        began = time.perf_counter()
        seeding.seed(size)
        User.objects.create_superuser("superuser@bench.example", "password", name="Olga Operator")
        for who, account in (("largest", 1), ("small", seeding.ACCOUNTS)):
            person = User.objects.create_user(f"{who}@bench.example", "password", name=who.title())
            Membership.objects.create(user=person, account_id=account, role="admin")
        return {"seconds": time.perf_counter() - began}

    def facts(self, who: str) -> dict[str, str]:
        """Terms and places to ask for, all of them in this person's scope."""
        from django.db.models import Count

        from accounts.models import User
        from sessions_admin import policy
        from sessions_admin.pagination import Cursor

        viewer = User.objects.get(email=f"{who}@bench.example")
        rows = policy.visible_to(viewer).active().order_by("created_at")
        count = rows.count()
        deep, middle = rows[count // 20], rows[count // 2]
        city = rows.order_by().values("city").annotate(n=Count("pk")).order_by("n")[0]["city"]
        person = User.objects.get(pk=middle.user_id)
        return {
            "deep": str(Cursor(deep.created_at, deep.pk)),
            "user": str(person.pk),
            "account": middle.account_id,
            "email": person.email,
            "name": person.name.split()[1].lower(),
            "address": ".".join(middle.ip_address.split(".")[:2]) + ".",
            "city": city,
        }

    def visit(self, who: str, address: str) -> dict[str, Any]:
        """The page as a person gets it; statements are counted, and how long they took."""
        from django.db import connection

        client = self._client(who)
        took: list[float] = []

        def timed(execute: Callable[..., Any], *statement: Any) -> Any:
            began = time.perf_counter()
            try:
                return execute(*statement)
            finally:
                took.append(time.perf_counter() - began)

        with connection.execute_wrapper(timed):
            began = time.perf_counter()
            answer = client.get(address)
            seconds = time.perf_counter() - began
        return {
            "status": answer.status_code,
            "ms": seconds * 1000,
            "sql_ms": sum(took) * 1000,
            "statements": len(took),
            "rows": answer.content.count(b"/terminate/"),
        }

    def terminate_one(self, who: str) -> dict[str, Any]:
        from django.db import connection

        from sessions_admin.models import TrackedSession

        client, statements = self._client(who), []
        own = client.cookies["sessionid"].value
        row = (
            TrackedSession.objects.filter(ended_at=None).exclude(session_key=own).newest_first()[0]
        )
        address = (
            f"/account-management/advanced-security/active-user-sessions/{row.public_id}/terminate/"
        )

        def counted(execute: Callable[..., Any], *statement: Any) -> Any:
            statements.append(1)
            return execute(*statement)

        with connection.execute_wrapper(counted):
            began = time.perf_counter()
            answer = client.post(address)
            seconds = time.perf_counter() - began
        return {"status": answer.status_code, "ms": seconds * 1000, "statements": len(statements)}

    def terminate_all(self, address: str) -> dict[str, Any]:
        """Click, then look at the progress every two seconds as a browser does, to the end."""
        from sessions_admin.models import Termination, TrackedSession

        before = TrackedSession.objects.filter(ended_at=None).count()
        client = self._client("superuser")
        peak = Peak()
        began = time.perf_counter()
        answer = client.post(address)
        clicked = time.perf_counter() - began
        progress = answer["Location"] if "/progress/" in answer["Location"] else ""
        looks = []
        while progress:
            looked = time.perf_counter()
            answer = client.get(progress)
            looks.append(time.perf_counter() - looked)
            if answer.status_code != 200:
                break
            time.sleep(2)
        seconds = time.perf_counter() - began
        receipt = Termination.objects.latest("pk")
        return {
            "sessions": before,
            "seconds": seconds,
            "work_seconds": (receipt.finished_at - receipt.created_at).total_seconds(),
            "click_seconds": clicked,
            "looks": len(looks),
            "worst_look_ms": max(looks, default=0) * 1000,
            "left": TrackedSession.objects.filter(ended_at=None).count(),
            "counts": [receipt.requested, receipt.ended, receipt.already_gone, receipt.failed],
            "memory_growth_mb": peak.growth(),
        }

    def bare(self) -> dict[str, Any]:
        """The same change to the same rows in two statements."""
        from django.db import connection, transaction

        from sessions_admin.models import Termination

        receipt = Termination.objects.create(actor_label="bare", scope="All")
        began = time.perf_counter()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE sessions_admin_trackedsession SET ended_at = %s, session_key = NULL, "
                "end_reason = 'terminated', termination_id = %s WHERE ended_at IS NULL",
                [receipt.created_at, receipt.pk],
            )
            ended = cursor.rowcount
            cursor.execute("DELETE FROM django_session")
        return {"sessions": ended, "seconds": time.perf_counter() - began}

    def sweep(self, share: int) -> dict[str, Any]:
        """Forget one session of so many in the store, and sweep; meanwhile the page is visited."""
        from io import StringIO

        from django.core.management import call_command
        from django.db import connection, connections

        from sessions_admin.models import TrackedSession

        past = TrackedSession.objects.order_by("-created_at")[0].created_at - timedelta(days=1)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE sessions_admin_trackedsession SET last_seen_at = %s", [past])
            cursor.execute(
                "DELETE FROM django_session WHERE session_key IN (SELECT session_key FROM "
                "sessions_admin_trackedsession WHERE ended_at IS NULL AND id %% %s = 0)",
                [share],
            )
        visits: list[float] = []
        done = threading.Event()

        def visit() -> None:
            while not done.wait(0.5):
                visits.append(self.visit("superuser", ADDRESS)["ms"])
            connections.close_all()

        visitor = threading.Thread(target=visit)
        peak, began, out = Peak(), time.perf_counter(), StringIO()
        visitor.start()
        call_command("sweep_sessions", stdout=out, stderr=StringIO())
        seconds = time.perf_counter() - began
        done.set()
        visitor.join()
        return {
            "said": out.getvalue().strip(),
            "seconds": seconds,
            "worst_visit_ms": max(visits, default=0),
            "visits": len(visits),
            "memory_growth_mb": peak.growth(),
        }

    def _client(self, who: str) -> Any:
        from django.test import Client

        if who not in self.clients:
            client = Client(headers={"user-agent": WINDOWS}, REMOTE_ADDR="192.0.2.1")
            answer = client.post(
                "/accounts/login/", {"username": f"{who}@bench.example", "password": "password"}
            )
            assert answer.status_code == 302, answer.content
            self.clients[who] = client
        return self.clients[who]


ADDRESS = "/account-management/advanced-security/active-user-sessions/"


class Peak:
    """How much the memory of this process grew beyond what it had."""

    def __init__(self) -> None:
        self.before = self._now()

    def growth(self) -> float:
        return self._now() - self.before

    def _now(self) -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    prepare()
    site = Site()
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        do = getattr(site, order.pop("do"))
        print(json.dumps(do(**order)), flush=True)


if __name__ == "__main__":
    main()

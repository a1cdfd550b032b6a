"""A site in a separate process: reads orders as lines of JSON, and answers each with a line.

The site is the one that DATABASE_URL names. Several sites of different sizes are measured in turn,
so that noise on the machine affects all alike.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
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


@contextmanager
def statements() -> Iterator[list[float]]:
    """Collect how long each statement in the block takes, in seconds."""
    from django.db import connection

    took: list[float] = []

    def timed(execute: Callable[..., Any], *statement: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(*statement)
        finally:
            took.append(time.perf_counter() - began)

    with connection.execute_wrapper(timed):
        yield took


class Site:
    """The orders that a site answers, one method each."""

    def __init__(self) -> None:
        self.clients: dict[str, Any] = {}

    def seed(self, size: int) -> dict[str, Any]:
        from django.core.management import call_command

        from accounts.models import Membership, User
        from benchmarks import seeding

        call_command("migrate", verbosity=0)
        began = time.perf_counter()
        seeding.seed(size, has_earlier=True)
        User.objects.create_superuser("superuser@bench.example", "password", name="Olga Operator")
        for who, account in (("largest", 1), ("small", seeding.ACCOUNTS)):
            person = User.objects.create_user(f"{who}@bench.example", "password", name=who.title())
            Membership.objects.create(user=person, account_id=account, role="admin")
        return {"seconds": time.perf_counter() - began}

    def facts(self, who: str) -> dict[str, str]:
        """Return search terms and locations within this person's scope."""
        from django.db.models import Count

        from accounts.models import User
        from sessions_admin import policy
        from sessions_admin.listing.pagination import Cursor

        viewer = User.objects.get(email=f"{who}@bench.example")
        rows = policy.scope_of(viewer).active().order_by("created_at")
        count = rows.count()
        deep, middle = rows[count // 20], rows[count // 2]
        records = policy.scope_of(viewer).sessions().order_by("created_at")
        deep_record = records[records.count() // 20]
        city = rows.order_by().values("city").annotate(n=Count("pk")).order_by("n")[0]["city"]
        person = User.objects.get(pk=middle.user_id)
        return {
            "deep": str(Cursor(deep.created_at, deep.pk)),
            "deep_record": str(Cursor(deep_record.created_at, deep_record.pk)),
            "user": str(person.pk),
            "account": middle.account_id,
            "email": person.email,
            "name": person.name.split()[1].lower(),
            "address": ".".join(middle.ip_address.split(".")[:2]) + ".",
            "city": city,
        }

    def visit(self, who: str, address: str) -> dict[str, Any]:
        """Fetch the page as a person does; count its statements and time them."""
        client = self._client(who)
        with statements() as took:
            began = time.perf_counter()
            answer = client.get(address)
            seconds = time.perf_counter() - began
        page = answer.content.decode()
        return {
            "status": answer.status_code,
            "ms": seconds * 1000,
            "sql_ms": sum(took) * 1000,
            "statements": len(took),
            "rows": page.count("/terminate/") or page.count('aria-labelledby="sa-d '),
            "bytes": len(answer.content),
            "bare_ms": self._bare_ms(who, page, counts="terminate-all/" in address),
        }

    def plain(self) -> dict[str, Any]:
        """Fetch the site's ordinary page for a signed-in person, without this app's middleware."""
        from django.conf import settings
        from django.test.utils import override_settings

        from benchmarks.requests import OURS

        middleware = [path for path in settings.MIDDLEWARE if path != OURS]
        with override_settings(MIDDLEWARE=middleware):
            client = self._client("superuser", kind="plain")
            with statements() as took:
                began = time.perf_counter()
                answer = client.get("/")
                seconds = time.perf_counter() - began
        assert answer.status_code == 200, answer
        return {"ms": seconds * 1000, "statements": len(took), "rows": 0, "bytes": 0}

    def _bare_ms(self, who: str, page: str, *, counts: bool) -> float | None:
        """Time the bare statement that fetches just what this page shows, in ms.

        That is rows by key with their person and store entry, or people by key; for a confirmation,
        the sums by account. Return ``None`` for a page that shows none.
        """
        from benchmarks import seeding
        from sessions_admin.models import TrackedSession

        if counts:
            accounts = {"superuser": "", "largest": "1", "small": str(seeding.ACCOUNTS)}[who]
            narrowed = "AND account_id = %s" if accounts else ""
            return self._timed_ms(
                "SELECT account_name, COUNT(*) FROM sessions_admin_trackedsession "
                f"WHERE ended_at IS NULL {narrowed} GROUP BY account_name",
                [accounts] if accounts else [],
            )
        if shown := re.findall(r"/([0-9a-f-]{36})/terminate/", page):
            found = TrackedSession.objects.filter(public_id__in=shown)
            keys = list(found.values_list("pk", flat=True))
            return self._timed_ms(
                "SELECT s.*, u.*, d.session_data FROM sessions_admin_trackedsession s "
                "JOIN accounts_user u ON u.id = s.user_id "
                "JOIN django_session d ON d.session_key = s.session_key "
                f"WHERE s.id IN ({', '.join(['%s'] * len(keys))}) "
                "ORDER BY s.created_at DESC, s.id DESC",
                keys,
            )
        if people := re.findall(r"[?;]user=(\d+)", page):
            return self._timed_ms(
                "SELECT id, name, email FROM accounts_user "
                f"WHERE id IN ({', '.join(['%s'] * len(people))})",
                [int(key) for key in people],
            )
        return None

    def _timed_ms(self, statement: str, parameters: list[Any]) -> float:
        from django.db import connection

        with connection.cursor() as cursor:
            began = time.perf_counter()
            cursor.execute(statement, parameters)
            cursor.fetchall()
            return (time.perf_counter() - began) * 1000

    def export(self, address: str) -> dict[str, Any]:
        """Download the export at this address as CSV; return its rows, time and peak memory."""
        client = self._client("superuser")
        peak, began, lines = Peak(), time.perf_counter(), 0
        answer = client.post(address, {"format": "csv"})
        assert answer.status_code == 200, answer
        for part in answer.streaming_content:
            lines += part.count(b"\n")
        seconds = time.perf_counter() - began
        return {"rows": lines - 1, "seconds": seconds, "memory_growth_mb": peak.growth()}

    def memory(self) -> float:
        """Return the peak memory of this process, in MB."""
        return Peak().before

    def terminate_one(self, who: str) -> dict[str, Any]:
        from sessions_admin.models import TrackedSession

        client = self._client(who)
        own = client.cookies["sessionid"].value
        row = (
            TrackedSession.objects.filter(ended_at=None).exclude(session_key=own).newest_first()[0]
        )
        address = (
            f"/account-management/advanced-security/active-user-sessions/{row.public_id}/terminate/"
        )

        with statements() as took:
            began = time.perf_counter()
            answer = client.post(address)
            seconds = time.perf_counter() - began
        return {
            "status": answer.status_code,
            "ms": seconds * 1000,
            "statements": len(took),
            "bare_ms": self._bare_end_ms(own),
        }

    def _bare_end_ms(self, own: str) -> float:
        """Time the two bare statements that end another session, in ms."""
        from django.db import connection, transaction

        from sessions_admin.models import TrackedSession

        others = TrackedSession.objects.filter(ended_at=None).exclude(session_key=own)
        row = others.newest_first()[0]
        began = time.perf_counter()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE sessions_admin_trackedsession SET ended_at = %s, session_key = NULL, "
                "end_reason = 'terminated' WHERE id = %s",
                [row.last_seen_at, row.pk],
            )
            cursor.execute("DELETE FROM django_session WHERE session_key = %s", [row.session_key])
        return (time.perf_counter() - began) * 1000

    def terminate_all(self, address: str) -> dict[str, Any]:
        """Click Terminate all, then poll the progress every two seconds, as a browser does."""
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
        termination = Termination.objects.latest("pk")
        return {
            "sessions": before,
            "seconds": seconds,
            "work_seconds": (termination.finished_at - termination.created_at).total_seconds(),
            "click_seconds": clicked,
            "looks": len(looks),
            "worst_look_ms": max(looks, default=0) * 1000,
            "left": TrackedSession.objects.filter(ended_at=None).count(),
            "counts": [
                termination.requested,
                termination.ended,
                termination.already_gone,
                termination.failed,
            ],
            "memory_growth_mb": peak.growth(),
        }

    def bare(self) -> dict[str, Any]:
        """Make the same change to the same rows in two statements."""
        from django.db import connection, transaction

        from sessions_admin.models import Termination

        termination = Termination.objects.create(actor_label="bare", scope="All")
        began = time.perf_counter()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE sessions_admin_trackedsession SET ended_at = %s, session_key = NULL, "
                "end_reason = 'terminated', termination_id = %s WHERE ended_at IS NULL",
                [termination.created_at, termination.pk],
            )
            ended = cursor.rowcount
            cursor.execute("DELETE FROM django_session")
        return {"sessions": ended, "seconds": time.perf_counter() - began}

    def sweep(self, share: int) -> dict[str, Any]:
        """Drop one in ``share`` sessions from the store, then sweep while the page is visited."""
        from io import StringIO

        from django.core.management import call_command
        from django.db import connection

        from sessions_admin.models import TrackedSession

        past = TrackedSession.objects.order_by("-created_at")[0].created_at - timedelta(days=1)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE sessions_admin_trackedsession SET last_seen_at = %s WHERE ended_at IS NULL",
                [past],
            )
            cursor.execute(
                "DELETE FROM django_session WHERE session_key IN (SELECT session_key FROM "
                "sessions_admin_trackedsession WHERE ended_at IS NULL AND id %% %s = 0)",
                [share],
            )
        out = StringIO()
        measured = self._while_visited(
            lambda: call_command("sweep_sessions", stdout=out, stderr=StringIO())
        )
        return {"said": out.getvalue().strip(), **measured}

    def retain(self) -> list[dict[str, Any]]:
        """Backdate the end of nine in ten sessions, then time removing and masking them."""
        from django.conf import settings
        from django.db import connection
        from django.test.utils import override_settings

        from sessions_admin.termination import retention

        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM sessions_admin_trackedsession WHERE ended_at IS NOT NULL")
            cursor.execute(
                "UPDATE sessions_admin_trackedsession SET session_key = NULL, "
                "end_reason = 'signed_out', ended_at = now() - make_interval(days => "
                "CASE WHEN id %% 2 = 0 THEN 400 ELSE 40 END) WHERE id %% 10 > 0",
                [],
            )
            cursor.execute("VACUUM ANALYZE sessions_admin_trackedsession")
        days = {"RETENTION_DAYS": 365, "MASK_ADDRESSES_AFTER_DAYS": 30}
        done: list[int] = []
        found = []
        with override_settings(SESSIONS_ADMIN=settings.SESSIONS_ADMIN | days):
            for what, act, rows in (
                ("removed", retention.remove, retention.outdated_sessions),
                ("masked", retention.mask, retention.unmasked_sessions),
            ):
                work = partial(act, rows(), batch=1000)
                measured = self._while_visited(lambda work=work: done.append(work()))
                found.append({"what": what, "rows": done[-1], **measured})
        return found

    def _while_visited(self, work: Callable[[], Any]) -> dict[str, Any]:
        """Do the work while a server process fetches the first page twice a second."""
        visits: list[float] = []
        done = threading.Event()
        server = Worker(os.environ["DATABASE_URL"])
        server.ask("visit", who="superuser", address=ADDRESS)

        def visit() -> None:
            while not done.wait(0.5):
                visits.append(server.ask("visit", who="superuser", address=ADDRESS)["ms"])

        visitor = threading.Thread(target=visit)
        peak, began = Peak(), time.perf_counter()
        visitor.start()
        try:
            work()
            seconds = time.perf_counter() - began
        finally:
            done.set()
            visitor.join()
            server.close()
        return {
            "seconds": seconds,
            "worst_visit_ms": max(visits, default=0),
            "visits": len(visits),
            "memory_growth_mb": peak.growth(),
        }

    def _client(self, who: str, kind: str = "tracked") -> Any:
        from django.test import Client

        if (who, kind) not in self.clients:
            client = Client(headers={"user-agent": WINDOWS}, REMOTE_ADDR="192.0.2.1")
            answer = client.post(
                "/accounts/login/", {"username": f"{who}@bench.example", "password": "password"}
            )
            assert answer.status_code == 302, answer.content
            self.clients[who, kind] = client
        return self.clients[who, kind]


class Worker:
    """The client of a site in a separate process: sends orders and returns the answers."""

    def __init__(self, url: str, command: Sequence[str] = ()) -> None:
        self.process = subprocess.Popen(
            command or [sys.executable, "-m", "benchmarks.worker"],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._read()

    def ask(self, do: str, **order: Any) -> Any:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"do": do, **order}) + "\n")
        self.process.stdin.flush()
        return self._read()

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()

    def _read(self) -> Any:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("A site has failed; what it said stands above.")
        return json.loads(line)


ADDRESS = "/account-management/advanced-security/active-user-sessions/"


class Peak:
    """Growth of this process's memory, in MB, since this object was made."""

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

"""On a large site, PostgreSQL reads only a bounded number of rows for a page of login records.

Like ``test_plans``, with five ended sessions for each that is active.
"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from sessions_admin.listing.pagination import Cursor
from sessions_admin.models import TrackedSession
from tests.listing.test_plans import (
    READ,
    SESSIONS,
    bounds,
    has_trigrams,
    nodes,
    plans_of,
    read,
    viewer,
)
from tests.support.seeded import seeded

__all__ = ["bounds", "viewer"]

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="asks PostgreSQL"),
]

END = """
UPDATE sessions_admin_trackedsession SET session_key = NULL, ended_at = created_at, end_reason =
CASE WHEN id % 2000 = 0 THEN 'wrong_passwords' WHEN id % 3 = 0 THEN 'expired' ELSE 'signed_out' END
WHERE id % 6 <> 0
"""
# One sign-in in a thousand is a support session, active or not.
SUPPORT = """
UPDATE sessions_admin_trackedsession
SET sign_in_method = CASE WHEN id % 1000 < 6 THEN 'support' ELSE 'password' END
"""


@pytest.fixture(scope="module", autouse=True)
def site(django_db_setup, django_db_blocker):
    """Thirty thousand records, created once for the module."""
    with seeded(django_db_blocker, SESSIONS, END, SUPPORT, "VACUUM ANALYZE"):
        yield


def addresses():
    row = TrackedSession.objects.over().filter(account_id="1").order_by("created_at")[20]
    deep = TrackedSession.objects.order_by("created_at")[SESSIONS // 20]
    at = Cursor(deep.created_at, deep.pk)
    plain = [
        "",
        f"?after={at}",
        f"?before={at}",
        "?account=1",
        f"?user={row.user_id}",
        "?application=admin",
        "?application=admin&account=1",
        "?country=KE",
        "?country=SE&account=1",
        "?flag=far",
        "?flag=far&flag=country&flag=device&flag=many",
        "?flag=many",
        "?status=active",
        "?status=expired",
        "?status=wrong_passwords",
        "?status=wrong_passwords&account=1",
        "?method=support",
        "?method=password",
        "?within=24h",
        "?within=7d&country=KE",
        f"?from={deep.created_at.date()}&to={deep.created_at.date()}",
        "?from=2001-01-01&to=2001-12-31",
    ]
    words = ["chrome", "mail.example", "zzqqxx", "nairobi", row.ip_address, row.user.email]
    words += [f"{row.ip_address}/{size}" for size in (32, 24, 8)]
    words += ["chrome+ljubljana", "private+network", "203.0.113.", "éva"]
    searches = [f"?q={word}" for word in words]
    found = [f"login-records/{each}" for each in plain + (searches if has_trigrams() else [])]
    texts = ("zzqqxx", row.user.email, "ana")
    found += [f"suggestions/people/?of=login_records&person={text}" for text in texts]
    found += ["suggestions/countries/?of=login_records&country_name=e"]
    return [*found, "suggestions/accounts/?of=login_records&account_name=ltd"]


def test_page_reads_a_bounded_part(viewer):
    for address in addresses():
        for sql, plan in plans_of(viewer, address):
            assert read(plan) <= READ, f"{address}\n{sql}\n{json.dumps(plan, indent=1)}"


@pytest.mark.parametrize("viewer", ["superuser"], indirect=True)
def test_idle_sessions_are_found_without_those_in_use(viewer):
    """Of the older half of the open sessions, the newer ones are in use.

    PostgreSQL expects far more that are idle: most of those that have ended are.
    """
    opened = TrackedSession.objects.open().order_by("created_at")
    long_ago = timezone.now() - timedelta(days=60)
    middle, half = (opened[opened.count() // part].created_at for part in (4, 2))
    opened.filter(created_at__lt=half).update(created_at=F("created_at") - timedelta(days=40))
    opened.filter(created_at__lt=middle - timedelta(days=40)).update(last_seen_at=long_ago)
    TrackedSession.objects.over().update(last_seen_at=long_ago)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE sessions_admin_trackedsession")
    idle = ["?flag=idle", "?flag=idle&application=web", "?flag=idle&country=SE"]
    for address in ["", "?application=web", *idle, *(f"login-records/{each}" for each in idle)]:
        for sql, plan in plans_of(viewer, address):
            in_use = sum(
                node.get("Rows Removed by Filter", 0) * node["Actual Loops"]
                for node in nodes(plan)
                if "last_seen_at" in node.get("Filter", "")
            )
            assert in_use <= 100, f"{address}\n{sql}\n{json.dumps(plan, indent=1)}"


def test_a_sign_in_writes_into_no_index_of_the_records():
    """What makes records fast costs a sign-in nothing: its row is in none of these indexes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes "
            "WHERE tablename = 'sessions_admin_trackedsession' AND indexname LIKE 'sa_ended%'"
        )
        found = dict(cursor.fetchall())
    assert {"sa_ended_newest", "sa_ended_account", "sa_ended_reason"} <= set(found)
    assert [name for name, sql in found.items() if "ended_at IS NOT NULL" not in sql] == []

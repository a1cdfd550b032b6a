"""On a large site, PostgreSQL reads only a bounded number of rows for the page.

The tests read the planner's output and count rows; they do not measure time.
"""

from __future__ import annotations

import json

import pytest
from django.db import connection, transaction

from accounts.models import Membership, User
from benchmarks import seeding
from sessions_admin.models import TrackedSession
from tests.support.browsing import LIST, Browser
from tests.support.factories import PASSWORD, UserFactory
from tests.support.seeded import seeded

SESSIONS = 30_000
# The bounds of the counts, as far below this site's size as the real ones are below a large site's.
LISTED = 200
FOUND = BEFORE = 100
ENOUGH = 50
WALKED = {
    "parts.NEAR": 60,
    "parts.NEAR_APART": 30,
    "finding.FOR_A_PAGE": (1, 900),
    "finding.FOR_A_PAGE_APART": (1, 900),
    "finding.FOR_A_COUNT": (2, 1000),
    "finding.FOR_A_COUNT_APART": (2, 1000),
    "finding.FOR_A_PAGE_UNINDEXED": (1, 900),
    "finding.FOR_A_COUNT_UNINDEXED": (1, 400),
    "finding.ENOUGH_UNINDEXED": 20,
    "walks.LEFT": 180,
    "walks.SAMPLE": 10,
}
# Far fewer than all rows, and more than a page and its bounded counts need.
READ = 12_000
REMOVED = ("Filter", "Index Recheck")

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="asks PostgreSQL"),
]


@pytest.fixture(scope="module", autouse=True)
def site(django_db_setup, django_db_blocker):
    """Thirty thousand sessions, created once for the module."""
    with seeded(django_db_blocker, SESSIONS):
        yield


@pytest.fixture(autouse=True)
def bounds(monkeypatch):
    monkeypatch.setattr("sessions_admin.listing.counting.LISTED", LISTED)
    monkeypatch.setattr("sessions_admin.listing.counting.FOUND", FOUND)
    monkeypatch.setattr("sessions_admin.listing.counting.BEFORE", BEFORE)
    monkeypatch.setattr("sessions_admin.listing.counting.ENOUGH", ENOUGH)
    for name, bound in WALKED.items():
        monkeypatch.setattr(f"sessions_admin.listing.{name}", bound)


ADMINISTERED = {
    "superuser": (),
    "largest": (1,),
    "several": range(1, seeding.ACCOUNTS, 20),
    "small": (seeding.ACCOUNTS,),
    "largest, admins elsewhere": (1,),
    "several, admins elsewhere": range(1, seeding.ACCOUNTS, 20),
    "small, admins elsewhere": (seeding.ACCOUNTS,),
}


@pytest.fixture(params=ADMINISTERED)
def viewer(request):
    """The browser of a person who sees all sessions, a large account, several, or a small one."""
    user = UserFactory(is_superuser=request.param == "superuser")
    for account in ADMINISTERED[request.param]:
        Membership.objects.create(user=user, account_id=account, role="admin")
        if request.param.endswith("elsewhere"):
            outside = TrackedSession.objects.exclude(account_id__in=ADMINISTERED[request.param])
            people = list(outside.order_by("pk").values_list("user", flat=True)[:3])
            for each in set(people):
                Membership.objects.get_or_create(
                    user_id=each, account_id=account, defaults={"role": "admin"}
                )
    assert user.check_password(PASSWORD)
    return Browser().sign_in(user)


def addresses():
    row = TrackedSession.objects.filter(account_id="1").order_by("created_at")[20]
    person = User.objects.get(pk=row.user_id)
    deep = TrackedSession.objects.order_by("created_at")[SESSIONS // 20]
    from sessions_admin.listing.pagination import Cursor

    plain = [
        "",
        f"?after={Cursor(deep.created_at, deep.pk)}",
        f"?before={Cursor(deep.created_at, deep.pk)}",
        "?account=1",
        f"?user={person.pk}",
        "?application=web",
        "?application=admin&account=1",
        "?country=SI",
        "?country=KE",
        "?country=SE&account=1",
        "?flag=far",
        "?flag=far&flag=country&flag=device&flag=many",
        "?flag=many&account=1",
        "?flag=idle",
        "?flag=idle&account=1",
        "?flag=idle&country=KE",
        "?flag=idle&flag=far",
        f"?flag=idle&after={Cursor(deep.created_at, deep.pk)}",
        "?sort=oldest",
        "?sort=oldest&account=1",
        "?sort=last-active",
        "?sort=longest-inactive&country=KE",
        "?sort=last-active&application=admin&account=1",
        "news/?since=2026-01-01T00:00:00%2B00:00",
        f"terminate-selected/?session={row.public_id}",
        "suggestions/people/?person=zzqqxx",
        "suggestions/accounts/?account_name=ltd",
        "suggestions/countries/?country_name=e",
        "?country_name=zzqq",
        "?country_name=a",
    ]
    words = ["chrome", "ana", "mail.example", "zzqqxx", "nairobi", row.ip_address]
    words += [person.email, person.name.split()[1], "chrome+ljubljana", "account+management"]
    words += [f"{row.ip_address}/{size}" for size in (32, 24, 12, 8)]
    words += ["2001:db8::/32", "fe80::/10", "private+network", "unknown+location"]
    words += ["203.0.113.", "éva", "milan,+italy", "opera+on+windows+11"]
    searches = [f"?q={word}" for word in words] + [f"suggestions/people/?person={person.email}"]
    return plain + searches if has_trigrams() else plain


def has_trigrams():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_indexes WHERE indexname = 'sa_active_search'")
        return bool(cursor.fetchone()[0])


def plans_of(browser, address):
    """Return the plan of every statement about sessions that this page sends."""
    sent = []

    def remember(execute, sql, params, many, context):
        if sql.lstrip().startswith(("SELECT", "WITH")) and "trackedsession" in sql:
            sent.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(remember):
        assert browser.get(LIST + address).status_code == 200
    with connection.cursor() as cursor:
        for sql, params in sent:
            cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}", params)
            found = cursor.fetchone()[0]
            (plan,) = json.loads(found) if isinstance(found, str) else found
            yield sql, plan["Plan"]


def nodes(plan):
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def read(plan):
    """Return the number of session rows read, including those discarded."""
    return sum(
        (node["Actual Rows"] + sum(node.get(f"Rows Removed by {why}", 0) for why in REMOVED))
        * node["Actual Loops"]
        for node in nodes(plan)
        if node.get("Relation Name") == "sessions_admin_trackedsession"
    )


def test_page_reads_a_bounded_part(viewer):
    for address in addresses():
        for sql, plan in plans_of(viewer, address):
            assert read(plan) <= READ, f"{address}\n{sql}\n{json.dumps(plan, indent=1)}"


@pytest.mark.parametrize(
    "filters",
    [
        "country=SE&application=admin",
        "application=admin&account=1",
        "flag=device&application=admin",
        "flag=country&country=SE",
    ],
)
@pytest.mark.parametrize("page", ["?", "login-records/?"])
def test_several_filters_are_answered_by_indexes(page, filters):
    """What only one of them finds is left out without reading it."""
    superuser = Browser().sign_in(UserFactory(is_superuser=True))
    for sql, plan in plans_of(superuser, f"{page}{filters}"):
        found = [n for n in nodes(plan) if n.get("Relation Name") == TrackedSession._meta.db_table]
        removed = sum(n.get("Rows Removed by Filter", 0) * n["Actual Loops"] for n in found)
        assert removed <= 10, f"{sql}\n{json.dumps(plan, indent=1)}"


def test_step_of_a_bulk_termination_starts_where_the_last_one_ended(viewer):
    """It does not reread sessions that have already ended, however many there are."""
    from sessions_admin.models import Termination
    from sessions_admin.termination import bulk, immediate

    termination = Termination.objects.create(newest=bulk._newest())
    for _ in range(8):
        with transaction.atomic():
            termination.refresh_from_db()
            assert bulk._end_some(termination)
    rest = bulk._rest(termination).values_list("pk", "created_at")[: immediate.CHUNK]
    found = json.loads(rest.explain(format="json", analyze=True, timing=False))
    (plan,) = [each["Plan"] for each in found]
    assert read(plan) <= 2 * immediate.CHUNK, json.dumps(plan, indent=1)


def test_termination_of_many_is_looked_through_for_ones_own_account_by_index(viewer):
    """All sessions end under one termination; an admin reads only their own account's part."""
    from sessions_admin.models import Termination

    own = TrackedSession.objects.get(session_key=viewer.key)
    termination = Termination.objects.create(actor_label="x", scope="All")
    ended = TrackedSession.objects.filter(ended_at=None).exclude(pk=own.pk)
    ended.update(ended_at=termination.created_at, termination=termination, session_key=None)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE sessions_admin_trackedsession")
    for _, plan in plans_of(viewer, "termination-log/"):
        # The largest account counts its own sessions.
        assert read(plan) <= SESSIONS // 4, json.dumps(plan, indent=1)


def test_sessions_of_a_user_are_counted_without_those_of_their_account(viewer):
    """Where rows cost most, as on a site of millions, an account looks like a short way to them."""
    with connection.cursor() as cursor:
        cursor.execute("SET random_page_cost = 100")
        try:
            plans = [plan for sql, plan in plans_of(viewer, "") if "same_user" in sql]
        finally:
            cursor.execute("RESET random_page_cost")
    assert plans
    for plan in plans:
        counted = [node for node in nodes(plan) if node["Node Type"] == "BitmapAnd"]
        assert not counted, json.dumps(counted, indent=1)

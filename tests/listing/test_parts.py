"""What a search finds is the same on every path to it: the newest rows, more of them, an index."""

from __future__ import annotations

import json

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone

from benchmarks import seeding
from sessions_admin import policy
from sessions_admin.flags import FLAGS
from sessions_admin.listing import counting, finding, parts, trigrams, walks
from sessions_admin.listing.counting import Count
from sessions_admin.listing.filters import FilterForm
from sessions_admin.listing.record_filters import RecordFilterForm
from sessions_admin.models import TrackedSession
from sessions_admin.views import sentences
from tests.listing.test_plans import has_trigrams, nodes, plans_of, read
from tests.support.browsing import LIST, Browser
from tests.support.factories import MembershipFactory, UserFactory
from tests.support.seeded import seeded

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite reads them in one way"),
]

SESSIONS = 3000
TEXTS = ("sa_active_search", "sa_ended_search")
OVER = (
    "UPDATE sessions_admin_trackedsession SET ended_at = created_at, sign_in_method = 'password', "
    "end_reason = CASE id % 2 WHEN 0 THEN 'signed_out' ELSE 'idle' END WHERE id % 3 = 0"
)
# People whose names are words of their sessions, too: each is found once.
NAMED = "UPDATE accounts_user SET name = 'Chrome Kim' WHERE id % 30 = 0"
# Last used in any of nine weeks, some of them long ago.
OLD = (
    "UPDATE sessions_admin_trackedsession SET created_at = created_at - interval '100 days', "
    "last_seen_at = created_at - id % 60 * interval '1 day' WHERE id % 7 = 0"
)
# An account that was renamed, or named in another way for some of its people.
RENAMED = (
    "UPDATE sessions_admin_trackedsession SET account_name = 'Formerly Chrome Globex' "
    "WHERE account_id = '1' AND id % 5 = 0"
)
# A word in the names of other accounts, but of none of the largest.
OTHERS = seeding.account_name(3).split()[0].lower()
# The first rows are enough; more of them are; no more are left; the index has to find them; each in
# turn. The last number is that of the rows that are read if no more are left.
PATHS = {
    "near": (2500, (1, 2600), 1),
    "further": (40, (1, 4000), 1),
    "left": (40, (9, 1), 4000),
    "index": (1, (9, 1), 1),
    "all": (60, (2, 900), 90),
}
SEARCHES = [
    "q=chrome",
    "q=kim",
    "q=ana+chrome",
    "q=opera+on+windows+11",
    "q=safari+windows",
    "q=mail.example",
    "q=11",
    "q=203.0.113.7/8",
    "q=203.0.113.7/2",
    "q=web+kim",
    "q=zzqqxx",
    "q=globex",
    "q=globex+chrome+safari+macos+formerly",
    "q=formerly+kim+windows",
    f"q={OTHERS}",
    f"q={OTHERS}+opera",
    "q=globex+chrome&account=1",
    "q=chrome&country=SI",
    "q=son&application=admin",
    "q=kim&application=admin",
    "q=kim+safari&application=web",
    "q=kim+safari&flag=device",
    "q=chrome&application=web&country=SI",
    "q=kim&flag=device",
    "q=kim&flag=country&flag=many&account=1",
    "q=globex&flag=device&application=web",
    "q=zzqqxx&flag=far&flag=idle",
    "q=chrome&flag=idle",
    "q=kim&flag=idle",
    "q=kim+safari&flag=idle&application=web",
    "q=globex&flag=idle&account=1",
    "q=ana&flag=idle&flag=device",
    "q=chrome&flag=nonsense",
    "q=chrome&flag=far&flag=country",
    "flag=far&flag=country&flag=device&flag=many",
    "flag=idle",
    "flag=idle&application=mobile",
    "flag=many&flag=idle&flag=country",
]

# Of the login records alone.
BY_STATUS = [
    "q=kim&status=signed_out",
    "q=kim&status=signed_out&flag=device",
    "q=ana+chrome&status=signed_out",
    "q=globex&status=signed_out",
    "q=chrome&status=signed_out&flag=many",
    "q=kim&method=password",
    "q=kim+safari&status=signed_out",
    "q=globex+chrome&method=password&status=idle",
    "q=ana&status=idle&flag=country",
]


@pytest.fixture(scope="module", autouse=True)
def site(django_db_setup, django_db_blocker):
    with seeded(django_db_blocker, SESSIONS, OLD, OVER, NAMED, RENAMED, "VACUUM ANALYZE"):
        yield


@pytest.fixture(params=PATHS)
def path(request):
    return PATHS[request.param]


@pytest.fixture(autouse=True)
def bounds(path, monkeypatch):
    near, reach, left = path
    for apart in ("", "_APART"):
        monkeypatch.setattr(parts, f"NEAR{apart}", near)
    for kind in ("", "_APART", "_UNINDEXED"):
        monkeypatch.setattr(finding, f"FOR_A_PAGE{kind}", reach)
        monkeypatch.setattr(finding, f"FOR_A_COUNT{kind}", reach)
    monkeypatch.setattr(walks, "LEFT", left)
    monkeypatch.setattr(walks, "SAMPLE", max(near // 10, 1))
    monkeypatch.setattr(counting, "FOUND", 100)
    monkeypatch.setattr(counting, "BEFORE", 100)
    monkeypatch.setattr("sessions_admin.search.PEOPLE_BY_KEY", 40)
    monkeypatch.setattr("sessions_admin.search.SOME_PEOPLE", 10)
    monkeypatch.setattr(trigrams, "has_search", lambda alias: True)


@pytest.fixture(params=["superuser", "admin"])
def user(request):
    """A person who sees all sessions, or those of the largest account."""
    user = UserFactory(is_superuser=request.param == "superuser")
    if request.param == "admin":
        MembershipFactory(user=user, account_id=1, role="admin")
    return user


def pages(viewer, address):
    """Yield the context of each page, from the first to the last, of which the fourth is enough."""
    response = viewer.get(address)
    for _page in range(4):
        yield response.context
        if not response.context["older_url"]:
            break
        response = viewer.get(response.context["older_url"])


def total_on(context, number, before):
    """Return the count that a page says; the last one knows it if those before are counted."""
    return Count.upto(100 if context["older_url"] or before > 100 else number, number)


def form_of(kind, query, user):
    return kind(QueryDict(query), scope=policy.scope_of(user))


def expected(kind, query, user):
    """Return the keys of the rows that one query with all conditions finds, newest first."""
    form = form_of(kind, query, user)
    is_list = kind is FilterForm
    rows = form.narrowed(form.scope.active() if is_list else TrackedSession.objects.all())
    if not (is_list or form.scope.everything):
        rows = rows.filter(Q(pk__in=form.scope.on_record()))
    if status := form.data.get("status"):
        rows = rows.filter(end_reason=status)
    return [str(each) for each in rows.newest_first().values_list("public_id", flat=True)]


@pytest.mark.parametrize("query", SEARCHES)
def test_pages_of_the_list_and_its_counts(user, query):
    viewer = Browser().sign_in(user)
    shown = []
    for number, context in enumerate(pages(viewer, f"{LIST}?{query}")):
        found = expected(FilterForm, query, user)
        rows = [row.public_id for row in context["rows"]]
        total, start = total_on(context, len(found), len(shown)), len(shown)
        assert list(map(str, rows)) == found[start : start + 50]
        shown += rows
        assert context["count_text"] == sentences.count(total, filtered=True)
        before = Count.upto(100, number * 50)
        assert context["range_text"] == sentences.positions(before, len(rows), total)
        form = form_of(FilterForm, query, user)
        among = form.narrowed_but_for_flags(form.scope.active())
        numbers = {flag.id: among.flagged([flag.id]).count() for flag in FLAGS}
        counted = {each["id"]: each["count"] for each in context["flags"]}
        for flag, count in counted.items():
            assert count == sentences.number(Count.upto(100, numbers[flag])), flag
        assert {flag for flag, n in numbers.items() if n} <= set(counted)


@pytest.mark.parametrize("query", [*SEARCHES, *BY_STATUS])
def test_pages_of_login_records(user, query):
    viewer = Browser().sign_in(user)
    shown = []
    for context in pages(viewer, f"{LIST}login-records/?{query}"):
        found = expected(RecordFilterForm, query, user)
        rows = [str(each.row.public_id) for each in context["records"]]
        assert rows == found[len(shown) : len(shown) + 50]
        shown += rows
        total = total_on(context, len(found), len(shown) - len(rows))
        assert context["count_text"] == sentences.records(total, filtered=True)


@pytest.mark.parametrize("query", ["q=chrome", "q=kim", "q=opera+on+windows+11"])
def test_the_page_before_has_the_same_rows_as_on_the_way_there(query):
    viewer = Browser().sign_in(UserFactory(is_superuser=True))
    first, second, *_rest = pages(viewer, f"{LIST}?{query}&sort=oldest")
    back = viewer.get(second["newer_url"]).context
    assert [row.public_id for row in back["rows"]] == [row.public_id for row in first["rows"]]


class TestCountsOfFrequentMatches:
    """A count ends at ENOUGH where as many rows again as it has read are left, at least."""

    ENOUGH = 10

    @pytest.fixture(autouse=True)
    def enough(self, bounds, monkeypatch):
        monkeypatch.setattr(counting, "ENOUGH", self.ENOUGH)

    @pytest.fixture
    def path(self):
        return PATHS["further"]

    def counted(self, kind, user, query):
        """Return the first page, and whether its count ended before what is counted exactly."""
        is_list = kind is FilterForm
        address = LIST if is_list else f"{LIST}login-records/"
        (context, *_others) = pages(Browser().sign_in(user), f"{address}?{query}")
        say = sentences.count if is_list else sentences.records
        number = len(expected(kind, query, user))
        exact, ended = Count.upto(100, number), Count(self.ENOUGH, is_more=True)
        said = context["count_text"]
        assert said in {say(exact, filtered=True), say(ended, filtered=True)}
        is_ended = said == say(ended, filtered=True)
        if is_ended:
            assert number > self.ENOUGH
            assert context["range_text"].endswith("+") or not context["range_text"]
        return context, is_ended

    @pytest.mark.parametrize("query", SEARCHES)
    def test_they_say_no_more_than_there_are(self, user, query):
        context, _is_ended = self.counted(FilterForm, user, query)
        form = form_of(FilterForm, query, user)
        among = form.narrowed_but_for_flags(form.scope.active())
        for each in context["flags"]:
            number = among.flagged([each["id"]]).count()
            assert each["count"] == sentences.number(Count.upto(100, number)), each
        self.counted(RecordFilterForm, user, query)

    @pytest.mark.parametrize("query", ["q=kim", "q=web+kim", "q=ana+chrome", "q=11"])
    def test_rows_that_are_found_in_two_ways_are_not_counted_twice(self, query, monkeypatch):
        superuser = UserFactory(is_superuser=True)
        for kind in (FilterForm, RecordFilterForm):
            number = len(expected(kind, query, superuser))
            assert number > self.ENOUGH
            monkeypatch.setattr(counting, "FOUND", number)
            address = LIST if kind is FilterForm else f"{LIST}login-records/"
            (context, *_others) = pages(Browser().sign_in(superuser), f"{address}?{query}")
            assert str(number) + "+" not in context["count_text"], (kind, number)

    @pytest.mark.parametrize("query", ["q=kim+chrome", "q=kim+chrome&application=web"])
    def test_what_no_index_finds_is_counted_in_steps(self, query, monkeypatch):
        """The people called so are too many for an index, so all rows would be read to count."""
        monkeypatch.setattr(counting, "ENOUGH", 40)
        monkeypatch.setattr(counting, "STEPS", 4)
        monkeypatch.setattr(finding, "ENOUGH_UNINDEXED", 4)
        monkeypatch.setattr(finding, "FOR_A_COUNT_UNINDEXED", (1, 400))
        monkeypatch.setattr("sessions_admin.search.PEOPLE_BY_KEY", 5)
        monkeypatch.setattr("sessions_admin.search.most_people_known", lambda: 5)
        superuser = UserFactory(is_superuser=True)
        for kind, address in ((FilterForm, LIST), (RecordFilterForm, f"{LIST}login-records/")):
            number = len(expected(kind, query, superuser))
            said = next(pages(Browser().sign_in(superuser), f"{address}?{query}"))["count_text"]
            counted, is_more = said.split()[0].rstrip("+"), "+" in said
            assert is_more, said
            assert int(counted) % 4 == 0, said
            assert 4 <= int(counted) < number

    def test_what_another_column_sorts_is_counted_exactly(self):
        superuser = UserFactory(is_superuser=True)
        viewer = Browser().sign_in(superuser)
        for query in ("q=kim&account=1", "q=windows"):
            context = viewer.get(f"{LIST}?{query}&sort=last-active").context
            number = Count.upto(100, len(expected(FilterForm, query, superuser)))
            assert any("too many to sort" in each for each in context["notices"]) is number.is_more
            if not number.is_more:
                assert context["count_text"] == sentences.count(number, filtered=True)

    @pytest.mark.parametrize("kind", [FilterForm, RecordFilterForm])
    def test_they_end_where_matches_are_frequent(self, kind):
        superuser = UserFactory(is_superuser=True)
        assert self.counted(kind, superuser, "q=windows")[1]
        assert not self.counted(kind, superuser, "q=zzqqxx")[1]


class TestSmallAccounts:
    """All rows of an account are looked through if they are few."""

    @pytest.fixture
    def path(self):
        return PATHS["all"]

    @pytest.mark.parametrize("query", SEARCHES)
    def test_pages_and_counts_of_an_account_with_few_sessions(self, query):
        user = UserFactory()
        MembershipFactory(user=user, account_id=seeding.ACCOUNTS, role="admin")
        test_pages_of_the_list_and_its_counts(user, query)
        test_pages_of_login_records(user, query)

    def test_sessions_of_people_in_other_accounts_are_not_looked_up(self):
        user = UserFactory()
        MembershipFactory(user=user, account_id=seeding.ACCOUNTS, role="admin")
        table = TrackedSession._meta.db_table
        for sql, plan in plans_of(Browser().sign_in(user), "?q=kim"):
            used = [
                node
                for node in nodes(plan)
                if node.get("Index Name") in {"sa_active_user", "sa_flagged_user"}
                and node.get("Alias", table).startswith(table)
            ]
            assert not any(node["Actual Loops"] for node in used), f"{sql}\n{used}"


def test_expired_records_of_people_whom_several_words_find(monkeypatch):
    """The keys of each word are set apart, also where one part reads fewer of them than others."""
    monkeypatch.setattr("sessions_admin.lookups.FEW", 3)
    monkeypatch.setattr("sessions_admin.search.PEOPLE_BY_KEY", 22)
    TrackedSession.objects.open().filter(pk__lte=2000).update(expires_at=timezone.now())
    Session.objects.update(expire_date=timezone.now())
    superuser = UserFactory(is_superuser=True)
    for words in ("ana+kim", "kim+ana", "chrome+kim", "kim+chrome"):
        query = f"status=expired&q={words}"
        (context, *_others) = pages(Browser().sign_in(superuser), f"{LIST}login-records/?{query}")
        form = form_of(RecordFilterForm, query.replace("status=expired&", ""), superuser)
        due = TrackedSession.objects.open().filter(expires_at__lte=timezone.now())
        over = TrackedSession.objects.over().filter(end_reason="expired")
        found = {*form.narrowed(due)} | {*form.narrowed(over)}
        rows = {each.row.public_id for each in context["records"]}
        assert rows <= {str(each.public_id) for each in found}, words
        assert len(rows) == min(50, len(found)), words


class TestPlans:
    """What PostgreSQL reads of a site of 3,000 sessions, where NEAR is 60."""

    @pytest.fixture
    def path(self):
        return PATHS["all"]

    @pytest.fixture(autouse=True)
    def trigrams(self, bounds, monkeypatch):
        monkeypatch.setattr(counting, "FOUND", 40)
        monkeypatch.setattr(counting, "FLAGGED", 5)
        if not has_trigrams():
            pytest.skip("needs pg_trgm")
        # Rows that other tests wrote and rolled back, which make an index look expensive.
        with connection.cursor() as cursor:
            for index in trigrams.INDEXES:
                cursor.execute("SELECT gin_clean_pending_list(%s::regclass)", [index])

    def plans(self, viewer, query):
        return [
            plan
            for sql, plan in plans_of(viewer, query)
            if "active_count" in sql or "COUNT(*)" in sql
        ]

    def indexes(self, plan):
        return {node.get("Index Name") for node in nodes(plan) if node["Actual Loops"]}

    @pytest.mark.parametrize("query", ["?q=chrome", "?q=safari+macos"])
    def test_what_is_common_among_the_newest_is_not_looked_up(self, query, monkeypatch):
        """PostgreSQL expects that few rows have two words, though these are always together."""
        # Flags of rare matches have an index of the texts, and on a small site either will do.
        monkeypatch.setattr(walks, "RARE", 10_000)
        # Among 60 rows there may be no Safari on macOS.
        monkeypatch.setattr(parts, "NEAR", 600)
        viewer = Browser().sign_in(UserFactory(is_superuser=True))
        for plan in self.plans(viewer, query):
            assert "sa_active_search" not in self.indexes(plan), json.dumps(plan, indent=1)

    @pytest.mark.parametrize("address", ["", "login-records/"])
    def test_a_burst_of_sign_ins_hides_no_common_word(self, address, monkeypatch):
        """The index would read all rows with the word, which may be a million."""
        monkeypatch.setattr(walks, "RARE", 1)
        monkeypatch.setattr(walks, "SAMPLE", 50)
        since = TrackedSession.objects.open().newest_first()[200].created_at
        burst = TrackedSession.objects.filter(created_at__gt=since)
        burst.update(browser="Lynx")
        superuser = UserFactory(is_superuser=True)
        viewer = Browser().sign_in(superuser)
        for plan in self.plans(viewer, f"{address}?q=safari"):
            assert not self.indexes(plan) & set(TEXTS), json.dumps(plan, indent=1)
        context = viewer.get(f"{LIST}{address}?q=safari").context
        rows = context["rows"] if not address else [each.row for each in context["records"]]
        kind = RecordFilterForm if address else FilterForm
        assert [str(row.public_id) for row in rows] == expected(kind, "q=safari", superuser)[:50]

    @pytest.mark.parametrize("address", ["?q=zzqqxx", "login-records/?q=zzqqxx"])
    def test_no_index_is_asked_where_few_rows_are_left(self, address, monkeypatch):
        monkeypatch.setattr(walks, "LEFT", 4000)
        viewer = Browser().sign_in(UserFactory(is_superuser=True))
        for plan in self.plans(viewer, address):
            assert not self.indexes(plan) & set(TEXTS), json.dumps(plan, indent=1)

    @pytest.mark.parametrize(
        ("column", "parameter", "others", "asked"),
        [
            ("application", "application", "web", "mobile"),
            ("country_code", "country", "SI", "DE"),
            ("sign_in_method", "method", "sso", "password"),
        ],
    )
    def test_beside_a_filter_the_index_finds_no_other_rows(
        self, column, parameter, others, asked, monkeypatch
    ):
        monkeypatch.setattr(parts, "NEAR_APART", 5)
        monkeypatch.setattr(walks, "LEFT", 1)
        if column == "sign_in_method":
            TrackedSession.objects.update(sign_in_method=asked)
            TrackedSession.objects.filter(pk__lte=1500).update(sign_in_method=others)
        # An index keeps what was rolled back, so each test has a word of its own.
        word = f"{parameter}lynx"
        TrackedSession.objects.filter(**{column: others}).update(browser=word)
        viewer = Browser().sign_in(UserFactory(is_superuser=True))
        addresses = [f"login-records/?q={word}&{parameter}={asked}"]
        if parameter in ("application", "country"):
            addresses.append(f"?q={word}&{parameter}={asked}")
        for address in addresses:
            plans = self.plans(viewer, address)
            used = [n for plan in plans for n in nodes(plan) if n.get("Index Name") in TEXTS]
            read = [node["Actual Rows"] for node in used if node["Actual Loops"]]
            assert read, json.dumps(plans, indent=1)
            assert not any(read), json.dumps(used, indent=1)

    @pytest.mark.parametrize("address", ["?q=chrome", "login-records/?q=chrome"])
    def test_a_search_is_neither_compiled_nor_run_by_several_processes(self, address):
        viewer, how = Browser().sign_in(UserFactory(is_superuser=True)), []
        asked = "SELECT current_setting('jit'), current_setting('max_parallel_workers_per_gather')"

        def watched(execute, sql, *statement):
            if "near_until" in sql:
                how.append(connection.connection.execute(asked))
            return execute(sql, *statement)

        with connection.execute_wrapper(watched):
            assert viewer.get(LIST + address).status_code == 200
        assert len(how) == 2
        assert {each.fetchone() for each in how} == {("off", "0")}

    @pytest.mark.parametrize("query", ["?q=safari+windows", "?q=zzqqxx"])
    def test_what_is_not_among_the_newest_is_looked_up_in_the_index_of_texts(self, query):
        viewer = Browser().sign_in(UserFactory(is_superuser=True))
        for plan in self.plans(viewer, query):
            assert "sa_active_search" in self.indexes(plan), json.dumps(plan, indent=1)
            assert read(plan) <= 200, json.dumps(plan, indent=1)

    def test_users_of_the_few_that_the_index_finds_are_looked_up(self):
        """PostgreSQL expects more, and would read all users, of whom there may be a million."""
        oldest = TrackedSession.objects.open().order_by("created_at").first()
        viewer = Browser().sign_in(UserFactory(is_superuser=True))
        for plan in self.plans(viewer, f"?q={oldest.ip_address}"):
            read = [n for n in nodes(plan) if n.get("Relation Name") == "accounts_user"]
            rows = sum(node["Actual Rows"] * node["Actual Loops"] for node in read)
            assert rows <= 50, json.dumps(plan, indent=1)

    @pytest.mark.parametrize("query", ["?q=kim", "?q=kim+chrome", "login-records/?q=kim"])
    def test_keys_of_many_people_are_in_a_statement_once(self, query, monkeypatch):
        monkeypatch.setattr("sessions_admin.lookups.FEW", 3)
        monkeypatch.setattr("sessions_admin.search.SOME_PEOPLE", 200)
        found = []

        def remember(execute, sql, params, many, context):
            found.append([each for each in params or () if str(each).startswith("{")])
            return execute(sql, params, many, context)

        viewer = Browser().sign_in(UserFactory(is_superuser=True))
        with connection.execute_wrapper(remember):
            assert viewer.get(LIST + query).status_code == 200
        shared = [keys for keys in found if any(key.count(",") > 3 for key in keys)]
        assert shared
        assert all(len(keys) == len(set(keys)) for keys in shared)

    @pytest.mark.parametrize("address", ["?q=chrome", "login-records/?q=chrome"])
    def test_a_count_asks_no_index_where_all_rows_were_looked_through(self, address, monkeypatch):
        monkeypatch.setattr(parts, "NEAR_APART", 20)
        monkeypatch.setattr(finding, "FOR_A_COUNT_APART", (1, 4000))
        monkeypatch.setattr(finding, "FOR_A_PAGE_APART", (1, 4000))
        viewer = Browser().sign_in(UserFactory(is_superuser=True))
        for plan in self.plans(viewer, f"{address}&application=mobile"):
            if "Result" in plan["Node Type"] or "Limit" in plan["Node Type"]:
                used = self.indexes(plan)
                assert not used & set(TEXTS), json.dumps(plan, indent=1)

    @pytest.mark.parametrize("address", ["", "login-records/"])
    def test_in_an_account_the_index_finds_no_rows_of_others(self, address):
        """The names of other accounts are in the texts of their rows."""
        user = UserFactory()
        MembershipFactory(user=user, account_id=1, role="admin")
        plans = self.plans(Browser().sign_in(user), f"{address}?q={OTHERS}")
        used = [n for plan in plans for n in nodes(plan) if n.get("Index Name") in TEXTS]
        read = [node["Actual Rows"] for node in used if node["Actual Loops"]]
        assert read, json.dumps(plans, indent=1)
        assert not any(read), json.dumps(used, indent=1)

    def test_the_index_is_only_asked_for_names_that_the_accounts_of_records_had(self):
        """The names of others may be in a million rows, which it would all compare."""
        user = UserFactory()
        MembershipFactory(user=user, account_id=1, role="admin")
        viewer, query = Browser().sign_in(user), f"login-records/?q={OTHERS}"

        def asked():
            scans = [n for plan in self.plans(viewer, query) for n in nodes(plan)]
            named = [n for n in scans if n.get("CTE Name", "").startswith("shared_")]
            return max(n["Actual Rows"] for n in named if n["Actual Loops"])

        assert asked() == 0
        row = TrackedSession.objects.over().filter(account_id="1").order_by("created_at").first()
        TrackedSession.objects.filter(pk=row.pk).update(account_name=f"Once {OTHERS.title()}")
        assert asked() == 1
        (found,) = viewer.get(LIST + query).context["records"]
        assert found.row.public_id == str(row.public_id)

    @pytest.mark.parametrize("query", ["?q=linnov", "?q=203.0.113.7/5"])
    def test_flags_of_rare_matches_are_found_among_the_flagged(self, query, monkeypatch):
        monkeypatch.setattr(counting, "FOUND", 3)
        monkeypatch.setattr(finding, "FOR_A_COUNT", (60, 60))
        viewer = Browser().sign_in(UserFactory(is_superuser=True))
        counts = [plan for plan in self.plans(viewer, query) if "Result" in plan["Node Type"]]
        assert counts
        for plan in counts:
            used = self.indexes(plan)
            assert used & {"sa_flagged_search", "sa_flagged_user"}, json.dumps(plan, indent=1)
            assert not used & {"sa_is_far", "sa_is_new_country", "sa_is_new_kind"}, used

    def test_ended_records_are_read_no_further_than_the_page_reaches(self, monkeypatch):
        """Two in three records are open, so a page reaches as far as half as many ended ones."""
        monkeypatch.setattr(finding, "FOR_A_PAGE", (1, 4000))
        viewer = Browser().sign_in(UserFactory(is_superuser=True))
        (page, *_counts) = self.plans(viewer, "login-records/?q=opera")
        read = dict.fromkeys(("sa_active_newest", "sa_ended_newest"), 0)
        for node in nodes(page):
            if node["Node Type"] == "Index Scan" and node["Index Name"] in read:
                passed = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
                read[node["Index Name"]] += passed * node["Actual Loops"]
        assert 0 < read["sa_ended_newest"] <= 0.6 * read["sa_active_newest"], read

    def test_the_index_of_ended_ones_is_not_asked_where_open_ones_are_enough(self, monkeypatch):
        """As many ended ones as a page of open ones reaches are looked through instead."""
        monkeypatch.setattr(parts, "NEAR", 1000)
        monkeypatch.setattr(finding, "FOR_A_PAGE", (1000, 1))
        viewer = Browser().sign_in(UserFactory(is_superuser=True))
        (page, *_counts) = self.plans(viewer, "login-records/?q=opera")
        assert set(TEXTS) & self.indexes(page) == {"sa_active_search"}, json.dumps(page, indent=1)

    def test_several_flags_are_read_from_an_index_each(self):
        viewer = Browser().sign_in(UserFactory(is_superuser=True))
        for plan in self.plans(viewer, "?flag=far&flag=country&flag=device&flag=many"):
            flags = {"sa_is_far", "sa_is_new_country", "sa_is_new_kind"}
            assert flags <= self.indexes(plan), json.dumps(plan, indent=1)
            kinds = {node["Node Type"] for node in nodes(plan)}
            assert "BitmapOr" not in kinds, json.dumps(plan, indent=1)
            assert read(plan) <= 400, json.dumps(plan, indent=1)

"""What PostgreSQL reads to search and filter the login records: by an index, and no further than
the page and the bounds of its counts need.
"""

from __future__ import annotations

import json

import pytest
from django.db import connection

from benchmarks import seeding
from sessions_admin.models import TrackedSession
from tests.listing.test_plans import LISTED, bounds, has_trigrams, nodes, plans_of, read
from tests.listing.test_record_plans import site
from tests.support.browsing import Browser
from tests.support.factories import MembershipFactory, UserFactory

__all__ = ["bounds", "site"]

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="asks PostgreSQL"),
]


@pytest.fixture(params=["superuser", "admin"])
def viewer(request):
    """The browser of a person who sees all records, or those of the largest account."""
    user = UserFactory(is_superuser=request.param == "superuser")
    if request.param == "admin":
        MembershipFactory(user=user, account_id=1, role="admin")
    return Browser().sign_in(user)


def statements(viewer, query):
    """Return the plans of the statement that reads the page and of the one that counts."""
    plans = dict(plans_of(viewer, f"login-records/{query}"))
    (page,) = [plan for sql, plan in plans.items() if "active_count" in sql]
    (count,) = [
        plan for sql, plan in plans.items() if "COUNT(*)" in sql and "active_count" not in sql
    ]
    return page, count


def indexes(plan):
    return {
        (node["Node Type"], node.get("Index Name")) for node in nodes(plan) if node["Actual Loops"]
    }


class TestAName:
    @pytest.mark.parametrize("others", ["", "&application=web", "&country=SI", "&within=7d"])
    def test_records_of_its_people_are_found_in_their_index_without_reading_them(
        self, viewer, others, monkeypatch
    ):
        # The name may be that of many.
        for kind in ("", "_APART", "_UNINDEXED"):
            monkeypatch.setattr(f"sessions_admin.listing.finding.FOR_A_PAGE{kind}", (1000, 1))
        name = TrackedSession.objects.filter(account_id="1").first().user.name.split()[1]
        page, _count = statements(viewer, f"?q={name}{others}")
        assert ("Index Only Scan", "sa_history") in indexes(page), json.dumps(page, indent=1)

    def test_of_many_people_beside_a_filter_its_index_is_read(self, monkeypatch):
        """Their own index would read all of their records."""
        if not has_trigrams():
            pytest.skip("needs pg_trgm")
        monkeypatch.setattr("sessions_admin.search.PEOPLE_BY_KEY", 20)
        monkeypatch.setattr("sessions_admin.search.SOME_PEOPLE", 10)
        viewer = Browser().sign_in(UserFactory(is_superuser=True))
        _page, count = statements(viewer, "?q=kim&country=SI")
        used = indexes(count)
        assert ("Index Only Scan", "sa_active_country") in used, json.dumps(count, indent=1)
        assert "sa_history" not in {name for _kind, name in used}

    def test_count_of_one_that_many_have_ends_at_its_bound(self, viewer, monkeypatch):
        """To find a hundred rows of one person in twenty, it would walk thousands."""
        if not has_trigrams():
            pytest.skip("needs pg_trgm")
        for bound in ("PEOPLE_BY_KEY", "SOME_PEOPLE"):
            monkeypatch.setattr(f"sessions_admin.search.{bound}", 120)
        _page, count = statements(viewer, "?q=kim")
        assert read(count) <= seeding.SESSIONS_EACH * 125, json.dumps(count, indent=1)


def test_several_flags_are_read_from_an_index_each(viewer):
    page, _count = statements(viewer, "?flag=far&flag=country&flag=device&flag=many")
    used = {name for _kind, name in indexes(page)}
    assert used >= {"sa_ended_is_far", "sa_ended_is_new_country", "sa_ended_is_new_kind"}
    assert read(page) <= 750, json.dumps(page, indent=1)


def test_of_the_open_records_only_the_oldest_are_looked_through_for_expired_ones(viewer):
    page, count = statements(viewer, "?status=expired")
    for plan in (page, count):
        assert read(plan) <= 10 * LISTED, json.dumps(plan, indent=1)


def test_the_few_who_sign_in_with_a_password_are_found_by_an_index():
    TrackedSession.objects.update(sign_in_method="sso")
    few = TrackedSession.objects.filter(pk__in=TrackedSession.objects.open().values("pk")[:5])
    few.update(sign_in_method="password")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE sessions_admin_trackedsession")
    viewer = Browser().sign_in(UserFactory(is_superuser=True))
    for plan in statements(viewer, "?method=password"):
        assert read(plan) <= 500, json.dumps(plan, indent=1)

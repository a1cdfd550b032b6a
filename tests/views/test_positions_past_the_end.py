"""A position at which nothing is left shows the nearest page: bookmarks outlive rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from sessions_admin import engines
from sessions_admin.listing.pagination import Cursor
from sessions_admin.models import Export, Termination, TrackedSession
from tests.support.browsing import LIST, Browser, row, text
from tests.support.factories import person
from tests.views.test_login_records import ended

pytestmark = pytest.mark.django_db

RECORDS = LIST + "login-records/"
LOG = LIST + "termination-log/"
EXPORTS = LOG + "exports/"
ENTRY = "entry"
OWN = reverse("sessions_admin:own")
# Older and newer than anything.
OLDEST = "MDAwMS0wMS0wMVQwMDowMDowMCswMDowMCwx"
NEWEST = Cursor(datetime(9999, 12, 30, tzinfo=UTC), 1)
# What pages without rows say.
NOTHING = (
    *("No one is signed in", "No sign-ins", "No sessions match", "No entries", "No exports yet"),
    *("No session records", " 0 sign-ins", " 0 matching", " 0 entries", " 0 active"),
)
PAGES = {
    LIST: ["", "?q=ada&country=", "?sort=oldest", "?sort=last-active"],
    RECORDS: [
        "",
        *("?status=active", "?status=signed_out", "?status=expired", "?status=terminated"),
        *(
            "?q=mia",
            "?within=24h",
            "?account={account}",
            "?application=web&q=mia&status=signed_out",
        ),
    ],
    LOG: ["", "?admin=ada", "?result=nothing"],
    ENTRY: [""],
    EXPORTS: [""],
    OWN: [""],
}


@pytest.fixture
def many(acme, admin, settings):
    """Seven of everything at least, three on a page."""
    settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"PAGE_SIZE": 3}
    ada, mia = row(admin).user, person(acme, "Mia Member")
    how = {"actor": ada, "actor_label": "Ada Admin", "account_ids": [str(acme.pk)]}
    for number in range(7):
        Browser(ip=f"10.0.0.{number}").sign_in(ada)
        # The sweep has not recorded yet that this one has expired.
        open_one = ended(mia, "", days=number, ended_at=None)
        soon = timezone.now() - timedelta(hours=1)
        TrackedSession.objects.filter(pk=open_one.pk).update(expires_at=soon)
        entry = Termination.objects.create(**how, scope="Terminated")
        for reason in ("signed_out", "expired"):
            ended(mia, reason)
        Export.objects.create(actor=ada, actor_label="Ada", page="log", format="csv")
    for _number in range(7):
        ended(mia, "terminated", termination=entry)
    return entry


def address(page, many, acme):
    return f"{LOG}{many.public_id}/" if page == ENTRY else page.format(account=acme.pk)


def shown(answer):
    """Return the keys of the rows of a page."""
    context = answer.context
    if "records" in context:
        return [each.row.public_id for each in context["records"]]
    if "entries" in context:
        return [each.termination.pk for each in context["entries"]]
    if "rows" not in context:
        return [each.export.pk for each in context["exports"]]
    rows = [each for each in context["rows"] if not getattr(each, "current", None)]
    if rows and isinstance(rows[0], dict):
        return [str(each["session"].public_id) for each in rows if not each.get("is_current")]
    return [each.public_id for each in context["rows"]]


@pytest.mark.parametrize(
    ("page", "query"), [(page, query) for page, queries in PAGES.items() for query in queries]
)
class TestNothingIsLeftThere:
    def test_the_page_that_ends_there_is_shown(self, admin, acme, many, settings, page, query):
        query, page = query.format(account=acme.pk), address(page, many, acme)
        joined = f"{query}&" if query else "?"
        limited = settings.SESSIONS_ADMIN
        settings.SESSIONS_ADMIN = limited | {"PAGE_SIZE": 100}
        everything = shown(admin.get(page + query))
        assert len(everything) >= 7
        settings.SESSIONS_ADMIN = limited
        beyond = NEWEST if query == "?sort=oldest" else OLDEST
        answer = admin.get(f"{page}{joined}after={beyond}")
        assert shown(answer) == everything[-3:]
        assert answer.context["newer_url"]
        assert answer.context["older_url"] is None
        assert "That page is gone" not in text(answer)
        assert not [words for words in NOTHING if words in text(answer)]

    def test_before_the_first_it_is_the_first(self, admin, acme, many, page, query):
        query, page = query.format(account=acme.pk), address(page, many, acme)
        joined = f"{query}&" if query else "?"
        first = admin.get(page + query)
        before = OLDEST if query == "?sort=oldest" else NEWEST
        answer = admin.get(f"{page}{joined}before={before}")
        assert shown(answer) == shown(first)
        assert answer.context["newer_url"] is None
        assert answer.context["older_url"] == first.context["older_url"]
        assert not [words for words in NOTHING if words in text(answer)]


def test_a_bookmark_whose_records_have_been_removed(admin, many):
    answer = admin.get(RECORDS)
    while older := answer.context["older_url"]:
        bookmark, answer = older, admin.get(older)
    TrackedSession.objects.filter(public_id__in=shown(answer)).delete()
    total = TrackedSession.objects.count()
    answer = admin.get(bookmark)
    assert len(shown(answer)) == 3
    assert f"{total} sign-ins on record" in text(answer)
    assert f"{total - 2}\N{EN DASH}{total} of {total}" in text(answer)
    TrackedSession.objects.filter(ended_at__isnull=False).delete()
    assert "sign-ins on record" in text(admin.get(bookmark))
    assert shown(admin.get(bookmark))


def test_where_there_is_nothing_at_all_the_page_says_so(admin):
    for page, said in ((LOG, "No entries yet"), (EXPORTS, "No exports yet")):
        for position in ("after", "before"):
            assert said in text(admin.get(f"{page}?{position}={OLDEST}"))
    assert "No sign-ins match" in text(admin.get(f"{RECORDS}?q=nobody&after={OLDEST}"))


def test_while_the_store_is_away_too(admin, many, monkeypatch):
    def away(keys):
        raise OSError("away")

    monkeypatch.setattr(engines.current(), "load_many", away, raising=False)
    answer = admin.get(f"{RECORDS}?status=signed_out&after={OLDEST}")
    assert len(shown(answer)) == 3


@pytest.mark.parametrize("page", [RECORDS, RECORDS + "?status=signed_out", LOG, EXPORTS])
def test_a_page_that_is_there_costs_no_more(admin, many, page):
    def statements(address):
        with CaptureQueriesContext(connection) as captured:
            answer = admin.get(address)
        return answer, len(captured)

    first, usual = statements(page)
    older = first.context["older_url"]
    second, further = statements(older if older.startswith("/") else page + older)
    assert shown(second) != shown(first)
    assert further <= usual


def test_records_after_many_that_do_not_fit_are_reached(admin, acme, monkeypatch, settings):
    """Far more open records than are read in one go, of sessions that are gone from the store."""
    settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"PAGE_SIZE": 3}
    monkeypatch.setattr("sessions_admin.listing.pagination.ROUNDS", 1)
    mia = person(acme, "Mia Member")
    keys = [row(Browser().sign_in(mia)).session_key for _ in range(4)]
    engines.current().delete_many(keys)
    answer = admin.get(f"{RECORDS}?status=active")
    assert "No sign-ins match" not in text(answer)
    assert 'rel="next"' in answer.content.decode()
    assert len(shown(admin.get(answer.context["older_url"]))) == 1

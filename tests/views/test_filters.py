"""Search, filters and paging of the list."""

from __future__ import annotations

from datetime import UTC, datetime
from html import unescape

import pytest
from django.utils import timezone

from sessions_admin import engines
from sessions_admin.listing.pagination import Cursor
from sessions_admin.models import TrackedSession
from tests.support.browsing import (
    IPHONE,
    LIST,
    TERMINATE_ALL,
    WINDOWS,
    Browser,
    listed,
    row,
    terminate_url,
    text,
)
from tests.support.factories import UserFactory, person

pytestmark = pytest.mark.django_db
NEWEST = str(Cursor(datetime(2099, 1, 1, tzinfo=UTC), 1))
BROKEN_CURSORS = [
    "x",
    "%00",
    "MjAyNi0wMS0wMSwx",
    "bm90IGEgY3Vyc29y",
    "é" * 50,
    "MDAwMS0wMS0wMVQwMDowMDowMCsyMzo1OSw1",
    "OTk5OS0xMi0zMVQyMzo1OTo1OS0yMzo1OSw1",
]


class TestSearchAndFilters:
    @pytest.fixture
    def olga(self, acme, globex):
        """A superuser, with four people signed in: two in each account."""
        for account, name, agent, entrance, ip in (
            (acme, "Ana Novak", WINDOWS, "/accounts/login/", "10.1.1.1"),
            (acme, "Bo Berg", IPHONE, "/account-management/login/", "10.1.1.2"),
            (globex, "Cem Demir", WINDOWS, "/accounts/login/", "2001:db8::c"),
            (globex, "Dana Doe", IPHONE, "/account-management/login/", "192.168.7.7"),
        ):
            Browser(agent, ip=ip).sign_in(person(account, name), entrance)
        TrackedSession.objects.filter(user__name="Cem Demir").update(
            city="Ljubljana", country="Slovenia", country_code="SI"
        )
        return Browser().sign_in(UserFactory(is_superuser=True, name="Olga Operator"))

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("q=novak", "Ana"),
            ("q=NOVAK+ana", "Ana"),
            ("q=dana+globex", "Dana"),
            ("q=acme", "Ana Bo"),
            ("q=ljubl", "Cem"),
            ("q=slovenia", "Cem"),
            ("q=2001:db8", "Cem"),
            ("q=192.168", "Dana Olga"),
            ("q=safari", "Bo Dana"),
            ("q=iphone", "Bo Dana"),
            ("q=account+management", "Bo Dana"),
            ("q=%25", ""),
            ("application=management", "Bo Dana"),
            ("application=mobile", ""),
            ("account={acme}", "Ana Bo"),
            ("account={acme}&application=web", "Ana"),
            ("account={globex}&application=management&q=dan", "Dana"),
            ("user={ana}", "Ana"),
            ("user={ana}&account={globex}", ""),
        ],
    )
    def test_finds(self, olga, acme, globex, query, names):
        ana = TrackedSession.objects.get(user__name="Ana Novak").user_id
        answer = olga.get(f"{LIST}?{query.format(acme=acme.pk, globex=globex.pk, ana=ana)}")
        people = {str(s.public_id): s.user_name.split()[0] for s in TrackedSession.objects.all()}
        shown = {people[entry.public_id] for entry in answer.context["rows"]}
        assert shown == set(names.split())
        if not names:
            assert "No sessions match your search" in text(answer)

    def test_search_by_email(self, olga):
        ana = TrackedSession.objects.get(user__name="Ana Novak")
        assert listed(olga, f"?q={ana.user.email}") == [str(ana.public_id)]

    @pytest.mark.parametrize(
        ("query", "sentence"),
        [
            ("account=99999", "No account with active sessions matches “99999”"),
            ("account=%00%27", "No account with active sessions matches “'”"),
            ("user=99999", "This user has no active sessions"),
            ("user=abc", "This user has no active sessions"),
            ("user=1%00", "This user has no active sessions"),
            ("user=" + "9" * 30, "This user has no active sessions"),
            ("application=nonsense", "That application doesn't exist"),
            ("ip=bogus", "“bogus” is not an IP address or network"),
            ("ip=203.0.113.0/99", "“203.0.113.0/99” is not an IP address or network"),
            ("ip=%00", "is not an IP address or network"),
            ("q=%00", "limited to 8 words"),
            ("q=a+a+a+a+a+a+a+a+zzz", "limited to 8 words"),
            ("q=" + "a" * 201, "limited to 8 words"),
        ],
    )
    def test_unknown_value_finds_nothing_and_says_so(self, olga, query, sentence):
        answer = olga.get(f"{LIST}?{query}")
        assert answer.status_code == 200
        assert sentence in text(answer)
        assert listed(olga, f"?{query}") == []
        olga.post(f"{TERMINATE_ALL}?{query}")
        assert TrackedSession.objects.active().count() == 5

    @pytest.mark.parametrize("page", ["", "login-records/"])
    def test_an_address_in_the_url_is_a_word_of_the_search(self, olga, page):
        answer = olga.get(f"{LIST}{page}?ip=203.0.113.7&application=web&q=novak")
        assert answer["Location"] == f"{LIST}{page}?application=web&q=novak+203.0.113.7"
        assert olga.get(answer["Location"]).status_code == 200
        olga.post(f"{TERMINATE_ALL}?ip=192.0.2.0/24")
        assert TrackedSession.objects.active().count() == 5

    def test_filter_by_a_foreign_account_is_unknown(self, acme, globex, admin):
        Browser().sign_in(person(globex, "Gus Globex"))
        answer = admin.get(f"{LIST}?account={globex.pk}")
        assert "You don't administer that account" in text(answer)
        assert listed(admin, f"?account={globex.pk}") == []

    def test_survive_terminating(self, olga):
        query = "?q=novak&application=web"
        session = TrackedSession.objects.get(user__name="Ana Novak")
        assert f"{terminate_url(session)}?q=novak&amp;application=web" in (
            olga.get(LIST + query).content.decode()
        )
        answer = olga.post(terminate_url(session) + query)
        assert answer["Location"] == LIST + query


class TestPaging:
    @pytest.fixture
    def many(self, acme, admin, settings):
        settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"PAGE_SIZE": 3}
        member = person(acme, "Mia Member")
        browsers = [Browser().sign_in(member) for _ in range(7)]
        return [str(row(b).public_id) for b in [admin, *browsers]][::-1]

    def walk(self, admin, answer, link):
        pages = []
        while url := answer.context[link]:
            answer = admin.get(url)
            pages.append([e.public_id for e in answer.context["rows"]])
        return pages, answer

    def test_walks_to_the_end_and_back(self, admin, many):
        first = admin.get(LIST + "?application=web")
        older, last = self.walk(admin, first, "older_url")
        assert older == [many[3:6], many[6:]]
        newer, _ = self.walk(admin, last, "newer_url")
        assert newer == [many[3:6], many[:3]]
        assert "application=web" in first.context["older_url"]
        assert "8 matching sessions" in text(first)

    def test_equal_times_lose_nobody(self, admin, many):
        TrackedSession.objects.update(created_at=timezone.now())
        first = admin.get(LIST)
        pages, _ = self.walk(admin, first, "older_url")
        pages.append([e.public_id for e in first.context["rows"]])
        shown = [row for page in pages for row in page]
        assert sorted(shown) == sorted(many)
        assert len(shown) == len(set(shown))

    def test_page_is_filled_up_past_sessions_that_are_gone(self, admin, many):
        keys = TrackedSession.objects.filter(public_id__in=many[:4])
        engines.current().delete_many([r.session_key for r in keys])
        assert listed(admin) == many[4:7]

    def test_however_many_are_gone_in_a_row_those_after_them_are_reached(
        self, admin, many, monkeypatch
    ):
        monkeypatch.setattr("sessions_admin.listing.pagination.ROUNDS", 1)
        keys = TrackedSession.objects.filter(public_id__in=many[:4])
        engines.current().delete_many([r.session_key for r in keys])
        first = admin.get(LIST)
        assert "No one is signed in" not in text(first)
        assert first.context["older_url"] in unescape(first.content.decode())
        pages, _ = self.walk(admin, first, "older_url")
        assert pages == [many[4:7], many[7:]]

    def test_page_whose_last_rows_have_ended_shows_the_nearest(self, admin, many):
        older, last = self.walk(admin, admin.get(LIST), "older_url")
        cursor = "?after=" + last.wsgi_request.GET["after"]
        TrackedSession.objects.filter(public_id__in=older[-1]).delete()
        assert listed(admin, cursor) == many[3:6]
        assert "6 active sessions" in text(admin.get(LIST + cursor))
        TrackedSession.objects.exclude(public_id=many[0]).delete()
        for empty in (cursor, f"?before={NEWEST}"):
            assert listed(admin, empty) == many[:1]

    @pytest.mark.parametrize("cursor", BROKEN_CURSORS)
    def test_broken_cursor_shows_the_newest_and_says_so(self, admin, many, cursor):
        for name in ("after", "before"):
            answer = admin.get(f"{LIST}?{name}={cursor}")
            assert answer.status_code == 200
            assert "That page is gone" in text(answer)
            assert [e.public_id for e in answer.context["rows"]] == many[:3]

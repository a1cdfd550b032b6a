"""The page over HTTP: who gets it, what it shows, what its two actions do."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.contrib.messages import get_messages
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account, Membership
from sessions_admin import engines
from sessions_admin.listing.pagination import Cursor
from sessions_admin.models import Termination, TrackedSession

from .browsing import IPHONE, LIST, WINDOWS, Browser, listed
from .factories import AccountFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db

TERMINATE_ALL = LIST + "terminate-all/"
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


@pytest.fixture
def acme():
    return AccountFactory(name="Acme")


@pytest.fixture
def globex():
    return AccountFactory(name="Globex")


def person(account, name, role="member"):
    return MembershipFactory(user__name=name, account=account, role=role).user


@pytest.fixture
def admin(acme):
    """The browser of Acme's admin, signed in."""
    return Browser(ip="10.0.0.1").sign_in(person(acme, "Ada Admin", "admin"))


@pytest.fixture
def mia(acme):
    """The browser of a member of Acme, signed in on an iPhone."""
    return Browser(IPHONE, ip="2001:db8::5").sign_in(person(acme, "Mia Member"))


def row(browser):
    return TrackedSession.objects.get(session_key=browser.key)


def terminate_url(session):
    return f"{LIST}{session.public_id}/terminate/"


def text(answer):
    """The page as one reads it: without tags, entities and line breaks."""
    body = re.sub(r"<(svg|style|script|head).*?</\1>", " ", answer.content.decode(), flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def said(answer):
    return [str(message) for message in get_messages(answer.wsgi_request)]


class TestWhoGetsIt:
    def test_admin_of_an_account(self, admin, mia):
        assert admin.get(LIST).status_code == 200

    def test_owner(self, acme, mia):
        owner = Browser().sign_in(person(acme, "Olga Owner", "owner"))
        assert str(row(mia).public_id) in listed(owner)

    def test_superuser_sees_every_account_whatever_its_plan(self, mia):
        locked = AccountFactory(plan=Account.Plan.STARTER)
        other = Browser().sign_in(person(locked, "Otto Other"))
        olga = Browser().sign_in(UserFactory(is_superuser=True))

        assert set(listed(olga)) >= {str(row(mia).public_id), str(row(other).public_id)}

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_member_is_refused(self, mia, admin, method):
        for address in (LIST, terminate_url(row(admin)), TERMINATE_ALL):
            if method == "get" or address != LIST:
                assert getattr(mia, method)(address).status_code == 403
        assert admin.is_signed_in()

    def test_signed_out_people_sign_in_and_come_back(self, acme):
        answer = Browser().get(LIST + "?q=ana&application=web")
        assert answer.status_code == 302
        assert answer["Location"] == (
            "/accounts/login/?next=/account-management/advanced-security/"
            "active-user-sessions/%3Fq%3Dana%26application%3Dweb"
        )

    def test_demoted_admin_is_refused_at_once(self, admin):
        Membership.objects.update(role="member")
        assert admin.get(LIST).status_code == 403

    def test_other_methods_are_not_allowed(self, admin, mia):
        for address in (LIST, terminate_url(row(mia)), TERMINATE_ALL):
            for method in ("put", "delete", "patch"):
                assert getattr(admin, method)(address).status_code == 405
        assert admin.post(LIST).status_code == 405

    def test_answers_are_never_cached(self, admin):
        assert "no-store" in admin.get(LIST)["Cache-Control"]


class TestPlans:
    @pytest.mark.parametrize("plan", ["starter", "professional", "growth"])
    def test_locked_without_the_addon(self, acme, admin, mia, plan):
        Account.objects.update(plan=plan)
        answer = admin.get(LIST)

        assert answer.status_code == 200
        assert "Mia" not in text(answer)
        assert "Advanced security" in text(answer)
        assert "Acme" in text(answer)
        for address in (terminate_url(row(mia)), TERMINATE_ALL):
            assert admin.post(address).status_code == 403
        assert mia.is_signed_in()

        Account.objects.update(advanced_security_addon=True)
        assert str(row(mia).public_id) in listed(admin)

    def test_only_accounts_that_have_it_are_listed(self, acme, globex, admin, mia):
        globex.plan = "starter"
        globex.save()
        Membership.objects.create(user=row(admin).user, account=globex, role="owner")
        other = Browser().sign_in(person(globex, "Gus Globex"))

        page = admin.get(LIST)
        assert "Gus" not in text(page)
        assert admin.post(terminate_url(row(other))).status_code == 404
        admin.post(TERMINATE_ALL, {"keep_current": "on"})
        assert other.is_signed_in()
        assert not mia.is_signed_in()


class TestTheList:
    def test_shows_every_column(self, admin, mia):
        answer = admin.get(LIST)
        headings = re.findall(r"<th[^>]*>(.*?)</th>", answer.content.decode(), re.S)
        assert [re.sub(r"<[^>]+>", "", h).strip() for h in headings] == [
            "User",
            "Account",
            "Application",
            "IP (Location)",
            "Device (Browser)",
            "Created On",
            "Last active",
            "Actions",
        ]
        shown = text(answer)
        for fact in ("Mia Member", "Acme", "Web app", "2001:db8::5", "iPhone", "Safari 17"):
            assert fact in shown
        assert "2 active sessions" in shown

    def test_sessions_that_look_alike_are_told_apart_by_name(self, admin, mia):
        twice = person(Account.objects.get(), "Ida Itwice")
        for hours in (1, 2):
            Browser().sign_in(twice)
            newest = TrackedSession.objects.latest("created_at")
            newest.created_at -= timedelta(hours=hours)
            newest.save()
        html = " ".join(admin.get(LIST).content.decode().split())
        for words in ("Tick the", "Details of the", '<span class="sa-hidden"> the'):
            names = re.findall(words + r" session of ([^<\"]+)", html)
            assert len(names) == len(set(names)) == 4
            # One that is alone is called by name, device and place.
            assert sum("UTC" in name for name in names) == 2

    def test_newest_first_with_ones_own_marked(self, admin, mia):
        assert listed(admin) == [str(row(mia).public_id), str(row(admin).public_id)]
        assert text(admin.get(LIST)).count("This session") == 1

    def test_never_shows_a_session_key(self, admin, mia):
        for address in (LIST, terminate_url(row(mia)), TERMINATE_ALL):
            body = admin.get(address).content.decode()
            assert mia.key not in body
            assert admin.key not in body

    def test_past_sessions_are_not_there(self, admin, mia):
        gone = str(row(mia).public_id)
        mia.post("/accounts/logout/")
        assert gone not in listed(admin)
        TrackedSession.objects.filter(session_key=admin.key).update(
            expires_at=timezone.now() - timedelta(days=1)
        )
        assert listed(admin) == []

    def test_other_accounts_are_not_there(self, globex, admin):
        other = Browser().sign_in(person(globex, "Gus Globex"))
        assert listed(admin) == [str(row(admin).public_id)]
        assert admin.get(terminate_url(row(other))).status_code == 404

    @pytest.mark.parametrize("rows", [1, 10, 50])
    def test_statements_do_not_grow_with_the_rows(self, acme, admin, rows):
        member = person(acme, "Mia Member")
        for _ in range(rows - 1):
            Browser().sign_in(member)
        with CaptureQueriesContext(connection) as captured:
            assert len(listed(admin)) == rows
        # Session, user, scope, the rows, their store entries, the signs, navigation.
        assert len(captured) == 7


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
        shown = {entry["session"].user_name.split()[0] for entry in answer.context["rows"]}
        assert shown == set(names.split())
        if not names:
            assert "No active session matches" in text(answer)

    def test_search_by_email(self, olga):
        ana = TrackedSession.objects.get(user__name="Ana Novak")
        assert listed(olga, f"?q={ana.user.email}") == [str(ana.public_id)]

    @pytest.mark.parametrize(
        ("query", "sentence"),
        [
            ("account=99999", "no such account"),
            ("account=%00%27", "no such account"),
            ("user=99999", "no active session of such a user"),
            ("user=abc", "no active session of such a user"),
            ("user=1%00", "no active session of such a user"),
            ("user=" + "9" * 30, "no active session of such a user"),
            ("application=nonsense", "no such application"),
            ("q=%00", "up to 8 words"),
            ("q=a+a+a+a+a+a+a+a+zzz", "up to 8 words"),
            ("q=" + "a" * 201, "up to 8 words"),
        ],
    )
    def test_unknown_value_finds_nothing_and_says_so(self, olga, query, sentence):
        answer = olga.get(f"{LIST}?{query}")
        assert answer.status_code == 200
        assert sentence in text(answer)
        assert listed(olga, f"?{query}") == []
        olga.post(f"{TERMINATE_ALL}?{query}")
        assert TrackedSession.objects.active().count() == 5

    def test_filter_by_a_foreign_account_is_unknown(self, acme, globex, admin):
        Browser().sign_in(person(globex, "Gus Globex"))
        answer = admin.get(f"{LIST}?account={globex.pk}")
        assert "no such account" in text(answer)
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
            pages.append([str(e["session"].public_id) for e in answer.context["rows"]])
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
        pages.append([str(e["session"].public_id) for e in first.context["rows"]])
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
        assert "No active sessions" not in text(first)
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
            assert "That page no longer exists" in text(answer)
            assert [str(e["session"].public_id) for e in answer.context["rows"]] == many[:3]


class TestTerminate:
    def test_confirmation_names_person_device_and_place_and_changes_nothing(self, admin, mia):
        shown = text(admin.get(terminate_url(row(mia))))
        for fact in ("Mia Member", "iPhone", "Safari 17", "Unknown", "2001:db8::5"):
            assert fact in shown
        assert mia.is_signed_in()

    def test_ends_it_at_once_and_says_what_happened(self, admin, mia):
        session = row(mia)
        answer = admin.post(terminate_url(session), follow=True)

        assert not mia.is_signed_in()
        assert str(session.public_id) not in listed(admin)
        assert "Mia Member (Safari on iPhone, Unknown) was signed out." in text(answer)
        assert Termination.objects.get().ended == 1

    def test_already_gone_says_so(self, admin, mia):
        session = row(mia)
        mia.post("/accounts/logout/")
        for answer in (
            admin.get(terminate_url(session), follow=True),
            admin.post(terminate_url(session), follow=True),
        ):
            assert answer.status_code == 200
            assert "was already gone" in text(answer)

    def test_gone_from_the_store_says_so(self, admin, mia):
        session = row(mia)
        engines.current().delete_many([mia.key])
        answer = admin.post(terminate_url(session), follow=True)
        assert "was already gone" in text(answer)

    def test_own_session_signs_out_and_says_why(self, admin):
        session = row(admin)
        assert "the session you are using now" in text(admin.get(terminate_url(session)))
        answer = admin.post(terminate_url(session) + "?q=ada", follow=True)

        assert answer.redirect_chain[0][0].startswith("/accounts/login/?next=")
        assert "You ended the session you were using here." in text(answer)
        assert not admin.is_signed_in()

    def test_unknown_and_malformed_ids_are_404(self, admin):
        assert admin.post(f"{LIST}{uuid.uuid4()}/terminate/").status_code == 404
        assert admin.post(f"{LIST}{uuid.uuid4()}x/terminate/").status_code == 404
        assert admin.get(f"{LIST}1/terminate/").status_code == 404

    def test_foreign_id_is_404_and_lives_on(self, globex, admin):
        other = Browser().sign_in(person(globex, "Gus Globex"))
        for method in (admin.get, admin.post):
            assert method(terminate_url(row(other))).status_code == 404
        assert other.is_signed_in()

    def test_without_csrf_token_403(self, acme, mia):
        careful = Browser(enforce_csrf_checks=True)
        careful.force_login(person(acme, "Ada Admin", "admin"))
        for address in (terminate_url(row(mia)), TERMINATE_ALL):
            assert careful.post(address).status_code == 403
        assert mia.is_signed_in()

    def test_signed_out_poster_ends_nothing(self, mia):
        answer = Browser().post(terminate_url(row(mia)))
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")
        assert mia.is_signed_in()

    def test_failure_is_reported_and_can_be_tried_again(self, admin, mia, monkeypatch):
        session = row(mia)

        def broken(*args):
            raise DatabaseError("the store is away")

        with monkeypatch.context() as patch:
            patch.setattr(engines.database.DatabaseEngine, "delete_many", broken)
            answer = admin.post(terminate_url(session), follow=True)
        assert "1 session did not end" in text(answer)
        assert str(session.public_id) in listed(admin)
        assert mia.is_signed_in()
        admin.post(terminate_url(session))
        assert not mia.is_signed_in()


class TestTerminateAll:
    def test_confirmation_says_which_and_how_many(self, admin, mia):
        shown = text(admin.get(TERMINATE_ALL))
        for fact in ("2", "Acme", "Mia Member", "Keep me signed in here"):
            assert fact in shown
        assert mia.is_signed_in()

    def test_ends_everything_ones_own_included(self, admin, mia, globex):
        other = Browser().sign_in(person(globex, "Gus Globex"))
        answer = admin.post(TERMINATE_ALL, follow=True)

        assert not mia.is_signed_in()
        assert not admin.is_signed_in()
        assert other.is_signed_in()
        assert "2 sessions ended. Yours was one of them." in text(answer)
        assert answer.redirect_chain[0][0].startswith("/accounts/login/")

    def test_keeps_this_session_when_told_to(self, admin, mia):
        second = Browser().sign_in(row(admin).user)
        answer = admin.post(TERMINATE_ALL, {"keep_current": "on"}, follow=True)

        assert admin.is_signed_in()
        assert not second.is_signed_in()
        assert not mia.is_signed_in()
        assert "2 sessions ended." in text(answer)
        assert listed(admin) == [str(row(admin).public_id)]

    def test_ends_what_matches_the_filters_and_nothing_else(self, acme, admin, mia):
        bo = Browser().sign_in(person(acme, "Bo Berg"))
        label = admin.get(LIST + "?q=berg").context["terminate_all_label"]
        assert label == "Terminate the 1 matching session"
        admin.post(TERMINATE_ALL + "?q=berg")

        assert not bo.is_signed_in()
        assert mia.is_signed_in()
        assert admin.is_signed_in()
        assert Termination.objects.get().filters["q"] == "berg"

    def test_nothing_to_end(self, admin):
        answer = admin.get(TERMINATE_ALL + "?q=nobody")
        assert answer.status_code == 200
        assert "<button" not in answer.content.decode().partition("<main")[2]

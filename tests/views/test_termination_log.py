"""Every termination is logged; nobody can change the log, and only some may read it."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.termination import immediate
from tests.support.browsing import IPHONE, LIST, TERMINATE_ALL, WINDOWS, Browser, text
from tests.support.factories import PASSWORD, AccountFactory, MembershipFactory, UserFactory, person

pytestmark = pytest.mark.django_db


TERMINATION_LOG = LIST + "termination-log/"


@pytest.fixture
def ada(acme):
    return person(acme, "Ada Admin", "admin")


@pytest.fixture
def admin(ada):
    return Browser(ip="10.0.0.1").sign_in(ada)


@pytest.fixture
def operator():
    return Browser().sign_in(UserFactory(is_superuser=True, name="Olga Operator"))


@pytest.fixture
def mia(acme):
    return Browser(IPHONE, ip="10.0.0.5").sign_in(person(acme, "Mia Member"))


@pytest.fixture
def gus(globex):
    return Browser().sign_in(person(globex, "Gus Globex"))


def terminate_url(browser):
    row = TrackedSession.objects.get(session_key=browser.key)
    return f"{LIST}{row.public_id}/terminate/"


def address(termination):
    return f"{TERMINATION_LOG}{termination.public_id}/"


class TestWhatItSays:
    def test_who_when_what_why_and_how_it_went(self, admin, mia):
        admin.post(terminate_url(mia), {"reason": "A lost phone \x1b[31m"})
        termination = Termination.objects.get()

        (line,) = admin.get(TERMINATION_LOG).context["entries"]
        assert (line.result, line.reuse_count) == ("1 terminated", 0)
        said = text(admin.get(address(termination)))
        for fact in (
            "Terminated Mia Member: Safari on iPhone, Private network",
            termination.actor_label,
            "Reason A lost phone [31m",
            "Requested 1",
            "Terminated 1",
            "Already ended 0",
            "Failed 0",
            "Acme",
            "Web app",
            "10.0.0.5",
            "None",
        ):
            assert fact in said

    def test_the_filters_in_words(self, admin, mia, ada):
        user = TrackedSession.objects.get(session_key=mia.key).user
        query = f"?q=iphone&user={user.pk}&application=web&account={user.accounts.get().pk}"
        admin.post(TERMINATE_ALL + query)
        page = admin.get(address(Termination.objects.get()))
        assert page.context["filter_lines"] == [
            ("Search", "iphone"),
            ("Account", "Acme"),
            ("User", f"Mia Member ({user.email})"),
            ("Application", "Web app"),
        ]

    def test_the_log_does_not_say_that_all_were_ended_where_a_search_was(self, admin, mia):
        """Nor does the file: an entry is read there without its page."""
        admin.post(f"{LIST}terminate-all/?q=mia", {"reason": ""})
        said = "Terminated the sessions that match Search “mia”, in Acme"
        log = text(admin.get(f"{LIST}termination-log/"))
        assert said in log
        assert "Terminated all sessions" not in log
        assert Termination.objects.get().scope == said

    def test_the_account_in_the_filter_is_where_it_was_done(self, acme, globex, mia):
        boss = MembershipFactory(account=acme, role="owner").user
        MembershipFactory(user=boss, account=globex, role="owner")
        Browser().sign_in(boss).post(f"{LIST}terminate-all/?account={acme.pk}")
        assert Termination.objects.get().scope == "Terminated all sessions in Acme"

    def test_each_reads_what_was_done_in_their_own_language(self, admin, mia, ada):
        """Unless the entry has only a text, or facts that this version cannot read."""
        admin.post(terminate_url(mia))
        admin.post(f"{TERMINATE_ALL}?flag=device&country=US&q=iphone")
        assert "Country “United States”" in text(admin.get(TERMINATION_LOG))
        admin.cookies[settings.LANGUAGE_COOKIE_NAME] = "de"
        log = text(admin.get(TERMINATION_LOG))
        assert "Mia Member beendet: Safari auf iPhone" in log
        assert "Land „Vereinigte Staaten“, Auffälligkeit „Neue Geräteart“, in Acme" in log
        for damaged in ({}, {"kind": "x", "facts": {}}, {"kind": "one"}, [7]):
            Termination.objects.update(action=damaged, scope="Terminated by somebody")
            assert "Terminated by somebody" in text(admin.get(TERMINATION_LOG))

    def test_what_was_gone_and_what_failed(self, admin, mia, monkeypatch):
        from sessions_admin import engines

        engines.current().delete_many([mia.key])
        admin.post(TERMINATE_ALL, {"keep_current": "on"})

        def broken(*args):
            raise DatabaseError("the store is away")

        with monkeypatch.context() as patch:
            patch.setattr(engines.database.DatabaseEngine, "delete_many", broken)
            admin.post(TERMINATE_ALL)
        lines = admin.get(TERMINATION_LOG).context["entries"]
        assert [line.result for line in lines] == [
            "1 could not be terminated",
            "1 had already ended",
        ]

    def test_ending_all_leads_to_it(self, admin, mia):
        page = admin.post(TERMINATE_ALL, {"keep_current": "on"}, follow=True)
        assert f'<a href="{address(Termination.objects.get())}">View log entry</a>' in (
            page.content.decode()
        )

    def test_a_very_long_reason_is_cut(self, admin, mia):
        admin.post(terminate_url(mia), {"reason": "<b>" + "é" * 10_000})
        assert len(Termination.objects.get().reason) == 500
        assert "<b>é" not in admin.get(TERMINATION_LOG).content.decode()

    def test_without_its_record_nothing_ends(self, admin, mia, monkeypatch):
        add, tried = immediate.add, []

        def broken_once(termination, counts):
            if not tried:
                tried.append(counts)
                raise DatabaseError("no room for it")
            add(termination, counts)

        monkeypatch.setattr(immediate, "add", broken_once)
        admin.post(terminate_url(mia))
        assert tried[0]["ended"] == 1
        assert mia.is_signed_in()
        termination = Termination.objects.get()
        assert (termination.ended, termination.failed, termination.sessions.count()) == (0, 1, 0)


class TestWhoReadsIt:
    @pytest.fixture
    def termination(self, operator, mia, gus):
        """The operator terminated every session of both accounts except their own."""
        operator.post(TERMINATE_ALL, {"keep_current": "on", "reason": "Globex was broken into"})
        return Termination.objects.get()

    def test_an_admin_reads_of_their_own_accounts_alone(self, admin, termination):
        # Acme's admin signs in again, because that session was ended, too.
        admin.sign_in(TrackedSession.objects.filter(user__name="Ada Admin").first().user)
        for page in (admin.get(TERMINATION_LOG), admin.get(address(termination))):
            assert "Globex" not in text(page)
            assert "Gus" not in text(page)
            assert "Olga Operator" in text(page)
            assert "every account" not in text(page)
        shown = admin.get(address(termination)).context
        assert {each["session"].user_name for each in shown["rows"]} == {"Mia Member", "Ada Admin"}
        assert shown["entry"].ended == 2
        assert "Requested" not in text(admin.get(address(termination)))

    def test_who_administers_all_it_touched_reads_all(self, acme, globex, termination):
        both = person(acme, "Bea Both", "admin")
        MembershipFactory(user=both, account=globex, role="owner")
        browser = Browser().sign_in(both)
        browser.post(TERMINATE_ALL + "?q=nobody")
        termination.account_ids = [str(acme.pk), str(globex.pk)]
        termination.save()
        assert "Globex was broken into" in text(browser.get(address(termination)))

    def test_what_found_nothing_to_end_is_read_by_the_other_admins_of_the_account(
        self, acme, admin
    ):
        admin.post(f"{TERMINATE_ALL}?q=nobody", {"reason": "A lost phone"})
        lena = Browser().sign_in(person(acme, "Lena Admin", "admin"))
        assert "A lost phone" in text(lena.get(TERMINATION_LOG))
        assert "A lost phone" in text(lena.get(address(Termination.objects.get())))

    def test_others_do_not_know_that_it_exists(self, termination):
        stranger = Browser().sign_in(person(AccountFactory(), "Sven Stranger", "owner"))
        assert stranger.get(TERMINATION_LOG).context["entries"] == []
        assert stranger.get(address(termination)).status_code == 404

    def test_members_are_refused(self, acme, termination):
        member = Browser().sign_in(person(acme, "Max Member"))
        assert member.get(TERMINATION_LOG).status_code == 403
        assert member.get(address(termination)).status_code == 403

    def test_the_actor_reads_their_own_though_not_its_sessions_once_out_of_scope(
        self, admin, ada, acme, globex, mia
    ):
        admin.post(terminate_url(mia))
        Membership.objects.filter(user=ada).delete()
        MembershipFactory(user=ada, account=globex, role="admin")
        admin.sign_in(ada)
        page = admin.get(address(Termination.objects.get()))
        assert "Requested 1" in text(page)
        assert page.context["rows"] == []

    def test_nobody_changes_or_deletes_it(self, admin, operator, termination):
        for browser in (admin, operator):
            for method in ("post", "put", "patch", "delete"):
                for where in (TERMINATION_LOG, address(termination)):
                    assert getattr(browser, method)(where).status_code == 405
        staff = Browser()
        root = UserFactory(is_superuser=True, is_staff=True)
        staff.post("/admin/login/", {"username": root.email, "password": PASSWORD})
        for model, row in (
            ("termination", termination),
            ("trackedsession", termination.sessions.first()),
        ):
            base = f"/admin/sessions_admin/{model}/"
            assert staff.get(f"{base}{row.pk}/change/").status_code == 200
            for where in (f"{base}add/", f"{base}{row.pk}/change/", f"{base}{row.pk}/delete/"):
                assert staff.post(where, {"post": "yes"}).status_code == 403
            action = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
            staff.post(base, action)
        termination.refresh_from_db()
        assert termination.sessions.count() == termination.ended == 3


class TestTriedAgain:
    @pytest.fixture
    def stolen(self, engine, admin, mia):
        """A thief has Mia's key; an admin has ended her session."""
        key = mia.key
        admin.post(terminate_url(mia))
        return key

    def try_again(self, key, *, times=1, agent=WINDOWS, ip="203.0.113.9"):
        for _ in range(times):
            thief = Browser(agent, ip=ip)
            thief.cookies["sessionid"] = key
            assert not thief.is_signed_in()

    def test_a_stolen_cookie_becomes_an_alarm(self, admin, stolen):
        self.try_again(stolen, times=3)
        termination = Termination.objects.get()
        (line,) = admin.get(TERMINATION_LOG).context["entries"]
        assert line.reuse_count == 1
        said = text(admin.get(address(termination)))
        assert "Someone tried to reuse a terminated session" in said
        assert re.search(r"3 attempts to reuse this session, last on .* from 203\.0\.113\.9", said)
        session = termination.sessions.get()
        assert session.reused_user_agent == WINDOWS
        assert stolen not in admin.get(address(termination)).content.decode()

    def test_its_own_browser_that_has_not_heard_yet_is_none(self, admin, mia):
        admin.post(terminate_url(mia))
        assert not mia.is_signed_in()
        assert not mia.is_signed_in()

        termination = Termination.objects.get()
        assert termination.sessions.get().reuse_count == 1
        assert admin.get(TERMINATION_LOG).context["entries"][0].reuse_count == 0
        said = text(admin.get(address(termination)))
        assert "Somebody tried" not in said
        assert "1 attempt to reuse this session, on" in said
        assert "(same browser)" in said

    def test_its_own_browser_that_asks_for_several_things_together_is_none(self, admin, mia):
        key = mia.key
        admin.post(terminate_url(mia))
        for _ in range(3):
            mia.cookies["sessionid"] = key
            assert not mia.is_signed_in()
        assert Termination.objects.get().sessions.get().reuse_count == 3
        assert admin.get(TERMINATION_LOG).context["entries"][0].reuse_count == 0

    def test_where_the_session_had_moved_to_is_none(self, admin, mia):
        mia.defaults["REMOTE_ADDR"] = "198.51.100.9"
        assert mia.is_signed_in()
        admin.post(terminate_url(mia))
        assert not mia.is_signed_in()
        assert admin.get(TERMINATION_LOG).context["entries"][0].reuse_count == 0

    def test_its_own_browser_afterwards_does_not_hide_the_other(self, admin, mia):
        key = mia.key
        admin.post(terminate_url(mia))
        self.try_again(key, agent="curl/8")
        assert not mia.is_signed_in()
        assert admin.get(TERMINATION_LOG).context["entries"][0].reuse_count == 1
        said = text(admin.get(address(Termination.objects.get())))
        assert re.search(r"2 attempts to reuse this session, last on .* from 203\.0\.113\.9", said)
        assert TrackedSession.objects.get(termination__isnull=False).reused_user_agent == "curl/8"

    def test_once_from_elsewhere_is_one(self, admin, mia):
        key = mia.key
        admin.post(terminate_url(mia))
        self.try_again(key)
        assert admin.get(TERMINATION_LOG).context["entries"][0].reuse_count == 1
        assert Termination.objects.get().sessions.get().was_reused_elsewhere

    def test_the_key_of_a_session_that_rotated(self, admin, mia):
        """The key at the end of the session counts."""
        new = "a-quite-different-9"
        fields = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
        mia.post("/accounts/password_change/", fields)
        key = mia.key
        admin.post(terminate_url(mia))
        self.try_again(key, times=2)
        assert Termination.objects.get().sessions.get().reuse_count == 2


class TestPages:
    @pytest.mark.parametrize("rows", [1, 10, 50])
    def test_statements_do_not_grow_with_the_terminations_or_the_sessions(
        self, acme, admin, rows, settings
    ):
        # On a slow machine, a request may come late enough to write the activity.
        settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"ACTIVITY_INTERVAL": 86_400}
        member = person(acme, "Mia Member")
        for _ in range(rows):
            admin.post(terminate_url(Browser().sign_in(member)))
        # Shows the messages, so many that they are kept in the session.
        admin.get(TERMINATION_LOG)
        with CaptureQueriesContext(connection) as of_list:
            assert len(admin.get(TERMINATION_LOG).context["entries"]) == rows
        for _ in range(rows):
            Browser().sign_in(member)
        admin.post(TERMINATE_ALL, {"keep_current": "on"})
        latest = Termination.objects.first()
        with CaptureQueriesContext(connection) as of_one:
            assert len(admin.get(address(latest)).context["rows"]) == rows
        # Session, user, scope, entries, their reuse, exports; of one entry: its sessions, alarms.
        assert (len(of_list), len(of_one)) == (6, 7)

    def test_they_page(self, acme, admin, settings):
        settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"PAGE_SIZE": 2}
        member = person(acme, "Mia Member")
        for _ in range(5):
            admin.post(terminate_url(Browser().sign_in(member)))
        wanted = list(Termination.objects.values_list("pk", flat=True))
        page, seen = admin.get(TERMINATION_LOG), []
        while True:
            seen += [line.termination.pk for line in page.context["entries"]]
            if not page.context["older_url"]:
                break
            page = admin.get(TERMINATION_LOG + page.context["older_url"])
        assert seen == wanted
        page = admin.get(TERMINATION_LOG + page.context["newer_url"])
        assert [line.termination.pk for line in page.context["entries"]] == wanted[2:4]
        broken = admin.get(TERMINATION_LOG + "?after=%00")
        assert "That page is gone" in text(broken)

    def test_the_list_leads_there(self, admin):
        assert f'href="{TERMINATION_LOG}"' in admin.get(LIST).content.decode()
        assert "No entries yet" in text(admin.get(TERMINATION_LOG))

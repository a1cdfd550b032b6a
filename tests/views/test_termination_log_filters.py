"""Search and filters of the termination log, in the URL and within what the reader may see."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from urllib.parse import quote

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sessions_admin import policy
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.termination import terminate
from tests.support.browsing import LIST, WINDOWS, Browser, row, text
from tests.support.factories import MembershipFactory, UserFactory, person

pytestmark = pytest.mark.django_db

LOG = LIST + "termination-log/"


@pytest.fixture
def ada(acme):
    return person(acme, "Ada Admin", "admin")


@pytest.fixture
def admin(ada):
    return Browser(ip="10.0.0.1").sign_in(ada)


@pytest.fixture
def olga():
    return UserFactory(is_superuser=True, name="Olga Operator")


def ended(user, *, actor, reason="", scope="", accounts=None):
    """Terminate a new session of this person, and return the entry."""
    session = row(Browser().sign_in(user))
    return terminate(
        TrackedSession.objects.filter(pk=session.pk),
        actor=actor,
        scope=scope or f"Terminated {session.user_name}",
        accounts=[session.account_id] if accounts is None else accounts,
        reason=reason,
    )


def entry(actor, account, *, days=0, **numbers):
    """Return an entry with these numbers, that many days old, without sessions."""
    return Termination.objects.create(
        actor=actor,
        actor_label=actor.name,
        scope="Terminated all sessions",
        account_ids=[str(account.pk)],
        created_at=timezone.now() - timedelta(days=days),
        **numbers,
    )


def found(browser, query):
    """Return the entries on the page with this query."""
    page = browser.get(LOG + query)
    assert page.status_code == 200
    return [each.termination for each in page.context["entries"]]


class TestSearch:
    @pytest.fixture
    def lost(self, acme, ada):
        mia = person(acme, "Mia Müller")
        return ended(mia, actor=ada, reason="A lost iPhone", scope="One session")

    @pytest.fixture
    def left(self, acme, ada):
        return ended(person(acme, "Bo Berg"), actor=ada, reason="Left the company")

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("q=mia", "lost"),
            ("q=muller+MIA", "lost"),
            ("q=iphone", "lost"),
            ("q=mia+iphone", "lost"),
            ("q=mia+company", ""),
            ("q=bo", "left"),
            ("q=ada", "left lost"),
            ("q=terminated", "left"),
            ("q=%25", ""),
            ("q=nobody", ""),
            ("q=", "left lost"),
        ],
    )
    def test_by_person_admin_action_and_reason(self, admin, lost, left, query, names):
        by_name = {"lost": lost, "left": left}
        assert found(admin, f"?{query}") == [by_name[name] for name in names.split()]

    def test_everybody_who_reads_all_finds_the_same(self, admin, olga, lost, left):
        browser = Browser().sign_in(olga)
        for query in ("?q=mia", "?q=company", "?q=ada+one"):
            assert found(browser, query) == found(admin, query) != []

    def test_a_person_who_was_deleted_since(self, admin, lost, left):
        get_user_model().objects.filter(name="Mia Müller").delete()
        assert found(admin, "?q=mia") == [lost]

    def test_a_word_that_matches_many_people(self, admin, lost, left, monkeypatch):
        monkeypatch.setattr("sessions_admin.search.PEOPLE_BY_KEY", 0)
        assert found(admin, "?q=mia") == [lost]

    def test_too_much(self, admin, lost):
        for query in ("q=" + "x" * 201, "q=" + "+x" * 9, "admin=" + "x" * 201):
            page = admin.get(f"{LOG}?{query}")
            assert page.context["entries"] == []
            assert "Search is limited to 8 words" in text(page)


class TestFilters:
    def test_by_admin_as_the_log_names_them(self, acme, ada, admin):
        bea = person(acme, "Bea Both", "admin")
        mine, hers = (ended(person(acme, "M"), actor=actor) for actor in (ada, bea))
        assert found(admin, "?admin=bea") == [hers]
        page = admin.get(LOG)
        links = {each["entry"].termination: each["admin_url"] for each in page.context["rows"]}
        assert found(admin, links[mine].removeprefix(LOG)) == [mine]
        bea.delete()
        assert found(admin, f"?admin={quote(hers.actor_label)}") == [hers]

    def test_an_admin_with_a_very_long_name_is_no_link(self, acme, ada, admin):
        entry(ada, acme)
        Termination.objects.update(actor_label="long " * 60)
        (shown,) = admin.get(LOG).context["rows"]
        assert shown["admin_url"] == ""

    def test_by_account(self, acme, globex, olga):
        browser = Browser().sign_in(olga)
        inside = ended(person(acme, "Mia"), actor=olga, accounts=[])
        asked = entry(olga, acme, ended=0)
        other = ended(person(globex, "Gus"), actor=olga, accounts=[])
        assert found(browser, f"?account={acme.pk}") == [asked, inside]
        # The account has no open session any more, but an entry in the log.
        assert found(browser, f"?account={globex.pk}") == [other]
        page = browser.get(f"{LOG}?account={globex.pk}")
        assert [chip["value"] for chip in page.context["chips"]] == ["Globex"]

    def test_of_many_accounts_by_a_part_of_the_name(self, acme, globex, olga, monkeypatch):
        monkeypatch.setattr("sessions_admin.listing.suggestions.LISTED", 1)
        browser = Browser().sign_in(olga)
        entries = {}
        for account in (acme, globex):
            Browser().sign_in(person(account, "Stays"))
            entries[account] = ended(person(account, "Goes"), actor=olga)
        assert 'type="text" name="account"' in browser.get(LOG).content.decode()
        assert found(browser, "?account=glob") == [entries[globex]]
        page = browser.get(f"{LOG}?account=nowhere")
        assert page.context["entries"] == []
        assert "No account matches “nowhere”, or several do." in text(page)
        admin = Browser().sign_in(person(acme, "Ada Admin", "admin"))
        assert "None of your accounts matches “nowhere”" in text(
            admin.get(f"{LOG}?account=nowhere")
        )

    @pytest.mark.parametrize(
        ("result", "numbers", "says"),
        [
            ("complete", {"requested": 3, "ended": 2, "already_gone": 1}, "2 terminated"),
            ("failed", {"requested": 2, "ended": 1, "failed": 1}, "1 could not be terminated"),
            ("nothing", {"requested": 2, "already_gone": 2}, "2 had already ended"),
            ("nothing", {"requested": 0}, "Nothing to terminate"),
            ("running", {"finished_at": None}, "In progress"),
        ],
    )
    def test_by_result(self, acme, ada, admin, result, numbers, says):
        wanted = entry(ada, acme, **numbers)
        for name in ("complete", "failed", "nothing", "running"):
            assert found(admin, f"?result={name}") == ([wanted] if name == result else [])
        (shown,) = admin.get(LOG).context["entries"]
        assert says in shown.result
        assert "0" not in shown.result

    def test_by_reuse(self, acme, ada, admin):
        mia = Browser(ip="10.0.0.9").sign_in(person(acme, "Mia"))
        key, session = mia.key, row(mia)
        ended(person(acme, "Bo"), actor=ada)
        admin.post(f"{LIST}{session.public_id}/terminate/")
        thief = Browser(WINDOWS, ip="203.0.113.9")
        thief.cookies["sessionid"] = key
        assert not thief.is_signed_in()
        stolen = Termination.objects.get(sessions=session)
        assert found(admin, "?reused=yes") == found(admin, "?reused=new") == [stolen]
        admin.get(f"{LOG}{stolen.public_id}/")
        assert found(admin, "?reused=yes") == [stolen]
        assert found(admin, "?reused=new") == []

    def test_by_dates(self, acme, ada, admin):
        days = {days: entry(ada, acme, days=days) for days in (0, 3, 20, 60)}
        assert found(admin, "?within=24h") == [days[0]]
        assert found(admin, "?within=7d") == [days[0], days[3]]
        assert found(admin, "?within=30d") == [days[0], days[3], days[20]]
        day = timezone.localdate(days[20].created_at, timezone=timezone.get_default_timezone())
        assert found(admin, f"?from={day}&to={day}") == [days[20]]
        assert found(admin, f"?from={day}&within=7d") == [days[0], days[3]]

    def test_they_combine_and_survive_paging(self, acme, ada, admin, settings):
        settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"PAGE_SIZE": 2}
        wanted = [entry(ada, acme, days=n, ended=1, reason="drill") for n in range(5)]
        for n in range(5):
            entry(ada, acme, days=n, ended=1)
            entry(ada, acme, days=n, reason="drill")
        query, seen = "?q=drill&result=complete&within=7d&admin=ada", []
        while query:
            seen += found(admin, query)
            page = admin.get(LOG + query)
            query = page.context["older_url"]
        assert seen == wanted
        newer = page.context["newer_url"]
        assert found(admin, newer) == wanted[2:4]
        first = admin.get(LOG + newer).context["first_url"]
        assert [each.termination for each in admin.get(first).context["entries"]] == wanted[:2]
        chips = {chip["label"]: chip["url"] for chip in page.context["chips"]}
        assert set(chips) == {"Search", "Admin", "Result", "Period"}
        assert "q=" not in chips["Search"]
        assert "result=complete" in chips["Search"]


class TestBadInput:
    @pytest.mark.parametrize(
        "query",
        [
            "result=odd",
            "reused=maybe",
            "account=999999",
            "account=%00",
            "account=%ED%A0%80",
            "within=8d",
            "from=yesterday",
            "from=2026-02-02&to=2026-02-01",
            "q=%00",
            "admin=%00",
        ],
    )
    @pytest.mark.parametrize("kind", ["admin", "operator"])
    def test_unknown_values_match_nothing_and_say_so(self, acme, ada, admin, olga, query, kind):
        browser = admin if kind == "admin" else Browser().sign_in(olga)
        entry(ada, acme, ended=1)
        page = browser.get(f"{LOG}?{query}")
        assert page.status_code == 200
        assert page.context["entries"] == []
        assert page.context["notices"]
        assert "No entries match" in text(page)

    def test_nothing_is_an_error(self, acme, ada, admin):
        entry(ada, acme)
        for name in ("q", "admin", "account", "result", "reused", "from", "to", "within"):
            for value in ("%00", "%FF", "'", "%27%22%3Cb%3E", "%F0%9F%92%A9" * 300, "-1", "[]"):
                page = admin.get(f"{LOG}?{name}={value}&{name}={value}")
                assert page.status_code == 200
                assert "<b>" not in page.content.decode()
        assert found(admin, "?unknown=1") == list(Termination.objects.all())

    def test_an_unknown_choice_is_shown_so_that_it_can_be_cleared(self, admin):
        body = unescape(admin.get(f"{LOG}?result=odd").content.decode())
        assert '<option value="odd" selected>odd</option>' in body


class TestNothingIsFoundOut:
    """Who sees only a part of an entry finds it only by that part."""

    @pytest.fixture
    def partly(self, acme, globex, olga):
        """The operator terminated sessions in both accounts, for a reason, and one failed."""
        sessions = [
            row(Browser().sign_in(person(a, n))) for a, n in ((acme, "Mia"), (globex, "Gus"))
        ]
        found = terminate(
            TrackedSession.objects.filter(pk__in=[each.pk for each in sessions]),
            actor=olga,
            scope="Everything everywhere",
            reason="Globex was broken into",
        )
        Termination.objects.filter(pk=found.pk).update(failed=1, finished_at=None)
        return found

    @pytest.mark.parametrize(
        ("query", "is_found"),
        [
            ("", True),
            ("q=mia", True),
            ("q=olga", True),
            ("admin=olga", True),
            ("account={acme}", True),
            ("result=complete", True),
            ("q=gus", False),
            ("q=broken", False),
            ("q=everywhere", False),
            ("account={globex}", False),
            ("result=failed", False),
            ("result=running", False),
            ("result=nothing", False),
        ],
    )
    def test_an_admin_of_one_account(self, admin, acme, globex, partly, query, is_found):
        query = query.format(acme=acme.pk, globex=globex.pk)
        assert found(admin, f"?{query}") == ([partly] if is_found else [])
        if not is_found and "globex" not in query and "account" not in query:
            assert "No entries match" in text(admin.get(f"{LOG}?{query}"))

    def test_the_actor_finds_all_of_it(self, partly, olga):
        browser = Browser().sign_in(olga)
        for query in ("q=gus", "q=broken", "q=everywhere", "result=running"):
            assert found(browser, f"?{query}") == [partly]

    def test_of_a_part_the_admins_sessions_elsewhere_are_not_found(
        self, acme, globex, ada, admin, olga
    ):
        MembershipFactory(user=ada, account=globex, last_chosen_at=timezone.now())
        elsewhere = row(Browser().sign_in(ada))
        here = row(Browser().sign_in(person(acme, "Mia")))
        assert elsewhere.account_id == str(globex.pk)
        pks = [here.pk, elsewhere.pk]
        both = terminate(
            TrackedSession.objects.filter(pk__in=pks), actor=olga, scope="x", accounts=[]
        )
        assert found(admin, "?q=mia") == [both]
        assert found(admin, "?q=ada") == []

    def test_whole_is_the_same_in_python_and_in_the_database(self, acme, globex, ada, olga):
        ids = [str(acme.pk), str(globex.pk)]
        for accounts in ([], ids[:1], ids[1:], ids, ["x"], [ids[0], "x"]):
            for actor in (ada, olga, None):
                Termination.objects.create(actor=actor, actor_label="A", account_ids=accounts)
        for scope in (
            policy.scope_of(ada),
            policy.scope_of(olga),
            policy.Scope(accounts=(policy.AccountRef(ids[0], "A"), policy.AccountRef(ids[1], "G"))),
        ):
            every = set(Termination.objects.all())
            in_python = {each for each in every if scope.has_whole(each, ada)}
            assert set(Termination.objects.filter(scope.whole(ada))) == in_python
            if scope.whole(ada):
                assert set(Termination.objects.filter(~scope.whole(ada))) == every - in_python


class TestEntriesThatEndedNothing:
    def test_in_words_instead_of_zeros(self, acme, ada, admin):
        gone = entry(ada, acme, requested=2, already_gone=2)
        none = entry(ada, acme)
        said = text(admin.get(f"{LOG}{gone.public_id}/"))
        assert "Nothing was terminated, because all 2 sessions had already ended." in said
        assert "Failed 0" not in said
        said = text(admin.get(f"{LOG}{none.public_id}/"))
        assert "Nothing was terminated, because no matching session was still active." in said
        assert "Requested 0" not in said

    def test_one_that_is_in_progress_or_failed_keeps_its_numbers(self, acme, ada, admin):
        for numbers in ({"finished_at": None}, {"requested": 1, "failed": 1}):
            said = text(admin.get(f"{LOG}{entry(ada, acme, **numbers).public_id}/"))
            assert "Terminated 0" in said
            assert "Nothing was terminated, because" not in said


def test_filters_cost_no_statement_per_entry(acme, ada, admin, settings):
    settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"ACTIVITY_INTERVAL": 86_400}
    query = f"{LOG}?q=mia+drill&admin=ada&account={acme.pk}&result=complete&within=7d"
    numbers = []
    for count in (1, 9):
        for _ in range(count):
            ended(person(acme, "Mia"), actor=ada, reason="drill")
        with CaptureQueriesContext(connection) as captured:
            page = admin.get(query)
        assert len(page.context["entries"]) == Termination.objects.count()
        numbers.append(len(captured))
    assert numbers[0] == numbers[1]

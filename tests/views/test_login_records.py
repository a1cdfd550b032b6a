"""The page *Login records*: every sign-in on record, and how each session ended."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from accounts.models import Membership
from sessions_admin.listing import counting
from sessions_admin.models import TrackedSession
from sessions_admin.views import sentences
from tests.support.browsing import LIST, Browser, grown_old, row, terminate_url, text
from tests.support.factories import PASSWORD, UserFactory, person

pytestmark = pytest.mark.django_db

RECORDS = LIST + "login-records/"
Reason = TrackedSession.EndReason


def records(admin, query=""):
    """Return the public ids of the records shown, in order."""
    answer = admin.get(RECORDS + query)
    assert answer.status_code == 200
    found = re.findall(r'class="sa-more" href="[^"]*/([0-9a-f-]{36})/', answer.content.decode())
    assert len(found) == len(set(found))
    return found


def status_of(admin, session):
    """Return what the page says in the column *Status* of this session's row."""
    html = admin.get(RECORDS).content.decode()
    (found,) = [part for part in html.split("<tr ")[2:] if str(session.public_id) in part]
    cell = re.findall(r"<td .*?</td>", found, re.S)[6]
    return " ".join(re.sub(r"<[^>]+>", " ", cell).split())


def ended(user, reason, *, days=0, **values):
    """Write the record of a session that has ended so, which began this many days ago."""
    began = timezone.now() - timedelta(days=days, minutes=1)
    usual = {
        "user_label": user.name,
        "account_id": str(user.memberships.get().account_id),
        "account_name": "Acme",
        "application": "web",
        "created_at": began,
        "last_seen_at": began,
        "expires_at": began + timedelta(days=14),
        "ended_at": began + timedelta(seconds=30),
        "end_reason": reason,
    }
    return TrackedSession.objects.create(user=user, **usual | values)


class TestWhatIsShown:
    def test_every_sign_in_newest_first_with_its_columns(self, admin, mia):
        gone = row(mia)
        mia.post("/accounts/logout/")
        again = Browser(ip="203.0.113.9").sign_in(gone.user)

        assert records(admin) == [str(each.public_id) for each in (row(again), gone, row(admin))]
        answer = admin.get(RECORDS)
        headings = re.findall(r"<th[^>]*>(.*?)</th>", answer.content.decode(), re.S)
        assert [re.sub(r"<[^>]+>", "", h).strip() for h in headings] == [
            "User",
            "Account",
            "Application",
            "IP (Location)",
            "Device (Browser)",
            "Created On",
            "Status",
            "Actions",
        ]
        shown = text(answer)
        for fact in ("Mia Member", "Acme", "Web app", "2001:db8::5", "iPhone", "Safari 17"):
            assert fact in shown
        assert "3 sign-ins on record" in shown

    def test_status_of_active_and_signed_out_sessions(self, admin, mia):
        session = row(mia)
        assert status_of(admin, session) == "Active"
        mia.post("/accounts/logout/")
        assert status_of(admin, session).startswith("Signed out ")

    def test_status_of_a_terminated_session_names_the_admin(self, admin, mia):
        session = row(mia)
        admin.post(terminate_url(session))
        at = status_of(admin, session).removeprefix("Terminated by Ada Admin ")
        assert re.fullmatch(r"\d{1,2} \w{3,4} 20\d\d, \d\d:\d\d", at)
        html = admin.get(RECORDS).content.decode()
        assert 'title="Terminated by Ada Admin (person-' in html

    def test_status_after_a_password_change(self, admin, mia):
        session = row(mia)
        other = Browser().sign_in(session.user)
        data = {"old_password": PASSWORD}
        data |= dict.fromkeys(("new_password1", "new_password2"), "another-long-passphrase-7")
        other.post("/accounts/password_change/", data)
        assert status_of(admin, session).startswith("Password changed")

    @pytest.mark.parametrize("reason", Reason.values)
    def test_every_end_reason_is_said(self, admin, acme, reason):
        session = ended(person(acme, "Eva Ended"), reason)
        said = status_of(admin, session)
        assert said.startswith(str(Reason(reason).label))
        assert records(admin, f"?status={reason}") == [str(session.public_id)]

    def test_an_open_row_is_not_called_active_if_its_session_is_over(self, admin, mia):
        session = row(mia)
        mia.session.delete()
        assert status_of(admin, session) == "Missing from session store"
        assert str(session.public_id) not in records(admin, "?status=active")
        TrackedSession.objects.filter(pk=session.pk).update(
            expires_at=timezone.now() - timedelta(hours=1)
        )
        assert status_of(admin, session).startswith("Expired ")

    def test_nothing_is_said_of_open_rows_while_the_store_is_away(self, admin, mia, monkeypatch):
        def fail(self, keys):
            raise ConnectionError

        monkeypatch.setattr("sessions_admin.engines.database.DatabaseEngine.load_many", fail)
        assert status_of(admin, row(mia)) == "Unknown"
        assert "We can't reach the session store" in text(admin.get(RECORDS))

    def test_active_ones_lead_to_the_session(self, admin, mia):
        html = admin.get(RECORDS).content.decode()
        address = re.findall(rf'sa-status--active" href="([^"]*{row(mia).public_id}[^"]*)"', html)
        assert "Terminate session" in text(admin.get(address[0].replace("&amp;", "&")))

    @pytest.mark.parametrize(
        ("days", "masked", "said"),
        [
            (365, 0, "They are kept for 365 days after the session ends."),
            (1, 30, "1 day after the session ends. IP addresses are shortened after 30 days."),
            (0, 0, "They are kept for good."),
        ],
    )
    def test_retention_is_stated(self, admin, settings, days, masked, said):
        settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {
            "RETENTION_DAYS": days,
            "MASK_ADDRESSES_AFTER_DAYS": masked,
        }
        assert said in text(admin.get(RECORDS))

    def test_never_shows_a_session_key(self, admin, mia):
        body = admin.get(RECORDS).content.decode()
        assert mia.key not in body
        assert row(mia).key_digest not in body


class TestScope:
    def test_other_accounts_are_not_there(self, admin, globex):
        outside = person(globex, "Gus Globex")
        Browser().sign_in(outside)
        ended(outside, "signed_out", account_name="Globex")
        assert len(records(admin)) == 1
        assert "Gus" not in text(admin.get(RECORDS))
        assert "This user has no sign-ins" in text(admin.get(f"{RECORDS}?user={outside.pk}"))

    def test_superuser_sees_all(self, admin, mia, globex):
        ended(person(globex, "Gus Globex"), "signed_out", account_name="Globex")
        operator = Browser().sign_in(UserFactory(is_superuser=True))
        assert len(records(operator)) == 4

    def test_records_of_an_admin_elsewhere_name_neither_account_nor_who_ended_them(
        self, admin, acme, globex
    ):
        boss = person(acme, "Bea Boss", "admin")
        Membership.objects.create(user=boss, account=globex, role="member")
        gina = Browser().sign_in(person(globex, "Gina Globex", "admin"))
        browser = Browser().sign_in(boss)
        browser.post("/accounts/choose/", {"account": globex.pk})
        session = row(browser)
        TrackedSession.objects.filter(pk=session.pk).update(
            account_id=str(globex.pk), account_name="Globex"
        )
        gina.post(terminate_url(session))

        assert str(session.public_id) in records(admin)
        for address in (RECORDS, f"{LIST}{session.public_id}/"):
            shown = text(admin.get(address))
            assert "Another account" in shown
            assert "Terminated" in shown
            assert "Gina" not in shown
            assert "Globex" not in shown

    def test_locked_without_the_plan(self, admin, mia, acme):
        acme.plan = "starter"
        acme.save()
        for address, name, heading in (
            (LIST, "Active user sessions", "active user sessions"),
            (RECORDS, "Login records", "login records"),
            (LIST + "termination-log/", "Termination log", "the termination log"),
        ):
            page = admin.get(address).content.decode()
            assert f"<title>{name} · Sessions Admin</title>" in page
            assert f"Upgrade to see {heading}" in page
            assert f'<li aria-current="page">{name}</li>' in page


class TestReadOnly:
    METHODS = ("get", "head", "post", "put", "patch", "delete", "options", "trace")

    @pytest.mark.parametrize("method", METHODS)
    def test_no_request_changes_or_deletes_a_record(self, admin, mia, acme, method):
        gone = ended(person(acme, "Eva Ended"), "signed_out")
        before = list(TrackedSession.objects.order_by("pk").values())
        for address in (RECORDS, f"{LIST}{gone.public_id}/", f"{LIST}{gone.public_id}/terminate/"):
            data = {"session": gone.public_id, "password": PASSWORD, "_method": "DELETE"}
            answer = getattr(admin, method)(address, data)
            assert answer.status_code in {200, 302, 405}
        assert list(TrackedSession.objects.order_by("pk").values()) == before

    @pytest.mark.parametrize("method", METHODS[2:])
    def test_only_reading_is_allowed(self, admin, method):
        assert getattr(admin, method)(RECORDS).status_code == 405


class TestFilters:
    def test_search_finds_past_and_present(self, admin, acme, mia):
        eva = ended(person(acme, "Eva Ended"), "signed_out", ip_address="203.0.113.77")
        assert records(admin, "?q=eva") == [str(eva.public_id)]
        assert records(admin, "?q=203.0.113.77") == [str(eva.public_id)]
        assert records(admin, "?q=203.0.113.0/24") == [str(eva.public_id)]
        assert records(admin, "?q=2001:db8::5") == [str(row(mia).public_id)]
        assert "No sign-ins match your search" in text(admin.get(RECORDS + "?q=zzqq"))

    def test_status(self, admin, acme, mia):
        eva = ended(person(acme, "Eva Ended"), "expired")
        assert records(admin, "?status=expired") == [str(eva.public_id)]
        assert records(admin, "?status=active") == [
            str(row(mia).public_id),
            str(row(admin).public_id),
        ]
        assert records(admin, "?status=nonsense") == []
        assert "That status doesn't exist" in text(admin.get(RECORDS + "?status=nonsense"))

    def test_flags_of_ended_sessions(self, admin, acme):
        eva = ended(person(acme, "Eva Ended"), "expired", is_far=True)
        assert records(admin, "?flag=far") == [str(eva.public_id)]
        assert records(admin, "?flag=far&flag=many") == [str(eva.public_id)]
        # Nobody has many active sessions in those that have ended.
        assert records(admin, "?flag=many") == []

    def test_method(self, admin, acme, mia):
        user = person(acme, "Eva Ended")
        eva = ended(user, "expired", sign_in_method="sso")
        own = ended(user, "expired", sign_in_method="Smart card")
        assert records(admin, "?method=sso") == [str(eva.public_id)]
        assert records(admin, "?method=Smart+card") == [str(own.public_id)]
        assert "No sign-in on record used that method" in text(admin.get(f"{RECORDS}?method=x"))

    def test_dates(self, admin, acme):
        user = person(acme, "Eva Ended")
        newer, older = (ended(user, "expired", days=days) for days in (3, 20))
        first = (timezone.now() - timedelta(days=21)).date()
        assert records(admin, f"?within=7d&user={user.pk}") == [str(newer.public_id)]
        assert records(admin, f"?within=30d&user={user.pk}") == [
            str(newer.public_id),
            str(older.public_id),
        ]
        assert records(admin, f"?within=24h&user={user.pk}") == []
        assert records(admin, f"?from={first}&to={first + timedelta(days=2)}") == [
            str(older.public_id)
        ]
        assert "is not a date" in text(admin.get(RECORDS + "?from=yesterday"))

    def test_they_combine_and_survive_in_links(self, admin, acme):
        user = person(acme, "Eva Ended")
        for days in range(3):
            ended(user, "expired", days=days, is_far=True)
        html = admin.get(f"{RECORDS}?status=expired&within=7d&q=eva").content.decode()
        assert html.count('class="sa-more"') == 3
        details = re.findall(r'class="sa-more" href="([^"]+)"', html)[0]
        for kept in ("status=expired", "within=7d", "q=eva", "of=login_records"):
            assert kept in details
        back = text(admin.get(details.replace("&amp;", "&")))
        assert "Login records" in back

    def test_a_person_without_active_sessions_can_be_chosen(self, admin, acme):
        user = person(acme, "Eva Ended")
        eva = ended(user, "expired")
        answer = admin.get(f"{RECORDS}?person=Eva+Ended")
        assert answer.status_code == 302
        assert answer["Location"] == f"{RECORDS}?user={user.pk}"
        assert records(admin, f"?user={user.pk}") == [str(eva.public_id)]
        suggested = admin.get(f"{LIST}suggestions/people/?of=login_records&person=eva")
        assert f"{RECORDS}?user={user.pk}" in suggested.content.decode()
        assert "Eva" not in text(admin.get(f"{LIST}suggestions/people/?person=eva"))

    def test_former_accounts_and_applications(self, mia, acme):
        operator = Browser().sign_in(UserFactory(is_superuser=True))
        old = ended(
            person(acme, "Eva Ended"),
            "expired",
            account_id="77",
            account_name="Old Account",
            application="old-app",
        )
        assert records(operator, "?account=77") == [str(old.public_id)]
        assert records(operator, "?application=old-app") == [str(old.public_id)]
        assert "Old Account" in text(operator.get(RECORDS))

    @pytest.mark.parametrize(
        "query",
        [
            "?status=%00",
            "?method=%00",
            "?method=" + "x" * 5000,
            "?status=active&status=expired",
            "?after=nonsense",
            "?within=%F0%9F%98%80",
            "?user=99999999999999999999999",
            "?country=%ED%A0%80",
        ],
    )
    def test_bad_values_are_answered(self, admin, query):
        assert admin.get(RECORDS + query).status_code == 200

    @pytest.mark.parametrize("name", ["application", "flag", "country", "ip", "status"])
    def test_what_matches_nothing_is_about_sign_ins(self, admin, name):
        for page in (RECORDS, f"{RECORDS}export/"):
            (notice,) = admin.get(f"{page}?{name}=odd").context["notices"]
            assert notice.endswith("so no sign-ins match.")


class TestPaging:
    @pytest.fixture
    def many(self, admin, acme, settings):
        """Open and ended sessions in turn, eleven with the admin's own, three on a page."""
        settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"PAGE_SIZE": 3}
        user = person(acme, "Eva Ended")
        for days in range(1, 6):
            ended(user, "expired", days=days)
            Browser().sign_in(user)
            newest = TrackedSession.objects.filter(ended_at=None).latest("pk")
            newest.created_at = timezone.now() - timedelta(days=days, hours=5)
            newest.save()
        rows = TrackedSession.objects.order_by("-created_at", "-pk")
        return [str(each.public_id) for each in rows]

    def test_pages_have_every_record_once_in_both_directions(self, admin, many):
        seen, address = [], RECORDS
        pages = []
        while address:
            html = admin.get(address).content.decode()
            pages.append(re.findall(r'class="sa-more" href="[^"]*/([0-9a-f-]{36})/', html))
            seen += pages[-1]
            found = re.search(r'href="([^"]+)" rel="next"', html)
            address = found[1] if found else None
        assert seen == many
        assert [len(page) for page in pages] == [3, 3, 3, 2]
        back = re.search(r'href="([^"]+)" rel="prev"', html)[1]
        assert records(admin, back.removeprefix(RECORDS)) == pages[-2]
        assert "4\u20136 of 11" in text(admin.get(_next(admin, RECORDS)))

    def test_counts_are_bounded(self, admin, many, monkeypatch):
        monkeypatch.setattr(counting, "FOUND", 7)
        assert "7+ sign-ins on record" in text(admin.get(RECORDS))
        assert "5 matching sign-ins" in text(admin.get(RECORDS + "?status=expired"))

    def test_the_number_of_statements_does_not_grow(self, admin, many, settings):
        counted = []
        for size in (1, 10):
            settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"PAGE_SIZE": size}
            with CaptureQueriesContext(connection) as captured:
                admin.get(RECORDS)
            counted.append(len(captured))
        assert counted[0] == counted[1] <= 11


def _next(admin, address):
    return re.search(r'href="([^"]+)" rel="next"', admin.get(address).content.decode())[1]


class TestOnePerson:
    def test_a_line_says_what_is_usual(self, admin, acme):
        user = person(acme, "Eva Ended")
        for days in (1, 2, 3):
            facts = {"country_code": "AT", "country": "Austria", "browser": "Firefox"}
            ended(user, "expired", days=days, **facts)
        first = ended(user, "expired", days=40, country_code="IT", country="Italy")
        shown = text(admin.get(f"{RECORDS}?user={user.pk}&within=7d"))
        assert "Usual countries Austria and Italy" in shown
        assert "Usual devices Firefox" in shown
        assert f"First sign-in on record {first.created_at:%-d %b %Y}" in shown
        assert "Usual countries" not in text(admin.get(RECORDS))

    def test_it_costs_a_bounded_number_of_statements(self, admin, acme, monkeypatch):
        user = person(acme, "Eva Ended")
        monkeypatch.setattr("sessions_admin.listing.record_filters.COMPARED", 3)
        counted = []
        for _ in range(2):
            for days in range(1, 5):
                ended(user, "expired", days=days)
            with CaptureQueriesContext(connection) as captured:
                admin.get(f"{RECORDS}?user={user.pk}")
            counted.append(len(captured))
        assert counted[0] == counted[1]


class TestWithoutScripts:
    def test_htmx_gets_only_the_part(self, admin, mia):
        headers = {"HX-Request": "true", "HX-Target": "sa-sessions"}
        answer = admin.get(RECORDS + "?q=mia", headers=headers)
        body = answer.content.decode()
        assert "<html" not in body
        assert str(row(mia).public_id) in body
        assert answer["HX-Push-Url"] == RECORDS + "?q=mia"

    def test_after_terminate_the_records_are_shown_again(self, admin, mia):
        address = f"{terminate_url(row(mia))}?of=login_records&q=mia"
        assert admin.post(address)["Location"] == f"{RECORDS}?q=mia"

    def test_short_address_beside_the_list(self, admin):
        address = "/account-management/advanced-security/login-records/?q=mia"
        assert Browser().get(address)["Location"] == f"{RECORDS}?q=mia"


def test_the_navigation_links_the_three_pages(admin):
    for address in (LIST, RECORDS, f"{LIST}termination-log/"):
        html = admin.get(address).content.decode()
        for path in ("", "login-records/", "termination-log/"):
            assert f'href="{LIST}{path}"' in html
        assert html.count('aria-current="page"') >= 1


def test_alarms_are_said_in_every_language():
    for language in ("en", "de", "sl", "ar"):
        with translation.override(language):
            for number in (1, 2, 3, 11, 100):
                assert "%(" not in sentences.alarms(counting.Count(number))


def test_like_the_list_it_needs_no_fresh_proof_of_identity(admin, mia):
    grown_old(admin)
    assert str(row(mia).public_id) in records(admin)

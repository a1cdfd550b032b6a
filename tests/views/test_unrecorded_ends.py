"""Sessions that are over before a sweep has recorded it: every page and file says the same."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta

import pytest
from django.contrib.auth.backends import ModelBackend
from django.core.management import call_command
from django.utils import timezone

from sessions_admin.engines.database import DatabaseEngine
from sessions_admin.listing import counting
from sessions_admin.models import TrackedSession
from tests.support.browsing import LIST, Browser, listed, row, text
from tests.support.factories import person

pytestmark = pytest.mark.django_db

RECORDS = LIST + "login-records/"
Reason = TrackedSession.EndReason


def records(admin, query=""):
    """Return the public ids of the records shown, in order."""
    html = admin.get(RECORDS + query).content.decode()
    return re.findall(r'class="sa-more" href="[^"]*/([0-9a-f-]{36})/', html)


def exported(admin, query="", page="login-records/"):
    answer = admin.post(f"{LIST}{page}export/{query}", {"format": "jsonl"})
    return [json.loads(line) for line in answer.getvalue().decode().splitlines()]


def statuses(admin, session):
    """Return what the page and the export say of a session: its status and when it ended."""
    html = admin.get(RECORDS).content.decode()
    (found,) = [part for part in html.split("<tr ")[2:] if str(session.public_id) in part]
    cell = re.findall(r"<td .*?</td>", found, re.S)[6]
    word = re.sub(r"<small.*", "", cell, flags=re.S)
    at = re.search(r'<time datetime="([^"]*)"', cell)
    (line,) = [x for x in exported(admin) if x["session"] == str(session.public_id)]
    page = (re.sub(r"<[^>]+>", "", word).strip(), at.group(1) if at else None)
    return page, (line["status"], line["ended"])


def expire(browser):
    """Let a browser's session run out, as time does."""
    session, past = row(browser), timezone.now() - timedelta(hours=1)
    browser.session.delete()
    TrackedSession.objects.filter(pk=session.pk).update(expires_at=past)
    session.refresh_from_db()
    return session


class TestExpired:
    def test_list_records_filters_and_exports_agree(self, admin, mia):
        session = expire(mia)
        public_id = str(session.public_id)

        assert public_id not in listed(admin)
        assert public_id not in [x["session"] for x in exported(admin, page="")]
        assert public_id not in records(admin, "?status=active")
        assert public_id not in [x["session"] for x in exported(admin, "?status=active")]
        assert records(admin, "?status=expired") == [public_id]
        assert [x["session"] for x in exported(admin, "?status=expired")] == [public_id]
        assert "1 matching sign-in" in text(admin.get(RECORDS + "?status=expired"))

        ended = session.expires_at.isoformat(timespec="seconds")
        before = statuses(admin, session)
        assert before == (("Expired", ended), ("Expired", ended))
        (line,) = exported(admin, "?status=expired")
        assert line["end_reason"] == "expired"

        TrackedSession.objects.update(last_seen_at=timezone.now() - timedelta(minutes=5))
        call_command("sweep_sessions", verbosity=0)
        session.refresh_from_db()
        assert session.end_reason == "expired"
        assert statuses(admin, session) == before
        assert records(admin, "?status=expired") == [public_id]

    def test_other_filters_apply_to_them(self, admin, mia):
        session = expire(mia)
        for query, is_found in (
            ("&q=iphone", True),
            ("&q=windows", False),
            (f"&user={session.user_id}", True),
            ("&from=2000-01-01&to=2000-12-31", False),
            ("&within=24h", True),
            ("&flag=far", False),
        ):
            assert bool(records(admin, f"?status=expired{query}")) is is_found, query
            assert bool(exported(admin, f"?status=expired{query}")) is is_found, query

    def test_one_that_was_extended_in_the_store_is_active(self, admin, mia):
        session = row(mia)
        TrackedSession.objects.filter(pk=session.pk).update(
            expires_at=timezone.now() - timedelta(seconds=5)
        )
        assert records(admin, "?status=expired") == []
        assert exported(admin, "?status=expired") == []
        assert str(session.public_id) in records(admin, "?status=active")

    def test_they_are_on_the_pages_among_the_recorded_ones(self, admin, acme, settings):
        settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"PAGE_SIZE": 2}
        wanted = []
        for number in range(5):
            session = expire(Browser().sign_in(person(acme, f"Person {number}")))
            if number % 2:
                TrackedSession.objects.filter(pk=session.pk).update(
                    ended_at=session.expires_at, end_reason="expired", session_key=None
                )
            wanted.insert(0, str(session.public_id))
        found, address = [], RECORDS + "?status=expired"
        while address:
            html = admin.get(address).content.decode()
            found += re.findall(r'class="sa-more" href="[^"]*/([0-9a-f-]{36})/', html)
            older = re.search(r'href="([^"]*after=[^"]*)"[^>]*rel="next"', html) or re.search(
                r'rel="next"[^>]*href="([^"]*after=[^"]*)"', html
            )
            address = older.group(1).replace("&amp;", "&") if older else ""
        assert found == wanted

    def test_nothing_outside_the_scope_is_found(self, admin, globex):
        expire(Browser().sign_in(person(globex, "Gus Globex")))
        assert records(admin, "?status=expired") == []
        assert exported(admin, "?status=expired") == []

    def test_of_more_open_ones_than_are_looked_through_the_oldest_are_found(
        self, admin, acme, monkeypatch
    ):
        oldest = expire(Browser().sign_in(person(acme, "Olga Old")))
        oldest.created_at -= timedelta(days=20)
        oldest.save(update_fields=["created_at"])
        for number in range(3):
            Browser().sign_in(person(acme, f"Person {number}"))
        monkeypatch.setattr(counting, "LISTED", 2)
        newest = expire(Browser().sign_in(person(acme, "Nina New")))
        assert records(admin, "?status=expired") == [str(oldest.public_id)]
        mine = f"?status=expired&user={newest.user_id}"
        assert records(admin, mine) == [str(newest.public_id)]

    def test_recorded_ones_are_shown_while_the_store_is_away(self, admin, mia, acme, monkeypatch):
        expire(mia)
        recorded = expire(Browser().sign_in(person(acme, "Rita Recorded")))
        TrackedSession.objects.filter(pk=recorded.pk).update(
            ended_at=recorded.expires_at, end_reason="expired", session_key=None
        )

        def fail(self, keys):
            raise ConnectionError

        monkeypatch.setattr(DatabaseEngine, "load_many", fail)
        assert records(admin, "?status=expired") == [str(recorded.public_id)]
        assert "We can't reach the session store" in text(admin.get(RECORDS + "?status=expired"))

    def test_details_do_not_speak_of_current_activity(self, admin, mia):
        shown = text(admin.get(f"{LIST}{row(mia).public_id}/"))
        assert "Current activity" in shown
        assert "may be extended by activity" in shown
        shown = text(admin.get(f"{LIST}{expire(mia).public_id}/"))
        assert "Status Expired" in shown
        assert "Last activity" in shown
        assert "Current activity" not in shown
        assert "may be extended by activity" not in shown


def test_what_cannot_be_decided_is_not_called_active(admin, mia, monkeypatch):
    """As with a backend that fails for one person."""
    session, usual = row(mia), ModelBackend.user_can_authenticate

    def may_sign_in(self, user):
        if user.pk == session.user_id:
            raise RuntimeError("The directory does not answer")
        return usual(self, user)

    monkeypatch.setattr(ModelBackend, "user_can_authenticate", may_sign_in)
    page, file = statuses(admin, session)
    assert page == file == ("Unknown", None)
    assert str(session.public_id) not in records(admin, "?status=active")
    assert str(session.public_id) not in [x["session"] for x in exported(admin, "?status=active")]


def test_csv_and_page_say_the_same_of_a_login_that_is_missing_in_the_store(admin, mia):
    session = row(mia)
    mia.session.delete()
    page, file = statuses(admin, session)
    assert page == file == ("Missing from session store", None)
    answer = admin.post(RECORDS + "export/", {"format": "csv"}).getvalue().decode()
    lines = csv.DictReader(io.StringIO(answer.removeprefix("\ufeff"), newline=""))
    (line,) = [x for x in lines if x["Session ID"] == str(session.public_id)]
    assert (line["Status"], line["End reason"]) == ("Missing from session store", "lost")

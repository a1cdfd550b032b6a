"""The list: who may open it, and what it shows."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account, Membership
from sessions_admin.models import TrackedSession
from tests.support.browsing import LIST, TERMINATE_ALL, Browser, listed, row, terminate_url, text
from tests.support.factories import AccountFactory, UserFactory, person

pytestmark = pytest.mark.django_db


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

    def test_demoted_admin_is_refused_immediately(self, admin):
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
        html = admin.get(LIST).content.decode()
        labels = dict(re.findall(r' id="([\w-]+)" aria-label="([^"]+)"', html))
        for control in ("sa-s", "sa-d", "sa-t"):
            named = re.findall(rf'aria-labelledby="{control} ([\w-]+)"', html)
            names = [labels[label] for label in named]
            assert len(names) == len(set(names)) == 4
            # A single session is described by name, device and location.
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
        # Session, user, scope, the rows, their store entries, the flags, navigation.
        assert len(captured) == 7

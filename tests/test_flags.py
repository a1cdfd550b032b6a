"""Flags: when each is raised, and when it is not."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.utils import timezone

from accounts.demo import locations
from sessions_admin.listing import counting
from sessions_admin.listing.counting import Count
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.pipelines import sending
from sessions_admin.tracking import history, throttle
from tests.support.browsing import IPHONE, LIST, WINDOWS, Browser, listed
from tests.support.factories import MembershipFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("demo_map")]

LJUBLJANA, MARIBOR, VIENNA, SYDNEY = (
    str(locations.networks_of(city)[0][1]) for city in ("Ljubljana", "Maribor", "Vienna", "Sydney")
)
PRIVATE = "192.168.1.20"
UNKNOWN = "198.19.250.7"


@pytest.fixture
def ana(acme):
    return MembershipFactory(user__name="Ana Novak", account=acme).user


@pytest.fixture
def admin(acme):
    return Browser(ip=PRIVATE).sign_in(MembershipFactory(account=acme, role="admin").user)


def sign_in(user, ip, user_agent=WINDOWS):
    """Sign in and return the row."""
    browser = Browser(user_agent, ip=ip).sign_in(user)
    return TrackedSession.objects.get(session_key=browser.key)


def aged(row, **ago):
    """Backdate the session's beginning and last use by this much."""
    row.created_at -= timedelta(**ago)
    row.last_seen_at -= timedelta(**ago)
    row.save()
    return row


def usual(user, ip=LJUBLJANA, user_agent=WINDOWS):
    """Add a few earlier sign-ins, which define what is usual for the person."""
    for days in (12, 11, 10):
        aged(sign_in(user, ip, user_agent), days=days)


def raised(row):
    return set(evidence(row))


def evidence(row):
    """Return the sentence of each flag of the row, by the flag's id."""
    row.refresh_from_db()
    read = TrackedSession.objects.with_active_count().get(pk=row.pk)
    return {flag.id: flag.evidence for flag in read.flags}


def test_the_first_sign_in_raises_none(ana):
    assert raised(sign_in(ana, SYDNEY)) == set()


def test_the_second_and_the_third_are_no_first_time_of_anything(ana):
    sign_in(ana, LJUBLJANA)
    assert raised(sign_in(ana, LJUBLJANA, IPHONE)) == set()
    assert raised(sign_in(ana, VIENNA)) == set()
    assert raised(sign_in(ana, SYDNEY)) == {"country", "far"}


def test_another_country_and_then_the_same_again(ana):
    usual(ana)
    assert raised(aged(sign_in(ana, VIENNA), days=1)) == {"country"}
    assert raised(sign_in(ana, VIENNA)) == set()


def test_ended_logins_are_remembered(ana):
    row = aged(sign_in(ana, VIENNA), days=200)
    TrackedSession.objects.filter(pk=row.pk).update(ended_at=timezone.now(), session_key=None)
    usual(ana)
    assert raised(sign_in(ana, VIENNA)) == set()


def test_logins_beyond_those_looked_at_count_for_country_and_kind(ana, monkeypatch):
    monkeypatch.setattr(history, "COMPARED", 1)
    monkeypatch.setattr(history, "ENOUGH", 1)
    aged(sign_in(ana, VIENNA, IPHONE), days=20)
    aged(sign_in(ana, LJUBLJANA), days=10)
    assert raised(sign_in(ana, VIENNA, IPHONE)) == set()


def test_another_kind_of_device(ana):
    usual(ana)
    assert raised(sign_in(ana, LJUBLJANA, IPHONE)) == {"device"}
    assert raised(sign_in(ana, LJUBLJANA, IPHONE)) == set()
    assert raised(sign_in(ana, LJUBLJANA, "something-else/1")) == {"many"}


def test_faster_than_a_plane(ana):
    """Ljubljana to Sydney is about 16,000 km, which takes a plane 18 hours."""
    aged(sign_in(ana, LJUBLJANA), hours=10)
    assert "far" in raised(sign_in(ana, SYDNEY))


def test_slow_enough_for_a_plane(ana):
    usual(ana)
    aged(sign_in(ana, LJUBLJANA), hours=20)
    assert raised(sign_in(ana, SYDNEY)) == {"country"}


def test_near_locations_are_never_far(ana):
    sign_in(ana, LJUBLJANA)
    assert raised(sign_in(ana, MARIBOR)) == set()


@pytest.mark.parametrize("nowhere", [PRIVATE, UNKNOWN])
def test_private_and_unknown_locations_raise_nothing_and_hide_nothing(ana, nowhere):
    usual(ana, SYDNEY)
    sign_in(ana, SYDNEY)
    assert raised(sign_in(ana, nowhere)) == set()
    assert raised(sign_in(ana, LJUBLJANA)) == {"far", "country", "many"}


def test_many_active_sessions(ana, settings):
    settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"MANY_SESSIONS": 2}
    first = sign_in(ana, LJUBLJANA)
    assert raised(sign_in(ana, LJUBLJANA)) == set()
    TrackedSession.objects.filter(pk=first.pk).update(ended_at=timezone.now(), session_key=None)
    assert raised(sign_in(ana, LJUBLJANA)) == set()
    third = sign_in(ana, LJUBLJANA)
    assert evidence(third) == {"many": "This person has 3 active sessions (more than 2)."}


def test_others_sign_ins_say_nothing(ana, acme):
    sign_in(MembershipFactory(account=acme).user, LJUBLJANA)
    assert raised(sign_in(ana, SYDNEY)) == set()


def test_a_session_that_moves(ana):
    browser = Browser(ip=LJUBLJANA).sign_in(ana)
    row = TrackedSession.objects.get(session_key=browser.key)
    browser.defaults["REMOTE_ADDR"] = SYDNEY
    assert browser.is_signed_in()
    assert raised(row) == {"far", "country"}
    # The way home is as far, and the flag stays.
    throttle.forget()
    aged(row, hours=48)
    browser.defaults["REMOTE_ADDR"] = LJUBLJANA
    assert browser.is_signed_in()
    assert raised(row) == {"far", "country"}


def test_not_used_for_a_month(ana):
    row = aged(sign_in(ana, LJUBLJANA), days=31)
    assert raised(row) == {"idle"}
    row.last_seen_at = timezone.now() - timedelta(days=29)
    row.save()
    assert raised(row) == set()


def test_a_failure_to_tell_is_no_failure_to_sign_in(ana, monkeypatch, caplog):
    def broken(*args, **kwargs):
        raise ValueError("broken")

    sign_in(ana, LJUBLJANA)
    monkeypatch.setattr(history, "judged", broken)
    assert raised(sign_in(ana, SYDNEY)) == set()
    assert "could not be determined" in caplog.text


class TestThePage:
    @pytest.fixture
    def unusual(self, ana):
        usual(ana)
        aged(sign_in(ana, LJUBLJANA), hours=10)
        return sign_in(ana, SYDNEY, IPHONE)

    def test_counts_lead_to_the_sessions_in_question(self, admin, unusual):
        page = admin.get(LIST).content.decode()
        found = dict(re.findall(r'href="[^"]*\?flag=(\w+)".*?<strong>\s*(\d+)', page, re.S))
        assert found == {"far": "1", "country": "1", "device": "1"}
        for sign in found:
            assert listed(admin, f"?flag={sign}") == [str(unusual.public_id)]

    def test_without_any_there_is_no_strip(self, admin):
        assert "Needs review" not in admin.get(LIST).content.decode()

    def test_each_is_explained_in_a_sentence_in_the_strip_and_in_the_details(self, admin, unusual):
        for address in (LIST, f"{LIST}{unusual.public_id}/"):
            page = admin.get(address).content.decode()
            assert "Impossible travel" in page
            assert "VPN can cause this too." in page

    def test_it_combines_with_the_other_filters_and_ends_what_matches(self, admin, ana, unusual):
        assert listed(admin, "?flag=far&q=nobody") == []
        page = admin.get(f"{LIST}terminate-all/?flag=far").content.decode()
        assert "Terminate 1 session?" in page
        assert "Impossible travel" in page
        admin.post(f"{LIST}terminate-all/?flag=far")
        unusual.refresh_from_db()
        assert unusual.end_reason == "terminated"
        assert TrackedSession.objects.filter(user=ana, ended_at=None).count() == 4
        termination = Termination.objects.get()
        page = admin.get(f"{LIST}termination-log/{termination.public_id}/").content.decode()
        assert "Impossible travel" in page

    def test_an_unknown_one_matches_nothing_and_says_so(self, admin, unusual):
        page = unescape(admin.get(f"{LIST}?flag=odd").content.decode())
        assert "That flag doesn't exist, so no sessions match." in page
        assert listed(admin, "?flag=odd") == []

    def test_other_accounts_do_not_count(self, unusual):
        other = MembershipFactory(role="admin").user
        assert "Needs review" not in Browser().sign_in(other).get(LIST).content.decode()

    def test_counts_stop_at_a_bound(self, admin, ana, monkeypatch):
        monkeypatch.setattr(counting, "FLAGGED", 1)
        usual(ana)
        for ip in (VIENNA, SYDNEY):
            sign_in(ana, ip)
        assert "1+" in admin.get(LIST).content.decode()


COLUMNS = {
    "far": "is_far",
    "country": "is_new_country",
    "device": "is_new_kind",
    "many": "is_one_of_many",
}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the plans are PostgreSQL's")
def test_postgresql_counts_them_by_their_indexes(ana, acme):
    now = timezone.now()
    TrackedSession.objects.bulk_create(
        TrackedSession(
            user=ana,
            account_id=str(acme.pk),
            application="web",
            created_at=now - timedelta(minutes=n),
            last_seen_at=now,
            expires_at=now + timedelta(days=9),
            **dict.fromkeys(("is_far", "is_new_country", "is_new_kind"), n % 500 == 0),
            is_one_of_many=n % 500 == 1,
        )
        for n in range(20_000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    rows = TrackedSession.objects.in_accounts([str(acme.pk)]).active()
    plans = {
        flag: rows.flagged([flag]).newest_first()[:51].explain()
        for flag in ("far", "country", "device", "many")
    }
    for flag, plan in plans.items():
        assert f"sa_{COLUMNS[flag]}" in plan, flag
    with sending(connection) as send:
        alarms = rows.none()
        counts = counting.count(send, None, flagged_among=rows, alarms=alarms)
        assert counts.flags["far"] == Count(40)

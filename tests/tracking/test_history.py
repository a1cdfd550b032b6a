"""The evidence of flags, and which of two sessions is the odd one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from accounts.demo import locations
from accounts.models import Membership
from sessions_admin import flags
from sessions_admin.models import TrackedSession
from sessions_admin.tracking import throttle
from tests.support.browsing import IPHONE, WINDOWS, Browser, row
from tests.support.factories import MembershipFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("demo_map")]

VIENNA, SAN_FRANCISCO, LONDON = (
    str(locations.networks_of(city)[0][1]) for city in ("Vienna", "San Francisco", "London")
)


def sign_in(user, ip, user_agent=WINDOWS, **ago):
    """Sign in, pretend it was so long ago, and return the row."""
    found = row(Browser(user_agent, ip=ip).sign_in(user))
    passed = timedelta(**ago)
    times = {"created_at": found.created_at - passed, "last_seen_at": found.last_seen_at - passed}
    TrackedSession.objects.filter(pk=found.pk).update(**times)
    return found


def usual(user, ip=VIENNA):
    """Sign in a few times, longer ago than any flight takes."""
    for days in (12, 11, 10):
        sign_in(user, ip, days=days)


def evidence(found):
    read = TrackedSession.objects.with_active_count().get(pk=found.pk)
    return {flag.id: flag.evidence for flag in flags.raised(read)}


def test_travel_names_both_ends_the_time_and_the_distance(ana):
    usual(ana)
    sign_in(ana, VIENNA, hours=4)
    odd = sign_in(ana, SAN_FRANCISCO)
    assert evidence(odd) == {
        "far": "Signed in from San Francisco 4 hours after activity in Vienna, about 9,600 km "
        "away. Faster than a flight; a VPN can cause this too.",
        "country": "First sign-in from the United States. Usually: Austria.",
    }


def test_a_new_type_of_device_names_the_usual_one(ana):
    usual(ana)
    phone = sign_in(ana, VIENNA, IPHONE)
    assert evidence(phone) == {"device": "First sign-in on a phone. Usually: computer."}


def test_the_odd_session_is_flagged_even_if_it_came_first(ana):
    """The sign-in from home shows that the earlier one was odd, and is not flagged itself."""
    usual(ana)
    odd = sign_in(ana, SAN_FRANCISCO, minutes=30)
    assert "far" not in evidence(odd)
    home = sign_in(ana, VIENNA)
    assert evidence(home) == {}
    assert evidence(odd)["far"] == (
        "Active in San Francisco 30 minutes before a sign-in from Vienna, about 9,600 km away. "
        "Faster than a flight; a VPN can cause this too."
    )
    # What was known of it before is kept.
    assert evidence(odd)["country"] == "First sign-in from the United States. Usually: Austria."


def test_home_is_not_flagged_while_the_odd_session_goes_on(ana):
    usual(ana)
    sign_in(ana, VIENNA, hours=2)
    odd = sign_in(ana, SAN_FRANCISCO, minutes=90)
    at_home = [sign_in(ana, VIENNA, IPHONE, minutes=ago) for ago in (60, 30, 0)]
    assert "far" in evidence(odd)
    assert [found for found in at_home if "far" in evidence(found)] == []


def test_of_two_sessions_without_others_the_later_one_is_odd(ana):
    first = sign_in(ana, SAN_FRANCISCO, hours=1)
    assert evidence(first) == {}
    assert "far" in evidence(sign_in(ana, VIENNA))
    assert evidence(first) == {}


def test_a_move_says_where_the_session_was_before(ana):
    browser = Browser(ip=VIENNA).sign_in(ana)
    found = row(browser)
    TrackedSession.objects.update(last_seen_at=timezone.now() - timedelta(hours=3))
    throttle.forget()
    browser.defaults["REMOTE_ADDR"] = SAN_FRANCISCO
    assert browser.is_signed_in()
    assert evidence(found) == {
        "far": "Used from San Francisco 3 hours after activity in Vienna, about 9,600 km away. "
        "Faster than a flight; a VPN can cause this too.",
        "country": "Used in the United States for the first time. Signed in from Austria.",
    }


class TestOtherAccounts:
    """An admin must not read where a person was active in an account that the admin does not see.

    The flag is raised all the same, with a general sentence.
    """

    @pytest.fixture
    def in_two(self, ana, globex):
        MembershipFactory(user=ana, account=globex)
        return ana

    def enter(self, user, account):
        Membership.objects.filter(user=user).update(last_chosen_at=None)
        places = Membership.objects.filter(user=user, account=account)
        places.update(last_chosen_at=timezone.now())

    def test_evidence_from_elsewhere_is_not_quoted(self, in_two, globex):
        self.enter(in_two, globex)
        usual(in_two)
        sign_in(in_two, VIENNA, hours=1)
        self.enter(in_two, in_two.accounts.get(name="Acme"))
        odd = sign_in(in_two, SAN_FRANCISCO)
        found = evidence(odd)
        assert set(found) == {"far", "country"}
        assert "Vienna" not in found["far"]
        assert found["country"] == "First sign-in from the United States."

    def test_an_earlier_session_elsewhere_is_flagged_without_the_other_end(self, in_two, globex):
        usual(in_two)
        self.enter(in_two, globex)
        odd = sign_in(in_two, SAN_FRANCISCO, minutes=30)
        self.enter(in_two, in_two.accounts.get(name="Acme"))
        sign_in(in_two, VIENNA)
        assert "Vienna" not in evidence(odd)["far"]

    def test_evidence_stays_behind_when_the_session_switches_to_another_account(self, in_two):
        usual(in_two)
        sign_in(in_two, VIENNA, hours=1)
        odd = sign_in(in_two, SAN_FRANCISCO)
        assert "Vienna" in evidence(odd)["far"]
        TrackedSession.objects.filter(pk=odd.pk).update(account_id="another")
        said = " ".join(evidence(odd).values())
        assert "Vienna" not in said
        assert "Austria" not in said

    def test_many_counts_what_the_account_has(self, in_two, globex, settings):
        settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"MANY_SESSIONS": 2}
        sign_in(in_two, VIENNA)
        sign_in(in_two, VIENNA)
        self.enter(in_two, globex)
        assert evidence(sign_in(in_two, VIENNA)) == {}


class TestMany:
    @pytest.fixture
    def third(self, ana, settings):
        settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"MANY_SESSIONS": 2}
        self.first = sign_in(ana, VIENNA)
        sign_in(ana, VIENNA)
        return sign_in(ana, VIENNA)

    def is_listed(self, found):
        return TrackedSession.objects.active().flagged(["many"]).filter(pk=found.pk).exists()

    def test_says_how_many_there_are_now(self, ana, third):
        assert evidence(third) == {"many": "This person has 3 active sessions (more than 2)."}
        sign_in(ana, VIENNA)
        assert evidence(third) == {"many": "This person has 4 active sessions (more than 2)."}

    @pytest.mark.parametrize(
        "over",
        [{"ended_at": timezone.now()}, {"expires_at": timezone.now() - timedelta(hours=1)}],
        ids=["ended", "expired"],
    )
    def test_is_over_once_others_are(self, third, over):
        assert self.is_listed(third)
        TrackedSession.objects.filter(pk=self.first.pk).update(**over)
        assert evidence(third) == {}
        assert not self.is_listed(third)

    def test_an_ended_session_has_no_flag_that_is_about_now(self, third):
        long_ago = timezone.now() - timedelta(days=40)
        ended = {"ended_at": timezone.now(), "created_at": long_ago, "last_seen_at": long_ago}
        TrackedSession.objects.filter(pk=third.pk).update(**ended, is_far=True)
        assert set(evidence(third)) == {"far"}
        assert not TrackedSession.objects.flagged(["many", "idle"]).filter(pk=third.pk).exists()

    def test_counting_stops_at_a_hundred(self, third, monkeypatch):
        monkeypatch.setattr(flags, "COUNTED", 2)
        assert evidence(third) == {"many": "This person has 2+ active sessions (more than 2)."}


def test_it_costs_one_statement_and_one_more_only_to_flag_an_earlier_session(ana):
    def asked(ip):
        with CaptureQueriesContext(connection) as captured:
            sign_in(ana, ip, days=1)
        table = TrackedSession._meta.db_table
        found = [each["sql"] for each in captured if table in each["sql"]]
        # Without the row itself, and what this test asks.
        return len(found) - 3

    usual(ana)
    assert asked(VIENNA) == 1
    assert asked(VIENNA) == 1
    TrackedSession.objects.update(last_seen_at=timezone.now() - timedelta(hours=20))
    assert asked(SAN_FRANCISCO) == 1
    TrackedSession.objects.filter(city="San Francisco").update(last_seen_at=timezone.now())
    assert asked(VIENNA) == 2


def test_flags_are_read_without_a_query(ana, django_assert_num_queries):
    usual(ana)
    sign_in(ana, VIENNA, hours=4)
    odd = sign_in(ana, SAN_FRANCISCO)
    read = TrackedSession.objects.with_active_count().get(pk=odd.pk)
    with django_assert_num_queries(0):
        assert len(flags.raised(read)) == 2


def test_the_sentences_are_in_the_readers_language(ana):
    usual(ana)
    odd = sign_in(ana, SAN_FRANCISCO)
    with translation.override("de"):
        assert "Vereinigte Staaten" in evidence(odd)["country"]


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"account": None},
        {"account": "", "device": {"here": "fridge", "usual": "phone"}},
        {"account": "", "device": ["phone"]},
        {"account": "", "device": {}},
    ],
)
def test_evidence_of_another_version_is_a_general_sentence(stored):
    now = timezone.now()
    found = TrackedSession(is_new_kind=True, flag_evidence=stored, last_seen_at=now)
    (flag,) = flags.raised(found)
    assert flag.evidence == "First sign-in by this person on this type of device."

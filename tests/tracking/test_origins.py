"""Sessions that move: their origin at sign-in, and now."""

from __future__ import annotations

import re
import socket
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.demo import locations
from accounts.models import Membership
from sessions_admin.client.origins import REMEMBERED
from sessions_admin.models import TrackedSession
from sessions_admin.tracking import mark, throttle
from tests.support.browsing import IPHONE, LIST, WINDOWS, Browser
from tests.support.factories import AccountFactory, MembershipFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("demo_map")]

LJUBLJANA, VIENNA, OSLO = (
    str(locations.networks_of(city)[0][1]) for city in ("Ljubljana", "Vienna", "Oslo")
)


@pytest.fixture
def account():
    return AccountFactory()


@pytest.fixture
def ana(account):
    return MembershipFactory(account=account).user


@pytest.fixture
def admin(account):
    return Browser().sign_in(MembershipFactory(account=account, role=Membership.Role.ADMIN).user)


def of(user) -> TrackedSession:
    return TrackedSession.objects.get(user=user)


def move(browser, *, ip=None, user_agent=None):
    if ip:
        browser.defaults["REMOTE_ADDR"] = ip
    if user_agent:
        browser.defaults["HTTP_USER_AGENT"] = user_agent
    assert browser.is_signed_in()


def later(user, seconds=61):
    """Move the clock past an activity interval."""
    throttle.forget()
    for row in TrackedSession.objects.filter(user=user):
        row.last_seen_at -= timedelta(seconds=seconds)
        row.save()


def text_of(page) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


def detail(admin, user):
    return admin.get(f"{LIST}{of(user).public_id}/")


def test_the_sign_in_is_kept_and_the_move_is_shown_beside_it(ana, admin):
    laptop = Browser(ip=LJUBLJANA).sign_in(ana)
    move(laptop, ip=VIENNA)
    row = of(ana)
    assert (row.ip_address, row.city) == (LJUBLJANA, "Ljubljana")
    assert (row.now.ip_address, row.now.location) == (VIENNA, "Vienna, Austria")
    page = text_of(detail(admin, ana))
    assert "Signed in from Ljubljana, Slovenia, now in Vienna, Austria." in page
    assert LJUBLJANA in page
    assert VIENNA in page
    in_list = text_of(admin.get(LIST))
    assert re.search(r"Ljubljana, Slovenia → \S+ ?Vienna, Austria \(now\)", in_list)


def test_nothing_is_asked_of_the_network(ana, admin, monkeypatch):
    asked = []
    for name in ("socket", "create_connection", "getaddrinfo", "gethostbyaddr", "gethostbyname"):
        monkeypatch.setattr(socket, name, lambda *args, name=name, **kwargs: asked.append(name))
    laptop = Browser(WINDOWS, ip=LJUBLJANA).sign_in(ana)
    move(laptop, ip=VIENNA)
    assert (of(ana).city, of(ana).now.city, of(ana).browser) == ("Ljubljana", "Vienna", "Chrome")
    assert detail(admin, ana).status_code == 200
    assert asked == []


def test_another_browser_with_the_same_cookie_shows(ana, admin):
    laptop = Browser(WINDOWS, ip=LJUBLJANA).sign_in(ana)
    move(laptop, user_agent=IPHONE)
    row = of(ana)
    assert (row.browser, row.now.device_label) == ("Chrome", "Safari on iPhone")
    page = text_of(detail(admin, ana))
    assert "Signed in from Ljubljana, Slovenia, now using Safari on iPhone." in page
    assert IPHONE in page
    assert WINDOWS in page
    assert "→ Safari on iPhone (now)" in text_of(admin.get(LIST))


def test_coming_home_is_now_again_and_the_journey_is_remembered(ana, admin):
    laptop = Browser(ip=LJUBLJANA).sign_in(ana)
    move(laptop, ip=VIENNA)
    later(ana)
    move(laptop, ip=LJUBLJANA)
    row = of(ana)
    assert row.now is None
    assert [seen.city for seen in row.elsewhere] == ["Vienna"]
    page = text_of(detail(admin, ana))
    assert "Signed in from Ljubljana, Slovenia." in page
    assert "Other locations" in page
    assert "Vienna, Austria" in page


def test_a_thiefs_one_request_shows_immediately_and_stays_known(ana):
    """The owner continues within the same minute, and the other address is still recorded."""
    laptop = Browser(ip=LJUBLJANA).sign_in(ana)
    thief = Browser(IPHONE, ip=OSLO)
    thief.cookies = laptop.cookies
    assert thief.is_signed_in()
    for _ in range(3):
        move(laptop, ip=LJUBLJANA)
    later(ana)
    move(laptop, ip=LJUBLJANA)
    assert [seen.ip_address for seen in of(ana).elsewhere] == [OSLO]


def test_a_journey_keeps_its_latest_stops(ana):
    laptop = Browser(ip=LJUBLJANA).sign_in(ana)
    stops = [str(locations.networks_of(city)[0][2]) for city in locations.CITIES[1:10]]
    for stop in stops:
        later(ana)
        move(laptop, ip=stop)
    later(ana)
    move(laptop, ip=stops[-2])
    seen = [origin.ip_address for origin in of(ana).elsewhere]
    assert seen == [stops[-2], stops[-1], *reversed(stops[-2 - REMEMBERED + 2 : -2])]
    first, last = of(ana).elsewhere[0].first_seen_at, of(ana).elsewhere[0].last_seen_at
    assert timezone.now() - timedelta(minutes=1) < first < last


def test_staying_costs_nothing_and_moving_to_and_fro_two_writes_a_minute(
    ana, django_assert_num_queries
):
    laptop = Browser(ip=LJUBLJANA).sign_in(ana)
    move(laptop, ip=VIENNA)
    with django_assert_num_queries(2 * 6):
        # The session and its user, each time.
        for ip in (LJUBLJANA, VIENNA, OSLO) * 2:
            move(laptop, ip=ip)
    later(ana)
    with django_assert_num_queries(2 * 6 + 1 + 2 + 2):
        # One update for the first origin; for another, the row is read and written in one
        # transaction.
        for ip in (LJUBLJANA, VIENNA, OSLO) * 2:
            move(laptop, ip=ip)


def test_being_elsewhere_is_written_once_an_interval_whatever_the_number_of_processes(ana):
    laptop = Browser(ip=LJUBLJANA).sign_in(ana)
    move(laptop, ip=VIENNA)
    written = of(ana).last_seen_at
    for _ in range(3):
        throttle.forget()  # As if in another process.
        move(laptop, ip=VIENNA)
    assert of(ana).last_seen_at == written
    throttle.forget()
    move(laptop, ip=OSLO)
    assert of(ana).now.city == "Oslo"
    later(ana)
    move(laptop, ip=OSLO)
    assert of(ana).last_seen_at > written


def test_account_switched_from_elsewhere_shows_where(ana):
    other = MembershipFactory(user=ana).account
    laptop = Browser(ip=LJUBLJANA).sign_in(ana)
    laptop.defaults["REMOTE_ADDR"] = VIENNA
    answer = laptop.post("/accounts/choose/", {"account": str(other.pk)})
    assert answer.status_code == 302
    row = of(ana)
    assert (row.account_name, row.now.city) == (other.name, "Vienna")


def test_address_seen_elsewhere_is_found_by_the_search(ana, admin):
    laptop = Browser(ip=LJUBLJANA).sign_in(ana)
    move(laptop, ip=OSLO, user_agent=IPHONE)
    public_id = str(of(ana).public_id)
    for words in ("Oslo", "Norway", OSLO, "Safari", "iPhone", "Ljubljana", "Slovenia"):
        assert public_id in admin.get(LIST, {"q": words}).content.decode(), words
    assert public_id not in admin.get(LIST, {"q": "Vienna"}).content.decode()


def test_session_kept_by_an_older_version_is_followed_too(ana):
    laptop = Browser(ip=LJUBLJANA).sign_in(ana)
    session = laptop.session
    session[mark.MARK] = {k: v for k, v in session[mark.MARK].items() if k != "client"}
    session.save()
    later(ana)
    move(laptop, ip=LJUBLJANA)
    assert of(ana).last_seen_at > timezone.now() - timedelta(seconds=30)
    assert of(ana).elsewhere == []
    later(ana)
    move(laptop, ip=VIENNA)
    assert of(ana).now.city == "Vienna"
    assert TrackedSession.objects.filter(user=ana).count() == 1


def test_detail_says_all_that_is_known(ana, admin):
    Browser(WINDOWS, ip=LJUBLJANA).sign_in(ana)
    page = text_of(detail(admin, ana))
    for known in (
        ana.name,
        ana.email,
        "Web app",
        "Ljubljana, Slovenia",
        LJUBLJANA,
        "Chrome 126",
        "Windows",
        "Desktop",
        WINDOWS,
        "just now",
        "Active now",
    ):
        assert known in page


def test_detail_is_within_the_scope(ana, admin, account):
    stranger = MembershipFactory().user
    Browser().sign_in(stranger)
    assert detail(admin, stranger).status_code == 404
    assert admin.get(f"{LIST}00000000-0000-4000-8000-000000000000/").status_code == 404
    laptop = Browser().sign_in(ana)
    assert detail(admin, ana).status_code == 200
    assert admin.post(f"{LIST}{of(ana).public_id}/").status_code == 405
    laptop.post("/accounts/logout/")


def test_other_sessions_of_the_person_are_one_click_away(ana, admin):
    Browser(WINDOWS).sign_in(ana)
    Browser(IPHONE).sign_in(ana)
    first, second = TrackedSession.objects.filter(user=ana).order_by("pk")
    page = admin.get(f"{LIST}{first.public_id}/").content.decode()
    assert f"{LIST}{second.public_id}/" in page
    assert f"{LIST}?user={ana.pk}" in page

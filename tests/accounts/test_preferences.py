"""Each person has a language and a time zone, which follow them from device to device."""

from __future__ import annotations

import re

import pytest
from babel import Locale
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from accounts import preferences, time_zones
from tests.support.browsing import LIST, Browser
from tests.support.factories import MembershipFactory

pytestmark = pytest.mark.django_db

PREFERENCES = reverse("preferences")


@pytest.fixture
def ada():
    return MembershipFactory(user__name="Ada Admin", account__name="Acme", role="admin").user


@pytest.fixture
def browser(ada):
    return Browser().sign_in(ada)


def language(answer):
    return re.search(r'<html lang="([\w-]+)" dir="(\w+)"', answer.content.decode()).groups()


def test_people_choose_both(browser, ada):
    page = browser.get(PREFERENCES).content.decode()
    assert "Deutsch" in page
    assert 'value="Ljubljana, Slovenia"' in page
    answer = browser.post(PREFERENCES, {"language": "de", "time_zone": "Europe/Ljubljana"})
    assert answer["Location"] == PREFERENCES
    assert language(browser.get(PREFERENCES)) == ("de", "ltr")
    ada.refresh_from_db()
    assert (ada.language, ada.time_zone) == ("de", "Europe/Ljubljana")


def test_they_follow_to_another_device(browser, ada):
    browser.post(PREFERENCES, {"language": "ar", "time_zone": "Asia/Tokyo"})
    phone = Browser(headers={"accept-language": "en"}).sign_in(ada)
    assert language(phone.get(PREFERENCES)) == ("ar", "rtl")
    assert "JST" in phone.get(LIST).content.decode()


def test_a_change_reaches_a_device_that_is_signed_in(browser, ada):
    phone = Browser().sign_in(ada)
    browser.post(PREFERENCES, {"language": "sl", "time_zone": ""})
    phone.get(PREFERENCES)
    assert language(phone.get(PREFERENCES))[0] == "sl"


def test_times_are_the_persons_own_with_the_zone_named(browser):
    browser.post(PREFERENCES, {"language": "", "time_zone": "Europe/Ljubljana"})
    page = browser.get(LIST).content.decode()
    assert re.search(r"updated <time [^>]*>\d\d:\d\d:\d\d CES?T<", page)
    assert re.search(r'title="\d+ \w+ \d{4}, \d\d:\d\d:\d\d CES?T"', page)
    browser.post(PREFERENCES, {"language": "", "time_zone": ""})
    assert re.search(r"updated <time [^>]*>\d\d:\d\d:\d\d UTC<", browser.get(LIST).content.decode())


@pytest.mark.parametrize(
    "fields",
    [
        {"language": "xx"},
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "../../etc/passwd"},
        {"time_zone": "x" * 10_000},
        {"time_zone": "Europe/Ljubljana\0"},
    ],
)
def test_what_does_not_exist_is_refused(browser, ada, fields):
    answer = browser.post(PREFERENCES, fields)
    assert answer.status_code == 200
    assert answer.context["form"].errors
    ada.refresh_from_db()
    assert (ada.language, ada.time_zone) == ("", "")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Ljubljana, Slovenia"),
        ("en", "ljubljana"),
        ("en", "Europe/Ljubljana"),
        ("de", "Ljubljana, Slowenien"),
        ("sl", "Ljubljana, Slovenija"),
        ("ar", "ليوبليانا, سلوفينيا"),
    ],
)
def test_time_zones_are_found_by_city_in_the_persons_language(browser, ada, language, text):
    browser.post(PREFERENCES, {"language": language, "time_zone": ""})
    assert browser.post(PREFERENCES, {"language": language, "time_zone": text}).status_code == 302
    ada.refresh_from_db()
    assert ada.time_zone == "Europe/Ljubljana"
    page = browser.get(PREFERENCES).content.decode()
    assert re.search(r'name="time_zone" value="[^"]*(Sloven|Slowen|سلوف)', page)


@pytest.mark.parametrize("language", ["en", "de", "sl", "ar"])
def test_every_zone_has_a_name_and_utc_stands_alone(language):
    with translation.override(language):
        offered = time_zones.offered()
        assert "UTC" in offered.values()
        nowhere = Locale.parse(language).territories["ZZ"]
        assert not [label for label in offered.values() if nowhere in label]
        for name in ("UTC", "Etc/UTC"):
            assert time_zones.label_of(name) == "UTC"
            assert time_zones.zone(time_zones.named(name.partition("/")[2] or name))


def test_times_are_the_browsers_until_a_person_chooses(browser):
    browser.cookies["browser_time_zone"] = "Asia/Tokyo"
    assert "JST" in browser.get(LIST).content.decode()
    browser.post(PREFERENCES, {"language": "", "time_zone": "Europe/Ljubljana"})
    page = browser.get(LIST).content.decode()
    assert "JST" not in page
    assert re.search(r" CES?T<", page)
    browser.post(PREFERENCES, {"language": "", "time_zone": ""})
    browser.get(PREFERENCES)
    assert "JST" in browser.get(LIST).content.decode()


@pytest.mark.parametrize("value", ["Mars/Olympus", "../../etc/passwd", "x" * 4000, ""])
def test_odd_cookies_change_nothing(browser, value):
    browser.cookies[preferences.TIME_ZONE_COOKIE] = value
    browser.cookies[preferences.BROWSER_TIME_ZONE_COOKIE] = value
    browser.cookies["django_language"] = value
    answer = browser.get(LIST)
    assert language(answer) == ("en", "ltr")
    assert "UTC" in answer.content.decode()


def test_strangers_get_the_language_of_their_browser_and_may_choose(client):
    address = "/accounts/login/?next=/account-management/"
    assert language(client.get(address, headers={"accept-language": "sl,en;q=0.5"}))[0] == "sl"
    assert language(client.get(address, headers={"accept-language": "fr"}))[0] == "en"
    answer = client.post(reverse("set_language"), {"language": "ar", "next": address})
    assert answer["Location"] == address
    assert language(client.get(address)) == ("ar", "rtl")
    answer = client.post(reverse("set_language"), {"language": "de", "next": "//evil.example/"})
    assert answer["Location"] == "/"


def test_signed_out_people_sign_in_first():
    assert "/accounts/login/" in Client().get(PREFERENCES)["Location"]


def test_they_cost_no_statement_and_no_session(browser):
    browser.post(PREFERENCES, {"language": "de", "time_zone": "Europe/Ljubljana"})
    with CaptureQueriesContext(connection) as captured:
        browser.get("/api/mobile/me/")
    assert len(captured) == 2
    stranger = Client()
    with CaptureQueriesContext(connection) as captured:
        stranger.get("/accounts/login/")
    assert len(captured) == 0
    assert set(stranger.cookies) == {"csrftoken"}

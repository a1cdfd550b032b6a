"""A device whose system was updated has not moved, also where the system is all that names it."""

from __future__ import annotations

import pytest

from sessions_admin.models import TrackedSession
from sessions_admin.views import sentences
from tests.support.browsing import LIST, WINDOWS, Browser, text
from tests.support.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db

APP = "MyApp/4.1 CFNetwork/1494.0.7 Darwin/23.4.0"
ANDROID = "MyApp/4.1 (Android 13)"


@pytest.fixture
def admin():
    return Browser().sign_in(UserFactory(is_superuser=True))


def updated(before, after):
    """Return the row of a session whose client sends another user agent since."""
    ana = MembershipFactory(user__name="Ana Novak").user
    browser = Browser(before).sign_in(ana)
    browser.defaults["HTTP_USER_AGENT"] = after
    assert browser.is_signed_in()
    return browser, TrackedSession.objects.get(user=ana)


@pytest.mark.parametrize(
    ("before", "after", "was", "now"),
    [
        (APP, "MyApp/5.0 CFNetwork/1496.0.7 Darwin/23.5.0", "iOS 17.4", "iOS 17.5"),
        (ANDROID, "MyApp/5.0 (Android 14)", "Android 13", "Android 14"),
        (
            WINDOWS.replace("NT 10.0", "NT 6.1"),
            WINDOWS.replace("NT 10.0", "NT 6.3"),
            "Windows 7",
            "Windows 8.1",
        ),
    ],
)
def test_the_pages_show_the_present_system_and_no_move(admin, before, after, was, now):
    browser, row = updated(before, after)
    for page in (
        admin.get(LIST),
        admin.get(f"{LIST}?q={now}"),
        admin.get(f"{LIST}{row.public_id}/terminate/"),
        browser.get(f"{LIST}own/"),
    ):
        shown = text(page)
        assert now in shown
        assert "(now)" not in shown
    assert "now using" not in sentences.summary(row, row.now)
    assert was in text(admin.get(f"{LIST}{row.public_id}/"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (APP, ANDROID),
        (APP, APP.replace("MyApp", "Other")),
        (WINDOWS, WINDOWS.replace("Windows NT 10.0; Win64; x64", "X11; Linux x86_64")),
        ("MyApp/4 (Android 13; Pixel 7)", "MyApp/4 (Android 13; Pixel 8)"),
        ("MyApp/4 (iPhone; iOS 17.4)", APP),
    ],
)
def test_another_device_is_a_move(admin, before, after):
    _browser, row = updated(before, after)
    assert "(now)" in text(admin.get(LIST))
    assert "now using" in sentences.summary(row, row.now)

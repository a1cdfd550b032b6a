"""The page of one of one's own sessions, and the names people give to their devices."""

from __future__ import annotations

import pytest
from django.urls import reverse

from sessions_admin.models import TrackedSession
from tests.support.browsing import IPHONE, LIST, Browser, row, text
from tests.support.factories import MembershipFactory

pytestmark = pytest.mark.django_db

OWN = reverse("sessions_admin:own")


@pytest.fixture
def admin(acme):
    return Browser().sign_in(MembershipFactory(account=acme, role="admin").user)


@pytest.fixture
def mia(acme):
    return MembershipFactory(user__name="Mia Member", account=acme).user


@pytest.fixture
def laptop(mia):
    return Browser(ip="203.0.113.20").sign_in(mia)


@pytest.fixture
def phone(mia, laptop):
    return Browser(IPHONE, ip="203.0.113.21").sign_in(mia)


def detail(browser):
    return reverse("sessions_admin:own_detail", args=[row(browser).public_id])


def name(browser, other, device_name):
    address = reverse("sessions_admin:name_device", args=[row(other).public_id])
    return browser.post(address, {"device_name": device_name}, follow=True)


def test_details_say_where_and_on_what(laptop, phone):
    page = text(laptop.get(detail(phone)))
    for fact in ("203.0.113.21", "Safari", "iPhone", "Last active", "User agent"):
        assert fact in page
    assert "This device" not in page
    assert "This device" in text(laptop.get(detail(laptop)))


def test_flags_stand_with_their_evidence_in_the_persons_own_words(laptop, phone, mia):
    for _ in range(4):
        Browser(IPHONE).sign_in(mia)
    TrackedSession.objects.filter(session_key=laptop.key).update(
        is_new_country=True, is_one_of_many=True
    )
    page = text(laptop.get(detail(laptop)))
    assert "Needs review" in page
    assert "Your first sign-in from this country." in page
    assert "You have 6 active sessions (more than 5)." in page
    assert "this person" not in page
    shown = laptop.get(OWN).content.decode()
    assert "Your first sign-in from this country." in shown
    assert f'class="sa-row-flag" href="{detail(laptop)}"' in shown
    assert shown.count('id="sa-flag-country"') == 1


def test_a_name_stands_for_the_device_on_ones_own_pages(laptop, phone):
    page = text(name(laptop, phone, "  Mia\u2019s  phone\x00 "))
    assert "Device name saved." in page
    assert "Mia\u2019s phone" in page
    assert "Mia\u2019s phone" in text(laptop.get(OWN))
    signed_out = laptop.post(
        reverse("sessions_admin:sign_out", args=[row(phone).public_id]), follow=True
    )
    assert "Signed out of Mia\u2019s phone." in text(signed_out)


def test_admins_see_the_name_as_the_users_words_beside_the_real_device(admin, laptop, phone):
    name(laptop, phone, "Chrome on Windows")
    page = text(admin.get(f"{LIST}{row(phone).public_id}/"))
    assert "Mia Member, Safari on iPhone" in page
    assert "\u201cChrome on Windows\u201d chosen by the user" in page
    assert "Chrome on Windows" not in text(admin.get(f"{LIST}?user={row(phone).user_id}&q=iphone"))


@pytest.mark.parametrize(
    ("given", "kept"),
    [("x" * 10_000, "x" * 30), ("\u200b\u2800", ""), ("<b>bold</b>", "<b>bold</b>"), ("", "")],
)
def test_any_text_is_a_name_of_at_most_thirty_visible_characters(laptop, phone, given, kept):
    assert name(laptop, phone, given).status_code == 200
    assert row(phone).device_name == kept


def test_the_sessions_of_others_do_not_exist_here(laptop, admin):
    assert laptop.get(detail(admin)).status_code == 404
    assert name(laptop, admin, "Mine").status_code == 404
    assert row(admin).device_name == ""


def test_a_session_that_has_ended_meanwhile_says_so(laptop, phone):
    address, session = detail(phone), row(phone)
    laptop.post(reverse("sessions_admin:sign_out", args=[session.public_id]))
    assert "already signed out" in text(laptop.get(address, follow=True))
    rename = reverse("sessions_admin:name_device", args=[session.public_id])
    answer = laptop.post(rename, {"device_name": "Late"}, follow=True)
    assert "already signed out" in text(answer)


def test_signing_out_of_all_others_names_a_few_and_counts_many(mia, laptop, phone):
    sign_out_others = reverse("sessions_admin:sign_out_others")
    name(laptop, phone, "Phone")
    Browser(IPHONE).sign_in(mia)
    answer = laptop.post(sign_out_others, follow=True)
    assert "Signed out of Phone and Safari on iPhone." in text(answer)
    for _ in range(6):
        Browser(IPHONE).sign_in(mia)
    answer = laptop.post(sign_out_others, follow=True)
    assert "Signed out of 6 other devices." in text(answer)


@pytest.mark.parametrize(
    ("setting", "link"),
    [({}, "/accounts/password_change/"), ({"PASSWORD_CHANGE_URL": "/sso/me/"}, "/sso/me/")],
)
def test_the_page_leads_to_the_change_of_password(laptop, settings, setting, link):
    settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | setting
    assert f'href="{link}"' in laptop.get(OWN).content.decode()

"""Reauthentication before Terminate all and before the termination log."""

from __future__ import annotations

import re
import threading
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.signals import user_login_failed
from django.contrib.sessions.backends.db import SessionStore
from django.db import connections
from django.http import HttpResponse
from django.urls import include, path
from django.utils.http import urlencode

from sessions_admin import reauthentication
from sessions_admin.models import Termination, TrackedSession
from tests.support.browsing import LIST, TERMINATE_ALL, Browser, grown_old, listed, row
from tests.support.factories import PASSWORD, MembershipFactory

pytestmark = pytest.mark.django_db


TERMINATION_LOG = LIST + "termination-log/"
CONFIRM = LIST + "confirm-password/"


def confirmed_elsewhere(request):
    """A host's own page, which has just checked the person."""
    reauthentication.proved(request)
    return HttpResponse("Welcome back")


urlpatterns = [
    path("sso/again/", confirmed_elsewhere),
    path("", include("sessions_admin.project.urls")),
]


@pytest.fixture
def ada(acme):
    return MembershipFactory(user__name="Ada Admin", account=acme, role="admin").user


@pytest.fixture
def admin(ada):
    """The browser of Acme's admin, whose sign-in is too old to count as reauthentication."""
    return grown_old(Browser().sign_in(ada))


@pytest.fixture
def mia(acme):
    return Browser().sign_in(MembershipFactory(user__name="Mia Member", account=acme).user)


def confirm(browser, password=PASSWORD, back=TERMINATE_ALL):
    return browser.post(CONFIRM, {"password": password, "next": back})


@pytest.mark.parametrize(
    ("back", "named"),
    [
        (LIST + "terminate-all/", "Active user sessions"),
        (LIST + "login-records/export/?q=mia", "Login records"),
        (TERMINATION_LOG + "export/", "Termination log"),
        (LIST + "own/sign-out-others/", "Your sessions"),
    ],
)
def test_the_page_says_what_it_stands_before(admin, back, named):
    page = admin.get(CONFIRM, {"next": back}).content.decode()
    assert f"<title>Confirm your password · {named} · Sessions Admin</title>" in page
    (trail,) = re.findall(r'<nav class="sa-breadcrumb".*?</nav>', page, re.S)
    assert re.findall(r"<a [^>]*>([^<]*)</a>", trail)[-1] == named


def test_a_sign_in_is_a_proof(ada, mia):
    admin = Browser().sign_in(ada)
    assert admin.get(TERMINATE_ALL).status_code == 200
    assert admin.get(TERMINATION_LOG).status_code == 200


@pytest.mark.parametrize("address", [TERMINATE_ALL + "?q=mia&application=web", TERMINATION_LOG])
def test_after_a_while_the_password_is_asked_for_and_leads_back(admin, mia, address):
    asked = admin.get(address)
    assert urlsplit(asked["Location"]).path == CONFIRM
    page = admin.get(asked["Location"])
    assert 'autocomplete="current-password"' in page.content.decode()

    (back,) = parse_qs(urlsplit(asked["Location"]).query)["next"]
    assert confirm(admin, back=back)["Location"] == back == address
    assert admin.get(address).status_code == 200


@pytest.mark.parametrize(
    ("back", "left_to"),
    [
        (TERMINATE_ALL + "?q=mia&application=web", LIST + "?q=mia&amp;application=web"),
        (LIST + "terminate-selected/?flag=many&session=1&session=2", LIST + "?flag=many"),
        (TERMINATION_LOG + "?after=x", LIST),
        (LIST + "own/", LIST + "own/"),
    ],
)
def test_cancelling_leads_back_to_the_list_as_it_was(admin, back, left_to):
    page = admin.get(f"{CONFIRM}?{urlencode({'next': back})}").content.decode()
    assert f'href="{left_to}">Cancel</a>' in page


def test_a_proof_gives_the_session_a_new_key_and_ends_the_old_one(admin):
    before, key = row(admin), admin.key
    confirm(admin)

    assert admin.key != key
    assert row(admin).public_id == before.public_id
    thief = Browser()
    thief.cookies["sessionid"] = key
    assert not thief.is_signed_in()
    assert admin.is_signed_in()


def test_posting_too_late_ends_nobody_and_loses_nothing(admin, mia):
    answer = admin.post(
        TERMINATE_ALL + "?application=web", {"keep_current": "on", "reason": "A lost laptop"}
    )
    assert urlsplit(answer["Location"]).path == CONFIRM
    assert mia.is_signed_in()
    assert not Termination.objects.exists()

    page = admin.get(confirm(admin, back=TERMINATE_ALL + "?application=web")["Location"])
    assert 'value="A lost laptop"' in page.content.decode()
    assert 'id="sa-id_keep_current" checked' in page.content.decode()
    admin.post(TERMINATE_ALL + "?application=web", {"keep_current": "on"})
    assert not mia.is_signed_in()
    assert admin.is_signed_in()


def test_one_session_ends_without_it(admin, mia):
    admin.post(f"{LIST}{row(mia).public_id}/terminate/")
    assert not mia.is_signed_in()


def test_a_proof_from_the_future_is_none(admin):
    session = SessionStore(admin.key)
    session[reauthentication.PROVED_AT] += 10_000
    session.save()
    assert admin.get(TERMINATION_LOG).status_code == 302


def test_how_long_it_lasts_is_a_setting(admin, settings):
    settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"REAUTHENTICATION_AGE": 1000}
    assert admin.get(TERMINATION_LOG).status_code == 200


def test_five_wrong_passwords_end_the_session_and_say_so(admin):
    session = row(admin)
    for _ in range(4):
        answer = confirm(admin, "wrong")
        assert "That password is incorrect." in answer.content.decode()
    answer = admin.post(CONFIRM, {"password": "wrong", "next": TERMINATE_ALL}, follow=True)

    assert "You were signed out after 5 incorrect password attempts." in answer.content.decode()
    assert answer.redirect_chain[-1][0].startswith("/accounts/login/?next=")
    assert not admin.is_signed_in()
    session.refresh_from_db()
    assert session.end_reason == TrackedSession.EndReason.WRONG_PASSWORDS


def test_the_right_password_starts_the_count_anew(admin):
    for _ in range(2):
        for _ in range(4):
            confirm(admin, "wrong")
        assert confirm(admin).status_code == 302
        grown_old(admin)
    assert admin.is_signed_in()


@pytest.mark.django_db(transaction=True)
def test_guesses_that_come_side_by_side_are_counted_too(admin):
    looked_at = []
    user_login_failed.connect(note := lambda **kwargs: looked_at.append(1))

    def guess():
        thief = Browser()
        thief.cookies["sessionid"] = admin.key
        confirm(thief, "wrong")
        connections.close_all()

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    user_login_failed.disconnect(note)
    assert len(looked_at) <= reauthentication.TRIES
    assert not admin.is_signed_in()


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\e.x", ""]
)
def test_it_never_leads_to_another_site(admin, elsewhere):
    page = admin.get(f"{CONFIRM}?{urlencode({'next': elsewhere})}")
    assert "evil" not in page.content.decode()
    assert confirm(admin, back=elsewhere)["Location"] == LIST
    assert admin.get(f"{CONFIRM}?{urlencode({'next': elsewhere})}")["Location"] == LIST


def test_people_without_a_password_sign_in_again(admin, ada):
    ada.set_unusable_password()
    type(ada).objects.filter(pk=ada.pk).update(password=ada.password)
    admin.force_login(ada)
    grown_old(admin)
    page = admin.get(f"{CONFIRM}?{urlencode({'next': TERMINATION_LOG})}").content.decode()
    assert "sign in again to continue" in page
    assert 'type="password"' not in page

    answer = admin.post(CONFIRM, {"next": TERMINATION_LOG})
    assert answer["Location"] == f"/accounts/login/?next={TERMINATION_LOG}"
    assert not admin.is_signed_in()


def test_a_page_of_the_hosts_own_replaces_it(admin, mia, settings):
    settings.ROOT_URLCONF = __name__
    settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"REAUTHENTICATION_URL": "/sso/again/"}
    for address in (TERMINATE_ALL, CONFIRM + "?next=" + TERMINATE_ALL):
        asked = admin.get(address)["Location"]
        assert asked == f"/sso/again/?{urlencode({'next': TERMINATE_ALL})}"
    assert confirm(admin).status_code == 302
    assert admin.get(TERMINATE_ALL).status_code == 302

    admin.get("/sso/again/")
    assert admin.get(TERMINATE_ALL).status_code == 200


def test_everybody_who_is_signed_in_may_be_asked_and_nobody_else(mia):
    grown_old(mia)
    assert mia.get(CONFIRM).status_code == 200
    own = LIST + "own/"
    assert confirm(mia, back=own)["Location"] == own
    assert Browser().get(CONFIRM)["Location"].startswith("/accounts/login/")


def test_a_form_from_elsewhere_is_refused(ada):
    careful = Browser(enforce_csrf_checks=True)
    careful.force_login(ada)
    assert confirm(careful).status_code == 403
    assert listed(careful)

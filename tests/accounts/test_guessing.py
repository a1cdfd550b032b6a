"""Password guessing is slow, reveals nothing, and locks nobody out of their known networks."""

from __future__ import annotations

import io
import threading
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client

from accounts import guessing
from sessions_admin import reauthentication
from tests.support.browsing import IPHONE, LIST, Browser
from tests.support.factories import PASSWORD, MembershipFactory, UserFactory
from tests.views.test_reauthentication import grown_old

pytestmark = pytest.mark.django_db

SIGN_IN = "/accounts/login/"
ENTRANCES = [SIGN_IN, "/account-management/login/", "/admin/login/"]
MOBILE = "/api/mobile/sign-in/"
LIMIT = 10


@pytest.fixture
def ada():
    return MembershipFactory(user__name="Ada Admin", role="admin").user


def guess(email, password="wrong", *, entrance=SIGN_IN, ip="203.0.113.9", agent="x"):
    browser = Browser(agent, ip=ip)
    if entrance == MOBILE:
        body = {"email": email, "password": password}
        return browser.post(entrance, body, content_type="application/json")
    return browser.post(entrance, {"username": email, "password": password})


def guess_on(email, times, **options):
    for _ in range(times):
        answer = guess(email, **options)
    return answer


def guess_from_everywhere(email):
    for number in range(guessing.PERSON_LIMIT):
        guess(email, ip=f"198.51.100.{number}")


@pytest.mark.parametrize("entrance", [*ENTRANCES, MOBILE])
def test_ten_wrong_passwords_and_one_waits_even_with_the_right_one(ada, entrance):
    type(ada).objects.update(is_staff=True)
    assert guess_on(ada.email, LIMIT - 1, entrance=entrance).status_code in {200, 401}
    for password in ("wrong", PASSWORD):
        answer = guess(ada.email, password, entrance=entrance)
        assert answer.status_code == 429
        assert answer["Retry-After"] == "900"
        assert "no-store" in answer["Cache-Control"]
        if entrance == MOBILE:
            assert answer.json()["error"]["code"] == "too_many_tries"
        else:
            assert "Try again in 15 minutes." in answer.content.decode()


def test_capitals_agents_and_entrances_count_together(ada):
    for number, email in enumerate([ada.email, ada.email.upper(), f" {ada.email} "] * 3):
        guess(email, agent=f"agent {number}")
    assert guess(ada.email, entrance=MOBILE).status_code == 429


def test_after_the_cool_off_one_may_try_again_and_tries_meanwhile_do_not_prolong_it(ada):
    guess_on(ada.email, LIMIT)
    (before,) = AccessAttempt.objects.values_list("attempt_time", flat=True)
    guess_on(ada.email, 3)
    assert list(AccessAttempt.objects.values_list("attempt_time", flat=True)) == [before]
    AccessAttempt.objects.update(attempt_time=before - timedelta(minutes=16))
    assert guess(ada.email, PASSWORD).status_code == 302


def test_success_forgets_the_failures(ada):
    for _ in range(3):
        guess_on(ada.email, LIMIT - 1)
        assert guess(ada.email, PASSWORD).status_code == 302


def test_a_stranger_locks_nobody_out(ada):
    signed_in = Browser(ip="10.0.0.1").sign_in(ada)
    guess_on(ada.email, LIMIT + 5)
    assert guess(ada.email, PASSWORD, ip="10.0.0.1").status_code == 302
    assert guess(ada.email, PASSWORD, ip="10.0.0.2").status_code == 302
    assert signed_in.is_signed_in()


def test_guesses_from_everywhere_wait_but_not_where_one_signs_in(ada):
    signed_in = grown_old(Browser(ip="10.0.0.1").sign_in(ada))
    guess_from_everywhere(ada.email)
    assert guess(ada.email, PASSWORD, ip="203.0.113.200").status_code == 429
    assert guess(ada.email, PASSWORD, ip="10.0.0.1").status_code == 302
    # Reauthentication of a signed-in person works from any network.
    assert signed_in.get(LIST).status_code == 200
    away = Browser(IPHONE, ip="192.0.2.7")
    away.cookies["sessionid"] = signed_in.key
    answer = away.post(LIST + "confirm-password/", {"password": PASSWORD})
    assert answer["Location"] == LIST


def test_an_address_whose_session_an_admin_ended_is_not_known(ada):
    thief = Browser(ip="203.0.113.7").sign_in(ada)
    admin = Browser(ip="10.0.0.1").sign_in(ada)
    row = reauthentication.TrackedSession.objects.get(session_key=thief.key)
    admin.post(f"{LIST}{row.public_id}/terminate/")
    guess_from_everywhere(ada.email)
    assert guess(ada.email, PASSWORD, ip="203.0.113.7").status_code == 429
    assert guess(ada.email, PASSWORD, ip="10.0.0.1").status_code == 302


def test_nor_is_one_whose_session_the_person_ended(ada):
    thief = Browser(ip="203.0.113.7").sign_in(ada)
    at_home = Browser(ip="10.0.0.1").sign_in(ada)
    at_home.post(LIST + "own/sign-out-others/")
    assert not thief.is_signed_in()
    guess_from_everywhere(ada.email)
    assert guess(ada.email, PASSWORD, ip="203.0.113.7").status_code == 429
    assert guess(ada.email, PASSWORD, ip="10.0.0.1").status_code == 302


def test_wrong_passwords_at_the_reauthentication_count_too(ada):
    admin = grown_old(Browser(ip="10.0.0.1").sign_in(ada))
    for _ in range(reauthentication.TRIES):
        admin.post(LIST + "confirm-password/", {"password": "wrong"})
    assert not admin.is_signed_in()
    assert guess_on(ada.email, LIMIT - reauthentication.TRIES, ip="10.0.0.1").status_code == 429


@pytest.fixture
def hashed(monkeypatch, settings):
    """Count how often a password is hashed."""
    done = []

    class Counted(MD5PasswordHasher):
        def encode(self, password, salt):
            done.append(1)
            return super().encode(password, salt)

    monkeypatch.setattr("django.contrib.auth.hashers.MD5PasswordHasher", Counted)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return done


def people():
    """People whom a guess may hit: an active one, an unknown one, and two who cannot sign in."""
    no_password = UserFactory()
    no_password.set_unusable_password()
    no_password.save()
    return {
        "somebody": UserFactory().email,
        "nobody": "nobody@example.com",
        "inactive": UserFactory(is_active=False).email,
        "without a password": no_password.email,
    }


@pytest.mark.parametrize("entrance", [*ENTRANCES, MOBILE])
def test_answer_and_work_are_the_same_for_everybody(hashed, entrance):
    seen = {}
    for who, email in people().items():
        hashed.clear()
        answer = guess(email, entrance=entrance)
        body = answer.content.decode().replace(email, "")
        body = body if entrance == MOBILE else body.partition("<main")[2]
        seen[who] = (answer.status_code, len(hashed), without_token(body))
    assert len(set(seen.values())) == 1, seen
    assert seen["nobody"][1] == 1


def test_waiting_is_the_same_for_everybody(hashed):
    seen = set()
    for email in people().values():
        guess_on(email, LIMIT)
        hashed.clear()
        answer = guess(email, PASSWORD)
        seen.add((answer.status_code, len(hashed), without_token(answer.content.decode())))
    assert len(seen) == 1


def without_token(body):
    return "".join(line for line in body.splitlines() if "csrfmiddlewaretoken" not in line)


def test_a_reset_does_the_same_work_for_everybody(monkeypatch, hashed):
    from django.template import loader

    rendered, render = [], loader.render_to_string
    monkeypatch.setattr(
        "django.contrib.auth.forms.loader.render_to_string",
        lambda name, *args: rendered.append(name) or render(name, *args),
    )
    seen = set()
    for email in people().values():
        rendered.clear()
        hashed.clear()
        answer = Browser().post("/accounts/password_reset/", {"email": email})
        seen.add((answer.status_code, answer["Location"], tuple(rendered), len(hashed)))
    assert len(seen) == 1
    assert len(rendered) == 2
    assert len(mail.outbox) == 1


class SlowBackend(EmailBackend):
    """A mail server that answers only when the test lets it."""

    let = threading.Event()
    sent = threading.Event()

    def send_messages(self, messages):
        assert self.let.wait(10)
        self.sent.set()
        return len(messages)


def test_the_answer_does_not_wait_for_the_mail_server(settings):
    settings.EMAIL_BACKEND = "accounts.mail.LaterBackend"
    settings.BACKGROUND_EMAIL_BACKEND = f"{__name__}.SlowBackend"
    answer = Browser().post("/accounts/password_reset/", {"email": UserFactory().email})
    assert answer.status_code == 302
    assert not SlowBackend.sent.is_set()
    SlowBackend.let.set()
    assert SlowBackend.sent.wait(10)


def test_mail_that_cannot_be_sent_is_logged(settings, caplog):
    from accounts.mail import _send

    settings.BACKGROUND_EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = "/proc/nowhere"
    _send([EmailMessage("Subject", "Body", to=["ada@example.com"])])
    assert "1 messages could not be sent" in caplog.text


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_USER_AGENT": "a\x00b", "HTTP_ACCEPT": "\x00" * 2000},
        {"REMOTE_ADDR": "not-an-address"},
        {"HTTP_X_FORWARDED_FOR": "10.0.0.1"},
    ],
)
def test_odd_strangers_are_counted_like_others(ada, headers):
    for _ in range(LIMIT):
        fields = {"username": ada.email, "password": "wrong"}
        answer = Client(**headers).post(SIGN_IN + "?x=%00", fields)
    assert answer.status_code == 429


def test_no_password_is_written_down(ada, caplog):
    with caplog.at_level("DEBUG"):
        guess_on(ada.email, LIMIT, password="a-secret-guess")
    attempts = io.StringIO()
    for attempt in AccessAttempt.objects.values():
        attempts.write(str(attempt))
    assert "a-secret-guess" not in attempts.getvalue() + caplog.text


def test_changing_the_password_is_no_way_to_guess_the_old_one(ada):
    page = "/accounts/password_change/"
    thief = Browser().sign_in(ada)
    new = {"new_password1": "kestrel-over-dunes", "new_password2": "kestrel-over-dunes"}
    for _ in range(reauthentication.TRIES):
        thief.post(page, {"old_password": "wrong", **new}, follow=True)
    thief.post(page, {"old_password": PASSWORD, **new}, follow=True)
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)
    assert thief.get(LIST).status_code == 302


def test_the_django_admin_has_no_page_of_its_own_to_change_the_password(ada):
    type(ada).objects.update(is_staff=True)
    for ask in (Browser().sign_in(ada).get, Browser().sign_in(ada).post):
        assert ask("/admin/password_change/")["Location"] == "/accounts/password_change/"


def test_a_colleague_at_the_same_address_does_not_keep_an_admin_from_proving(ada):
    admin = grown_old(Browser(ip="203.0.113.9").sign_in(ada))
    guess_on(ada.email, LIMIT)
    confirm = LIST + "confirm-password/"
    answer = admin.post(confirm, {"password": PASSWORD, "next": LIST + "termination-log/"})
    assert (answer.status_code, answer.headers.get("Location")) == (302, LIST + "termination-log/")


def test_a_stolen_cookie_is_no_pass_at_the_sign_in_page(ada):
    thief = Browser(ip="198.51.100.250").sign_in(ada)
    guess_from_everywhere(ada.email)
    fields = {"username": ada.email, "password": PASSWORD}
    answer = thief.post(SIGN_IN, fields, REMOTE_ADDR="203.0.113.77")
    assert answer.status_code == 429

"""Text typed into a form is stored nowhere, unless the form exists to store it.

Every field of every form on the site gets a unique word. Afterwards all tables, sessions, log
records, mails and caches are searched for these words.
"""

from __future__ import annotations

import json
import logging
from urllib.parse import urljoin

import pytest
from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.auth.models import Group
from django.contrib.auth.tokens import default_token_generator
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.log import AdminEmailHandler

from accounts.models import User
from sessions_admin.models import Termination, TrackedSession
from tests.support.browsing import LIST, Browser
from tests.support.factories import PASSWORD, AccountFactory, MembershipFactory, UserFactory
from tests.support.forms import forms_of
from tests.views.test_reauthentication import grown_old

pytestmark = pytest.mark.django_db

# The last part of the names of fields whose content the form exists to store.
MEANT = {"name", "email", "reason"}
PEOPLE_DO = [
    *("/", "/accounts/choose/", "/accounts/password_change/", "/accounts/preferences/"),
    *("/account-management/", LIST, LIST + "own/", LIST + "termination-log/"),
    *(LIST + "terminate-all/", LIST + "confirm-password/"),
]
STRANGERS_DO = [
    *("/accounts/login/", "/account-management/login/", "/admin/login/"),
    *("/accounts/password_reset/", "/no-such-page/"),
]
MOBILE = "/api/mobile/sign-in/"


class Canaries:
    """Unique words, and the field each was typed into."""

    def __init__(self) -> None:
        self.typed: dict[str, str] = {}

    def new(self, where: str, kind: str = "text") -> str:
        word = f"canary{len(self.typed):04}qz"
        self.typed[word] = where
        return f"{word}@example.com" if kind == "email" else f"{word}X!"

    def seen_in(self, content: object) -> set[str]:
        text = (content if isinstance(content, bytes) else str(content).encode()).lower()
        return {where for word, where in self.typed.items() if word.encode() in text}


class Records(logging.Handler):
    """Collects every record of every logger, with its traceback."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(logging.Formatter("%(name)s %(message)s").format(record))


@pytest.fixture
def records():
    loggers = [logging.getLogger(), *map(logging.getLogger, logging.root.manager.loggerDict)]
    levels = [(logger, logger.level) for logger in loggers]
    found = Records()
    for logger in loggers:
        logger.setLevel("DEBUG")
    # At DEBUG it logs the whole template context, for template authors.
    logging.getLogger("django.template").setLevel("INFO")
    logging.root.addHandler(found)
    yield found
    logging.root.removeHandler(found)
    for logger, level in levels:
        logger.setLevel(level)


@pytest.fixture
def canaries():
    return Canaries()


@pytest.fixture(params=["db", "redis"])
def store(request, settings):
    """A site with the database and a local cache, and one with Redis."""
    if request.param == "redis":
        url = request.getfixturevalue("redis_url")
        backend = "django.core.cache.backends.redis.RedisCache"
        settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": url}}
        settings.SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
        cache.clear()
    return request.param


def everything_stored():
    """Yield each place where the site stores data, with its content."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            yield table, cursor.fetchall()
    yield "sessions", [session.get_decoded() for session in Session.objects.all()]
    yield "mail", [part for message in mail.outbox for part in parts_of(message.message())]
    yield "cache", in_cache()


def parts_of(message):
    """Return the headers and the texts of a mail, decoded: as it is sent, lines break anywhere."""
    texts = [part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()]
    return [*message.items(), *texts]


def in_cache():
    if hasattr(cache, "_cache") and isinstance(cache._cache, dict):
        return b" ".join(key.encode() + b" " + value for key, value in cache._cache.items())
    client = cache._cache.get_client()
    return b" ".join(key + b" " + (client.get(key) or b"") for key in client.scan_iter())


def seen(canaries, records):
    """Return (place, field) for every word found, whether it is stored on purpose or not."""
    places = [*everything_stored(), ("log", "\n".join(records.lines))]
    return {(place, where) for place, content in places for where in canaries.seen_in(content)}


def is_meant(where):
    """Whether the form exists to store what was typed into this field."""
    return where.rpartition(" ")[2].rpartition("-")[2] in MEANT


def submit(page, person, canaries, *, stale=False):
    """Submit every kind of form on a page, each in a separate browser."""
    sent = set()
    while True:
        browser = Browser()
        if person:
            browser.sign_in(person)
        if stale:
            grown_old(browser)
        forms = forms_of(browser.get(page, follow=True).content.decode())
        kinds = {(form.method, *sorted(form.typed)): form for form in forms if form.typed}
        left = kinds.keys() - sent
        if not left:
            return
        kind = min(left)
        sent.add(kind)
        form = kinds[kind]
        typed = {name: canaries.new(f"{page} {name}", kind) for name, kind in form.typed.items()}
        address = urljoin(page, form.action.partition("#")[0])
        send = browser.post if form.method == "post" else browser.get
        answer = send(address, {**form.given, **typed})
        assert answer.status_code < 500, (address, typed)


@pytest.fixture
def olga():
    """An operator who is also an owner, and has terminations to read."""
    olga = MembershipFactory(user__name="Olga", role="owner").user
    User.objects.filter(pk=olga.pk).update(is_staff=True, is_superuser=True)
    MembershipFactory(user=olga, account=AccountFactory())
    return User.objects.get(pk=olga.pk)


def admin_pages(olga):
    Group.objects.create(name="Helpers")
    pks = {User: UserFactory().pk, TrackedSession: 1}
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        first = model.objects.order_by("pk").first()
        yield reverse(f"{name}_changelist")
        yield reverse(f"{name}_add")
        if first is not None:
            pk = pks.get(model, first.pk) if model is User else first.pk
            yield from (reverse(f"{name}_{act}", args=[pk]) for act in ("change", "delete"))
    yield reverse("admin:auth_user_password_change", args=[pks[User]])


def test_nothing_that_is_typed_into_a_form_is_kept(canaries, records, store, olga):
    pages = list(admin_pages(olga))
    for page in [*PEOPLE_DO, *pages]:
        submit(page, olga, canaries)
    submit(LIST + "confirm-password/", olga, canaries, stale=True)
    for page in STRANGERS_DO:
        submit(page, None, canaries)
    row = TrackedSession.objects.filter(user=olga, ended_at=None).latest("pk")
    for page in (f"{LIST}{row.public_id}/", f"{LIST}{row.public_id}/terminate/"):
        submit(page, olga, canaries)

    found = seen(canaries, records)
    kept = {each for each in found if not is_meant(each[1])}
    assert not kept
    # Check that the search covers the places where data is stored.
    meant = {where.rpartition(" ")[2] for _, where in found}
    assert {"email", "name", "reason"} <= meant
    typed = {where.rpartition(" ")[2] for where in canaries.typed.values()}
    assert typed >= {
        *("username", "password", "old_password", "new_password1", "new_password2", "email"),
        *("password1", "password2", "time_zone", "q", "reason", "name"),
    }
    assert AccessAttempt.objects.exists()


def reset_page(person):
    """Open the page that a reset mail links to."""
    person.refresh_from_db()
    uid = urlsafe_base64_encode(force_bytes(person.pk))
    token = default_token_generator.make_token(person)
    browser = Browser()
    first = browser.get(f"/accounts/reset/{uid}/{token}/")
    return browser, first["Location"]


def same(canaries, where):
    """Return a new password, entered twice."""
    word = canaries.new(where)
    return {"new_password1": word, "new_password2": word}


def test_nor_are_passwords_that_work_or_nearly_do(canaries, records, store, olga):
    own = canaries.new("own")
    olga.set_password(own)
    olga.save()
    for entrance in ("/accounts/login/", "/account-management/login/", "/admin/login/"):
        browser = Browser()
        # A password in the email field, and one that is wrong by one letter.
        for fields in (
            {"username": canaries.new("as an address"), "password": canaries.new("a guess")},
            {"username": canaries.new("x", "email"), "password": own},
            {"username": olga.email, "password": own + "x"},
            {"username": olga.email, "password": own},
        ):
            answer = browser.post(entrance, fields)
        assert answer.status_code == 302
    for email, password in (
        (canaries.new("email"), own),
        (olga.email, own + "x"),
        (olga.email, own),
    ):
        body = json.dumps({"email": email, "password": password})
        answer = Client().post(MOBILE, body, content_type="application/json")
    assert answer.status_code == 200
    Client().post(MOBILE, f'["{canaries.new("malformed")}"', content_type="application/json")

    change = "/accounts/password_change/"
    new = same(canaries, "changed")
    browser.post(change, {"old_password": own + "x", **new})
    assert browser.post(change, {"old_password": own, **new}).status_code == 302
    browser = grown_old(browser)
    for word in (canaries.new("confirmed"), new["new_password1"]):
        answer = browser.post(LIST + "confirm-password/", {"password": word})
    assert answer.status_code == 302

    given = canaries.new("given")
    fields = {"password1": given, "password2": given, "usable_password": "true"}
    pages = [reverse("admin:auth_user_password_change", args=[UserFactory().pk])]
    pages.append(reverse("admin:accounts_user_add"))
    fields |= {"email": "new@example.com", "name": "New"}
    fields |= {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    for page in pages:
        assert browser.post(page, fields).status_code == 302

    stranger, page = reset_page(olga)
    stranger.post(page, {"new_password1": canaries.new("reset"), "new_password2": "x"})
    assert stranger.post(page, same(canaries, "reset")).status_code == 302
    stranger.post("/accounts/password_reset/", {"email": canaries.new("forgotten", "email")})
    assert not seen(canaries, records)


class Broken:
    """Fails while it handles a password, as a backend and as a hasher."""

    algorithm = "broken"

    def authenticate(self, request, username=None, password=None):
        raise RuntimeError("The directory does not answer")

    def encode(self, password, salt):
        raise RuntimeError("No entropy")

    def salt(self):
        return "salt"


@pytest.fixture
def reported(settings):
    """Mail errors with everything that Django's report of them contains."""
    settings.ADMINS = [("Operators", "operators@example.com")]
    settings.MANAGERS = settings.ADMINS
    handler = AdminEmailHandler(include_html=True)
    logging.getLogger("django").addHandler(handler)
    yield
    logging.getLogger("django").removeHandler(handler)


def test_nor_what_was_typed_when_an_error_is_reported(
    canaries, records, olga, settings, reported, client
):
    operator, late = Browser().sign_in(olga), grown_old(Browser().sign_in(olga))
    stranger, reset = reset_page(olga)
    settings.AUTHENTICATION_BACKENDS = [
        "accounts.guessing.Gate",
        f"{__name__}.Broken",
        "django.contrib.auth.backends.ModelBackend",
    ]
    settings.PASSWORD_HASHERS = [f"{__name__}.Broken", *settings.PASSWORD_HASHERS]
    new = {**same(canaries, "new"), "old_password": PASSWORD}
    given = canaries.new("given")
    added = {"password1": given, "password2": given, "email": "n@example.com", "name": ""}
    added |= {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    body = {"email": olga.email, "password": canaries.new("mobile")}
    signed = {"username": canaries.new("typed"), "password": canaries.new("sign-in")}
    tried = [
        (client, "/accounts/login/", signed, {}),
        (client, "/admin/login/", signed, {}),
        (client, MOBILE, body, {"content_type": "application/json"}),
        (late, LIST + "confirm-password/", {"password": canaries.new("confirm")}, {}),
        (operator, "/accounts/password_change/", new, {}),
        (operator, reverse("admin:accounts_user_add"), {**added, "usable_password": "true"}, {}),
        (stranger, reset, new, {}),
    ]
    for browser, address, fields, options in tried:
        browser.raise_request_exception = False
        mail.outbox.clear()
        assert browser.post(address, fields, **options).status_code == 500, address
        assert any("RuntimeError" in str(message.message()) for message in mail.outbox), address
        assert not seen(canaries, records), address
    assert Termination.objects.count() == 0


def test_what_is_counted_still_names_people_and_nobody_else(olga):
    browser = Browser()
    for typed in (
        olga.email.upper(),
        "a-password-in-the-wrong-field",
        "A-password-in-the-wrong-field",
    ):
        browser.post("/accounts/login/", {"username": typed, "password": "wrong"})
    counted = dict(AccessAttempt.objects.values_list("username", "failures_since_start"))
    person = f"person {olga.pk}"
    nobody = next(name for name in counted if name != person)
    assert counted == {person: 1, nobody: 2}
    assert nobody.startswith("nobody ")
    assert "password" not in nobody

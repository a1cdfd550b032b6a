"""How people signed in: what a session says of it, and where it is shown."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
from django.contrib.auth.backends import ModelBackend, RemoteUserBackend
from django.core import signing
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from sessions_admin import sign_in_methods
from sessions_admin.resolvers import SignInMethod, sign_in_method_of
from sessions_admin.sign_in_methods import by_backend, in_words
from tests.support.browsing import LIST, Browser, row, text

pytestmark = pytest.mark.django_db


class MagicLinkBackend(ModelBackend):
    def authenticate(self, request, link=None):
        """Accept a link."""


class SAMLAuthBackend:
    def authenticate(self, request, *, saml_response=None):
        """Accept a response."""


class EmailBackend:
    def authenticate(self, request, email=None, password=None):
        """Accept a password, like most backends of projects."""


class KnoxBackend:
    def authenticate(self, request, token=None):
        """Accept a token."""


def request_with(**session):
    request = RequestFactory().get("/")
    request.session = session
    return request


def method_of(backend):
    path = f"{backend.__module__}.{backend.__qualname__}" if isinstance(backend, type) else backend
    return by_backend(request_with(_auth_user_backend=path)).method


def choose(settings, name):
    settings.SESSIONS_ADMIN = {**settings.SESSIONS_ADMIN, "SIGN_IN_METHOD": f"{__name__}.{name}"}


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        (ModelBackend, "password"),
        (EmailBackend, "password"),
        (RemoteUserBackend, "sso"),
        (KnoxBackend, "token"),
        (MagicLinkBackend, "Magic link"),
        (SAMLAuthBackend, "SAML"),
        ("gone.backends.Backend", ""),
        ("", ""),
    ],
)
def test_the_backend_says_it(backend, expected):
    assert method_of(backend) == expected


@pytest.mark.parametrize("package", sorted(sign_in_methods.PACKAGES))
def test_backends_of_known_packages(package, monkeypatch):
    module = ModuleType(f"{package}.backends_for_a_test")
    module.Backend = type("Backend", (), {"__module__": module.__name__})
    monkeypatch.setitem(sys.modules, package, ModuleType(package))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert method_of(f"{module.__name__}.Backend") == sign_in_methods.PACKAGES[package]


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([{"method": "password", "email": "a@b.c"}], "password"),
        ([{"method": "password"}, {"method": "mfa", "type": "totp"}], "two-factor"),
        ([{"method": "socialaccount", "provider": "google"}], "sso"),
        ([{"method": "mfa", "type": "webauthn", "passwordless": True}], "passkey"),
        ([{"method": "code"}], "code"),
        ([{"method": "password_reset"}], "password_reset"),
        ([], "password"),
        ("nonsense", "password"),
        ([["nonsense"]], "password"),
        ({"method": "sso"}, "password"),
    ],
)
def test_as_allauth_records_it(records, expected):
    session = {"account_authentication_methods": records}
    session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    assert by_backend(request_with(**session)).method == expected


class TestSupportSessions:
    def sessions_of(self, staff):
        key = str(staff.pk)
        return [
            {"hijack_history": ["999999", key]},
            {"loginas_from_user": signing.TimestampSigner().sign(key)},
            {"exit_users_pk": [[key, "django.contrib.auth.backends.ModelBackend"]]},
        ]

    def test_who_began_it_is_known_without_a_query(self, bo):
        for session in self.sessions_of(bo):
            request = request_with(**session)
            request._cached_user = bo
            with CaptureQueriesContext(connection) as captured:
                found = by_backend(request)
            assert found == SignInMethod("support", by=f"Bo Berg ({bo.email})")
            assert len(captured) == 0

    def test_else_their_name_is_looked_up(self, bo):
        for session in self.sessions_of(bo):
            assert by_backend(request_with(**session)).by == f"Bo Berg ({bo.email})"

    @pytest.mark.parametrize(
        "session",
        [
            {"hijack_history": []},
            {"hijack_history": "5"},
            {"loginas_from_user": "5:forged"},
            {"exit_users_pk": None},
        ],
    )
    def test_what_is_none(self, session):
        assert by_backend(request_with(**session)).method == ""

    @pytest.mark.parametrize("key", ["nobody", "-1", "9" * 40, "\0"])
    def test_somebody_who_cannot_be_found(self, key):
        found = by_backend(request_with(hijack_history=[key]))
        assert found == SignInMethod("support", by="")
        assert in_words(found.method) == "Support session"


def smart_card(request):
    return "Smart\n card" + "!" * 99


def undecided(request):
    return None


def support(request):
    return SignInMethod("support", by="Desk")


def broken(request):
    raise RuntimeError


@pytest.mark.parametrize(
    ("resolver", "expected"),
    [
        ("smart_card", ("Smart card" + "!" * 39, "")),
        ("undecided", ("password", "")),
        ("support", ("support", "Desk")),
        ("broken", ("", "")),
    ],
)
def test_the_project_may_say_it(ana, settings, caplog, resolver, expected):
    choose(settings, resolver)
    session = row(Browser().sign_in(ana))
    assert (session.sign_in_method, session.signed_in_by) == expected
    assert bool(caplog.records) is (resolver == "broken")


def test_a_sign_in_runs_no_more_statements(ana, settings):
    counted = []
    for resolver in ("broken", "undecided"):
        choose(settings, resolver)
        with CaptureQueriesContext(connection) as captured:
            Browser().sign_in(ana)
        counted.append(len(captured))
    assert counted[0] == counted[1]


def test_details_and_records_show_it(ana, operator, settings):
    choose(settings, "support")
    session = row(Browser().sign_in(ana))
    for address in (f"{LIST}{session.public_id}/", f"{LIST}login-records/"):
        assert "Support session by Desk" in text(operator.get(address))
    shown = text(operator.get(f"{LIST}login-records/?method=support"))
    assert "1 matching sign-in" in shown
    assert "Sign-in method: Support session" in shown


def test_words_are_those_of_the_reader():
    with translation.override("en"):
        assert in_words("sso") == "Single sign-on"
        assert in_words("Smart card") == "Smart card"
        assert in_words("") == ""


def test_a_wrong_value_is_reported(settings):
    from sessions_admin.conf_problems import problems

    settings.SESSIONS_ADMIN = {**settings.SESSIONS_ADMIN, "SIGN_IN_METHOD": "nowhere.at_all"}
    assert any("SIGN_IN_METHOD" in problem for problem, _hint in problems())
    assert sign_in_method_of(request_with()) == SignInMethod("")

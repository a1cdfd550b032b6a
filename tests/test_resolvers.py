"""The application of a sign-in is always one of those in the settings."""

from __future__ import annotations

import logging

import pytest
from django.test import RequestFactory

from sessions_admin import checks
from sessions_admin.models import TrackedSession
from sessions_admin.resolvers import application_of
from tests.support.browsing import LIST, Browser
from tests.support.factories import MembershipFactory, UserFactory

APPLICATIONS = [
    {"id": "partner", "name": "Partner portal", "host": ".partner.example"},
    {"id": "desk", "name": "Desktop app", "headers": {"X-Client": "desk-7f3a"}},
    {"id": "ios", "name": "iPhone app", "path": "/api/", "user_agent": "SessionsApp/"},
    {"id": "api", "name": "API", "path": "/api/"},
    {"id": "web", "name": "Web"},
]


@pytest.fixture(autouse=True)
def applications(settings):
    settings.ALLOWED_HOSTS = ["*"]
    settings.SESSIONS_ADMIN = {"APPLICATIONS": APPLICATIONS}


def named(path="/", host="app.example", **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return application_of(RequestFactory().get(path, headers={"host": host, **names})).id


@pytest.mark.parametrize(
    ("expected", "request_"),
    [
        ("web", {}),
        ("partner", {"host": "eu.partner.example"}),
        ("partner", {"host": "PARTNER.example:8443"}),
        ("web", {"host": "partner.example.evil.example"}),
        ("desk", {"x_client": "desk-7f3a"}),
        ("web", {"x_client": "desk-7f3"}),
        ("web", {"x_client": "web'; DROP TABLE"}),
        ("web", {"x_client": "désk"}),
        ("ios", {"path": "/api/sign-in/", "user_agent": "SessionsApp/4.1 CFNetwork/1"}),
        ("api", {"path": "/api/sign-in/", "user_agent": "curl/8"}),
        ("web", {"path": "/sign-in/", "user_agent": "SessionsApp/4.1"}),
    ],
)
def test_first_application_whose_rules_all_fit(expected, request_):
    assert named(**request_) == expected


def test_host_that_is_not_allowed_is_no_rule_s_host(settings):
    settings.ALLOWED_HOSTS = ["app.example"]
    assert named(host="eu.partner.example") == "web"


def chosen(request):
    return request.headers["X-Pick"]


def broken(request):
    raise RuntimeError("no")


def undecided(request):
    return None


def a_list(request):
    return ["web"]


@pytest.mark.parametrize(
    ("resolver", "pick", "expected", "logged"),
    [
        ("chosen", "desk", "desk", False),
        ("chosen", "<b>mine</b>", "web", True),
        ("chosen", "", "web", True),
        ("undecided", "desk", "web", False),
        ("broken", "desk", "web", True),
        ("a_list", "desk", "web", True),
    ],
)
def test_resolver_of_the_host_names_one_of_the_list_or_is_not_followed(
    settings, caplog, resolver, pick, expected, logged
):
    settings.SESSIONS_ADMIN |= {"APPLICATION_RESOLVER": f"{__name__}.{resolver}"}
    settings.SESSIONS_ADMIN = {**settings.SESSIONS_ADMIN}
    with caplog.at_level(logging.ERROR, "sessions_admin"):
        assert named(x_pick=pick) == expected
    assert bool(caplog.records) is logged


@pytest.mark.parametrize(
    "entry",
    [
        {"id": "a"},
        {"id": "a", "name": "A", "paht": "/a/"},
        {"id": "a", "name": "A", "path": ""},
        {"id": "a", "name": "A", "path": ["/a/"]},
        {"id": "a", "name": "A", "headers": "X-Client"},
        {"id": "a", "name": "A", "headers": {"X-Client": 7}},
        {"id": "a" * 65, "name": "A"},
        {"id": 7, "name": "A"},
        "a",
    ],
)
def test_wrong_entry_is_a_check(settings, entry):
    settings.SESSIONS_ADMIN = {"APPLICATIONS": [entry]}
    assert "APPLICATIONS" in "".join(error.msg for error in checks.check_settings(None))


def test_right_entries_are_not():
    assert checks.check_settings(None) == []


@pytest.mark.django_db
def test_filter_offers_what_is_configured_in_its_order():
    admin = Browser().sign_in(UserFactory(is_superuser=True))
    page = admin.get(LIST).content.decode()
    select = page.partition('name="application"')[2].partition("</select>")[0]
    names = [option.partition("<")[0] for option in select.split(">") if "</option" in option]
    assert names == ["All applications", *(entry["name"] for entry in APPLICATIONS)]


@pytest.mark.django_db
@pytest.mark.urls("sessions_admin.project.urls")
def test_somebody_on_the_way_to_account_management_signs_in_to_it(settings):
    from sessions_admin.project.settings import SESSIONS_ADMIN

    settings.SESSIONS_ADMIN = SESSIONS_ADMIN
    user = MembershipFactory().user
    for wanted, application in ((LIST, "management"), ("/", "web"), ("//evil.example", "web")):
        Browser().sign_in(user, f"/accounts/login/?next={wanted}")
        assert TrackedSession.objects.latest("pk").application == application

"""System checks report what the app cannot work with in the project around it."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.test import override_settings
from django.urls import resolve

from sessions_admin import pages


def ids():
    return [found.id for found in run_checks(tags=["sessions_admin"])]


def test_no_url_leads_to_the_pages(settings):
    settings.ROOT_URLCONF = "django.contrib.auth.urls"
    assert ids() == ["sessions_admin.W007"]


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("nowhere", ["sessions_admin.E007"]),
        ("/nowhere/", ["sessions_admin.W008"]),
        ("/accounts/login/?by=mail", []),
        ("https://sso.example/", []),
    ],
)
def test_where_people_sign_in(settings, url, found):
    settings.LOGIN_URL = url
    assert ids() == found


def test_templates_that_are_not_found(settings):
    backend = "django.template.backends.django.DjangoTemplates"
    settings.TEMPLATES = [{"BACKEND": backend, "APP_DIRS": False}]
    assert ids() == ["sessions_admin.E010"]


@pytest.mark.parametrize("app", [True, False])
def test_no_static_files(app):
    left = [name for name in settings.INSTALLED_APPS if app or "staticfiles" not in name]
    url = None if app else "/static/"
    with override_settings(INSTALLED_APPS=left, STATIC_URL=url):
        assert ids() == ["sessions_admin.W009"]


def test_a_sign_in_page_that_is_not_there_is_a_refusal(client, settings):
    settings.LOGIN_URL = "nowhere"
    answer = client.get("/account-management/advanced-security/active-user-sessions/")
    assert answer.status_code == 403
    assert "no-store" in answer["Cache-Control"]


def test_pages_in_several_namespaces_are_found():
    assert pages.namespaces(settings.ROOT_URLCONF) == ["sessions_admin"]
    found = pages.namespaces("tests.host_urls")
    assert sorted(found) == ["panel:sessions_admin", "sessions_admin", "staff"]


def test_other_hosts_in_a_path_do_not_make_a_url_of_theirs(rf):
    """Below ``<path:where>``, a path may begin with two slashes."""
    request = rf.get("/")
    request.path = "//evil.example/sessions/"
    request.resolver_match = resolved("/x/sessions/")
    assert pages.url(request, "own") == "/%2Fevil.example/sessions/own/"


def resolved(path):
    return resolve(path, urlconf="tests.host_urls")

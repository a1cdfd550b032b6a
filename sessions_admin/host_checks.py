"""System checks of the project around the app: its URLs, sign-in page, databases and templates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import checks
from django.core.management.base import CommandError
from django.db import connections, router
from django.shortcuts import resolve_url
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.urls import NoReverseMatch, Resolver404, get_script_prefix, resolve, reverse
from django.utils.module_loading import import_string

from sessions_admin import conf, pages
from sessions_admin.models import TrackedSession

TOKENS = "sessions_admin.headless_tokens.TrackedSessionTokenStrategy"
VENDORS = ("postgresql", "sqlite")
# The pages of the app that every project has, without an id in their URLs.
FIXED = ("list", "terminate_all", "own", "termination_log", "reauthenticate")


def check_urls(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """Report pages that no URL leads to, or that another URL of the project catches."""
    if not getattr(settings, "ROOT_URLCONF", None):
        return []
    found = pages.namespaces(settings.ROOT_URLCONF)
    if not found:
        return [
            checks.Warning(
                "No URL leads to the pages.",
                hint='Add path("active-user-sessions/", include("sessions_admin.urls")) to '
                f"{settings.ROOT_URLCONF}.",
                id="sessions_admin.W007",
            )
        ]
    for namespace in found:
        for name in FIXED:
            try:
                url = reverse(f"{namespace}:{name}")
            except NoReverseMatch:
                # Below captured values; which ones there are is not known here.
                continue
            if catcher := _caught_by(url):
                return [
                    checks.Error(
                        f"{url} does not lead to the page {namespace}:{name}, but to {catcher}.",
                        hint='Put the line with include("sessions_admin.urls") before the URLs '
                        "that match everything.",
                        id="sessions_admin.E006",
                    )
                ]
    return _check_admin(found)


def check_sign_in(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """Report a LOGIN_URL that leads nowhere: signed-out people are redirected to it."""
    if not getattr(settings, "ROOT_URLCONF", None):
        return []
    try:
        url = resolve_url(settings.LOGIN_URL)
    except NoReverseMatch:
        return [
            checks.Error(
                f"LOGIN_URL is {str(settings.LOGIN_URL)!r}, which names no page.",
                hint="Set LOGIN_URL to the name or the path of the page where people sign in.",
                id="sessions_admin.E007",
            )
        ]
    try:
        if url.startswith(get_script_prefix()):
            resolve(_path_info(url))
    except Resolver404:
        return [
            checks.Warning(
                f"LOGIN_URL is {url!r}, and no URL of the project matches it.",
                hint="Set LOGIN_URL to the name or the path of the page where people sign in. If "
                "another server answers there, silence this check.",
                id="sessions_admin.W008",
            )
        ]
    return []


def check_databases(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """Report a database that the app does not work on, before ``migrate`` changes it."""
    alias, users = (router.db_for_write(m) for m in (TrackedSession, get_user_model()))
    if error := _unsuitable(alias):
        return [error]
    if alias != users:
        return [
            checks.Error(
                f"The tracked sessions are in the database {alias!r}, but their users in "
                f"{users!r}.",
                hint="Let DATABASE_ROUTERS send sessions_admin to the database of the users. The "
                "sessions themselves may be in another one.",
                id="sessions_admin.E009",
            )
        ]
    return []


def refuse_unsuitable_databases(using: str, plan: Any, **kwargs: Any) -> None:
    """Stop ``migrate`` before it changes a database that the app does not work on.

    The checks have not run if code or a test runner calls the command, and know nothing of
    ``--database``.
    """
    is_ours = any(each.app_label == TrackedSession._meta.app_label for each, _ in plan)
    error = _unsuitable(using)
    if error and is_ours and router.allow_migrate_model(using, TrackedSession):
        raise CommandError(str(error))


def _unsuitable(alias: str) -> checks.Error | None:
    """Return an error if the database is of a kind that the app does not work on."""
    connection = connections[alias]
    if connection.vendor in VENDORS:
        return None
    return checks.Error(
        f"The database {alias!r} is {connection.display_name} ({connection.vendor}). The tracked "
        "sessions can only be kept on PostgreSQL or SQLite.",
        hint="Remove sessions_admin from INSTALLED_APPS, or move the users and sessions_admin to "
        "PostgreSQL. If they are in another database, let DATABASE_ROUTERS keep sessions_admin "
        "out of this one (allow_migrate).",
        id="sessions_admin.E008",
    )


def check_templates(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """Report templates that Django does not find, and a style sheet without an address."""
    try:
        get_template("sessions_admin/base.html")
    except TemplateDoesNotExist:
        return [
            checks.Error(
                "The templates of the pages are not found.",
                hint="Set APP_DIRS to True for a DjangoTemplates backend in TEMPLATES, or add "
                "the loader 'django.template.loaders.app_directories.Loader' to it.",
                id="sessions_admin.E010",
            )
        ]
    if apps.is_installed("django.contrib.staticfiles") and settings.STATIC_URL:
        return []
    return [
        checks.Warning(
            "The style sheet and the scripts of the pages may not be found.",
            hint="Add 'django.contrib.staticfiles' to INSTALLED_APPS and set STATIC_URL.",
            id="sessions_admin.W009",
        )
    ]


def check_tenants(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """Report schemas of django-tenants that have users, but no tracked sessions."""
    lists = {name: getattr(settings, name, ()) for name in ("SHARED_APPS", "TENANT_APPS")}
    if not all(lists.values()):
        return []
    users = apps.get_app_config(get_user_model()._meta.app_label).name
    return [
        checks.Error(
            f"{name} has the users ({users}), but not sessions_admin.",
            hint=f"Add 'sessions_admin' to {name}.",
            id="sessions_admin.E011",
        )
        for name, entries in lists.items()
        if users in (names := _names_of(entries)) and pages.APP not in names
    ]


def check_headless(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """Warn of sessions of allauth's apps, which have a token and are not seen by the middleware."""
    clients = getattr(settings, "HEADLESS_CLIENTS", ("app", "browser"))
    if not apps.is_installed("allauth.headless") or "app" not in clients:
        return []
    strategy = getattr(settings, "HEADLESS_TOKEN_STRATEGY", "")
    with suppress(ImportError):
        if strategy and hasattr(import_string(strategy), "tracks_sessions"):
            return []
    return [
        checks.Warning(
            "Sign-ins of apps through allauth's headless API are not tracked.",
            hint=f"Set HEADLESS_TOKEN_STRATEGY to {TOKENS!r} or a subclass, or leave 'app' out of "
            "HEADLESS_CLIENTS.",
            id="sessions_admin.W012",
        )
    ]


HOST_CHECKS = (
    check_urls,
    check_sign_in,
    check_databases,
    check_templates,
    check_tenants,
    check_headless,
)


def _check_admin(found: list[str]) -> Sequence[checks.CheckMessage]:
    """Warn if the Django admin cannot lead to the reauthentication page."""
    if conf.current().reauthentication_url or not apps.is_installed("django.contrib.admin"):
        return []
    for namespace in found:
        try:
            reverse(f"{namespace}:reauthenticate")
        except NoReverseMatch:
            continue
        return []
    return [
        checks.Warning(
            "The pages are below a value that their URL captures, so the Django admin cannot link "
            "to the page that asks for the password before it shows a termination.",
            hint="Set SESSIONS_ADMIN['REAUTHENTICATION_URL'] to a page of yours, or include "
            "sessions_admin.urls at a fixed path, too.",
            id="sessions_admin.W010",
        )
    ]


def _caught_by(url: str) -> str:
    """Return what a URL of the app leads to instead of its page; empty if all is well."""
    try:
        match = resolve(_path_info(url))
    except Resolver404:
        return "no page"
    return "" if pages.is_ours(match) else match._func_path


def _path_info(url: str) -> str:
    return "/" + url.removeprefix(get_script_prefix()).partition("?")[0]


def _names_of(entries: Iterable[str]) -> set[str]:
    """Return the names of apps that a setting lists, some by the path of their AppConfig."""
    return {AppConfig.create(entry).name for entry in entries}

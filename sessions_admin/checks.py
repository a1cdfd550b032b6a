"""System checks for settings with which the pages cannot work as documented."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from dis import get_instructions
from types import CodeType, FunctionType
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.cache import caches
from django.db import DatabaseError, connections
from django.utils import timezone
from django.utils.module_loading import import_string

from sessions_admin import conf, conf_problems, engines
from sessions_admin.client import locations
from sessions_admin.host_checks import HOST_CHECKS
from sessions_admin.listing import trigrams
from sessions_admin.middleware import TrackedSessionMiddleware
from sessions_admin.models import TrackedSession

MIDDLEWARE = "sessions_admin.middleware.TrackedSessionMiddleware"


def register() -> None:
    checks.register(check_apps, "sessions_admin")
    checks.register(check_middleware, "sessions_admin")
    checks.register(check_settings, "sessions_admin")
    checks.register(check_engine, "sessions_admin")
    checks.register(check_cache, "sessions_admin")
    checks.register(check_locations, "sessions_admin")
    checks.register(check_proxies, "sessions_admin")
    for check in HOST_CHECKS:
        checks.register(check, "sessions_admin")
    # These query the database: they run in `migrate` and in `check --database default`.
    checks.register(check_addresses, checks.Tags.database)
    checks.register(check_search, checks.Tags.database)


def check_apps(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """Report the missing app that provides htmx."""
    if apps.is_installed("django_htmx"):
        return []
    return [
        checks.Error(
            "The pages cannot be shown without the app django_htmx.",
            hint="Add 'django_htmx' to INSTALLED_APPS.",
            id="sessions_admin.E005",
        )
    ]


def check_middleware(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """Report a middleware that is missing, or not right after the one that provides sessions."""
    middleware = [(path, _imported(path)) for path in settings.MIDDLEWARE]
    ours = [n for n, (_, found) in enumerate(middleware) if _is_ours(found)]
    if not ours:
        return [
            checks.Error(
                "Sessions are not tracked: the middleware is missing.",
                hint=f"Add {MIDDLEWARE!r} to MIDDLEWARE, right after SessionMiddleware.",
                id="sessions_admin.E001",
            )
        ]
    for name, default in (
        ("session", "django.contrib.sessions.middleware.SessionMiddleware"),
        ("user", "django.contrib.auth.middleware.AuthenticationMiddleware"),
    ):
        if not any(_assigns(name, found) for _, found in middleware):
            return [
                checks.Error(
                    f"No middleware sets request.{name}.",
                    hint=f"Add {default!r} to MIDDLEWARE. If a middleware of yours sets it through "
                    "a function elsewhere, which this check cannot see, silence the check.",
                    id="sessions_admin.E002",
                )
            ]
    providers = [n for n, (_, found) in enumerate(middleware) if _assigns("session", found)]
    if providers[0] > ours[0]:
        return [
            checks.Error(
                f"{MIDDLEWARE} has to come after the middleware that sets request.session.",
                hint=f"Move it to right after {middleware[providers[0]][0]!r} in MIDDLEWARE.",
                id="sessions_admin.E002",
            )
        ]
    provider = max(n for n in providers if n < ours[0])
    between = [path for path, _ in middleware[provider + 1 : ours[0]]]
    if not between:
        return []
    return [
        checks.Warning(
            f"{MIDDLEWARE} does not come right after {middleware[provider][0]}: what "
            f"{', '.join(between)} derived from a session is not undone if the session has ended.",
            hint=f"Move it to right after {middleware[provider][0]!r} in MIDDLEWARE.",
            id="sessions_admin.W011",
        )
    ]


def check_settings(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    return [
        checks.Error(problem, hint=hint, id="sessions_admin.E003")
        for problem, hint in conf_problems.problems()
    ]


def check_engine(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    if engines.can_end_sessions():
        return []
    return [
        checks.Error(
            "Sessions in signed cookies cannot be ended from the server.",
            hint="Set SESSION_ENGINE to an engine with a store, such as "
            "'django.contrib.sessions.backends.db'.",
            id="sessions_admin.E004",
        )
    ]


def check_cache(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """Warn of sessions in a cache that worker processes do not share."""
    if settings.DEBUG or not engines.can_end_sessions():
        return []
    alias = engines.current().cache_alias
    if alias is None or not engines.is_local(caches[alias]):
        return []
    return [
        checks.Warning(
            f"{settings.SESSION_ENGINE} uses the cache {alias!r}, which worker processes do not "
            "share: a session ended in one can live on in another, or every request costs a query.",
            hint="Use a cache that all workers share, such as Redis.",
            id="sessions_admin.W001",
        )
    ]


def check_locations(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    if problem := locations.problem():
        return [
            checks.Warning(
                f"No location can be shown: {problem}",
                hint="Set GEOIP_PATH to a valid City or Country file (.mmdb), run "
                "`manage.py download_geoip` to download one, or remove the setting.",
                id="sessions_admin.W002",
            )
        ]
    if problem := locations.age_problem():
        return [
            checks.Warning(
                problem,
                hint="Run `manage.py download_geoip` every month.",
                id="sessions_admin.W005",
            )
        ]
    return []


MANY_ROWS = 50_000
# The indexes that searches need and that are missing or invalid, where PostgreSQL estimates that
# the index beside each has many rows.
SEARCHED_SLOWLY = """
SELECT needed.search FROM unnest(%s::text[], %s::text[]) AS needed (search, beside)
JOIN pg_class AS rows ON rows.relname = needed.beside
JOIN pg_index AS beside ON beside.indexrelid = rows.oid
WHERE beside.indrelid = to_regclass(%s) AND rows.reltuples > %s
AND NOT EXISTS (
    SELECT 1 FROM pg_index AS search JOIN pg_class AS named ON named.oid = search.indexrelid
    WHERE search.indrelid = beside.indrelid AND search.indisvalid
    AND named.relname = needed.search
)
ORDER BY needed.search
"""

PROXY_HINT = (
    "If a proxy stands in front of this server, set SESSIONS_ADMIN['TRUSTED_PROXIES'] to how many "
    "there are or to their networks, or every address shown is the proxy's."
)


def check_proxies(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """Warn if Django's settings trust a proxy, but TRUSTED_PROXIES is not set."""
    names = ("SECURE_PROXY_SSL_HEADER", "USE_X_FORWARDED_HOST", "USE_X_FORWARDED_PORT")
    believed = [name for name in names if getattr(settings, name, None)]
    if conf.current().trusted_proxies or not believed:
        return []
    return [
        checks.Warning(
            f"{believed[0]} trusts a proxy, but SESSIONS_ADMIN['TRUSTED_PROXIES'] is not set.",
            hint=PROXY_HINT,
            id="sessions_admin.W003",
        )
    ]


def check_addresses(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> Sequence[checks.CheckMessage]:
    """Warn if most sign-ins of the last day had a forwarded address that is not trusted.

    Anybody can forge the header in a few sign-ins; only a proxy adds it to most of them.
    """
    if not databases:
        return []
    lately = TrackedSession.objects.filter(created_at__gt=timezone.now() - timedelta(days=1))
    try:
        newest = list(lately.newest_first().values_list("is_forwarded", flat=True)[:100])
    except DatabaseError:
        # Not migrated yet.
        return []
    if newest.count(True) * 2 <= len(newest):
        return []
    return [
        checks.Warning(
            f"{newest.count(True)} of the last {len(newest)} sign-ins came with a forwarded "
            "address that is not trusted.",
            hint=f"{PROXY_HINT} FORWARDED_HEADER names the one header that they write. Sign-ins "
            "from before the settings were right count for a day.",
            id="sessions_admin.W004",
        )
    ]


def check_search(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> Sequence[checks.CheckMessage]:
    """Warn if there are many rows and an index of the search is missing or invalid."""
    slow: dict[str, str] = {}
    for alias in databases or ():
        if connections[alias].vendor != "postgresql":
            continue
        needed = [[*names] for names in zip(*trigrams.INDEXES.items(), strict=True)]
        try:
            with connections[alias].cursor() as cursor:
                cursor.execute(SEARCHED_SLOWLY, [*needed, TrackedSession._meta.db_table, MANY_ROWS])
                slow[alias] = ", ".join(name for (name,) in cursor.fetchall())
        except DatabaseError:
            continue
    return [
        checks.Warning(
            f"Searches in the database {alias!r} read all sessions or login records. Missing or "
            f"invalid: {names}.",
            hint="Create the extensions pg_trgm and btree_gin, drop these indexes if they exist, "
            "and create them as described in docs/scaling.md.",
            id="sessions_admin.W006",
        )
        for alias, names in slow.items()
        if names
    ]


def _imported(path: str) -> Any:
    """Return the middleware of this path; Django itself reports one that cannot be imported."""
    try:
        return import_string(path)
    except ImportError:
        return None


def _is_ours(middleware: Any) -> bool:
    return isinstance(middleware, type) and issubclass(middleware, TrackedSessionMiddleware)


def _assigns(attribute: str, middleware: Any) -> bool:
    """Whether the code of this middleware assigns this attribute, outside ``__init__``.

    Not every project uses Django's classes: django-user-sessions and Weblate have their own.
    """
    parts = [middleware]
    if isinstance(middleware, type):
        parts = [
            part
            for each in middleware.__mro__
            for name, part in vars(each).items()
            if name != "__init__"
        ]
    codes = [part.__code__ for part in parts if isinstance(part, FunctionType)]
    while codes:
        code = codes.pop()
        if any(
            each.opname == "STORE_ATTR" and each.argval == attribute
            for each in get_instructions(code)
        ):
            return True
        # Functions inside functions: middleware may be a factory.
        codes += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return False

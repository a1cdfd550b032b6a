"""Build the URLs of the app's pages, wherever the project has included them.

A project may include them in a namespace of its own or below captured values (``<slug:org>/``),
where the name ``sessions_admin:list`` leads nowhere. The path of a request for one of the pages
says where they are. For other requests they are looked up in the project's URLs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import (
    NoReverseMatch,
    ResolverMatch,
    URLResolver,
    get_resolver,
    get_script_prefix,
    get_urlconf,
    reverse,
)
from django.utils.encoding import escape_uri_path
from django.utils.http import escape_leading_slashes
from django.utils.translation import gettext as _

APP = "sessions_admin"
URLS = "sessions_admin.urls"
VIEWS = "sessions_admin.views."
# What the app's own URLs capture. All else in a match comes from the project's URLs around them.
CAPTURED = ("public_id",)


def url(request: HttpRequest, name: str, **captured: Any) -> str:
    """Return the URL of the page with this name. Raises NoReverseMatch if it cannot be known."""
    if not hasattr(request, "_sessions_admin_base"):
        request._sessions_admin_base = _base(request)  # type: ignore[attr-defined]
    base: str = request._sessions_admin_base  # type: ignore[attr-defined]
    return base + _within(name, captured)


def sign_in(back: str) -> HttpResponse:
    """Redirect to the project's sign-in page, which then leads to ``back``.

    Raises PermissionDenied if LOGIN_URL names no page.
    """
    try:
        return redirect_to_login(back)
    except NoReverseMatch as error:
        raise PermissionDenied(_("Sign in to see this page.")) from error


def is_ours(match: ResolverMatch | None) -> bool:
    """Whether a URL leads to one of the app's pages."""
    return str(getattr(getattr(match, "func", None), "__module__", "")).startswith(VIEWS)


def captured_by_us(captured: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the app's own URLs have captured, without the values of those around them."""
    return {name: captured[name] for name in CAPTURED if name in captured}


def namespaces(urlconf: str) -> list[str]:
    """Return the full namespaces in which a project's URLs include the app's pages."""
    return list(_namespaces(get_resolver(urlconf), ()))


def _namespaces(resolver: URLResolver, around: tuple[str, ...]) -> Iterator[str]:
    for name, (_pattern, inner) in resolver.namespace_dict.items():
        if inner.app_name == APP:
            yield ":".join([*around, name])
        yield from _namespaces(inner, (*around, name))


_known_namespaces = lru_cache(namespaces)


def _base(request: HttpRequest) -> str:
    """Return the path below which the project has included the pages."""
    match = request.resolver_match
    if match and match.url_name and is_ours(match):
        here = escape_leading_slashes(escape_uri_path(request.path))
        return here.removesuffix(_within(match.url_name, captured_by_us(match.kwargs)))
    around = getattr(match, "captured_kwargs", None)
    for namespace in _known_namespaces(get_urlconf() or settings.ROOT_URLCONF):
        for captured in (None, around):
            try:
                return reverse(f"{namespace}:list", kwargs=captured)
            except NoReverseMatch:
                continue
    raise NoReverseMatch("It is not known where the pages of sessions_admin are included.")


def _within(name: str, captured: dict[str, Any]) -> str:
    """Return the path of a page below the path where the pages are included."""
    prefix = get_script_prefix()
    if not captured:
        return _path(name, prefix)
    return reverse(name, urlconf=URLS, kwargs=captured).removeprefix(prefix)


# A page has a dozen of them, and they are always the same.
@cache
def _path(name: str, prefix: str) -> str:
    return reverse(name, urlconf=URLS).removeprefix(prefix)

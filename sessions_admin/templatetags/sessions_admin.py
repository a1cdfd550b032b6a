"""Filters for times: `{{ at|short }}`, `{{ at|exact }}`, `{{ at|clock }}` (see `moments`).

For a navigation: `{% reuse_alarms as alarms %}`, and `{{ alarms|alarm_text }}`.
URLs of the app's pages: `{% page_url "list" %}` (see `pages`).

The icons are the tags of the package heroicons: `{% heroicon_mini "power" size=16 %}`. As tags of
this library, they work whether or not the project lists that package in ``INSTALLED_APPS``.
"""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context
from heroicons.templatetags import heroicons

from sessions_admin import moments, pages, policy
from sessions_admin.listing import counting
from sessions_admin.listing.counting import Count
from sessions_admin.views import sentences

register = template.Library()
register.filter("short", moments.short)
register.filter("exact", moments.exact)
register.filter("clock", moments.clock)
register.filter("zone", moments.zone)
register.filter("alarm_text", sentences.alarms)
register.simple_tag(heroicons.heroicon_micro)
register.simple_tag(heroicons.heroicon_mini)
register.simple_tag(heroicons.heroicon_outline)


@register.simple_tag(takes_context=True)
def reuse_alarms(context: Context) -> Count:
    """Return how many terminated sessions were reused elsewhere and not looked at since.

    Counts what the request's user may see: one statement, and what it takes to find that out. On
    the list it is known already.
    """
    if (known := context.get("unseen_alarms")) is not None:
        return known  # type: ignore[no-any-return]
    request: Any = context.get("request")
    if request is None or not hasattr(request, "user"):
        return Count(0)
    scope = getattr(request, "sessions_admin_scope", None) or policy.scope_of(request.user)
    if not (scope.everything or scope.accounts):
        return Count(0)
    return counting.up_to_a_hundred(scope.alarms())


@register.simple_tag(takes_context=True)
def page_url(context: Context, name: str, **captured: Any) -> str:
    """Return the URL of one of the app's pages, next to the page that is being rendered."""
    return pages.url(context.request, name, **captured)  # type: ignore[attr-defined]

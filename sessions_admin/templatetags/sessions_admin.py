"""Filters for times: `{{ at|short }}`, `{{ at|exact }}`, `{{ at|clock }}` (see `moments`).

And URLs of the app's pages: `{% page_url "list" %}` (see `pages`).
"""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context

from sessions_admin import moments, pages

register = template.Library()
register.filter("short", moments.short)
register.filter("exact", moments.exact)
register.filter("clock", moments.clock)
register.filter("zone", moments.zone)


@register.simple_tag(takes_context=True)
def page_url(context: Context, name: str, **captured: Any) -> str:
    """Return the URL of one of the app's pages, next to the page that is being rendered."""
    return pages.url(context.request, name, **captured)  # type: ignore[attr-defined]

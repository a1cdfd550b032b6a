"""Filters for times: `{{ at|short }}`, `{{ at|exact }}`, `{{ at|clock }}` (see `moments`).

The client of a user agent: `{{ user_agent|client }}`. An address that breaks between its groups:
`{{ ip_address|in_groups }}`.
Names and phrases among others: `{{ name|isolated }}`, `{{ label|isolated_phrase }}` (`bidi`).
For a navigation: `{% reuse_alarms as alarms %}`, and `{{ alarms|alarm_text }}`.
URLs of the app's pages: `{% page_url "list" %}` (see `pages`).
Icons of the package heroicons, which need not be in ``INSTALLED_APPS``: `{% icon "power" %}`, and
`{% sprite %}` with those of the flags in rows.
Parts of a page that are always the same: `{% fixed %}…{% endfixed %}`.
"""

from __future__ import annotations

import functools
from html import escape
from typing import Any, cast

from django import template
from django.forms import BoundField, Select
from django.template import Context
from django.template.base import FilterExpression, Parser, Token
from django.urls import get_script_prefix
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from heroicons.templatetags import heroicons

from sessions_admin import bidi, moments, pages, policy
from sessions_admin.client import device_of
from sessions_admin.client.origins import device_labels
from sessions_admin.listing import counting
from sessions_admin.listing.counting import Count
from sessions_admin.views import sentences
from sessions_admin.views.rows import in_groups

register = template.Library()
register.filter("short", moments.short)
register.filter("exact", moments.exact)
register.filter("clock", moments.clock)
register.filter("zone", moments.zone)
register.filter("isolated", bidi.name)
register.filter("isolated_phrase", bidi.phrase)
register.filter("alarm_text", sentences.alarms)
register.filter("in_groups", in_groups)
STYLES = {
    "micro": heroicons.heroicon_micro,
    "mini": heroicons.heroicon_mini,
    "outline": heroicons.heroicon_outline,
}
# The icons of the flags in rows, by the id that follows "sa-". Those of every row are pictures.
SPRITE = {
    "flag-far": ("micro", "paper-airplane"),
    "flag-country": ("micro", "globe-alt"),
    "flag-device": ("micro", "device-phone-mobile"),
    "flag-many": ("micro", "square-2-stack"),
    "flag-idle": ("micro", "clock"),
}


# The icons are files of a package and do not change while the process runs.
@register.simple_tag
@functools.cache
def icon(name: str, size: int = 16, style: str = "mini") -> SafeString:
    """Return an icon of the package heroicons."""
    return SafeString(STYLES[style](name, size=size))


@register.simple_tag
@functools.cache
def sprite() -> SafeString:
    """Return the icons of the flags in rows, for `<use href="#sa-flag-far">`."""
    icons = [
        STYLES[style](icon_name, size=None, id=f"sa-{name}")
        for name, (style, icon_name) in SPRITE.items()
    ]
    return SafeString(
        f'<svg class="sa-hidden" aria-hidden="true"><defs>{"".join(icons)}</defs></svg>'
    )


class FixedNode(template.Node):
    """A part that depends on nothing but the language and a few values, rendered once for each.

    Half of a page are its own words. To look them up again for every request takes longer than to
    render what has changed.
    """

    child_nodelists = ("nodelist",)

    def __init__(self, nodelist: template.NodeList, values: list[FilterExpression]) -> None:
        self.nodelist = nodelist
        self._values = values
        self._rendered: dict[tuple[Any, ...], SafeString] = {}

    def render(self, context: Context) -> SafeString:
        values = [bool(value.resolve(context)) for value in self._values]
        key = (get_language(), get_script_prefix(), context.autoescape, *values)
        if key not in self._rendered:
            self._rendered[key] = self.nodelist.render(context)
        return self._rendered[key]


@register.tag
def fixed(parser: Parser, token: Token) -> FixedNode:
    """Render a part once for each language, and for what is true of the given values.

    The part must depend on nothing else: no other variable, no request, no address of a page that
    a project may place elsewhere. `{% fixed is_newest_first %}…{% endfixed %}`.
    """
    values = [parser.compile_filter(each) for each in token.split_contents()[1:]]
    nodelist = parser.parse(("endfixed",))
    parser.delete_first_token()
    return FixedNode(nodelist, values)


@register.filter
def options(field: BoundField) -> SafeString:
    """Return the options of a select: the form's own widget takes ten times as long."""
    chosen, widget = field.value(), cast("Select", field.field.widget)
    html = [
        f'<option value="{escape(str(value))}"{" selected" if value == chosen else ""}>'
        f"{escape(str(label))}</option>"
        for value, label in widget.choices
    ]
    return SafeString("".join(html))


@register.filter
def client(user_agent: str) -> str:
    """Return what a user agent says of its client: "Chrome on Windows 11"."""
    device = device_of(user_agent)
    return bidi.phrase(device_labels()(device.browser, device.device))


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
    return counting.up_to(counting.FLAGGED, scope.alarms())


@register.simple_tag(takes_context=True)
def page_url(context: Context, name: str, **captured: Any) -> str:
    """Return the URL of one of the app's pages, next to the page that is being rendered."""
    return pages.url(context.request, name, **captured)  # type: ignore[attr-defined]

"""Times and icons: `{{ at|short }}`, `{% icon "power" %}`, and the sprite of the rows' icons."""

from __future__ import annotations

import functools

from django import template
from django.utils.safestring import SafeString
from heroicons.templatetags import heroicons

from sessions_admin import moments

register = template.Library()
register.filter("short", moments.short)
register.filter("exact", moments.exact)
register.filter("clock", moments.clock)
register.filter("zone", moments.zone)

STYLES = {
    "micro": heroicons.heroicon_micro,
    "mini": heroicons.heroicon_mini,
    "outline": heroicons.heroicon_outline,
}
# The icons of the rows, by the id that follows "sa-": kinds of device, flags, details.
SPRITE = {
    "desktop": ("outline", "computer-desktop"),
    "phone": ("outline", "device-phone-mobile"),
    "tablet": ("outline", "device-tablet"),
    "bot": ("outline", "cpu-chip"),
    "app": ("outline", "cube"),
    "other": ("outline", "question-mark-circle"),
    "details": ("outline", "information-circle"),
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
    """Return the icons that every row repeats, for `<use href="#sa-phone">`."""
    icons = [
        STYLES[style](icon_name, size=None, id=f"sa-{name}")
        for name, (style, icon_name) in SPRITE.items()
    ]
    return SafeString(
        f'<svg class="sa-hidden" aria-hidden="true"><defs>{"".join(icons)}</defs></svg>'
    )

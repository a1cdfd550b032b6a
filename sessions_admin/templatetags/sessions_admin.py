"""Filters for times: `{{ at|short }}`, `{{ at|exact }}`, `{{ at|clock }}` (see `moments`); icons.

The icons are the tags of the package heroicons: `{% heroicon_mini "power" size=16 %}`. As tags of
this library, they work whether or not the project lists that package in ``INSTALLED_APPS``.
"""

from __future__ import annotations

from django import template
from heroicons.templatetags import heroicons

from sessions_admin import moments

register = template.Library()
register.filter("short", moments.short)
register.filter("exact", moments.exact)
register.filter("clock", moments.clock)
register.filter("zone", moments.zone)
register.simple_tag(heroicons.heroicon_micro)
register.simple_tag(heroicons.heroicon_mini)
register.simple_tag(heroicons.heroicon_outline)

"""Filters for times: `{{ at|short }}`, `{{ at|exact }}`, `{{ at|clock }}` (see `moments`)."""

from __future__ import annotations

from django import template

from sessions_admin import moments

register = template.Library()
register.filter("short", moments.short)
register.filter("exact", moments.exact)
register.filter("clock", moments.clock)
register.filter("zone", moments.zone)

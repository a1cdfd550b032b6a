"""Prepare sessions for the pages, one by one."""

from __future__ import annotations

import re
from collections import Counter
from html import escape
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from sessions_admin import liveness, search, tracking
from sessions_admin.models import TrackedSession
from sessions_admin.moments import exact
from sessions_admin.policy import Scope
from sessions_admin.views import addresses

TWO_GROUPS = re.compile(r"[^:]*:[^:]*:")


def row(request: HttpRequest, scope: Scope, session: TrackedSession) -> dict[str, Any]:
    """Return the template context of one session, with the links of its pages."""
    public_id = str(session.public_id)
    return {
        "session": shown(scope, session),
        "is_current": is_current(request, session),
        "detail_url": addresses.of_each(request, "detail")(public_id),
        "terminate_url": addresses.of_each(request, "terminate")(public_id),
    }


def shown(scope: Scope, session: TrackedSession) -> TrackedSession:
    """Return the session as this scope may see it, without the name of another account."""
    session.is_elsewhere = scope.is_elsewhere(session)
    if session.account_id and not scope.may_name_account(session):
        session.account_id, session.account_name = "", search.unnamed_account()
    return session


def distinguished(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add to each row of *Your sessions* the location for its labels, and return the rows.

    If several rows would have the same label, it includes the time of the sign-in.
    """
    names = [(s.user_name, s.device_label, s.location) for s in (row["session"] for row in rows)]
    times = Counter(names)
    for row, name in zip(rows, names, strict=True):
        parts = [name[-1]] if times[name] == 1 else [name[-1], exact(row["session"].created_at)]
        row["location"] = pgettext("between parts of a location", ", ").join(parts)
    return rows


def in_groups(address: str | None) -> SafeString:
    """Return an address as HTML that breaks between its groups; empty for none."""
    return SafeString(TWO_GROUPS.sub(r"\g<0><wbr>", escape(address or "")))


def own_label(session: TrackedSession) -> str:
    """Return what a user knows their own device by: the name they gave it, else what it is."""
    return session.device_name or session.device_label


def living(request: HttpRequest, sessions: list[TrackedSession]) -> list[TrackedSession]:
    """Return the active ones; none, with a message, if the store does not answer."""
    try:
        return liveness.signed_in(sessions)
    except liveness.StoreUnavailableError:
        say_store_is_away(request)
        return []


def say_store_is_away(request: HttpRequest) -> None:
    text = _("We can't reach the session store right now. Try again in a minute.")
    messages.error(request, text, fail_silently=True)


def own_ids(request: HttpRequest) -> list[str]:
    """Return the ``public_id`` of the request's own session, if it has a row, in a list."""
    own = tracking.row_of(request.session)
    return [own] if own else []


def is_current(request: HttpRequest, session: TrackedSession) -> bool:
    """Whether this is the request's own session."""
    return str(session.public_id) in own_ids(request)

"""The page of one session, active or over."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from sessions_admin.client import locations
from sessions_admin.models import TrackedSession
from sessions_admin.moments import ago
from sessions_admin.policy import Scope
from sessions_admin.views import addresses, paging, partials, sentences
from sessions_admin.views.access import admins_only
from sessions_admin.views.record_status import statuses
from sessions_admin.views.rows import row

OTHERS_SHOWN = 10


@require_safe
@admins_only
def session_detail(request: HttpRequest, scope: Scope, public_id: uuid.UUID) -> HttpResponse:
    """Show all that is known about one session, and how it ended if it has."""
    sessions = scope.sessions().select_related("user", "termination").with_active_count()
    session = get_object_or_404(sessions, public_id=public_id)
    status = statuses(request, scope, [session])[session]
    now = session.now

    def same_addresses(address: str | None) -> list[tuple[str, str]]:
        return addresses.same_addresses(request, address, is_masked=session.is_masked)

    context = row(request, scope, session) | {
        "status": status,
        "now": now,
        "earlier": [origin for origin in session.elsewhere if origin != now],
        "summary": sentences.summary(session, now, is_over=not status.is_active),
        "signed_in_ago": ago(session.created_at),
        "others": [row(request, scope, other) for other in _others(request, scope, session)],
        "all_of_user_url": addresses.of_user(request, session, "list"),
        "records_of_user_url": addresses.records_of_user(request, session),
        "same_addresses": same_addresses(session.ip_address),
        "same_addresses_now": same_addresses(now.ip_address if now else None),
        "same_addresses_reused": same_addresses(
            session.reused_ip if session.was_reused_elsewhere else None
        ),
        "list_url": addresses.back(request),
        "list_name": addresses.list_name(request),
        "attribution": locations.attribution(),
    }
    return partials.page_or_dialog(request, "details", context)


def _others(request: HttpRequest, scope: Scope, session: TrackedSession) -> list[TrackedSession]:
    """Return the newest other active sessions of the same user."""
    if session.user_id is None:
        return []
    others = scope.active().filter(user=session.user).exclude(pk=session.pk)
    return paging.newest_living(request, others, OTHERS_SHOWN)

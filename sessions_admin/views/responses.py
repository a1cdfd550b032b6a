"""Responses after a termination: back to the list, or to the sign-in page."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from sessions_admin import pages, resolvers
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.policy import Scope
from sessions_admin.views import addresses, sentences
from sessions_admin.views.listing import back_to_list
from sessions_admin.views.rows import own_ids


def terminated_one(
    request: HttpRequest, scope: Scope, termination: Termination, session: TrackedSession
) -> HttpResponse:
    """Respond after the termination of one session."""
    if _has_own_ended(request):
        return _signed_out(request, _("You've been signed out."))
    if termination.failed:
        messages.error(request, sentences.failed(termination), fail_silently=True)
    elif termination.ended:
        text = _("Signed out %(name)s from %(device)s.") % {
            "name": session.user_name,
            "device": session.device_label,
        }
        steps = resolvers.next_steps(request, session.user)
        messages.success(
            request, _with_links(request, text, termination, steps), fail_silently=True
        )
    else:
        say_already_gone(request, session)
    return back_to_list(request, scope)


def terminated(request: HttpRequest, scope: Scope, termination: Termination) -> HttpResponse:
    """Respond after the termination of several sessions."""
    text = sentences.result(termination)
    if _has_own_ended(request):
        return _signed_out(request, " ".join([text, _("You've been signed out.")]))
    level = messages.SUCCESS if termination.ended else messages.INFO
    if termination.failed:
        level = messages.ERROR
    messages.add_message(
        request, level, _with_links(request, text, termination), fail_silently=True
    )
    return back_to_list(request, scope)


def already_gone(request: HttpRequest, scope: Scope, session: TrackedSession) -> HttpResponse:
    """Respond in place of the confirmation page if the session has ended meanwhile."""
    say_already_gone(request, session)
    return back_to_list(request, scope)


def say_already_gone(request: HttpRequest, session: TrackedSession) -> None:
    messages.info(request, sentences.already_gone(session), fail_silently=True)


def _with_links(
    request: HttpRequest,
    text: str,
    termination: Termination,
    steps: Iterable[resolvers.NextStep] = (),
) -> SafeString:
    """Return a message with links to the log entry and to what the admin may do next."""
    entry = pages.url(request, "termination_log_entry", public_id=termination.public_id)
    links = [(entry, _("View log entry")), *((step.url, step.label) for step in steps)]
    linked = format_html_join(" · ", '<a href="{}">{}</a>', links)
    return format_html("{} {}", text, linked)


def _has_own_ended(request: HttpRequest) -> bool:
    ended = TrackedSession.objects.filter(public_id__in=own_ids(request), ended_at__isnull=False)
    return ended.exists()


def _signed_out(request: HttpRequest, text: str) -> HttpResponse:
    logout(request)
    messages.info(request, text, fail_silently=True)
    return pages.sign_in(addresses.with_filters(request, pages.url(request, "list")))

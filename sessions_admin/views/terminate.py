"""The confirmation pages and actions *Terminate*, *Terminate selected* and *Terminate all*.

They run outside the project's transaction for the request, whose rollback could undo the record of
the sessions that ended.
"""

from __future__ import annotations

import logging
import uuid
from collections import Counter
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from django.contrib import messages
from django.db import DatabaseError, transaction
from django.db.models import Count as Number
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from sessions_admin import bidi, conf, liveness, pages, reauthentication, search
from sessions_admin.client import printable
from sessions_admin.listing.filters import FilterForm
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.policy import Scope
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.termination import actions, bulk, terminate
from sessions_admin.termination.impact import impact_of
from sessions_admin.views import addresses, paging, partials, responses, sentences, submissions
from sessions_admin.views.access import admins_only
from sessions_admin.views.listing import back_to_list
from sessions_admin.views.rows import is_current, living, own_ids, row, shown

logger = logging.getLogger(__name__)

SAMPLE = 10
REASON_LENGTH = 500
DRAFT = "_sessions_admin_draft"
# Up to this many active sessions are counted by checking each in the store; more are counted in
# the database only.
COUNTED_BY_STORE = 500
ACCOUNTS_SHOWN = 20


def _saying_what_failed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Return to the list with a message if the database does not accept a termination."""

    @wraps(view)
    def guarded(request: HttpRequest, scope: Scope, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, scope, **kwargs)
        except DatabaseError:
            if request.method != "POST":
                raise
            logger.exception("Sessions could not be terminated")
            text = _(
                "The database did not respond. Sessions that are still listed were not "
                "terminated. Try again in a minute."
            )
            messages.error(request, text, fail_silently=True)
            return back_to_list(request, scope)

    return guarded


@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
@csrf_protect
@admins_only
@_saying_what_failed
def terminate_one(request: HttpRequest, scope: Scope, public_id: uuid.UUID) -> HttpResponse:
    """Ask for confirmation on GET; terminate one session on POST."""
    session = get_object_or_404(scope.sessions().select_related("user"), public_id=public_id)
    if not _may_terminate_one(request):
        return _prove_first(request)
    if request.method == "POST":
        termination = submissions.once(request, partial(_terminate_one, request, scope, session))
        return responses.terminated_one(request, scope, termination, session)
    if session.ended_at or not living(request, [session]):
        return responses.already_gone(request, scope, session)
    others = scope.active().filter(user=session.user_id).exclude(pk=session.pk)
    has_others = bool(paging.newest_living(request, others, 1))
    context = {
        "session": shown(scope, session),
        "single_sign_on": conf.current().single_sign_on,
        "is_current": is_current(request, session),
        "draft": request.session.pop(DRAFT, {}),
        "submission": submissions.new_id(),
        "terminate_url": addresses.with_filters(request, request.path),
        "everything_url": addresses.of_user(request, session, "terminate_all")
        if has_others
        else None,
        "cancel_url": addresses.back(request),
        "list_name": addresses.list_name(request),
    }
    return partials.page_or_dialog(request, "terminate", context)


@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
@csrf_protect
@admins_only
@_saying_what_failed
def terminate_all(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Ask for confirmation on GET; start to terminate all matching sessions on POST."""
    if not reauthentication.is_fresh(request):
        return _prove_first(request)
    form = FilterForm(request.GET, scope=scope)
    sessions = form.narrowed(scope.active())
    if request.method == "POST":
        return _begin(request, scope, form, sessions)
    return _ask(
        request,
        scope,
        sessions,
        scope_text=sentences.scope(scope),
        person=_only_person(form),
        terminate_url=addresses.with_filters(request, request.path),
        filter_lines=form.lines(),
        leaves_unseen=_is_whole(scope, form) and bulk.cannot_find_unseen(),
        notices=form.notices,
    )


@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
@csrf_protect
@admins_only
@_saying_what_failed
def terminate_selected(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Ask for confirmation on GET; terminate the sessions with the ids in ``session`` on POST.

    Ids that are malformed, or belong to sessions out of scope, are ignored.
    """
    ids = _selected(request)
    if request.method == "POST" and not ids:
        nothing = TrackedSession.objects.none()
        response = _ask(request, scope, nothing, notices=[_("Select at least one session.")])
        response.status_code = 400
        return response
    if len(ids) > conf.current().page_size:
        text = ngettext(
            "Select up to %(n)d session at a time.",
            "Select up to %(n)d sessions at a time.",
            conf.current().page_size,
        ) % {"n": conf.current().page_size}
        messages.error(request, text, fail_silently=True)
        return back_to_list(request, scope)
    address = _selected_url(request, ids)
    is_single = len(ids) <= 1
    if not (_may_terminate_one(request) if is_single else reauthentication.is_fresh(request)):
        return _prove_first(request, back=address)
    if request.method == "POST":
        return _terminate_selected(request, scope, ids)
    sessions = scope.active().filter(public_id__in=ids)
    return _ask(request, scope, sessions, is_selection=True, terminate_url=address)


def _terminate_one(
    request: HttpRequest, scope: Scope, session: TrackedSession, public_id: uuid.UUID | None
) -> Termination:
    sessions = TrackedSession.objects.filter(pk=session.pk)
    return terminate(
        sessions,
        actor=request.user,
        scope=actions.one(session),
        accounts=scope.affected(sessions),
        reason=_reason(request),
        public_id=public_id,
    )


def _ask(
    request: HttpRequest, scope: Scope, sessions: TrackedSessionQuerySet, **more: Any
) -> HttpResponse:
    context = _in_numbers(request, scope, sessions) | {
        "impact": _impact(request, scope, sessions),
        "single_sign_on": conf.current().single_sign_on,
        "draft": request.session.pop(DRAFT, {}),
        "submission": submissions.new_id(),
        "includes_current": sessions.filter(public_id__in=own_ids(request)).exists(),
        "cancel_url": addresses.with_filters(request, pages.url(request, "list")),
    }
    return partials.page_or_dialog(request, "terminate_all", context | more)


def _begin(
    request: HttpRequest, scope: Scope, form: FilterForm, sessions: TrackedSessionQuerySet
) -> HttpResponse:
    own = next(iter(own_ids(request)), None)
    includes_own = own is not None and sessions.filter(public_id=own).exists()
    keeps_own = bool(request.POST.get("keep_current"))
    asked: dict[str, Any] = {
        "actor": request.user,
        "scope": actions.everything(sentences.accounts_named(scope), form.filters, form.names),
        "accounts": _account_ids(scope, form),
        "filters": form.filters,
        "reason": _reason(request),
    }
    if form.notices:
        # A wrong filter value matches nothing; the attempt is recorded all the same.
        act = partial(terminate, sessions.none(), **asked)
    else:
        act = partial(
            bulk.begin,
            **asked,
            kept=own if keeps_own else None,
            own=own if includes_own and not keeps_own else None,
        )
    termination = submissions.once(request, lambda public_id: act(public_id=public_id))
    if not termination.is_finished:
        progress = pages.url(request, "progress", public_id=termination.public_id)
        return HttpResponseRedirect(addresses.with_filters(request, progress))
    return responses.terminated(request, scope, termination)


def _terminate_selected(request: HttpRequest, scope: Scope, ids: list[uuid.UUID]) -> HttpResponse:
    # Those that have ended since they were selected, too: they were asked for.
    asked = scope.sessions().filter(public_id__in=ids)
    if request.POST.get("keep_current"):
        asked = asked.exclude(public_id__in=own_ids(request))
    found = list(asked.values_list("public_id", flat=True))
    if not found:
        messages.info(request, _("Nothing to terminate"), fail_silently=True)
        return back_to_list(request, scope)
    sessions = TrackedSession.objects.filter(public_id__in=found)
    act = partial(
        terminate,
        sessions,
        actor=request.user,
        scope=actions.selected(found),
        accounts=scope.affected(sessions),
        reason=_reason(request),
    )
    termination = submissions.once(request, lambda public_id: act(public_id=public_id))
    return responses.terminated(request, scope, termination)


def _may_terminate_one(request: HttpRequest) -> bool:
    """Whether one session may be terminated without a fresh proof; each POST is counted."""
    if request.method == "POST":
        return reauthentication.may_terminate_one(request)
    return reauthentication.could_terminate_one(request)


def _prove_first(request: HttpRequest, back: str = "") -> HttpResponse:
    """Redirect to the reauthentication page, keeping the form's values in the session."""
    if request.method == "POST":
        request.session[DRAFT] = {
            "keep_current": bool(request.POST.get("keep_current")),
            "reason": _reason(request),
        }
    return reauthentication.ask(request, back=back or request.get_full_path())


def _selected(request: HttpRequest) -> list[uuid.UUID]:
    """Return the ids in the URL and the form, without duplicates."""
    found: dict[uuid.UUID, None] = {}
    for text in request.GET.getlist("session") + request.POST.getlist("session"):
        try:
            found[uuid.UUID(text)] = None
        except ValueError:
            continue
    return list(found)


def _selected_url(request: HttpRequest, ids: list[uuid.UUID]) -> str:
    query = addresses.query_of_list(request)
    query.setlist("session", [str(public_id) for public_id in ids])
    return addresses.address(pages.url(request, "terminate_selected"), query)


def _in_numbers(
    request: HttpRequest, scope: Scope, sessions: TrackedSessionQuerySet
) -> dict[str, Any]:
    """Return how many sessions would end, how many per account, and the newest of them."""
    by_account: Counter[str] = Counter()
    page = paging.living_page(request, sessions, size=COUNTED_BY_STORE)
    first = page.rows
    if page.older is None:
        first = [shown(scope, session) for session in first]
        by_account.update(session.account_name for session in first)
        elsewhere = sum(session.is_elsewhere for session in first)
    else:
        named, others = scope.divided(sessions)
        pairs = named.order_by().values_list("account_name").annotate(Number("pk"))
        by_account.update(dict(pairs))
        if other_count := others.count():
            by_account[search.unnamed_account()] += other_count
        elsewhere = scope.elsewhere(sessions).count()
    count = by_account.total()
    return {
        "count": count,
        "elsewhere_count": elsewhere,
        "account_counts": by_account.most_common(ACCOUNTS_SHOWN),
        "more_accounts_count": max(len(by_account) - ACCOUNTS_SHOWN, 0),
        "sample": [row(request, scope, session) for session in first[:SAMPLE]],
        "more_count": count - len(first[:SAMPLE]),
    }


def _impact(request: HttpRequest, scope: Scope, sessions: TrackedSessionQuerySet) -> dict[str, Any]:
    """Return how admins are affected, for the template; empty if the store does not answer."""
    try:
        found = impact_of(sessions, scope=scope, asked_by=request.user)
    except liveness.StoreUnavailableError:
        return {}
    return {
        "own": [row(request, scope, session) for session in found.own],
        "own_count": found.own_count,
        "more_own_count": found.own_count - len(found.own),
        "is_known": found.is_known,
        "signed_out": bidi.names(found.signed_out, _("and")),
        "staying": bidi.names(found.staying, _("and")),
    }


def _account_ids(scope: Scope, form: FilterForm) -> list[str]:
    """Return the ids of the accounts that *Terminate all* can affect; empty means all."""
    if form.filters.account:
        return [form.filters.account]
    return [] if scope.everything else [account.id for account in scope.accounts]


def _is_whole(scope: Scope, form: FilterForm) -> bool:
    """Whether *Terminate all* affects every session on the site."""
    return not _account_ids(scope, form) and not form.filters


def _only_person(form: FilterForm) -> str:
    """Return the name of the filtered user if that is the only filter, else an empty string."""
    filters = form.in_words()
    return filters[0][2] if [name for name, _label, _value in filters] == ["user"] else ""


def _reason(request: HttpRequest) -> str:
    return printable(request.POST.get("reason", ""), REASON_LENGTH)

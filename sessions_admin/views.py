"""The page Active user sessions and its two actions.

Every view starts from the scope of the person who asks; a session outside it is a 404. Those that
end sessions have no transaction of the host around them: it could undo the record of what ended.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial, wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.handlers.exception import response_for_exception
from django.db import transaction
from django.db.models import Count as Number
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRefresh

from sessions_admin import (
    addresses,
    conf,
    counting,
    fragments,
    liveness,
    locations,
    policy,
    runs,
    signs,
    step_up,
    termination,
    tracking,
)
from sessions_admin.client import printable
from sessions_admin.consequences import consequences_of
from sessions_admin.counting import Count, grouped
from sessions_admin.forms import TYPED, FilterForm
from sessions_admin.models import Termination, TrackedSession, ago
from sessions_admin.moments import exact
from sessions_admin.pagination import BadCursorError, Cursor, Page, page_of
from sessions_admin.policy import Scope
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.sightings import Sighting

View = Callable[..., HttpResponse]
SAMPLE = 10
REASON_LENGTH = 500
DRAFT = "_sessions_admin_draft"
# Up to this many sessions are counted one by one against the store, above it by the database.
COUNTED_BY_STORE = 500
ACCOUNTS_SHOWN = 20
REFRESH_SECONDS = 2
# What a filter is typed into, by the name of its key.
TYPED_FOR = {key: [name] for name, key in TYPED.items()}
# Newer sessions are counted up to this many.
MOST_NEWS = 99


def signed_in_only(view: View) -> View:
    """Have the view answered to whoever is signed in, about themselves; send others to sign in.

    What it answers, refusals included, is kept private: it shows addresses of people.
    """

    @wraps(view)
    def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            response = _guarded(request, view, **kwargs)
        except (Http404, PermissionDenied) as refusal:
            # The project's own page for it, made here so that it gets the headers too.
            response = response_for_exception(request, refusal)
        return _kept_private(fragments.fit(request, response))

    return guarded


def admins_only(view: View) -> View:
    """The same for admins, whose scope the view is given, too; others are told why not."""

    @wraps(view)
    def scoped(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        scope = policy.scope_of(request.user)
        if not scope.is_admin:
            raise PermissionDenied(_("Only owners and admins of an account may see its sessions."))
        if scope.is_locked:
            return _locked(request, scope)
        return view(request, scope, **kwargs)

    return signed_in_only(scoped)


def _guarded(request: HttpRequest, view: View, **kwargs: Any) -> HttpResponse:
    if not request.user.is_authenticated:
        back = fragments.page_of(request, otherwise=reverse("sessions_admin:list"))
        return redirect_to_login(back)
    tracking.follow(request)
    return view(request, **kwargs)


def _kept_private(response: HttpResponse) -> HttpResponse:
    """In no cache, in nobody's frame, and its address (a search, say) told to no other site.

    What the project's own middleware says of these stands.
    """
    patch_cache_control(response, private=True, no_store=True)
    response.headers.setdefault("X-Frame-Options", "DENY")
    policy_said = settings.SECURE_REFERRER_POLICY or "same-origin"
    if isinstance(policy_said, str):
        response.headers.setdefault("Referrer-Policy", policy_said)
    return response


@require_safe
@admins_only
def session_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    return show_list(request, scope)


def show_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The list as the address filters it: the page, or the part of it that htmx asks for.

    After an act, too, whose address has the filters of the list.
    """
    as_of = timezone.now()
    list_url = addresses.address(reverse("sessions_admin:list"), addresses.query_of_list(request))
    form = FilterForm(request.GET, scope=scope)
    if form.typed:
        return redirect(addresses.filtered(request, form.typed, without=TYPED))
    notices = form.notices
    sessions = form.narrowed(scope.sessions().active())
    page = _page(request, sessions, notices)
    total, signed = _counts(scope, form, sessions, page)
    context = {
        "form": form,
        "filter_person": _typed(request, form, "person"),
        "filter_account": _typed(request, form, "account_name"),
        "notices": notices,
        "rows": told_apart([_row(request, session) for session in page.rows]),
        "newer_url": _page_url(request, before=page.newer),
        "older_url": _page_url(request, after=page.older),
        "first_url": _page_url(request) if page.newer else None,
        "count_text": _count_text(total, form.is_narrowing),
        "filtered": form.is_narrowing,
        "chips": _chips(request, form),
        "clear_url": reverse("sessions_admin:list"),
        "list_url": list_url,
        "terminate_all_url": _with_filters(request, reverse("sessions_admin:terminate_all")),
        "terminate_all_label": _terminate_all_label(total, form.is_narrowing),
        "signs": _signs(form, signed),
        "terminate_selected_url": reverse("sessions_admin:terminate_selected"),
        "kept": addresses.query_of_list(request).items(),
        "as_of": as_of,
        "news_url": _news_url(request, as_of),
        "attribution": locations.attribution(),
    }
    if fragments.wanted(request):
        return fragments.render_list(request, context, address=list_url)
    return render(request, "sessions_admin/list.html", context)


@require_safe
@admins_only
def session_detail(request: HttpRequest, scope: Scope, public_id: uuid.UUID) -> HttpResponse:
    """Everything known of one active session."""
    session = get_object_or_404(scope.sessions().select_related("user"), public_id=public_id)
    if session.ended_at or not _living(request, [session]):
        _say_already_gone(request, session)
        return back_to_list(request, scope)
    now, user_id = session.now, session.user_id
    context = _row(request, session) | {
        "now": now,
        "earlier": [seen for seen in session.elsewhere if seen != now],
        "summary": _summary(session, now),
        "signed_in_ago": ago(session.created_at),
        "others": [_row(request, other) for other in _others(request, scope, session)],
        "all_of_user_url": f"{reverse('sessions_admin:list')}?{urlencode({'user': user_id})}",
        "list_url": _with_filters(request, reverse("sessions_admin:list")),
        "attribution": locations.attribution(),
    }
    return _page_or_dialog(request, "detail", context)


@require_safe
@admins_only
def news(request: HttpRequest, scope: Scope) -> HttpResponse:
    """How many of the sessions that match have begun since the list was read.

    For the open page to ask now and then, so it costs no more than a few rows of an index.
    """
    since = _since(request)
    if since is None:
        return HttpResponseBadRequest(_("Since when? The address does not say."))
    form = FilterForm(request.GET, scope=scope)
    newer = form.narrowed(scope.sessions().active()).filter(created_at__gt=since)
    count = len(newer.newest_first().values_list("pk")[: MOST_NEWS + 1])
    context = {"news_text": _news_text(count), "newest_url": _page_url(request)}
    return render(request, "sessions_admin/includes/news.html", context)


def _since(request: HttpRequest) -> datetime | None:
    """The moment that the address names, if it has a time zone and a year that can be counted."""
    try:
        since = parse_datetime(request.GET.get("since", ""))
        return since.astimezone(UTC) if since and since.tzinfo else None
    except (ValueError, OverflowError):
        return None


@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
@csrf_protect
@admins_only
def terminate(request: HttpRequest, scope: Scope, public_id: uuid.UUID) -> HttpResponse:
    session = get_object_or_404(scope.sessions().select_related("user"), public_id=public_id)
    if request.method == "POST":
        return _terminate_one(request, scope, session)
    if session.ended_at or not _living(request, [session]):
        _say_already_gone(request, session)
        return back_to_list(request, scope)
    others = scope.sessions().active().filter(user=session.user_id).exclude(pk=session.pk)
    context = {
        "session": session,
        "is_current": _is_current(request, session),
        "terminate_url": _with_filters(request, request.path),
        "everything_url": _everything_url(session) if others.exists() else None,
        "cancel_url": _with_filters(request, reverse("sessions_admin:list")),
    }
    return _page_or_dialog(request, "terminate", context)


@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
@csrf_protect
@admins_only
def terminate_all(request: HttpRequest, scope: Scope) -> HttpResponse:
    if not step_up.is_fresh(request):
        return _proof_first(request)
    form = FilterForm(request.GET, scope=scope)
    sessions = form.narrowed(scope.sessions().active())
    if request.method == "POST":
        return _terminate_all(request, scope, form, sessions)
    current = sessions.filter(public_id__in=_own(request))
    context = _in_numbers(request, sessions) | {
        "consequences": _consequences(request, scope, sessions),
        "draft": request.session.pop(DRAFT, {}),
        "scope_text": _scope_text(scope),
        "person": _only_person(form),
        "terminate_url": _with_filters(request, request.path),
        "filter_lines": form.lines(),
        "notices": form.notices,
        "includes_current": current.exists(),
        "cancel_url": _with_filters(request, reverse("sessions_admin:list")),
    }
    return _page_or_dialog(request, "terminate_all", context)


@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
@csrf_protect
@admins_only
def terminate_selected(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The sessions whose ids are given as ``session``: those ticked in the list.

    An id that is none, or of a session out of scope, does not exist and is passed over.
    """
    ids = _ticked(request)
    if len(ids) > conf.current().page_size:
        text = ngettext(
            "No more than %(n)d session can be ended this way at once.",
            "No more than %(n)d sessions can be ended this way at once.",
            conf.current().page_size,
        ) % {"n": conf.current().page_size}
        messages.error(request, text, fail_silently=True)
        return back_to_list(request, scope)
    address = _selected_url(request, ids)
    if len(ids) > 1 and not step_up.is_fresh(request):
        return _proof_first(request, back=address)
    sessions = scope.sessions().active().filter(public_id__in=ids)
    if request.method == "POST":
        return _terminate_selected(request, scope, sessions)
    context = _in_numbers(request, sessions) | {
        "consequences": _consequences(request, scope, sessions),
        "draft": request.session.pop(DRAFT, {}),
        "is_ticked": True,
        "terminate_url": address,
        "includes_current": sessions.filter(public_id__in=_own(request)).exists(),
        "cancel_url": _with_filters(request, reverse("sessions_admin:list")),
    }
    return _page_or_dialog(request, "terminate_all", context)


def _ticked(request: HttpRequest) -> list[uuid.UUID]:
    """The ids, each once, wherever they stand."""
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
    return addresses.address(reverse("sessions_admin:terminate_selected"), query)


def _proof_first(request: HttpRequest, back: str = "") -> HttpResponse:
    """To the page that asks for a proof; what was filled in waits in the session."""
    if request.method == "POST":
        request.session[DRAFT] = {
            "keep_current": bool(request.POST.get("keep_current")),
            "reason": _reason(request),
        }
    return step_up.ask(request, back=back or _with_filters(request, request.path))


def _page_or_dialog(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    """A page of its own, or its content for the dialog over the list."""
    if fragments.wanted(request) == fragments.DIALOG:
        return fragments.render_dialog(
            request, f"sessions_admin/includes/{name}_content.html", context
        )
    return render(request, f"sessions_admin/{name}.html", context)


def back_to_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    """To the list with its filters and place; where it is on the screen already, in its place."""
    if fragments.wanted(request):
        return show_list(request, scope)
    return redirect(_with_filters(request, reverse("sessions_admin:list")))


def _terminate_one(request: HttpRequest, scope: Scope, session: TrackedSession) -> HttpResponse:
    receipt = termination.terminate(
        TrackedSession.objects.filter(pk=session.pk, ended_at=None),
        actor=request.user,
        scope=_("The session of %(session)s") % {"session": _in_words(session)},
        accounts=[session.account_id],
        reason=_reason(request),
    )
    if _own_session_ended(request):
        return _signed_out(request, _("You ended the session you were using here."))
    if receipt.failed:
        messages.error(request, _failed_text(receipt), fail_silently=True)
    elif receipt.ended:
        text = _("%(session)s was signed out.") % {"session": _in_words(session)}
        messages.success(request, text, fail_silently=True)
    else:
        _say_already_gone(request, session)
    return back_to_list(request, scope)


def _terminate_all(
    request: HttpRequest, scope: Scope, form: FilterForm, sessions: TrackedSessionQuerySet
) -> HttpResponse:
    own = next(iter(_own(request)), None)
    is_meant = own is not None and sessions.filter(public_id=own).exists()
    keeps = bool(request.POST.get("keep_current"))
    asked: dict[str, Any] = {
        "actor": request.user,
        "scope": _("All active sessions %(scope)s") % {"scope": _scope_text(scope)},
        "accounts": _account_ids(scope, form),
        "filters": form.filters,
        "reason": _reason(request),
    }
    if form.notices:
        # A wrong value fits none. That nothing was ended is put on record, too.
        receipt = termination.terminate(sessions.none(), **asked)
    else:
        receipt = runs.begin(
            **asked, kept=own if keeps else None, own=own if is_meant and not keeps else None
        )
    if not receipt.is_finished:
        progress = reverse("sessions_admin:progress", args=[receipt.public_id])
        return redirect(_with_filters(request, progress))
    return _ended_all(request, scope, receipt)


def _terminate_selected(
    request: HttpRequest, scope: Scope, sessions: TrackedSessionQuerySet
) -> HttpResponse:
    count = sessions.count()
    if request.POST.get("keep_current"):
        sessions = sessions.exclude(public_id__in=_own(request))
    receipt = termination.terminate(
        sessions,
        actor=request.user,
        scope=ngettext("%(n)d ticked session", "%(n)d ticked sessions", count) % {"n": count},
        accounts=sorted(set(sessions.order_by().values_list("account_id", flat=True))),
        reason=_reason(request),
    )
    return _ended_all(request, scope, receipt)


@transaction.non_atomic_requests
@require_safe
@admins_only
def progress(request: HttpRequest, scope: Scope, public_id: uuid.UUID) -> HttpResponse:
    """How far an end of all has come: a page that looks again by itself, until it is at the end."""
    receipt = get_object_or_404(scope.receipts(request.user), public_id=public_id)
    if not scope.has_whole(receipt, request.user):
        raise Http404
    if runs.waits_for_own(receipt) and str(receipt.last_session) in _own(request):
        runs.finish(receipt)
        return _ended_all(request, scope, receipt)
    if not receipt.is_finished:
        runs.look_after(receipt)
    context = {
        "receipt": receipt,
        "total": receipt.expected or receipt.requested,
        "result": _receipt_text(receipt),
        "receipt_url": reverse("sessions_admin:receipt", args=[receipt.public_id]),
        "list_url": _with_filters(request, reverse("sessions_admin:list")),
    }
    response = render(request, "sessions_admin/progress.html", context)
    if not receipt.is_finished:
        # Every browser knows this header, which no frame of a page can lose.
        response["Refresh"] = str(REFRESH_SECONDS)
    return response


def _ended_all(request: HttpRequest, scope: Scope, receipt: Termination) -> HttpResponse:
    """Back to the list, or out, with what happened in words."""
    text = _receipt_text(receipt)
    if _own_session_ended(request):
        return _signed_out(request, " ".join([text, _("Yours was one of them.")]))
    level = messages.ERROR if receipt.failed else messages.SUCCESS
    link = format_html(
        '{} <a href="{}">{}</a>',
        text,
        reverse("sessions_admin:receipt", args=[receipt.public_id]),
        _("Receipt"),
    )
    messages.add_message(request, level, link, fail_silently=True)
    return back_to_list(request, scope)


def _account_ids(scope: Scope, form: FilterForm) -> list[str]:
    """The accounts that an end of all can touch; none for every account."""
    if form.filters.account:
        return [form.filters.account]
    return [] if scope.everything else [account.id for account in scope.accounts]


def _reason(request: HttpRequest) -> str:
    return printable(request.POST.get("reason", ""), REASON_LENGTH)


def _consequences(
    request: HttpRequest, scope: Scope, sessions: TrackedSessionQuerySet
) -> dict[str, Any]:
    """What the end of these means for admins, in words; nothing while the store is away."""
    try:
        found = consequences_of(sessions, scope=scope, asked_by=request.user)
    except liveness.StoreUnavailableError:
        return {}
    return {
        "own": [_row(request, session) for session in found.own],
        "is_known": found.is_known,
        "signed_out": get_text_list(found.signed_out, _("and")),
        "staying": get_text_list(found.staying, _("and")),
    }


def _locked(request: HttpRequest, scope: Scope) -> HttpResponse:
    if fragments.wanted(request):
        return HttpResponseClientRefresh()
    context = {"locked_accounts": [account.name for account in scope.locked]}
    status = 200 if request.method in {"GET", "HEAD"} else 403
    return render(request, "sessions_admin/locked.html", context, status=status)


def _signed_out(request: HttpRequest, why: str) -> HttpResponse:
    logout(request)
    messages.info(request, " ".join([why, _("Sign in to go on.")]), fail_silently=True)
    return redirect_to_login(_with_filters(request, reverse("sessions_admin:list")))


def _own_session_ended(request: HttpRequest) -> bool:
    ended = TrackedSession.objects.filter(public_id__in=_own(request), ended_at__isnull=False)
    return ended.exists()


def _is_current(request: HttpRequest, session: TrackedSession) -> bool:
    return str(session.public_id) in _own(request)


def _own(request: HttpRequest) -> list[str]:
    """The ``public_id`` of the viewer's own session, where it has one."""
    own = tracking.row_of(request.session)
    return [own] if own else []


def _living(request: HttpRequest, sessions: list[TrackedSession]) -> list[TrackedSession]:
    """Those that are signed in. While the store does not answer nobody is, and the page says so."""
    try:
        return liveness.signed_in(sessions)
    except liveness.StoreUnavailableError:
        text = _("The session store does not answer at the moment. Try again in a minute.")
        messages.error(request, text, fail_silently=True)
        return []


def _page(request: HttpRequest, sessions: TrackedSessionQuerySet, notices: list[str]) -> Page:
    try:
        after, before = (_cursor(request, name) for name in ("after", "before"))
    except BadCursorError:
        notices.append(_("That page no longer exists. These are the newest sessions."))
        after = before = None
    at = partial(
        page_of,
        sessions.select_related("user"),
        size=conf.current().page_size,
        keep=lambda rows: _living(request, rows),
    )
    page = at(before=before) if before else at(after=after)
    if page.rows or page.older or not (after or before):
        return page
    # Everything on that page has ended since: the page that ends where it began, or the newest.
    if after and not before:
        page = at(before=Cursor(after.created_at, after.pk - 1))
    return page if page.rows else at()


def _cursor(request: HttpRequest, name: str) -> Cursor | None:
    text = request.GET.get(name)
    return Cursor.parse(text) if text else None


def _counts(
    scope: Scope, form: FilterForm, sessions: TrackedSessionQuerySet, page: Page
) -> tuple[Count, dict[str, Count]]:
    """How many there are on all pages, and in the whole scope of each sign."""
    is_all = not (page.newer or page.older)
    total, signed = counting.count(
        scope.sessions().active(),
        None if is_all else sessions,
        among=None if form.is_narrowing else scope.sessions().open(),
    )
    return total or Count(len(page.rows)), signed


def _signs(form: FilterForm, signed: dict[str, Count]) -> list[dict[str, Any]]:
    """What is worth a look: each sign that is there, how often, and the way."""
    return [
        {
            "sign": sign,
            "count": signed[sign.id].number,
            "is_more": signed[sign.id].is_more,
            "url": f"{reverse('sessions_admin:list')}?{urlencode({'sign': sign.id})}",
            "is_chosen": form.filters.sign == sign.id,
        }
        for sign in signs.SIGNS
        if signed[sign.id].number
    ]


def _others(request: HttpRequest, scope: Scope, session: TrackedSession) -> list[TrackedSession]:
    """The newest other active sessions of the same person."""
    others = scope.sessions().active().filter(user=session.user).exclude(pk=session.pk)
    return _living(request, list(others.select_related("user").newest_first()[:SAMPLE]))


def _in_numbers(request: HttpRequest, sessions: TrackedSessionQuerySet) -> dict[str, Any]:
    """Exactly which sessions are meant: how many, in which accounts, and the first of them."""
    newest = sessions.select_related("user").newest_first()
    by_account: Counter[str] = Counter()
    first = list(newest[: COUNTED_BY_STORE + 1])
    if len(first) <= COUNTED_BY_STORE:
        first = _living(request, first)
        by_account.update(session.account_name for session in first)
    else:
        pairs = sessions.order_by().values_list("account_name").annotate(Number("pk"))
        by_account.update(dict(pairs))
    count = by_account.total()
    return {
        "count": count,
        "account_counts": by_account.most_common(ACCOUNTS_SHOWN),
        "more_accounts_count": max(len(by_account) - ACCOUNTS_SHOWN, 0),
        "sample": [_row(request, session) for session in first[:SAMPLE]],
        "more_count": count - len(first[:SAMPLE]),
    }


def _row(request: HttpRequest, session: TrackedSession) -> dict[str, Any]:
    now = session.now
    ways = {
        f"{name}_url": _with_filters(
            request, reverse(f"sessions_admin:{name}", args=[session.public_id])
        )
        for name in ("detail", "terminate")
    }
    values = {
        "user": str(session.user_id or ""),
        "account": session.account_id,
        "application": session.application,
        "country": session.country_code,
    }
    only = {
        name: addresses.filtered(request, {name: value}, without=TYPED_FOR.get(name, ()))
        for name, value in values.items()
        if value and value != request.GET.get(name)
    }
    return {
        "session": session,
        "only": only,
        "is_current": _is_current(request, session),
        "now_at": now if now and now.location != session.location else None,
        "now_on": now if now and now.device_label != session.device_label else None,
        **ways,
    }


def told_apart(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with the place of each as its controls name it.

    Where several would be called the same, the moment of sign-in is a part of it.
    """
    names = [(s.user_name, s.device_label, s.location) for s in (row["session"] for row in rows)]
    times = Counter(names)
    for row, name in zip(rows, names, strict=True):
        parts = [name[-1]] if times[name] == 1 else [name[-1], exact(row["session"].created_at)]
        row["place"] = pgettext("between places", ", ").join(parts)
    return rows


def _with_filters(request: HttpRequest, address: str) -> str:
    """The address with the query of this page, so that filters and place survive."""
    return addresses.address(address, addresses.query_of_list(request))


def _typed(request: HttpRequest, form: FilterForm, name: str) -> dict[str, Any]:
    """A filter that is typed, as its template wants it."""
    key = TYPED[name]
    chosen = form.chosen.get(key)
    return {
        "name": name,
        "field": form[name],
        "key_field": form[key],
        "chosen": chosen,
        "drop_url": addresses.filtered(request, {}, without=[name, key]),
        **addresses.offered(request, name, form.offers.get(name, [])),
    }


def _page_url(request: HttpRequest, **cursors: Cursor | None) -> str | None:
    if cursors and not any(cursors.values()):
        return None
    query = addresses.query_of_list(request, without=addresses.PLACE)
    query.update({name: str(cursor) for name, cursor in cursors.items() if cursor})
    return addresses.address(reverse("sessions_admin:list"), query)


def _news_url(request: HttpRequest, since: datetime) -> str:
    query = addresses.query_of_list(request, without=addresses.PLACE)
    query["since"] = since.isoformat()
    return addresses.address(reverse("sessions_admin:news"), query)


def _chips(request: HttpRequest, form: FilterForm) -> list[dict[str, str]]:
    """The filters that hold, each with the address of the list without it."""
    return [
        {
            "label": label,
            "value": value,
            "url": addresses.filtered(request, {}, without=[name, *TYPED_FOR.get(name, ())]),
        }
        for name, label, value in form.in_words()
    ]


def _everything_url(session: TrackedSession) -> str:
    """Where everything of this person in view is ended."""
    query = urlencode({"user": session.user_id})
    return f"{reverse('sessions_admin:terminate_all')}?{query}"


def _only_person(form: FilterForm) -> str:
    """Whose sessions these are, where that is all that the filters say."""
    said = form.in_words()
    return said[0][2] if [name for name, _label, _value in said] == ["user"] else ""


def _in_words(session: TrackedSession) -> str:
    return f"{session.user_name} ({session.device_label}, {session.location})"


def _summary(session: TrackedSession, now: Sighting | None) -> str:
    """From where to where, in one sentence."""
    if now is None or (now.place, now.device_label) == (session.place, session.device_label):
        text = _("Signed in from %(place)s.")
    elif now.place == session.place:
        text = _("Signed in from %(place)s, now on %(new_device)s.")
    elif now.device_label == session.device_label:
        text = _("Signed in from %(place)s, now %(new_place)s.")
    else:
        text = _("Signed in from %(place)s, now %(new_place)s, on %(new_device)s.")
    return text % {
        "place": session.place,
        "new_place": now.place if now else "",
        "new_device": now.device_label if now else "",
    }


def _scope_text(scope: Scope) -> str:
    if scope.everything:
        return _("in every account")
    names = [account.name for account in scope.accounts]
    return _("in %(accounts)s") % {"accounts": get_text_list(names, _("and"))}


def _count_text(total: Count, filtered: bool) -> str:
    n = total.number
    if total.is_more:
        text = (
            _("More than %(n)s matching sessions")
            if filtered
            else _("More than %(n)s active sessions")
        )
        return text % {"n": grouped(n)}
    if filtered:
        text = ngettext("%(n)s matching session", "%(n)s matching sessions", n)
    else:
        text = ngettext("%(n)s active session", "%(n)s active sessions", n)
    return text % {"n": grouped(n)}


def _news_text(count: int) -> str:
    if count > MOST_NEWS:
        return _("More than %(n)d new since") % {"n": MOST_NEWS}
    text = ngettext("%(n)d new since", "%(n)d new since", count)
    return text % {"n": count} if count else ""


def _terminate_all_label(total: Count, filtered: bool) -> str:
    """Which and how many; nothing where there are none."""
    n = total.number
    if not n:
        return ""
    if total.is_more:
        text = (
            _("Terminate all matching sessions (more than %(n)s)")
            if filtered
            else _("Terminate all sessions (more than %(n)s)")
        )
        return text % {"n": grouped(n)}
    if filtered:
        text = ngettext(
            "Terminate the %(n)s matching session", "Terminate all %(n)s matching sessions", n
        )
    else:
        text = ngettext("Terminate the one session", "Terminate all %(n)s sessions", n)
    return text % {"n": grouped(n)}


def _say_already_gone(request: HttpRequest, session: TrackedSession) -> None:
    text = _("%(session)s: that session was already gone.") % {"session": _in_words(session)}
    messages.info(request, text, fail_silently=True)


def _failed_text(receipt: Termination) -> str:
    text = ngettext(
        "%(n)s session did not end: the session store did not answer. Try again.",
        "%(n)s sessions did not end: the session store did not answer. Try again.",
        receipt.failed,
    )
    return text % {"n": grouped(receipt.failed)}


def _receipt_text(receipt: Termination) -> str:
    """What happened, in sentences."""
    sentences = [
        ngettext("%(n)s session ended.", "%(n)s sessions ended.", receipt.ended)
        % {"n": grouped(receipt.ended)}
    ]
    if receipt.already_gone:
        gone = ngettext("%(n)s was already gone.", "%(n)s were already gone.", receipt.already_gone)
        sentences.append(gone % {"n": grouped(receipt.already_gone)})
    if receipt.failed:
        sentences.append(_failed_text(receipt))
    return " ".join(sentences)

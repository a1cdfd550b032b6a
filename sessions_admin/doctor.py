"""Show in a project that the promises hold: sign a person in, terminate, use the cookie again.

The requests go through the project's own handler with all its middleware. Only the view at the end
is replaced, so no sign-in page, second factor or captcha is in the way.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial, wraps
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model, load_backend, login
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.client import ClientHandler
from django.urls import NoReverseMatch, ResolverMatch, get_script_prefix, reverse
from django.utils import timezone

from sessions_admin import engines, pages
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.policy import Scope
from sessions_admin.termination import terminate
from sessions_admin.views.listing import session_list, show_list

View = Callable[[HttpRequest], HttpResponse]

NAME = "sessions-admin-doctor"


class CannotExamineError(Exception):
    """Something in the project is in the way; the text says what to do."""


@dataclass(frozen=True)
class Finding:
    """A promise, and whether it held. ``why`` says what happened instead."""

    text: str
    held: bool
    why: str = ""


class Handler(ClientHandler):
    """The project's handler with all its middleware, and the doctor's views for some paths.

    ``in_place`` is the view to call in place of the app's own pages, if any.
    """

    in_place: View | None = None

    def __init__(self, views: dict[str, View]) -> None:
        super().__init__(enforce_csrf_checks=False)
        self._views = views

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        if view := self._views.get(request.path_info):
            request.resolver_match = ResolverMatch(view, (), {})
            return request.resolver_match
        match: ResolverMatch = super().resolve_request(request)
        if self.in_place and pages.is_ours(match):
            match.func = self.in_place
        return match


@dataclass
class Examination:
    """One examination of a project: signs ``person`` in, and removes all traces in ``clean_up``.

    ``list_url`` is the path of the page, without FORCE_SCRIPT_NAME; empty if it is not known.
    """

    person: Any
    is_throwaway: bool
    host: str
    list_url: str
    keys: set[str] = field(default_factory=set)
    rows: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._last_login = getattr(self.person, "last_login", None)
        self._backend = _backend_of(self.person)
        # A path that no URL of the project has.
        self._path = f"/{NAME}-{secrets.token_hex(8)}/"
        views: dict[str, View] = {
            "sign-in": self._sign_in,
            "who": self._who,
            "late-save": partial(self._ended_in_flight, act=_save),
            "late-key": partial(self._ended_in_flight, act=_rotate),
        }
        self._handler = Handler({self._path + name: _open(view) for name, view in views.items()})

    def findings(self) -> Iterator[Finding]:
        """Yield what held and what did not."""
        browser = self._browser()
        answer = self._get(browser, "sign-in")
        is_in = self._is_signed_in(browser)
        said = f"the next request is not signed in; the sign-in answered {_said(answer)}"
        yield Finding("A sign-in through your middleware", is_in, said)
        if not is_in:
            return
        row = self._row(browser)
        yield Finding("The session is tracked", row is not None, "it has no row")
        if row is None:
            return
        yield self._listed(browser, row)
        if self.is_throwaway and self.list_url:
            answer = browser.get(self.list_url, secure=True)
            closed = answer.status_code in {302, 403}
            said = f"{self.list_url} answers {_said(answer)}"
            yield Finding("The page is closed to people who are not admins", closed, said)
        result = self._terminate(row)
        yield Finding("Terminate ends it", result.ended == 1, f"{result.failed} failed")
        yield Finding(
            "Its cookie is refused", not self._is_signed_in(browser), "it is served as signed in"
        )
        row.refresh_from_db()
        is_noted = row.reuse_count > 0
        yield Finding("The use of the ended session's cookie is noted", is_noted, "it is not")
        yield self._stays_ended("late-save", "A request in flight cannot save it again")
        yield self._stays_ended("late-key", "A request in flight cannot save it under a new key")

    def clean_up(self) -> None:
        """Delete the sessions, their rows, the log entries and the person, if they are its own."""
        engine = engines.current()
        with suppress(Exception):
            engine.delete_many(sorted(self.keys))
        digests = [engines.digest(key) for key in self.keys]
        own = models.Q(pk__in=self.rows) | models.Q(key_digest__in=digests)
        rows = TrackedSession.objects.filter(own, user=self.person)
        acts = Termination.objects.filter(sessions__in=rows, actor=self.person)
        found = list(acts.values_list("pk", flat=True).distinct())
        rows.delete()
        Termination.objects.filter(pk__in=found).delete()
        if self.is_throwaway:
            self.person.delete()
        elif hasattr(self.person, "last_login"):
            people = get_user_model()._base_manager.filter(pk=self.person.pk)
            people.update(last_login=self._last_login)

    # --- Steps ------------------------------------------------------------------------------------

    def _listed(self, browser: Client, row: TrackedSession) -> Finding:
        """Whether an admin of everything would see the session on the page."""
        text = "The page lists it"
        if not self.list_url:
            return Finding(text, False, "its URL is not known: pass --list-url")
        self._handler.in_place = _list
        answer = browser.get(self.list_url, {"user": str(row.user_id)}, secure=True)
        self._handler.in_place = None
        is_listed = answer.status_code == 200 and str(row.public_id) in answer.content.decode()
        return Finding(text, is_listed, f"{self.list_url} answers {_said(answer)}, without it")

    def _stays_ended(self, view: str, text: str) -> Finding:
        browser = self._browser()
        self._get(browser, "sign-in")
        former = self._copy(browser)
        self._get(browser, view)
        is_over = not self._is_signed_in(browser) and not self._is_signed_in(former)
        return Finding(text, is_over, "the cookie is served as signed in")

    def _terminate(self, row: TrackedSession) -> Termination:
        rows = TrackedSession.objects.filter(pk=row.pk)
        return terminate(rows, actor=self.person, scope=NAME)

    def _row(self, browser: Client) -> TrackedSession | None:
        digest = engines.digest(self._key(browser))
        row: TrackedSession | None = TrackedSession.objects.filter(
            key_digest=digest, user=self.person, ended_at=None
        ).first()
        self.rows |= {row.pk} if row else set()
        return row

    # --- Requests ---------------------------------------------------------------------------------

    def _browser(self) -> Any:
        headers = {"HTTP_HOST": self.host, "HTTP_USER_AGENT": NAME}
        if secure := settings.SECURE_PROXY_SSL_HEADER:
            headers[secure[0]] = secure[1].partition(",")[0]
        browser: Any = Client(raise_request_exception=False)
        browser.defaults |= headers
        browser.handler = self._handler
        return browser

    def _copy(self, browser: Client) -> Any:
        """Return another browser with the same session cookie."""
        copy = self._browser()
        copy.cookies[settings.SESSION_COOKIE_NAME] = self._key(browser)
        return copy

    def _get(self, browser: Client, view: str, **query: str) -> Any:
        answer = browser.get(self._path + view, query, secure=True)
        self.keys |= {key} if (key := self._key(browser)) else set()
        return answer

    def _key(self, browser: Client) -> str:
        cookie = browser.cookies.get(settings.SESSION_COOKIE_NAME)
        return cookie.value if cookie else ""

    def _is_signed_in(self, browser: Client) -> bool:
        answer = self._get(browser, "who")
        body: str = answer.content.decode(errors="replace")
        return answer.status_code == 200 and body == str(self.person.pk)

    # --- Views ------------------------------------------------------------------------------------

    def _sign_in(self, request: HttpRequest) -> HttpResponse:
        login(request, self.person, backend=self._backend)
        return HttpResponse("Signed in.")

    def _who(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        return HttpResponse(str(user.pk) if user.is_authenticated else "nobody")

    def _ended_in_flight(
        self, request: HttpRequest, *, act: Callable[[HttpRequest], None]
    ) -> HttpResponse:
        """End this request's own session after the request has read it, then let it ``act``."""
        row = TrackedSession.objects.get(
            key_digest=engines.digest(request.session.session_key or ""), ended_at=None
        )
        self.rows.add(row.pk)
        self._who(request)
        self._terminate(row)
        act(request)
        return HttpResponse("Done.")


def create_person() -> Any:
    """Create a person who can sign in nowhere else, since they have no password.

    Raises CannotExamineError.
    """
    model: Any = get_user_model()
    name = f"{NAME}-{secrets.token_hex(4)}"
    try:
        names = {model.USERNAME_FIELD, *model.REQUIRED_FIELDS}
        values = {n: _value(model._meta.get_field(n), name) for n in names}
        if any(f.name == "is_active" for f in model._meta.fields):
            values["is_active"] = True
        with transaction.atomic():
            return model._default_manager.create_user(**values, password=None)
    except Exception as error:
        raise CannotExamineError(
            f"No person could be created ({type(error).__name__}: {error}). Pass --user with the "
            "name of somebody who may be signed in for this."
        ) from error


def url_of_list() -> str:
    """Return the path of the page, without FORCE_SCRIPT_NAME; empty if that cannot be known."""
    for namespace in pages.namespaces(settings.ROOT_URLCONF):
        with suppress(NoReverseMatch):
            return "/" + reverse(f"{namespace}:list").removeprefix(get_script_prefix())
    return ""


def host() -> str:
    """Return a host name that the project accepts."""
    named = [name for name in settings.ALLOWED_HOSTS if "*" not in name]
    return named[0].removeprefix(".") if named else "localhost"


def _value(field: Any, name: str) -> Any:
    """Return a value for a required field of the user model. Raises LookupError if it has none."""
    if isinstance(field, models.EmailField):
        return f"{name}@example.invalid"
    if isinstance(field, models.CharField | models.TextField):
        return name[: field.max_length]
    if isinstance(field, models.DateTimeField):
        return timezone.now()
    if isinstance(field, models.DateField):
        return timezone.now().date()
    if isinstance(field, models.BooleanField | models.IntegerField):
        return False
    if field.remote_field and (related := field.remote_field.model._default_manager.first()):
        return related
    raise LookupError(f"the doctor has no value for {field.name!r}")


def _backend_of(person: Any) -> str:
    """Return the first authentication backend that finds this person."""
    for path in settings.AUTHENTICATION_BACKENDS:
        found = getattr(load_backend(path), "get_user", lambda _pk: None)(person.pk)
        if found is not None:
            return path
    raise CannotExamineError(
        f"No authentication backend finds {person.get_username()}. Pass --user with the name of "
        "somebody who can sign in."
    )


def _open(view: View) -> View:
    """Return the view as one that anybody may call, for Django's LoginRequiredMiddleware."""
    opened = partial(view)
    opened.login_required = False  # type: ignore[attr-defined]
    return opened


@wraps(session_list)
def _list(request: HttpRequest, *around: Any, **captured: Any) -> HttpResponse:
    """Show the list as to somebody who may see everything."""
    return show_list(request, Scope(everything=True))


def _save(request: HttpRequest) -> None:
    request.session[NAME] = "late"


def _rotate(request: HttpRequest) -> None:
    request.session.cycle_key()


def _said(answer: Any) -> str:
    """Return what a response said, in a few words."""
    where = answer.get("Location")
    return f"{answer.status_code}, to {where}" if where else f"{answer.status_code}"

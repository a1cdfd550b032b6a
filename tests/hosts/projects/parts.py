"""What the small projects consist of besides settings and URLs."""

from __future__ import annotations

from django.contrib.auth import get_user
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import SimpleLazyObject

from sessions_admin.resolvers import AccountRef


def me(request, **kwargs):
    """Say who is signed in."""
    user = request.user
    return HttpResponse(user.get_username() if user.is_authenticated else "nobody")


me.login_required = False


def anything(request, path):
    """A content management system's page for every path."""
    return HttpResponse(f"The page {path}")


class ReadsUser(MiddlewareMixin):
    """Reads the user of every request, as middleware for languages and themes does."""

    def process_request(self, request):
        request.theme = "dark" if request.user.is_authenticated else "light"


class OwnAuthentication(MiddlewareMixin):
    """An AuthenticationMiddleware that does not inherit from Django's."""

    def process_request(self, request):
        request.user = SimpleLazyObject(lambda: get_user(request))


def organisation_of(request):
    """Return the organisation that the path names."""
    match = request.resolver_match
    slug = match.kwargs.get("org") if match else None
    return AccountRef(id=slug, name=slug.title()) if slug else None


class SessionsApart:
    """A router that keeps Django's sessions in a database of their own."""

    app, database = "sessions", "sessions"

    def db_for_read(self, model, **hints):
        return self.database if model._meta.app_label == self.app else "default"

    db_for_write = db_for_read

    def allow_migrate(self, db, app_label, **hints):
        return (db == self.database) == (app_label == self.app)


class UsersApart(SessionsApart):
    """A router that keeps the users in a database of their own."""

    app, database = "auth", "users"


class Resurrects(MiddlewareMixin):
    """Writes the session that a request came with back into the store, even if it has ended."""

    def process_request(self, request):
        key = request.session.session_key
        request.kept = Session.objects.filter(pk=key).first()

    def process_response(self, request, response):
        if request.kept:
            request.kept.save()
        return response

"""Find the users of many sessions, as ``django.contrib.auth.get_user`` does for one.

The backend that a session was signed in with decides. Django's own uses the default manager and
refuses inactive users; other backends may differ.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
    load_backend,
)
from django.contrib.auth.backends import BaseBackend, ModelBackend
from django.db.models.manager import BaseManager
from django.utils.module_loading import import_string


def refuse_inactive() -> bool:
    """Whether every backend refuses inactive users, so that SQL can leave them out."""
    return _refuse_inactive(tuple(settings.AUTHENTICATION_BACKENDS))


class Users:
    """The users that the backends find for sessions; each is looked up once.

    ``known`` are users already loaded, which save lookups by Django's own backend.
    """

    def __init__(self, known: Iterable[Any]) -> None:
        self._known = {key_of(user): user for user in known if user is not None}
        self._answers: dict[tuple[str, str], Any] = {}
        self._backends: dict[str, Any] = {}

    def of(self, data: Mapping[str, Any]) -> Any:
        """Return the user that a request with this session data is signed in as, or ``None``.

        The session's password hash is not checked. Raises the backend's errors.
        """
        path, key = data.get(BACKEND_SESSION_KEY), data.get(SESSION_KEY)
        if not (isinstance(path, str) and isinstance(key, str)):
            return None
        asked = path, key
        if asked not in self._answers:
            self._answers[asked] = self._ask(path, key)
        return self._answers[asked]

    def is_of(self, data: Mapping[str, Any], user: Any) -> bool:
        """Whether this session data is that of this user."""
        key = data.get(SESSION_KEY)
        known = self._known.get(key) if isinstance(key, str) else None
        if known is None:
            return bool(key == key_of(user))
        return known is user or bool(known.pk == user.pk)

    def _ask(self, path: str, key: str) -> Any:
        if path not in self._backends:
            is_in_use = path in settings.AUTHENTICATION_BACKENDS
            self._backends[path] = load_backend(path) if is_in_use else None
        backend = self._backends[path]
        if backend is None:
            return None
        if not _looks_up_like_django(type(backend)):
            return backend.get_user(get_user_model()._meta.pk.to_python(key))
        user = self._visible.get(key)
        return user if user is not None and backend.user_can_authenticate(user) else None

    @functools.cached_property
    def _visible(self) -> dict[str, Any]:
        """The known users that the default manager finds, by primary key as text."""
        manager = get_user_model()._default_manager
        if type(manager).get_queryset is BaseManager.get_queryset:
            return self._known
        found = manager.filter(pk__in=[user.pk for user in self._known.values()])
        return {key_of(user): user for user in found}


def key_of(user: Any) -> str:
    """Return the primary key of a user in the form that sessions store."""
    text: str = user._meta.pk.value_to_string(user)
    return text


@functools.cache
def _refuse_inactive(paths: tuple[str, ...]) -> bool:
    """Check the backends, cached for each value of the setting."""
    return all(_refuses_inactive(import_string(path)) for path in paths)


def _refuses_inactive(backend: type) -> bool:
    get_user = getattr(backend, "get_user", None)
    if get_user is None or get_user is BaseBackend.get_user:
        # Without ``get_user`` it is never the backend of a session.
        return True
    may_sign_in = getattr(backend, "user_can_authenticate", None)
    return _looks_up_like_django(backend) and may_sign_in is ModelBackend.user_can_authenticate


def _looks_up_like_django(backend: type) -> bool:
    return getattr(backend, "get_user", None) is ModelBackend.get_user

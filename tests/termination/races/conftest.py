"""An admin, a member, and the places where the member's requests pause."""

from __future__ import annotations

import shutil
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings as site
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.cache import caches

from accounts.models import User
from sessions_admin import engines, tracking
from sessions_admin.termination import immediate
from sessions_admin.tracking import throttle
from tests.support.browsing import Browser
from tests.support.factories import MembershipFactory, UserFactory
from tests.termination.races.in_flight import ROTATIONS, Send, Stop


@pytest.fixture(autouse=True)
def racing_views(settings):
    settings.ROOT_URLCONF = "tests.support.racing_urls"
    throttle.forget()


@pytest.fixture
def admin() -> Browser:
    return Browser().sign_in(UserFactory(is_superuser=True, name="Olga Operator"))


@pytest.fixture
def member() -> User:
    return MembershipFactory(user__name="Ana Novak").user


@pytest.fixture
def stop(monkeypatch):
    """Return a function that makes a stop from the name of its place."""

    def make(place: str) -> Stop:
        store = import_module(site.SESSION_ENGINE).SessionStore
        if place == "writing":
            owner, name = _writer(store)
            return Stop(monkeypatch, owner, name)
        if place == "inside save":
            owner, name = _writer(store)
            return Stop(monkeypatch, owner, name, saving=True)
        owner, name = {
            "before reading": (_reader(store), "load"),
            "before rotating": (SessionBase, "cycle_key"),
            "old key not deleted yet": (store, "delete"),
            "before flushing": (store, "flush"),
            "before tracking": (tracking, "observe"),
            "before saving": (SessionMiddleware, "process_response"),
            "before terminating": (immediate, "end_chunk"),
            "claimed": (type(engines.current()), _first_asked()),
            "refused": (type(engines.current()), "delete_many"),
        }[place]
        return Stop(monkeypatch, owner, name)

    return make


@pytest.fixture(params=ROTATIONS)
def rotation(request, settings, member) -> tuple[Browser, Send]:
    """A signed-in browser, and a request that rotates its key."""
    browser = Browser().sign_in(member)
    if request.param == "secret":
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "the-next-key-for-tests"
    return browser, ROTATIONS[request.param]


def _reader(store: Any) -> Any:
    """Return the class that reads the session: ours on a cache."""
    is_on_a_cache = isinstance(engines.current(), engines.cache.CacheEngine)
    return engines.cache._GuardedReads if is_on_a_cache else store


def _first_asked() -> str:
    """Return the first store method that a termination calls."""
    return "delete_many" if engines.current().counts_deleted else "living"


def _writer(store: Any) -> tuple[Any, str]:
    """Return what finally writes the session, after the store has checked that it exists."""
    name = site.SESSION_ENGINE.rpartition(".")[2]
    if name == "file":
        return shutil, "move"
    if name == "db":
        return store, "create_model_instance"
    return caches[site.SESSION_CACHE_ALIAS].__class__, "set"

"""Terminated stays terminated: requests stopped at the worst moment, on every engine.

A request in flight runs in a thread of its own and is stopped at one place of the code. There the
session is terminated on the page, to its answer, and only then the request goes on. After that
neither the key it came with nor any key that an answer handed out may be signed in.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings as site
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.cache import caches
from django.db import connections

from accounts.models import User
from sessions_admin import engines, tracking
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.termination import direct
from sessions_admin.tracking import recent

from .browsing import LIST, Browser, listed
from .engine_fixtures import engine  # noqa: F401
from .factories import PASSWORD, MembershipFactory, UserFactory
from .storm import Visitor, start_site

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("engine")]

SECONDS = 15
NEW_PASSWORD = "a-quite-different-9"
Send = Callable[[Browser], Any]


@pytest.fixture(autouse=True)
def racing_views(settings):
    settings.ROOT_URLCONF = "tests.racing_urls"
    recent.forget()


@pytest.fixture
def admin() -> Browser:
    return Browser().sign_in(UserFactory(is_superuser=True, name="Olga Operator"))


@pytest.fixture
def member() -> User:
    return MembershipFactory(user__name="Ana Novak").user


class Stop:
    """A place where one thread waits to be told to go on: before a call of a function."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, *, saving=False):
        self.thread: threading.Thread | None = None
        self.reached, self.go = threading.Event(), threading.Event()
        self._may_stop = not saving
        if saving:
            self._around(monkeypatch, SessionMiddleware, "process_response", self._start_saving)
        self._around(monkeypatch, owner, name, self._wait)

    def _around(self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, step: Any) -> None:
        original = getattr(owner, name)

        def stopping(*args: Any, **kwargs: Any) -> Any:
            if threading.current_thread() is self.thread:
                step(args)
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, name, stopping)

    def _start_saving(self, args: tuple[Any, ...]) -> None:
        self._may_stop = True

    def _wait(self, args: tuple[Any, ...]) -> None:
        # A cache holds more than sessions: the refused keys too.
        other_entry = len(args) > 1 and str(args[1]).startswith(engines.base.REFUSED_PREFIX)
        if self._may_stop and not other_entry and not self.reached.is_set():
            self.reached.set()
            assert self.go.wait(SECONDS)


class InFlight(threading.Thread):
    """What a browser sends, under way in a thread."""

    def __init__(self, send: Send, browser: Browser, stop: Stop | None = None) -> None:
        super().__init__(daemon=True)
        # A browser of its own with the same cookies: they are what the request was sent with.
        self._browser = Browser()
        self._browser.cookies["sessionid"] = browser.key
        self._send, self._stop_at = send, stop
        self.answer: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.answer = self._send(self._browser)
        except BaseException as error:
            self.error = error
        finally:
            connections.close_all()

    def sent(self) -> InFlight:
        """On its way, and at its stop if it has one."""
        if self._stop_at:
            self._stop_at.thread = self
        self.start()
        if self._stop_at:
            assert self._stop_at.reached.wait(SECONDS), f"never stopped: {self.answer} {self.error}"
        return self

    def finish(self) -> Any:
        if self._stop_at:
            self._stop_at.go.set()
        self.join(SECONDS)
        assert not self.is_alive()
        if self.error:
            raise self.error
        return self.answer

    @property
    def keys(self) -> list[str]:
        """The session keys that the answer handed out."""
        cookie = self.answer.cookies.get("sessionid")
        return [cookie.value] if cookie and cookie.value else []


@pytest.fixture
def stop(monkeypatch):
    """Makes a stop by the name of its place."""

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
            "before terminating": (direct, "end_chunk"),
            "claimed": (type(engines.current()), _first_asked()),
            "refused": (type(engines.current()), "delete_many"),
        }[place]
        return Stop(monkeypatch, owner, name)

    return make


def _reader(store: Any) -> Any:
    """What reads the session: ours where it comes along with its refusal."""
    is_guarded = engines.current().guard(store())
    return engines.cache._GuardedReads if is_guarded else store


def _first_asked() -> str:
    """What a termination asks of the store first."""
    return "delete_many" if engines.current().counts_deleted else "living"


def _writer(store: Any) -> tuple[Any, str]:
    """What writes the session at last, after the store has looked whether there is one."""
    name = site.SESSION_ENGINE.rpartition(".")[2]
    if name == "file":
        return shutil, "move"
    if name == "db":
        return store, "create_model_instance"
    return caches[site.SESSION_CACHE_ALIAS].__class__, "set"


def me(browser: Browser) -> Any:
    return browser.get("/api/mobile/me/")


def note(browser: Browser) -> Any:
    return browser.get("/racing/note/")


def rotate(browser: Browser) -> Any:
    return browser.get("/racing/rotate/")


def change_password(browser: Browser) -> Any:
    new = {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    return browser.post("/accounts/password_change/", {"old_password": PASSWORD, **new})


def sign_out(browser: Browser) -> Any:
    return browser.post("/accounts/logout/")


def sign_in_as(user: User) -> Send:
    fields = {"username": user.email, "password": PASSWORD}
    return lambda browser: browser.post("/accounts/login/", fields)


def rows_of(user: User) -> list[str]:
    ids = TrackedSession.objects.filter(user=user).values_list("public_id", flat=True)
    return [str(public_id) for public_id in ids]


def terminate(admin: Browser, user: User) -> None:
    """End on the page what is open of this person, row by row."""
    open_rows = TrackedSession.objects.filter(user=user, ended_at=None)
    for public_id in list(open_rows.values_list("public_id", flat=True)):
        answer = admin.post(f"{LIST}{public_id}/terminate/")
        assert answer.status_code == 302


def is_signed_in(key: str) -> bool:
    """What a fresh browser gets with this key."""
    browser = Browser()
    browser.cookies["sessionid"] = key
    return browser.is_signed_in()


def assert_ended(admin: Browser, user: User, keys: Iterable[str]) -> None:
    """Nothing of this person is listed, and none of the keys is served, now or later."""
    keys = list(dict.fromkeys(keys))
    assert not set(listed(admin)) & set(rows_of(user))
    assert [key for key in keys if is_signed_in(key)] == []
    recent.forget()
    assert [key for key in keys if is_signed_in(key)] == []
    assert not set(listed(admin)) & set(rows_of(user))


# --- Late copies ----------------------------------------------------------------------------------


def test_cache_filled_late(engine, admin, member, stop):  # noqa: F811
    """cached_db: the reader has the database's row when the session is terminated."""
    if not engine.startswith("cached_db"):
        pytest.skip("only cached_db fills its cache when it reads")
    browser = Browser().sign_in(member)
    store = import_module(site.SESSION_ENGINE).SessionStore(browser.key)
    store._cache.delete(store.cache_key)
    reader = InFlight(me, browser, stop("writing")).sent()
    terminate(admin, member)
    reader.finish()

    assert_ended(admin, member, [browser.key, *reader.keys])


@pytest.mark.parametrize("place", ["before saving", "inside save"])
@pytest.mark.parametrize("every_request", [False, True], ids=["changed", "save-every-request"])
def test_session_saved_late(admin, member, stop, settings, place, every_request):
    settings.SESSION_SAVE_EVERY_REQUEST = every_request
    browser = Browser().sign_in(member)
    saving = InFlight(me if every_request else note, browser, stop(place)).sent()
    terminate(admin, member)
    saving.finish()

    assert_ended(admin, member, [browser.key, *saving.keys])


def test_session_read_after_the_answer(admin, member, stop):
    """The request was let in before the termination and looks at its session after it."""
    browser = Browser().sign_in(member)
    reader = InFlight(me, browser, stop("before reading")).sent()
    terminate(admin, member)

    assert reader.finish().status_code == 401
    assert_ended(admin, member, [browser.key])


# --- Rotations ------------------------------------------------------------------------------------

ROTATIONS = {"cycle_key": rotate, "password": change_password, "secret": me}
ROTATING = [
    "before rotating",
    "old key not deleted yet",
    "before tracking",
    "before saving",
    "inside save",
]


@pytest.fixture(params=ROTATIONS)
def rotation(request, settings, member) -> tuple[Browser, Send]:
    """A browser that is signed in, and what it sends to be given another key."""
    browser = Browser().sign_in(member)
    if request.param == "secret":
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "the-next-key-for-tests"
    return browser, ROTATIONS[request.param]


@pytest.mark.parametrize("place", ROTATING)
def test_key_rotated_in_flight(admin, member, stop, rotation, place):
    browser, send = rotation
    rotating = InFlight(send, browser, stop(place)).sent()
    terminate(admin, member)
    rotating.finish()

    assert_ended(admin, member, [browser.key, *rotating.keys])


def test_key_rotated_before(admin, member, rotation):
    browser, send = rotation
    rotated = InFlight(send, browser).sent()
    rotated.finish()
    assert rotated.keys != [browser.key]
    assert is_signed_in(rotated.keys[0])
    terminate(admin, member)

    assert_ended(admin, member, [browser.key, *rotated.keys])


@pytest.mark.parametrize("place", ["claimed", "refused"])
@pytest.mark.parametrize("send", [rotate, note, me])
def test_request_while_terminate_is_half_done(admin, member, stop, place, send):
    browser = Browser().sign_in(member)
    ending = InFlight(lambda as_admin: terminate(as_admin, member), admin, stop(place)).sent()
    meanwhile = InFlight(send, browser).sent()
    # It ends, or waits for the row that the termination has claimed.
    meanwhile.join(0.3)
    ending.finish()
    meanwhile.finish()

    assert_ended(admin, member, [browser.key, *meanwhile.keys])


def test_two_rotations_of_one_session_at_once(admin, member, stop, rotation):
    """Both requests have read the session, so each takes its data along to a key of its own."""
    browser, send = rotation
    second = InFlight(send, browser, stop("before rotating")).sent()
    first = InFlight(send, browser).sent()
    first.finish()
    second.finish()
    keys = [browser.key, *first.keys, *second.keys]
    living = [key for key in keys if is_signed_in(key)]
    assert len(set(listed(admin)) & set(rows_of(member))) == len(living)
    terminate(admin, member)

    assert_ended(admin, member, keys)


@pytest.mark.parametrize("place", ROTATING)
def test_second_rotation_after_the_termination(admin, member, stop, place):
    browser = Browser().sign_in(member)
    second = InFlight(rotate, browser, stop(place)).sent()
    first = InFlight(rotate, browser).sent()
    first.finish()
    terminate(admin, member)
    second.finish()

    assert_ended(admin, member, [browser.key, *first.keys, *second.keys])


@pytest.mark.parametrize("send", [note, me])
def test_late_copy_of_the_key_before_a_rotation(engine, admin, member, stop, send):  # noqa: F811
    """The old key comes back by a late save or fill; its row is under the new key by then."""
    browser = Browser().sign_in(member)
    if send is me:
        if not engine.startswith("cached_db"):
            pytest.skip("only cached_db fills its cache when it reads")
        store = import_module(site.SESSION_ENGINE).SessionStore(browser.key)
        store._cache.delete(store.cache_key)
    late = InFlight(send, browser, stop("writing" if send is me else "inside save")).sent()
    rotated = InFlight(rotate, browser).sent()
    rotated.finish()
    late.finish()
    terminate(admin, member)

    assert_ended(admin, member, [browser.key, *rotated.keys, *late.keys])


def test_rotation_of_a_session_that_was_already_gone(admin, member, stop):
    """Terminate finds nothing in the store, but a request in flight holds the data."""
    browser = Browser().sign_in(member)
    rotating = InFlight(rotate, browser, stop("before rotating")).sent()
    import_module(site.SESSION_ENGINE).SessionStore(browser.key).delete()
    terminate(admin, member)
    rotating.finish()

    assert_ended(admin, member, [browser.key, *rotating.keys])


# --- A process that holds old data ----------------------------------------------------------------


@pytest.fixture
def elsewhere(racing_views) -> Iterator[Visitor]:
    """A visitor of the same site in another process, over HTTP."""
    port, stop_site = start_site(workers=1)
    visitor = Visitor(port)
    yield visitor
    visitor.close()
    stop_site()


@pytest.mark.parametrize("action", ["note", "rotate"])
def test_session_held_by_another_process(admin, member, elsewhere, tmp_path, action):
    """It has served this session before, and has read it again for a request in flight."""
    visitor = elsewhere.sign_in(member.email, PASSWORD)
    late = Visitor(elsewhere.port, cookies=dict(visitor.cookies))
    assert late.is_signed_in()
    sending = threading.Thread(target=late.get, args=[f"/racing/held/{action}/?at={tmp_path}"])
    sending.start()
    while not (tmp_path / "held").exists():
        time.sleep(0.01)
    terminate(admin, member)
    keys = [visitor.key]
    assert not Visitor(elsewhere.port).with_key(keys[0]).is_signed_in()
    (tmp_path / "go").touch()
    sending.join(SECONDS)
    assert not sending.is_alive()

    keys += late.keys
    assert [key for key in keys if Visitor(elsewhere.port).with_key(key).is_signed_in()] == []
    assert_ended(admin, member, keys)
    assert [key for key in keys if Visitor(elsewhere.port).with_key(key).is_signed_in()] == []


# --- Others who end and begin at the same moment --------------------------------------------------


@pytest.mark.parametrize("place", ["before flushing", "before tracking", "before saving"])
def test_sign_out_and_terminate_at_once(admin, member, stop, place):
    browser = Browser().sign_in(member)
    leaving = InFlight(sign_out, browser, stop(place)).sent()
    terminate(admin, member)
    leaving.finish()

    assert_ended(admin, member, [browser.key, *leaving.keys])
    row = TrackedSession.objects.get(user=member)
    assert row.ended_at is not None
    assert row.session_key is None


@pytest.mark.parametrize("place", ROTATING)
def test_rotation_sign_out_and_terminate_at_once(admin, member, stop, place):
    browser = Browser().sign_in(member)
    rotating = InFlight(rotate, browser, stop(place)).sent()
    sign_out(browser_with(browser.key))
    terminate(admin, member)
    rotating.finish()

    assert_ended(admin, member, [browser.key, *rotating.keys])


def browser_with(key: str) -> Browser:
    browser = Browser()
    browser.cookies["sessionid"] = key
    return browser


def test_two_admins_terminate_one_session_at_once(admin, member, stop):
    other = Browser().sign_in(UserFactory(is_superuser=True))
    browser = Browser().sign_in(member)
    slower = InFlight(
        lambda as_other: terminate(as_other, member), other, stop("before terminating")
    ).sent()
    terminate(admin, member)
    slower.finish()

    assert_ended(admin, member, [browser.key])
    terminations = Termination.objects.values_list("requested", "ended", "already_gone", "failed")
    assert sorted(terminations) == [(1, 0, 1, 0), (1, 1, 0, 0)]


@pytest.mark.parametrize("place", ["before tracking", "before saving", "inside save"])
def test_another_login_of_the_same_person_survives(admin, member, stop, place):
    browser = Browser().sign_in(member)
    arriving = InFlight(sign_in_as(member), Browser(), stop(place)).sent()
    ended = str(TrackedSession.objects.get(session_key=browser.key).public_id)
    assert admin.post(f"{LIST}{ended}/terminate/").status_code == 302
    assert arriving.finish().status_code == 302

    assert not is_signed_in(browser.key)
    assert is_signed_in(arriving.keys[0])
    survivor = str(TrackedSession.objects.get(session_key=arriving.keys[0]).public_id)
    assert set(listed(admin)) & set(rows_of(member)) == {survivor}


@pytest.mark.parametrize("place", ["before tracking", "before saving", "inside save"])
def test_signing_in_again_in_the_terminated_session(admin, member, stop, place):
    """The same person in the same session keeps the key; it is listed as it is served."""
    browser = Browser().sign_in(member)
    again = InFlight(sign_in_as(member), browser, stop(place)).sent()
    first = str(TrackedSession.objects.order_by("pk").get(user=member, ended_at=None).public_id)
    assert admin.post(f"{LIST}{first}/terminate/").status_code == 302
    again.finish()

    keys = {browser.key, *again.keys}
    shown = len(set(listed(admin)) & set(rows_of(member)))
    assert shown == sum(is_signed_in(key) for key in keys)
    assert not is_signed_in(browser.key)

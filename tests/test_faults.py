"""Real faults, made on purpose: tracking fails open and says why, terminating fails closed."""

from __future__ import annotations

import http.client
import logging
import resource
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import environ
import psycopg
import pytest
import redis
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends import cached_db, file
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection, connections
from django.utils import timezone

from sessions_admin import conf, engines
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.project import environment
from sessions_admin.termination import direct
from sessions_admin.tracking import recent

from . import servers
from .browsing import LIST, Browser, listed
from .engine_fixtures import forget_folder
from .factories import PASSWORD, MembershipFactory, UserFactory
from .storm import Visitor, start_site

# A refused statement ends a transaction, so these tests run without one around them.
pytestmark = pytest.mark.django_db(transaction=True)

NOWHERE = {
    "BACKEND": "django.core.cache.backends.redis.RedisCache",
    "LOCATION": "redis://127.0.0.1:1/0",
}
TABLE = TrackedSession._meta.db_table


@pytest.fixture
def ana():
    return MembershipFactory(user__name="Ana Novak", account__name="Acme").user


@pytest.fixture
def operator():
    return UserFactory(is_superuser=True, name="Olga Operator")


@contextmanager
def missing_table() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {TABLE} RENAME TO gone")
        try:
            yield
        finally:
            cursor.execute(f"ALTER TABLE gone RENAME TO {TABLE}")


@contextmanager
def refused_writes() -> Iterator[None]:
    """The database answers every write of a row with an error."""
    with connection.cursor() as cursor:
        for statement in _REFUSE[connection.vendor]:
            cursor.execute(statement.format(table=TABLE))
        try:
            yield
        finally:
            for statement in _ALLOW[connection.vendor]:
                cursor.execute(statement.format(table=TABLE))


_REFUSE = {
    "sqlite": [
        f"CREATE TRIGGER refuse_{verb} BEFORE {verb} ON {{table}} "
        "BEGIN SELECT RAISE(ABORT, 'disk is read-only'); END"
        for verb in ("INSERT", "UPDATE")
    ],
    "postgresql": [
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'disk is read-only'; END $$",
        "CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse()",
    ],
}
_ALLOW = {
    "sqlite": ["DROP TRIGGER refuse_INSERT", "DROP TRIGGER refuse_UPDATE"],
    "postgresql": ["DROP TRIGGER refuse ON {table}", "DROP FUNCTION refuse()"],
}


@pytest.mark.parametrize("fault", [missing_table, refused_writes])
def test_people_sign_in_go_on_and_sign_out_while_rows_cannot_be_written(
    ana, operator, fault, caplog
):
    before = Browser().sign_in(ana)
    with fault(), caplog.at_level(logging.ERROR, "sessions_admin"):
        during = Browser().sign_in(ana)
        recent.forget()
        assert during.is_signed_in()
        assert before.is_signed_in()
        assert before.post("/accounts/logout/").status_code == 302
        assert not before.is_signed_in()
    assert "not tracked" in caplog.text
    assert "disk is read-only" in caplog.text or TABLE in caplog.text
    assert during.key not in caplog.text

    # Nothing was lost: the sign-in is listed after its next request.
    recent.forget()
    assert during.is_signed_in()
    row = TrackedSession.objects.get(session_key=during.key)
    assert str(row.public_id) in listed(Browser().sign_in(operator))


def test_ending_that_the_database_refuses_is_reported(ana, operator):
    member, admin = Browser().sign_in(ana), Browser().sign_in(operator)
    row = TrackedSession.objects.get(user=ana)
    with refused_writes():
        answer = admin.post(f"{LIST}{row.public_id}/terminate/", follow=True)
    assert "1 session did not end" in answer.content.decode()
    assert member.is_signed_in()
    assert str(row.public_id) in listed(admin)
    admin.post(f"{LIST}{row.public_id}/terminate/")
    assert not member.is_signed_in()


def test_cache_that_is_down_stops_no_sign_in(ana, settings):
    settings.CACHES = {"default": NOWHERE}
    browser = Browser().sign_in(ana)
    assert browser.is_signed_in()
    assert TrackedSession.objects.get(session_key=browser.key).browser == "Chrome"


def test_cache_that_is_full_ends_nothing_and_says_so(ana, operator, settings, redis_url):
    """Where it cannot be kept that a session is refused, it might come back: it did not end."""
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
    settings.CACHES = {"default": NOWHERE | {"LOCATION": redis_url}}
    member, admin = Browser().sign_in(ana), Browser().sign_in(operator)
    server = redis.from_url(redis_url)

    server.config_set("maxmemory", "1")
    try:
        answer = admin.post(f"{LIST}terminate-all/", {"keep_current": "on"}, follow=True)
    finally:
        server.config_set("maxmemory", "0")
    assert "1 session did not end" in answer.content.decode()
    assert member.is_signed_in()

    admin.post(f"{LIST}terminate-all/", {"keep_current": "on"})
    assert not member.is_signed_in()
    assert admin.is_signed_in()
    server.flushdb()


def test_store_that_is_down_is_said_instead_of_an_empty_list(ana, operator, settings, monkeypatch):
    admin = Browser().sign_in(operator)

    def away(*args):
        raise ConnectionError("refused")

    monkeypatch.setattr(engines.database.DatabaseEngine, "load_many", away)
    page = admin.get(LIST).content.decode()
    assert "The session store does not answer at the moment" in page


def test_corrupt_map_stops_no_sign_in(ana, settings, tmp_path, caplog):
    broken = tmp_path / "broken.mmdb"
    broken.write_bytes(b"not a database")
    settings.GEOIP_PATH = str(broken)
    Browser(ip="192.0.2.1").sign_in(ana)
    row = TrackedSession.objects.get(user=ana)
    assert row.location == "Unknown"
    assert "GEOIP_PATH" in caplog.text


# --- PostgreSQL crashes under load ----------------------------------------------------------------

PEOPLE = 8
SEED = f"""
from accounts.models import User
for n in range({PEOPLE}):
    User.objects.create(email=f"p{{n}}@example.com", password=%r)
User.objects.create(email="boss@example.com", password=%r, is_superuser=True)
"""


@pytest.fixture
def database() -> Iterator[servers.PostgreSQL]:
    """A PostgreSQL of the test's own, with the site's tables and people in it."""
    server = servers.start_own_postgresql()
    seed = SEED.replace("%r", repr(make_password(PASSWORD)))
    site = {"DATABASE_URL": server.url, "DEBUG": "1", "DATABASE_POOL_SIZE": "0"}
    for command in (("migrate", "-v0"), ("shell", "-v0", "-c", seed)):
        done = servers.manage(*command, **site)
        assert done.returncode == 0, done.stderr
    yield server
    server.stop()


class Visits(threading.Thread):
    """Comes back again and again with a session, and keeps every answer."""

    def __init__(self, visitor: Visitor) -> None:
        super().__init__(daemon=True)
        self.visitor = visitor
        self.answers: list[tuple[int, str]] = []
        self._is_over = threading.Event()

    def run(self) -> None:
        while not self._is_over.is_set():
            self.answers.append(self.visitor.get("/api/mobile/me/"))

    def wait_for(self, status: int) -> None:
        deadline, seen = time.monotonic() + 30, len(self.answers)
        while status not in {each for each, _ in self.answers[seen:]}:
            assert time.monotonic() < deadline, self.answers[-1:]
            time.sleep(0.02)

    def leave(self) -> None:
        self._is_over.set()
        self.join(30)
        assert not self.is_alive()


def test_postgresql_that_crashes_under_load_loses_nothing_and_ends_nothing_by_half(database):
    settings = environ.Env.db_url_config(database.url) | {"CONN_HEALTH_CHECKS": True}
    settings["OPTIONS"] |= {"pool": environment._pool()["pool"] | {"timeout": 1}}
    port, stop = start_site(
        workers=2,
        DATABASES={"default": settings},
        DEBUG=False,
    )
    try:
        people = {n: visitor_of(port, f"p{n}@example.com") for n in range(PEOPLE)}
        admin = visitor_of(port, "boss@example.com")
        rows = {n: public_id for n, public_id, _ in rows_of(database)}
        crowd = [Visits(people[n]) for n in (0, 1)]
        for visits in crowd:
            visits.start()
        assert terminate_on_the_page(admin, rows[2]) == 302

        crash = threading.Timer(0.05, database.crash)
        crash.start()
        during = [terminate_on_the_page(admin, rows[n]) for n in (3, 4, 5)]
        crash.join()
        crowd[0].wait_for(500)
        during.append(terminate_on_the_page(admin, rows[5]))
        assert set(during) <= {302, 500}
        assert during[-1] == 500
        database.start()

        # The site is not restarted: its pools find their way back by themselves.
        for visits in crowd:
            visits.wait_for(200)
            visits.leave()
            answers = dict(visits.answers)
            assert set(answers) == {200, 500}
            assert "try again in a moment" in answers[500]
            assert "Traceback" not in answers[500]
        open_ones = {n for n, _, ended_at in rows_of(database) if ended_at is None}
        assert {n for n in people if people[n].is_signed_in()} == open_ones
        assert {0, 1, 6, 7} <= open_ones
        assert 2 not in open_ones
        assert counted(database) == PEOPLE - len(open_ones)

        for n in open_ones:
            assert terminate_on_the_page(admin, rows[n]) == 302
        assert not any(visitor.is_signed_in() for visitor in people.values())
        assert counted(database) == PEOPLE
    finally:
        stop()


def visitor_of(port: int, email: str) -> Visitor:
    return Visitor(port, headers={"Connection": "close"}).sign_in(email, PASSWORD)


def terminate_on_the_page(admin: Visitor, row: str) -> int:
    if "csrftoken" not in admin.cookies:
        assert admin.get(f"{LIST}{row}/terminate/")[0] == 200
    status, _ = admin.send("POST", f"{LIST}{row}/terminate/")
    return status


def rows_of(database: servers.PostgreSQL) -> list[tuple[int, str, Any]]:
    """The number of each person but the admin, and the id and the end of their row."""
    found = _ask(
        database,
        f"SELECT u.email, t.public_id, t.ended_at FROM {TABLE} t "
        "JOIN accounts_user u ON u.id = t.user_id WHERE NOT u.is_superuser",
    )
    return [(int(email[1]), str(public_id), ended_at) for email, public_id, ended_at in found]


def counted(database: servers.PostgreSQL) -> int:
    """How many sessions the terminations say were ended."""
    return _ask(database, f"SELECT sum(ended) FROM {Termination._meta.db_table}")[0][0]


def _ask(database: servers.PostgreSQL, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database.url) as asked:
        return asked.execute(statement).fetchall()


# --- Redis stops, forgets, or remembers what was before -------------------------------------------


@pytest.fixture
def own_redis() -> Iterator[servers.Redis]:
    server = servers.Redis()
    yield server
    server.stop()


@pytest.fixture(params=["cached_db", "cache"])
def on_redis(request, own_redis, settings) -> str:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{request.param}"
    settings.CACHES = {"default": NOWHERE | {"LOCATION": own_redis.url}}
    recent.forget()
    return request.param


def list_is_the_truth(admin: Browser, *members: Browser) -> None:
    """The page lists those members whose next request is answered as signed in, and no other."""
    shown = listed(admin)
    for member in members:
        row = TrackedSession.objects.get(user_agent=member.defaults["HTTP_USER_AGENT"])
        assert (str(row.public_id) in shown) == member.is_signed_in()


def test_redis_that_stops_and_forgets_brings_nobody_back(ana, operator, own_redis, on_redis):
    member, ended = Browser("member").sign_in(ana), Browser("ended").sign_in(ana)
    admin = Browser().sign_in(operator)
    copy = ended.key
    admin.post(f"{LIST}{TrackedSession.objects.get(user_agent='ended').public_id}/terminate/")

    own_redis.crash()
    admin.raise_request_exception = False
    kept = admin.key, member.key
    answer = admin.get(LIST)
    if on_redis == "cached_db":
        # The database has the sessions, and an ended one is not in it.
        assert answer.status_code == 200
        ended.cookies["sessionid"] = copy
        assert not ended.is_signed_in()
    else:
        # Django takes a cache that does not answer for one that does not have the session.
        assert answer.status_code == 302
    assert "Traceback" not in answer.content.decode()

    own_redis.start()
    ended.cookies["sessionid"] = copy
    admin.cookies["sessionid"], member.cookies["sessionid"] = kept
    assert not ended.is_signed_in()
    # In the cache alone, everybody's session is gone; in the database as well, nobody's.
    assert admin.is_signed_in() == member.is_signed_in() == (on_redis == "cached_db")
    list_is_the_truth(Browser().sign_in(operator), member, ended)
    assert Browser().sign_in(ana).is_signed_in()


def test_termination_while_redis_is_away_says_that_it_did_not_end(
    ana, operator, own_redis, on_redis
):
    member = Browser("member").sign_in(ana)
    row = TrackedSession.objects.get(user=ana)
    own_redis.crash()
    rows = TrackedSession.objects.filter(pk=row.pk)
    termination = direct.terminate(rows, actor=operator, scope="One")
    assert (termination.ended, termination.failed) == (0, 1)
    assert rows.filter(ended_at=None).exists()
    own_redis.start()
    if on_redis == "cached_db":
        assert member.is_signed_in()
        assert direct.terminate(rows, actor=operator, scope="One").ended == 1
    assert not member.is_signed_in()


@pytest.mark.parametrize("on_redis", ["cached_db", "cache"], indirect=True)
def test_redis_that_comes_back_from_an_old_snapshot_is_corrected_within_an_interval(
    ana, operator, own_redis, on_redis
):
    """Not closed: a copy of the cache from before the termination has neither it nor its trace."""
    member, admin = Browser("member").sign_in(ana), Browser().sign_in(operator)
    copy = member.key
    row = TrackedSession.objects.get(user_agent="member")
    redis.from_url(own_redis.url).save()
    admin.post(f"{LIST}{row.public_id}/terminate/")
    own_redis.crash()
    own_redis.start()

    member.cookies["sessionid"] = copy
    assert str(row.public_id) not in listed(Browser().sign_in(operator))
    with later(seconds=conf.current().activity_interval + 1):
        member.is_signed_in()
        assert not member.is_signed_in()
    member.cookies["sessionid"] = copy
    assert not member.is_signed_in()


def test_late_copy_after_a_flush_is_corrected_within_an_interval(
    ana, operator, own_redis, settings, monkeypatch
):
    """Not closed: a reader that read the row before the termination, and fills the cache after the
    cache was flushed as well."""
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
    settings.CACHES = {"default": NOWHERE | {"LOCATION": own_redis.url}}
    member, admin = Browser("member").sign_in(ana), Browser().sign_in(operator)
    copy = member.key
    row = TrackedSession.objects.get(user_agent="member")
    server = redis.from_url(own_redis.url)
    server.flushdb()
    admin.is_signed_in()
    read = cached_db.SessionStore._get_session_from_db

    def read_and_wait(store: Any) -> Any:
        found = read(store)
        if store.session_key == copy:
            monkeypatch.undo()
            settings.SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
            admin.post(f"{LIST}{row.public_id}/terminate/")
            server.flushdb()
        return found

    monkeypatch.setattr(cached_db.SessionStore, "_get_session_from_db", read_and_wait)
    member.is_signed_in()
    assert TrackedSession.objects.get(pk=row.pk).end_reason == "terminated"
    member.cookies["sessionid"] = copy
    assert str(row.public_id) not in listed(admin)
    with later(seconds=conf.current().activity_interval + 1):
        member.is_signed_in()
        assert not member.is_signed_in()
    member.cookies["sessionid"] = copy
    assert not member.is_signed_in()


# --- The disk of the session files is full --------------------------------------------------------


@pytest.fixture
def session_files(settings, tmp_path) -> Iterator[Path]:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.file"
    settings.SESSION_FILE_PATH = str(tmp_path)
    forget_folder()
    yield tmp_path
    forget_folder()


@contextmanager
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No session file can grow: the system refuses each byte."""
    save = file.SessionStore.save

    def save_nothing(store: Any, must_create: bool = False) -> None:
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
        try:
            save(store, must_create)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    with monkeypatch.context() as patch:
        patch.setattr(file.SessionStore, "save", save_nothing)
        yield


def test_disk_that_is_full_signs_nobody_in_whom_the_list_does_not_know(
    ana, operator, session_files, monkeypatch
):
    member, admin = Browser("before").sign_in(ana), Browser().sign_in(operator)
    with full_disk(monkeypatch):
        late = Browser("during").sign_in(ana)
        assert not late.is_signed_in()
        assert member.is_signed_in()
        list_is_the_truth(admin, member, late)
    after = Browser("after").sign_in(ana)
    list_is_the_truth(admin, member, late, after)
    assert after.is_signed_in()


def test_disk_that_fills_up_half_way_ends_all_or_none(ana, operator, session_files):
    members = [Browser(f"member {n}").sign_in(ana) for n in range(3)]
    admin = Browser().sign_in(operator)
    # /dev/full has no space left, ever: the refusal of one key cannot be written.
    unwritable = session_files / (engines.base.REFUSED_PREFIX + engines.digest(members[1].key))
    unwritable.symlink_to("/dev/full")

    answer = admin.post(f"{LIST}terminate-all/", {"keep_current": "on"}, follow=True)
    assert "3 sessions did not end" in answer.content.decode()
    assert Termination.objects.get().ended == 0
    assert all(member.is_signed_in() for member in members)
    list_is_the_truth(admin, *members)

    admin.post(f"{LIST}terminate-all/", {"keep_current": "on"})
    assert not any(member.is_signed_in() for member in members)
    list_is_the_truth(admin, *members)


# --- Two admins at once ---------------------------------------------------------------------------


def test_one_of_two_admins_who_end_a_session_at_once_has_ended_it(ana, operator):
    admins = [Browser().sign_in(operator) for _ in range(2)]
    for _ in range(5):
        Termination.objects.all().delete()
        member = Browser().sign_in(ana)
        row = TrackedSession.objects.get(session_key=member.key)
        start = threading.Barrier(len(admins))

        def end(admin: Browser, row: TrackedSession = row, start: Any = start) -> Any:
            try:
                start.wait(10)
                return admin.post(f"{LIST}{row.public_id}/terminate/")
            finally:
                connections.close_all()

        with ThreadPoolExecutor(len(admins)) as pool:
            assert {answer.status_code for answer in pool.map(end, admins)} == {302}
        assert not member.is_signed_in()
        terminations = Termination.objects.all()
        assert sorted(termination.ended for termination in terminations) == [0, 1]
        assert not any(termination.failed for termination in terminations)
        row.refresh_from_db()
        assert row.termination == terminations.get(ended=1)


# --- Clocks that jump -----------------------------------------------------------------------------


@contextmanager
def later(**delta: float) -> Iterator[None]:
    """The server's clocks, all of them, ahead or behind by this much."""
    ahead = timedelta(**delta)
    now, seconds = timezone.now, time.time
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "now", lambda: now() + ahead)
        patch.setattr(time, "time", lambda: seconds() + ahead.total_seconds())
        yield


@pytest.mark.parametrize("hours", [-30, -2, 2, 30, 24 * 20])
def test_clock_that_jumps_and_comes_back_leaves_the_list_true_and_nobody_out(ana, operator, hours):
    member, admin = Browser("member").sign_in(ana), Browser().sign_in(operator)
    kept = member.key, admin.key
    with later(hours=hours):
        boss = Browser().sign_in(operator)
        other = Browser("other").sign_in(ana)
        list_is_the_truth(boss, member, other)
        assert other.is_signed_in()
        # A proof from another time is none.
        assert admin.get(f"{LIST}terminate-all/").status_code == 302
        call_command("sweep_sessions")
        list_is_the_truth(boss, member, other)
    # A browser that was told its session had expired has dropped the cookie.
    member.cookies["sessionid"], admin.cookies["sessionid"] = kept
    recent.forget()
    assert member.is_signed_in()
    list_is_the_truth(admin, member, other)
    row = TrackedSession.objects.get(user_agent="member")
    assert abs(row.last_seen_at - timezone.now()) < timedelta(minutes=5)

    # Those who signed in while the clock was wrong are among all, too.
    answer = admin.post(f"{LIST}terminate-all/", {"keep_current": "on"}, follow=True)
    assert "did not end" not in answer.content.decode()
    assert not member.is_signed_in()
    assert not other.is_signed_in()
    list_is_the_truth(admin, member, other)


def test_session_ended_while_the_clock_was_ahead_stays_ended_when_it_is_back(ana, operator):
    member, admin = Browser("member").sign_in(ana), Browser().sign_in(operator)
    copy = member.key
    with later(hours=2):
        assert member.is_signed_in()
        row = TrackedSession.objects.get(user_agent="member")
        assert admin.post(f"{LIST}{row.public_id}/terminate/").status_code == 302
    member.cookies["sessionid"] = copy
    assert not member.is_signed_in()
    list_is_the_truth(admin, member)


# --- The server is killed ------------------------------------------------------------------------

MANY = 6_000


def sign_in_many(user, number: int) -> None:
    """So many sessions of somebody, each as alive as one that came out of a sign-in."""
    first = Browser().sign_in(user)
    row = TrackedSession.objects.get(session_key=first.key)
    session = Session.objects.get(pk=first.key)
    keys = [f"{n:032}" for n in range(number - 1)]
    Session.objects.bulk_create(
        Session(session_key=key, session_data=session.session_data, expire_date=session.expire_date)
        for key in keys
    )
    TrackedSession.objects.bulk_create(
        TrackedSession(
            session_key=key,
            key_digest=engines.digest(key),
            user=user,
            user_label=row.user_label,
            account_id=row.account_id,
            application=row.application,
            created_at=row.created_at,
            expires_at=row.expires_at,
        )
        for key in keys
    )


def expect_a_true_receipt() -> Termination:
    """What it says has ended has, here and in the store, and the rest lives in both."""
    termination = Termination.objects.get()
    living = set(Session.objects.values_list("session_key", flat=True))
    rows = TrackedSession.objects.all()
    assert rows.filter(termination=termination, ended_at__isnull=False).count() == termination.ended
    assert set(rows.filter(ended_at=None).values_list("session_key", flat=True)) <= living
    assert rows.filter(ended_at=None).count() == len(living)
    return termination


def test_server_that_is_killed_in_the_middle_of_an_end_of_all(ana, operator):
    """`kill -9`: what had ended stays ended, the rest lives, and whoever looks finishes it."""
    sign_in_many(ana, MANY)
    port, stop = start_site(workers=1)
    with ThreadPoolExecutor(1) as clicks:
        try:
            admin = Visitor(port).sign_in(operator.email, PASSWORD)
            assert admin.get(f"{LIST}terminate-all/")[0] == 200
            form = urlencode(
                {"keep_current": "on", "csrfmiddlewaretoken": admin.cookies["csrftoken"]}
            )
            kind = "application/x-www-form-urlencoded"
            clicked = clicks.submit(admin.send, "POST", f"{LIST}terminate-all/", form, kind)
            deadline = time.monotonic() + 30
            while not Termination.objects.filter(ended__gt=0).exists():
                assert time.monotonic() < deadline
                time.sleep(0.005)
        finally:
            stop(signal.SIGKILL)
        with pytest.raises((OSError, http.client.HTTPException)):
            clicked.result()
    termination = expect_a_true_receipt()
    assert 0 < termination.ended < MANY
    assert not termination.is_finished

    # The lease of the process that is gone runs out.
    Termination.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    port, stop = start_site(workers=1)
    try:
        again = Visitor(port).with_key(admin.key)
        deadline = time.monotonic() + 60
        while not Termination.objects.get().is_finished:
            assert time.monotonic() < deadline
            assert again.get(f"{LIST}termination-log/{termination.public_id}/progress/")[0] == 200
            time.sleep(0.2)
        assert again.is_signed_in()
    finally:
        stop()
    termination = expect_a_true_receipt()
    assert (termination.ended, termination.failed, termination.already_gone) == (MANY, 0, 0)
    assert not TrackedSession.objects.filter(user=ana, ended_at=None).exists()

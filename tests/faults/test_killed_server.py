"""The server is killed during a bulk termination."""

from __future__ import annotations

import http.client
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from sessions_admin import engines
from sessions_admin.models import Termination, TrackedSession
from tests.support.browsing import LIST, Browser
from tests.support.factories import PASSWORD
from tests.support.servers import PATIENCE
from tests.support.storm import Visitor, start_site

# A refused statement aborts its transaction, so these tests run without an enclosing one.
pytestmark = pytest.mark.django_db(transaction=True)
MANY = 6_000


def sign_in_many(user, number: int) -> None:
    """Create this many sessions of one person, as a sign-in would."""
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
    """Check that ended sessions are ended in rows and store, and the rest alive in both."""
    termination = Termination.objects.get()
    living = set(Session.objects.values_list("session_key", flat=True))
    rows = TrackedSession.objects.all()
    assert rows.filter(termination=termination, ended_at__isnull=False).count() == termination.ended
    assert set(rows.filter(ended_at=None).values_list("session_key", flat=True)) <= living
    assert rows.filter(ended_at=None).count() == len(living)
    return termination


def test_server_that_is_killed_in_the_middle_of_a_bulk_termination(ana, operator):
    """`kill -9`: what has ended stays ended, the rest lives, and the next viewer finishes it."""
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
            deadline = time.monotonic() + PATIENCE
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

    # The dead process's lease expires.
    Termination.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    port, stop = start_site(workers=1)
    try:
        again = Visitor(port).with_key(admin.key)
        deadline = time.monotonic() + PATIENCE
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

"""The server's clock jumps forwards and backwards."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from sessions_admin.models import TrackedSession
from sessions_admin.tracking import throttle
from tests.support.browsing import LIST, Browser
from tests.support.faults import later, list_is_the_truth

# A refused statement aborts its transaction, so these tests run without an enclosing one.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("hours", [-30, -2, 2, 30, 24 * 20])
def test_clock_that_jumps_and_comes_back_leaves_the_list_true_and_nobody_out(ana, operator, hours):
    member, admin = Browser("member").sign_in(ana), Browser().sign_in(operator)
    kept = member.key, admin.key
    with later(hours=hours):
        boss = Browser().sign_in(operator)
        other = Browser("other").sign_in(ana)
        list_is_the_truth(boss, member, other)
        assert other.is_signed_in()
        # A reauthentication with a time in the future does not count.
        assert admin.get(f"{LIST}terminate-all/").status_code == 302
        call_command("sweep_sessions")
        list_is_the_truth(boss, member, other)
    # The browser has dropped the cookie, because the server declared it expired.
    member.cookies["sessionid"], admin.cookies["sessionid"] = kept
    throttle.forget()
    assert member.is_signed_in()
    list_is_the_truth(admin, member, other)
    row = TrackedSession.objects.get(user_agent="member")
    assert abs(row.last_seen_at - timezone.now()) < timedelta(minutes=5)

    # Terminate all includes those who signed in while the clock was wrong.
    answer = admin.post(f"{LIST}terminate-all/", {"keep_current": "on"}, follow=True)
    assert "could not be terminated" not in answer.content.decode()
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

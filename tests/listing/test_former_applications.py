"""An application that is no longer configured: its sessions are filtered by their own link."""

from __future__ import annotations

import pytest

from sessions_admin.models import TrackedSession
from tests.support.browsing import LIST, Browser, listed
from tests.support.factories import MembershipFactory

pytestmark = pytest.mark.django_db

UNKNOWN = "That application doesn"


@pytest.fixture
def admin():
    return Browser().sign_in(MembershipFactory(role="admin").user)


def test_the_rows_own_link_finds_the_row(admin):
    TrackedSession.objects.update(application="former")
    row = str(TrackedSession.objects.get().public_id)
    assert "application=former" in admin.get(LIST).content.decode()
    assert listed(admin, "?application=former") == [row]
    assert UNKNOWN not in admin.get(f"{LIST}?application=former").content.decode()


@pytest.mark.parametrize("asked", ["former", "%00", "%ED%A0%80", "x" * 300])
def test_one_without_sessions_in_scope_does_not_exist(admin, asked):
    Browser().sign_in(MembershipFactory().user)
    TrackedSession.objects.exclude(user__memberships__role="admin").update(application="former")
    assert listed(admin, f"?application={asked}") == []
    assert UNKNOWN in admin.get(f"{LIST}?application={asked}").content.decode()

"""Copies of a session that its person signed out of are adopted, not ended."""

from __future__ import annotations

from importlib import import_module
from io import StringIO

import pytest
from django.conf import settings as site
from django.core.management import call_command

from sessions_admin.models import TrackedSession
from tests.support.browsing import Browser
from tests.support.engines import engine  # noqa: F401
from tests.support.factories import MembershipFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]


@pytest.mark.parametrize("how", ["sign out", "sign in again"])
def test_copy_stays_signed_in_and_gets_a_row(how):
    """A kiosk hands its session over to a phone, and is left."""
    ana = MembershipFactory().user
    kiosk, phone = Browser().sign_in(ana), Browser()
    store = import_module(site.SESSION_ENGINE).SessionStore
    copy = store()
    copy.update(dict(store(kiosk.key).items()))
    copy.create()
    phone.cookies["sessionid"] = copy.session_key
    if how == "sign out":
        kiosk.post("/accounts/logout/")
    else:
        kiosk.sign_in(ana)
    call_command("adopt_sessions", stdout=StringIO(), stderr=StringIO())
    assert TrackedSession.objects.get(session_key=copy.session_key).ended_at is None
    assert phone.is_signed_in()

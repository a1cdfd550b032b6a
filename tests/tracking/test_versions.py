"""A browser that was updated has not moved: its row shows the version it has now."""

from __future__ import annotations

import re

import pytest

from sessions_admin.models import TrackedSession
from sessions_admin.tracking import throttle
from tests.support.browsing import IPHONE, LIST, WINDOWS, Browser
from tests.support.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db

NEWER = WINDOWS.replace("126", "127")


def text_of(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_pages_show_the_present_version_and_the_details_both():
    ana = MembershipFactory(user__name="Ana Novak").user
    laptop = Browser(WINDOWS).sign_in(ana)
    admin = Browser(IPHONE).sign_in(UserFactory(is_superuser=True))
    row = TrackedSession.objects.get(user=ana)
    assert "Chrome 126" in text_of(admin.get(LIST))

    laptop.defaults["HTTP_USER_AGENT"] = NEWER
    assert laptop.is_signed_in()
    for page in (
        admin.get(LIST),
        admin.get(f"{LIST}?q=127"),
        admin.get(f"{LIST}{row.public_id}/terminate/"),
        laptop.get(f"{LIST}own/"),
    ):
        text = text_of(page)
        assert "Chrome 127" in text
        assert "Chrome 126" not in text
        assert "now Chrome" not in text
    details = text_of(admin.get(f"{LIST}{row.public_id}/"))
    assert "Chrome 126" in details
    assert "Chrome 127" in details

    # An interval later.
    throttle.forget()
    laptop.defaults["HTTP_USER_AGENT"] = IPHONE
    assert laptop.is_signed_in()
    text = text_of(admin.get(LIST))
    assert "Chrome 126" in text
    assert "Safari on iPhone (now)" in text

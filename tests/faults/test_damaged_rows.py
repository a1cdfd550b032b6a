"""A row with damaged JSON, or of another version of the app, fails neither its page nor others."""

from __future__ import annotations

import pytest

from sessions_admin.models import TrackedSession
from tests.support.browsing import (
    IPHONE,
    LIST,
    TERMINATE_ALL,
    Browser,
    listed,
    row,
    terminate_url,
    text,
)
from tests.support.factories import UserFactory, person

pytestmark = pytest.mark.django_db

FLAGGED = {"is_far": True, "is_new_country": True, "is_new_kind": True}
MOMENTS = {"first_seen_at": "2026-01-01", "last_seen_at": 5}
DAMAGES = [
    *({"other_origins": each} for each in (7, "text", {"x": 1}, [7], ["x"], [{}], [MOMENTS])),
    *({"flag_evidence": each, **FLAGGED} for each in (7, "text", [], [1])),
    *({"flag_evidence": {"account": "", part: 7}, **FLAGGED} for part in ("far", "country")),
    {"device_kind": "fridge"},
    {"sign_in_method": "carrier pigeon"},
    {"end_reason": "bored"},
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: repr(damage)[:40])
def test_every_page_shows_it_and_it_can_be_terminated(acme, damage, caplog):
    root = Browser().sign_in(UserFactory(is_superuser=True))
    mia = person(acme, "Mia Member")
    browser, other = Browser().sign_in(mia), Browser().sign_in(person(acme, "Otto Other"))
    session = row(browser)
    if isinstance(evidence := damage.get("flag_evidence"), dict):
        damage = damage | {"flag_evidence": evidence | {"account": session.account_id}}
    TrackedSession.objects.filter(pk=session.pk).update(**damage)

    assert {str(session.public_id), str(row(other).public_id)} <= set(listed(root))
    pages = ("", "?q=mia", "login-records/", f"{session.public_id}/")
    for page in (*(LIST + page for page in pages), terminate_url(session), TERMINATE_ALL):
        assert root.get(page).status_code == 200, page
    for page in ("own/", f"own/{session.public_id}/"):
        assert browser.get(LIST + page).status_code == 200, page

    # A sign-in compares with the row, and a request from elsewhere writes to it.
    again = Browser(IPHONE).sign_in(mia)
    assert str(row(again).public_id) in listed(root)
    browser.defaults["HTTP_USER_AGENT"] = IPHONE
    assert browser.is_signed_in()
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    root.post(terminate_url(session))
    assert not browser.is_signed_in()


def test_an_end_for_a_reason_that_only_another_version_knows_is_an_end(acme):
    root = Browser().sign_in(UserFactory(is_superuser=True))
    browser = Browser().sign_in(person(acme, "Mia Member"))
    session = row(browser)
    root.post(terminate_url(session))
    TrackedSession.objects.filter(pk=session.pk).update(end_reason="bored")

    records = root.get(f"{LIST}login-records/?q=mia")
    assert "Ended" in text(records)
    assert root.get(f"{LIST}{session.public_id}/").status_code == 200
    exported = root.post(f"{LIST}login-records/export/", {"format": "csv"}).getvalue().decode()
    assert ",Ended," in exported
    assert browser.get("/accounts/login/").status_code == 200

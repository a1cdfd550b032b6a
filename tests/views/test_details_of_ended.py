"""The details of a session that is over: how it ended, by whom, and what came after."""

from __future__ import annotations

import pytest
from django.utils import timezone

from sessions_admin.models import TrackedSession
from tests.support.browsing import IPHONE, LIST, WINDOWS, Browser, row, terminate_url, text
from tests.support.factories import person

pytestmark = pytest.mark.django_db


def details(admin, session, query=""):
    answer = admin.get(f"{LIST}{session.public_id}/{query}")
    assert answer.status_code == 200
    return answer


def test_how_a_session_ended_and_what_it_was(admin, mia):
    session = row(mia)
    mia.post("/accounts/logout/")
    shown = text(details(admin, session))
    for fact in ("Status Signed out", "Mia Member", "2001:db8::5", "iPhone", "Method Password"):
        assert fact in shown
    assert "Reuse attempts None" in shown
    assert "Last activity" in shown
    for active in ("Terminate session", "Current activity", "Expires"):
        assert active not in shown


def test_what_else_is_active_has_a_heading_that_fits(admin, mia):
    session = row(mia)
    other = row(Browser(IPHONE).sign_in(session.user))
    assert "Other active sessions" in text(details(admin, session))
    mia.post("/accounts/logout/")
    shown = text(details(admin, session))
    assert "Active sessions of this person" in shown
    assert "Other active sessions" not in shown
    assert str(other.public_id) in details(admin, session).content.decode()


def test_by_whom_it_was_terminated_and_the_entry_of_the_log(admin, mia):
    session = row(mia)
    admin.post(terminate_url(session))
    session.refresh_from_db()
    answer = details(admin, session)
    assert "Status Terminated by Ada Admin" in text(answer)
    entry = f"{LIST}termination-log/{session.termination.public_id}/"
    assert f'href="{entry}"' in answer.content.decode()
    assert admin.get(entry).status_code == 200


def test_whether_its_cookie_was_used_again(admin, mia):
    session, key = row(mia), mia.key
    admin.post(terminate_url(session))
    thief = Browser(WINDOWS, ip="203.0.113.9")
    thief.cookies["sessionid"] = key
    assert not thief.is_signed_in()
    shown = text(details(admin, session))
    assert "1 attempt to reuse this session" in shown
    assert "from 203.0.113.9 (Chrome on Windows" in shown
    assert "Everyone on 203.0.113.9 · Everyone on 203.0.113.0/24" in shown


def test_its_own_browser_that_has_not_heard_yet_leads_nowhere_else(admin, mia):
    session = row(mia)
    admin.post(terminate_url(session))
    assert not mia.is_signed_in()
    shown = text(details(admin, session))
    assert "(same browser)" in shown
    assert shown.count("Everyone on") == 2


def test_an_open_row_whose_session_is_gone_cannot_be_terminated(admin, mia):
    session = row(mia)
    mia.session.delete()
    shown = text(details(admin, session))
    assert "Status Missing from session store" in shown
    assert "Terminate session" not in shown


def test_where_it_had_moved_to_was_last_and_is_not_now(admin, mia):
    """The address that it was last used from leads to everyone on it, as that of the sign-in."""
    session, now = row(mia), timezone.now().isoformat()
    moved = {"ip_address": "198.51.100.9", "city": "Oslo", "country_code": "NO", "user_agent": ""}
    moved |= {"country": "Norway", "first_seen_at": now, "last_seen_at": now}
    TrackedSession.objects.filter(pk=session.pk).update(other_origins=[moved])
    assert ", now in Oslo, Norway" in text(details(admin, session))
    mia.post("/accounts/logout/")
    answer = details(admin, session)
    assert ", then in Oslo, Norway" in text(answer)
    assert "now in" not in text(answer)
    assert "Everyone on 198.51.100.9 · Everyone on 198.51.100.0/24" in text(answer)
    record = text(admin.get(f"{LIST}login-records/?user={session.user_id}"))
    assert "(last)" in record
    assert "(now)" not in record


def test_it_is_within_the_scope(globex, mia):
    session = row(mia)
    mia.post("/accounts/logout/")
    stranger = Browser().sign_in(person(globex, "Gus Globex", "admin"))
    assert stranger.get(f"{LIST}{session.public_id}/").status_code == 404


def test_of_a_user_who_was_deleted(admin, mia):
    session = row(mia)
    session.user.delete()
    shown = text(details(admin, session))
    assert "Mia Member" in shown
    assert "Other active sessions" not in shown
    assert "Terminate session" not in shown


class TestLinks:
    def test_a_person_leads_to_their_records(self, admin, mia):
        session = row(mia)
        html = details(admin, session).content.decode()
        address = f"{LIST}login-records/?user={session.user_id}"
        assert f'href="{address}"' in html
        assert "1 matching sign-in" in text(admin.get(address))

    @pytest.mark.parametrize(
        ("ip", "network"),
        [("203.0.113.77", "203.0.113.0/24"), ("2001:db8:1:2:3::5", "2001:db8:1:2::/64")],
    )
    def test_an_address_leads_to_everybody_on_it_and_on_its_network(self, admin, acme, ip, network):
        near = ip[:-1] + "9"
        here, beside = (
            Browser(ip=each).sign_in(person(acme, f"Person {each}")) for each in (ip, near)
        )
        answer = details(admin, row(here))
        assert f"Everyone on {ip} · Everyone on {network}" in text(answer)
        urls = [u for u in _links(answer) if "?q=" in u]
        counts = [text(admin.get(url)).count("Web app") for url in urls]
        assert [count - text(admin.get(f"{urls[0]}zz")).count("Web app") for count in counts] == [
            1,
            2,
        ]
        assert str(row(beside).public_id) in admin.get(urls[1]).content.decode()

    def test_of_a_masked_address_only_the_network_is_left(self, admin, mia):
        session = row(mia)
        TrackedSession.objects.filter(pk=session.pk).update(
            ended_at=timezone.now(), ip_address="203.0.113.0", is_masked=True
        )
        shown = text(details(admin, session))
        assert "Everyone on 203.0.113.0/24" in shown
        assert shown.count("Everyone on") == 1

    def test_back_leads_to_where_the_page_was_opened(self, admin, mia):
        html = details(admin, row(mia), "?of=login_records&status=active&q=mia")
        assert f"{LIST}login-records/?status=active&amp;q=mia" in html.content.decode()
        html = details(admin, row(mia), "?q=mia")
        assert f'href="{LIST}?q=mia"' in html.content.decode()


def _links(answer):
    html = answer.content.decode()
    return [part.split('"')[0].replace("&amp;", "&") for part in html.split('href="')[1:]]

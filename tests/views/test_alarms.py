"""A reused cookie is an alarm on the list and in the navigation until somebody looks at it."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from sessions_admin.models import Termination, TrackedSession
from sessions_admin.querysets import TrackedSessionQuerySet
from tests.support.browsing import IPHONE, LIST, Browser, grown_old, row, terminate_url, text
from tests.support.factories import UserFactory, person

pytestmark = pytest.mark.django_db

ALARM = "Someone tried to reuse a terminated session"
OVERVIEW = "/account-management/"
LOG = f"{LIST}termination-log/"


@pytest.fixture
def admin(acme):
    return Browser(ip="10.0.0.1").sign_in(person(acme, "Ada Admin", "admin"))


def stolen(admin, account, ip="203.0.113.9"):
    """Terminate a member's session, reuse its cookie elsewhere, and return the log entry's URL."""
    victim = Browser(IPHONE, ip="10.0.0.5").sign_in(person(account, "Mia Member"))
    url = terminate_url(row(victim))
    key = victim.key
    admin.post(url)
    thief = Browser(ip=ip)
    thief.cookies["sessionid"] = key
    assert not thief.is_signed_in()
    return f"{LOG}{Termination.objects.latest('pk').public_id}/"


def test_is_shown_on_the_list_and_in_the_navigation_without_a_password(admin, acme):
    for page in (LIST, OVERVIEW):
        assert ALARM not in text(admin.get(page))
    stolen(admin, acme)
    grown_old(admin)
    for page in (LIST, OVERVIEW, f"{LIST}{row(admin).public_id}/"):
        found = admin.get(page)
        assert found.status_code == 200
        assert ALARM in text(found), page
        assert f'href="{LOG}"' in found.content.decode()


def test_lists_of_words_have_the_comma_of_the_language(admin, acme):
    """In the alarm of an entry, in a result, and in what was terminated."""
    entry = stolen(admin, acme)
    admin.post(f"{LIST}terminate-all/?q=nobody&application=web")
    Termination.objects.filter(ended=1).update(failed=2)
    admin.cookies["django_language"] = "ar"
    alarm = admin.get(entry).content.decode().partition("sa-points")[2].partition("</ul>")[0]
    name, _, device = alarm.partition("،")
    assert name.endswith(">Mia Member</span>")
    assert device.startswith(" \u2067Safari")
    everything, one = admin.get(LOG).context["entries"]
    assert "،" in one.result
    assert "»، " in everything.scope
    assert "," not in one.result + everything.scope


def test_is_over_once_somebody_has_looked_at_the_entry(admin, acme):
    entry = stolen(admin, acme)
    assert "Not reviewed yet" in text(admin.get(LOG))
    admin.head(entry)
    assert ALARM in text(admin.get(LIST))
    assert "reset that person's password" in text(admin.get(entry))
    for page in (LIST, OVERVIEW, LOG):
        said = text(admin.get(page))
        assert ALARM not in said
        assert "Not reviewed yet" not in said
    # The entry goes on to say it, and the log to count it.
    assert ALARM in text(admin.get(entry))
    assert "1 session" in text(admin.get(LOG))


def test_asking_for_the_password_is_no_look(admin, acme):
    entry = stolen(admin, acme)
    grown_old(admin)
    assert admin.get(entry).status_code == 302
    assert ALARM in text(admin.get(LIST))


def test_several_are_counted_and_each_entry_is_looked_at_by_itself(admin, acme):
    first = stolen(admin, acme)
    stolen(admin, acme)
    assert "Someone tried to reuse 2 terminated sessions" in text(admin.get(LIST))
    admin.get(first)
    assert ALARM in text(admin.get(LIST))


def test_its_own_browser_raises_none(admin, acme):
    victim = Browser(IPHONE, ip="10.0.0.5").sign_in(person(acme, "Mia Member"))
    admin.post(terminate_url(row(victim)))
    assert not victim.is_signed_in()
    assert ALARM not in text(admin.get(LIST))


def test_other_accounts_admins_do_not_see_it_and_cannot_end_it(admin, acme, globex):
    entry = stolen(admin, acme)
    other = Browser().sign_in(person(globex, "Gus Globex", "admin"))
    for page in (LIST, OVERVIEW):
        assert ALARM not in text(other.get(page))
    assert other.get(entry).status_code == 404
    assert ALARM in text(admin.get(LIST))


def test_looking_at_an_entry_ends_only_the_alarms_that_it_shows(acme, globex):
    """An admin of one account reads a part of the entry; the rest stays to be looked at."""
    operator = Browser().sign_in(UserFactory(is_superuser=True))
    acmes, globexs = (
        Browser(ip="10.0.0.1").sign_in(person(account, "Ada Admin", "admin"))
        for account in (acme, globex)
    )
    ends = [stolen(operator, account) for account in (acme, globex)]
    together = Termination.objects.latest("pk")
    TrackedSession.objects.filter(termination__isnull=False).update(termination=together)
    acmes.get(ends[1])
    assert ALARM not in text(acmes.get(LIST))
    assert ALARM in text(globexs.get(LIST))
    assert ALARM in text(operator.get(LIST))


def test_people_who_may_not_open_the_page_see_none(admin, acme):
    stolen(admin, acme)
    member = Browser().sign_in(person(acme, "Mo Member"))
    for page in ("/", OVERVIEW, f"{LIST}own/"):
        assert ALARM not in text(member.get(page))


def test_the_entry_is_shown_even_if_the_look_cannot_be_recorded(admin, acme, monkeypatch, caplog):
    entry = stolen(admin, acme)

    def broken(self, **columns):
        raise DatabaseError("read-only")

    monkeypatch.setattr(TrackedSessionQuerySet, "update", broken)
    assert ALARM in text(admin.get(entry))
    assert "could not be marked as seen" in caplog.text


def test_costs_the_list_and_ordinary_requests_no_statement(admin, acme):
    def statements(page):
        with CaptureQueriesContext(connection) as captured:
            admin.get(page)
        return len(captured)

    before = {page: statements(page) for page in (LIST, "/", "/api/mobile/me/")}
    stolen(admin, acme)
    assert {page: statements(page) for page in before} == before
    assert before[LIST] <= 8

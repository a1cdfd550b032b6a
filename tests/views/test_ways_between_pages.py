"""The ways between the list, the login records, the termination log and their exports."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlencode

import pytest

from sessions_admin.models import Termination, TrackedSession
from tests.support.browsing import LIST, Browser, row, terminate_url, text
from tests.support.factories import person

pytestmark = pytest.mark.django_db

RECORDS = LIST + "login-records/"
LOG = LIST + "termination-log/"


def breadcrumb(answer):
    """Return the links of the breadcrumb below Advanced security, as pairs of text and URL."""
    html = answer.content.decode()
    (found,) = re.findall(r'<nav class="sa-breadcrumb".*?</nav>', html, re.S)
    links = re.findall(r'<a href="([^"]*)">([^<]*)</a>', found)
    return [(label, url.replace("&amp;", "&")) for url, label in links[2:]]


def current_page(answer):
    """Return which page of Advanced security the site's navigation marks."""
    html = answer.content.decode()
    (found,) = re.findall(r'<nav class="sidebar.*?</nav>', html, re.S)
    return re.findall(r'href="([^"]*)" aria-current=', found)


@pytest.mark.parametrize(
    ("page", "name", "query"),
    [
        (LIST, "Active user sessions", "?application=web"),
        (RECORDS, "Login records", "?status=expired&from=2026-01-01"),
        (LOG, "Termination log", "?q=stolen"),
    ],
)
def test_an_export_leads_back_to_its_page_with_the_filters(admin, page, name, query):
    answer = admin.get(f"{page}export/{query}")
    assert breadcrumb(answer) == [(name, page + query)]
    assert current_page(answer) == [page]


def test_an_entry_and_the_exports_lead_back_to_the_log(admin, mia):
    admin.post(terminate_url(row(mia)))
    entry = f"{LOG}{Termination.objects.get().public_id}/"
    for address in (entry, f"{LOG}exports/"):
        answer = admin.get(address)
        assert breadcrumb(answer) == [("Termination log", LOG)]
        assert current_page(answer) == [LOG]


def test_a_question_that_was_opened_from_the_records_leads_back_to_them(admin, mia):
    answer = admin.get(f"{LIST}{row(mia).public_id}/terminate/?of=login_records&q=mia")
    assert breadcrumb(answer) == [("Login records", f"{RECORDS}?q=mia")]


def test_the_sessions_of_a_person_lead_to_their_records(admin, mia):
    user = row(mia).user_id
    answer = admin.get(f"{LIST}?user={user}")
    assert "View login records" in text(answer)
    records = f"{LIST}login-records/?user={user}"
    assert f'href="{records}"' in answer.content.decode()
    assert "View login records" not in text(admin.get(records))
    # All of them may have ended.
    mia.post("/accounts/logout/")
    answer = admin.get(f"{LIST}?user={user}")
    assert "This user has no active sessions." in text(answer)
    assert f'href="{records}"' in answer.content.decode()


def test_an_entry_leads_to_each_persons_records_and_to_the_details(admin, mia):
    session = row(mia)
    admin.post(terminate_url(session))
    entry = admin.get(f"{LOG}{Termination.objects.get().public_id}/?after=").content.decode()
    (records,) = re.findall(r'href="([^"]*)">Mia Member</a>', entry)
    assert records == f"{RECORDS}?user={session.user_id}"
    assert "1 matching sign-in" in text(admin.get(records))

    (details,) = re.findall(rf'href="([^"]*{session.public_id}[^"]*)"', entry)
    answer = admin.get(details)
    assert "Terminated by Ada Admin" in text(answer)
    assert breadcrumb(answer) == [("Login records", RECORDS)]


@pytest.fixture
def deleted(admin, acme, mia):
    """A terminated session of Mia, who was deleted then. Her namesake was not."""
    session = row(mia)
    admin.post(terminate_url(session))
    session.user.delete()
    Browser().sign_in(person(acme, "Mia Member"))
    session.refresh_from_db()
    return session


def names(answer):
    """Return the links that a deleted person's name or label leads to, on any of the pages."""
    html = answer.content.decode()
    found = re.findall(r'href="([^"]*)"[^>]*>(?:Mia Member \(|Login records</a></dd>)', html)
    return [unescape(each) for each in found]


def test_a_deleted_persons_name_leads_to_a_search_for_their_records(admin, deleted):
    assert deleted.user_label.startswith("Mia Member (")
    search = urlencode({"q": deleted.user_label})
    entry = f"{LOG}{deleted.termination.public_id}/"
    details = f"{LIST}{deleted.public_id}/?of=login_records"
    for page in (entry, details):
        assert names(admin.get(page)) == [f"{RECORDS}?{search}"]
    (link,) = names(admin.get(f"{RECORDS}?status=terminated"))
    assert link == f"?status=terminated&{search}"
    answer = admin.get(f"{RECORDS}?{search}")
    assert [each.row.public_id for each in answer.context["records"]] == [str(deleted.public_id)]
    assert names(answer) == []
    assert "?user=&" not in answer.content.decode()


@pytest.mark.parametrize("label", ["Mia Member (" + "m" * 200, "Mia Member (" + "m " * 8])
def test_a_label_that_is_too_long_for_a_search_leads_nowhere(admin, deleted, label):
    TrackedSession.objects.filter(pk=deleted.pk).update(user_label=label.strip())
    entry = f"{LOG}{deleted.termination.public_id}/"
    for page in (entry, f"{LIST}{deleted.public_id}/", f"{RECORDS}?status=terminated"):
        answer = admin.get(page)
        assert label.strip() in text(answer)
        assert names(answer) == []

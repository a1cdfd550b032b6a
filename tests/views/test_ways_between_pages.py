"""The ways between the list, the login records, the termination log and their exports."""

from __future__ import annotations

import re

import pytest

from sessions_admin.models import Termination, TrackedSession
from tests.support.browsing import LIST, row, terminate_url, text

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


def test_without_its_user_a_session_of_an_entry_has_no_records_to_lead_to(admin, mia):
    session = row(mia)
    admin.post(terminate_url(session))
    TrackedSession.objects.filter(pk=session.pk).update(user=None)
    entry = admin.get(f"{LOG}{Termination.objects.get().public_id}/").content.decode()
    assert "Mia Member" in entry
    assert "?user=" not in entry

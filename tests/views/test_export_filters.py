"""The filters on the record of an export: kept as facts, and said in the reader's language."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.utils import translation

from sessions_admin.listing.filters import FilterForm
from sessions_admin.listing.log_filters import LogForm
from sessions_admin.listing.record_filters import RecordFilterForm
from sessions_admin.models import Export
from sessions_admin.policy import Scope
from sessions_admin.views import export_records
from tests.support.browsing import LIST, Browser, row, text
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db

RECORDS = LIST + "login-records/"
LOG = LIST + "termination-log/"
EXPORTS = LOG + "exports/"


@pytest.fixture
def operator():
    return Browser().sign_in(UserFactory(is_superuser=True, name="Olga Operator"))


def export(browser, page, query):
    answer = browser.post(f"{page}export/{query}", {"format": "jsonl"})
    assert answer.getvalue() is not None
    return Export.objects.latest("pk")


def read_in(browser, language, page=EXPORTS):
    browser.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    return text(browser.get(page))


QUERIES = [
    (LIST, "?q=mia&application=web&country=SI&flag=far&flag=idle", FilterForm),
    (LIST, "?account={account}&user={user}", FilterForm),
    (LIST, "?application=odd&flag=odd&country=XX&user=9999&account=9", FilterForm),
    (RECORDS, "?status=terminated&within=24h&method=sso", RecordFilterForm),
    (RECORDS, "?user={user}&from=2026-01-31&to=2026-02-01", RecordFilterForm),
    (RECORDS, "?status=odd&method=odd&from=x&to=y%00&within=odd", RecordFilterForm),
    (LOG, "?q=phone&admin=Ada&account={account}&result=failed&reused=new&to=2026-02-01", LogForm),
    (LOG, "?result=odd&reused=odd&account=odd&within=7d", LogForm),
]


@pytest.mark.parametrize(("page", "query", "form"), QUERIES)
@pytest.mark.parametrize("language", ["en", "de", "ar"])
def test_the_record_says_what_the_question_said(operator, acme, mia, page, query, form, language):
    query = query.format(account=acme.pk, user=row(mia).user_id)
    asked = operator.get(f"{page}export/{query}")
    kept = export(operator, page, query).filters
    with translation.override(language):
        how = {"user": asked.wsgi_request.user} if form is LogForm else {}
        lines = form(asked.wsgi_request.GET, scope=Scope(everything=True), **how).lines()
        assert sorted(export_records.in_words(kept)) == sorted(lines)
    assert lines


def test_each_reads_them_in_their_own_language(admin, mia):
    export(admin, RECORDS, "?status=terminated&within=24h&from=2026-01-31")
    for page in (EXPORTS, LOG):
        said = read_in(admin, "de", page)
        assert "Status: Beendet" in said
        assert "Zeitraum: Letzte 24 Stunden" in said
        assert "Terminated" not in said
    read_in(admin, "ar")
    # Each filter is isolated, and each value in it: what is searched for has any direction.
    with translation.override("ar"):
        status = translation.gettext("Terminated")
    html = admin.get(EXPORTS).content.decode()
    assert f"<bdi>الحالة: \u2068{status}\u2069</bdi>" in html


def test_names_are_those_of_the_time(admin, acme, mia):
    user = row(mia).user
    kept = export(admin, LIST, f"?account={acme.pk}&user={user.pk}").filters
    assert (kept["account"], kept["user"]) == (str(acme.pk), str(user.pk))
    acme.name, user.name = "Zenith", "Mia Married"
    acme.save()
    user.save()
    said = text(admin.get(EXPORTS))
    assert "Account: Acme · User: Mia Member" in said


def test_those_that_an_earlier_version_kept_in_words_stay_as_they_are(admin, mia):
    record = export(admin, LIST, "")
    assert record.filters == {}
    Export.objects.update(filters=[["Status", "Terminated"], ["Period", "Last 24 hours"]])
    for page in (EXPORTS, LOG):
        assert "Status: Terminated · Period: Last 24 hours" in read_in(admin, "en", page)
    read_in(admin, "ar")
    html = admin.get(EXPORTS).content.decode()
    assert "<bdi>Status: \u2068Terminated\u2069</bdi>" in html
    Export.objects.update(filters=[])
    assert admin.get(EXPORTS).status_code == 200

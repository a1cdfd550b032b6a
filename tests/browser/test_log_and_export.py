"""The termination log's filters and the exports in the browser, with and without scripts."""

from __future__ import annotations

import csv
import io
import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from sessions_admin.models import Export, Termination, TrackedSession
from sessions_admin.termination import terminate
from tests.browser.pages import (
    expect_heading,
    expect_rows,
    is_marked,
    mark,
    open_list,
    query_of,
    rows,
    sign_in,
    sign_in_from,
)
from tests.browser.test_accessibility import Inspected

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]

LOG = "sessions_admin:termination_log"


@pytest.fixture
def entries(ada, mia, bob):
    """Two entries: Mia's session, for a reason, and one that had already ended."""
    sign_in_from("10.0.0.2", mia)
    session = TrackedSession.objects.get(user=mia)
    accounts = [session.account_id]
    terminate(
        TrackedSession.objects.filter(pk=session.pk),
        actor=ada,
        scope="Terminated Mia Member",
        accounts=accounts,
        reason="A lost phone",
    )
    terminate(
        TrackedSession.objects.filter(pk=session.pk),
        actor=ada,
        scope="Terminated Bob Builder",
        accounts=accounts,
    )


def status(page):
    return page.locator("#sa-log-status")


def open_filters(page):
    """Open the filters where they stand behind a button."""
    button = page.get_by_role("button", name="Filters")
    if button.is_visible():
        button.click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_fault(new_page, scheme, entries, ada):
    inspected = Inspected(new_page(color_scheme=scheme, reduced_motion="reduce"))
    page = inspected.page
    sign_in(page, ada)
    page.goto(reverse(LOG))
    inspected.look("Termination log")
    page.goto(reverse(LOG, query={"q": "mia", "result": "odd", "from": "x", "within": "7d"}))
    inspected.look("No entries match")
    page.goto(reverse("sessions_admin:export", query={"q": "mia", "flag": "odd"}))
    inspected.look("Export · Active user sessions")
    Export.objects.create(
        actor=ada, actor_label="Ada", page="log", format="csv", filters=[["A", "b"]]
    )
    page.goto(reverse("sessions_admin:exports"))
    inspected.look("Exports")
    page.goto(reverse(LOG))
    inspected.look("Exports")
    entry = Termination.objects.get(ended=0)
    page.goto(reverse("sessions_admin:termination_log_entry", args=[entry.public_id]))
    expect(page.get_by_text("because the session had already ended").first).to_be_visible()
    inspected.look("Termination log entry")
    assert not inspected.faults, "\n\n".join(inspected.faults)


@pytest.mark.parametrize("width", [1440, 375])
def test_filters_apply_as_they_change_and_are_in_the_address(new_page, entries, ada, width):
    page = new_page(viewport={"width": width, "height": 900})
    sign_in(page, ada)
    page.goto(reverse(LOG))
    expect_rows(page, "Bob", "Mia")
    mark(page)
    page.get_by_role("searchbox").fill("phone")
    expect_rows(page, "Mia")
    expect(status(page)).to_have_text("1 entry")
    open_filters(page)
    page.get_by_label("Result", exact=True).select_option("nothing")
    expect(rows(page)).to_have_count(0)
    expect(status(page)).to_have_text("0 entries")
    page.get_by_label("Result", exact=True).select_option("complete")
    page.get_by_label("Period", exact=True).select_option("24h")
    expect_rows(page, "Mia")
    expect(page).to_have_url(re.compile("within=24h"))
    assert page.url.endswith("?q=phone&result=complete&within=24h")
    assert is_marked(page)
    page.reload()
    expect_rows(page, "Mia")
    expect(page.get_by_role("searchbox")).to_have_value("phone")
    chips = page.get_by_role("list", name="Active filters")
    expect(chips.get_by_role("link")).to_have_count(4)
    chips.get_by_role("link", name=re.compile("Search")).click()
    expect(page.get_by_role("searchbox")).to_have_value("")
    page.get_by_role("link", name="Clear all").click()
    expect_rows(page, "Bob", "Mia")


def test_without_scripts_a_button_applies_them(new_page, entries, ada):
    page = new_page(java_script_enabled=False)
    sign_in(page, ada)
    page.goto(reverse(LOG))
    page.get_by_role("searchbox").fill("phone")
    page.get_by_label("From", exact=True).fill("2026-01-01")
    page.get_by_role("button", name="Apply").click()
    expect_rows(page, "Mia")
    assert query_of(page)["from"] == ["2026-01-01"]


def test_two_formats_are_two_files_and_a_double_click_is_one(new_page, ada):
    page = new_page(accept_downloads=True)
    sign_in(page, ada)
    page.goto(reverse("sessions_admin:export"))
    files = []
    page.on("download", lambda file: files.append(file.suggested_filename.rpartition(".")[2]))
    page.get_by_role("button", name="Download CSV").dblclick()
    page.wait_for_timeout(500)
    page.get_by_role("button", name="Download JSON Lines").click()
    page.wait_for_timeout(1500)
    assert files == ["csv", "jsonl"]
    assert Export.objects.count() == 2


@pytest.mark.parametrize("scripts", [True, False])
def test_the_list_is_downloaded_as_it_is_filtered(new_page, ada, mia, bob, scripts):
    for person in (mia, bob):
        sign_in_from("10.0.0.2", person)
    page = new_page(java_script_enabled=scripts, accept_downloads=True)
    sign_in(page, ada)
    open_list(page, q="mia")
    page.get_by_role("link", name="Export").click()
    expect_heading(page, "Export · Active user sessions")
    with page.expect_download() as started:
        page.get_by_role("button", name="Download CSV").click()
    found = started.value
    assert re.fullmatch(r"active-user-sessions-\d{4}-\d\d-\d\d\.csv", found.suggested_filename)
    content = found.path().read_text(encoding="utf-8-sig")
    assert [row["User"] for row in csv.DictReader(io.StringIO(content))] == ["Mia Member"]
    page.get_by_role("link", name="Back").click()
    expect_rows(page, "Mia")
    page.goto(reverse(LOG))
    expect_rows(page, "Active user sessions.*Search: mia.*1 row.*CSV")
    assert Export.objects.get().is_complete

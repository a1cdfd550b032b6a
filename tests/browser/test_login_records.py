"""The login records in a browser: accessible, on a phone, filtered as one types."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from sessions_admin.models import TrackedSession
from sessions_admin.termination import terminate
from tests.browser.pages import (
    AXE,
    SAFARI_ON_IPHONE,
    expect_heading,
    expect_rows,
    member_of,
    open_list,
    query_of,
    rows,
    sign_in,
    sign_in_from,
)
from tests.support.factories import PASSWORD

Reason = TrackedSession.EndReason

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@pytest.fixture
def eva(acme, ada):
    """Somebody with a terminated and an active session."""
    eva = member_of(acme, "Eva Ended")
    sign_in_from("203.0.113.77", eva, user_agent=SAFARI_ON_IPHONE)
    terminate(TrackedSession.objects.filter(user=eva), actor=ada, scope="Hers")
    TrackedSession.objects.filter(user=eva).update(is_far=True, is_new_country=True)
    sign_in_from("203.0.113.78", eva)
    return eva


def open_records(page, person, **filters):
    sign_in(page, person)
    page.goto(reverse("sessions_admin:login_records", query=filters or None))
    expect_heading(page, "Login records")


def sign_in_as(page, person):
    """Sign in, whatever the language."""
    open_list(page)
    page.locator("[name=username]").fill(person.email)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    page.locator("tbody tr").first.wait_for()


def expect_accessible(page):
    is_narrow = page.viewport_size["width"] <= 768
    results = Axe().run(page, options=AXE if is_narrow else None)
    assert not results.violations_count, results.generate_report()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_they_are_accessible_at_every_width(new_page, ada, eva, scheme):
    page = new_page(color_scheme=scheme, reduced_motion="reduce")
    open_records(page, ada)
    expect_rows(page, "Ada.*Active", "Eva.*Active", "Eva.*Terminated by Ada Admin")
    ended = TrackedSession.objects.get(user=eva, ended_at__isnull=False)
    for address in (
        page.url,
        f"{page.url}?user={eva.pk}",
        f"{page.url}?q=nobody&from=2026-13-01",
        reverse("sessions_admin:detail", args=[ended.public_id]),
    ):
        page.goto(address)
        for width in (1440, 1024, 375, 320):
            page.set_viewport_size({"width": width, "height": 800})
            expect_accessible(page)
            assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0


def test_filters_change_the_records_without_a_new_page(page, ada, eva):
    open_records(page, ada)
    page.evaluate("globalThis.isMarked = true")
    page.get_by_role("searchbox").press_sequentially("eva")
    expect_rows(page, "Eva", "Eva")
    page.get_by_label("Status", exact=True).select_option("Terminated")
    expect_rows(page, "Eva.*Terminated by Ada Admin")
    page.get_by_label("Period", exact=True).select_option("Last 7 days")
    expect(page.get_by_role("link", name="Remove filter Period: Last 7 days")).to_be_visible()
    page.get_by_label("From", exact=True).fill("2100-01-01")
    expect_heading(page, "No sign-ins match your search")
    expected = {"q": ["eva"], "status": ["terminated"], "within": ["7d"], "from": ["2100-01-01"]}
    assert query_of(page).items() >= expected.items()
    assert page.evaluate("globalThis.isMarked")


def test_details_open_in_the_dialog_and_lead_on(page, ada, eva):
    open_records(page, ada)
    rows(page, "Terminated").get_by_role("link", name="View details").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Terminated by Ada Admin")
    expect(dialog.get_by_role("link", name="Terminate session")).to_have_count(0)
    dialog.get_by_role("link", name="Everyone on 203.0.113.0/24").click()
    expect_rows(page, "Eva.*203.0.113.78", "Eva.*203.0.113.77")


def test_a_person_is_chosen_by_name_though_their_sessions_are_over(page, ada, eva):
    TrackedSession.objects.filter(user=eva, ended_at=None).delete()
    open_records(page, ada)
    page.get_by_label("User", exact=True).press_sequentially("eva")
    page.get_by_role("option", name="Eva Ended (eva@").click()
    expect_rows(page, "Eva.*Terminated")
    expect(page.get_by_text("First sign-in on record")).to_be_visible()


def test_terminate_from_the_dialog_returns_to_the_records(page, ada, eva):
    open_records(page, ada, q="eva")
    rows(page, "Active").get_by_role("link", name="View details").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("link", name="Terminate session").click()
    expect_heading(page, "Terminate this session?")
    dialog.get_by_role("button", name="Terminate session").click()
    expect_rows(page, "Eva.*Terminated", "Eva.*Terminated")
    assert page.url.endswith("login-records/?q=eva")
    expect(page.get_by_role("status")).to_contain_text("Signed out Eva Ended")


# Texts of these elements that are not wholly within their cells.
CUT = """wanted => [...document.querySelectorAll(wanted)].filter(each => {
    const range = new Range(), cell = each.closest("td").getBoundingClientRect();
    range.selectNodeContents(each);
    const {left, right, bottom} = range.getBoundingClientRect();
    return left < cell.left - 1 || right > cell.right + 1 || bottom > cell.bottom + 1;
}).map(each => each.textContent)"""


def test_the_status_is_never_cut_in_any_language(new_page, ada, eva):
    sign_in_from("203.0.113.79", eva)
    replaced = TrackedSession.objects.filter(user=eva).latest("pk")
    replaced.ended_at, replaced.end_reason = replaced.created_at, Reason.REPLACED
    replaced.save()
    for language in ("en", "de", "sl", "ar"):
        page = new_page(locale=language, viewport={"width": 1440, "height": 900})
        sign_in_as(page, ada)
        page.goto(reverse("sessions_admin:login_records"))
        for width in (1024, 1280, 1440, 1920, 375, 320):
            page.set_viewport_size({"width": width, "height": 900})
            at = f"{language} at {width}"
            assert page.evaluate(CUT, ".sa-status") == [], at
            if width > 1000:
                heights = [row.bounding_box()["height"] for row in rows(page).all()]
                assert max(heights) <= 48, at
        page.context.close()


def test_the_time_of_the_end_is_seen_and_no_field_or_column_leaves_its_place(new_page, ada, eva):
    """Whatever the statuses, methods and chosen flags are."""
    sessions = TrackedSession.objects.filter(user=eva)
    sessions.update(sign_in_method="support", signed_in_by="Konstantina Papadopoulou")
    for number, reason in enumerate(Reason.values):
        (session,) = sessions.filter(pk=sessions.latest("pk").pk)
        session.pk, session.public_id, session.session_key = None, uuid4(), None
        session.ended_at, session.end_reason = session.created_at, reason
        session.is_far, session.ip_address = True, f"2001:db8:1234:5678:9abc:def0:1234:{number}"
        session.save()
    for language in ("en", "de", "sl", "ar"):
        page = new_page(locale=language)
        sign_in_as(page, ada)
        page.goto(reverse("sessions_admin:login_records", query={"flag": "far"}))
        for width in (962, 1024, 1151, 1160, 1280, 1440, 1920):
            page.set_viewport_size({"width": width, "height": 900})
            at = f"{language} at {width}"
            assert page.evaluate(CUT, "td:nth-child(7) time") == [], at
            assert page.evaluate(BEYOND) == [], at
        page.context.close()


# Fields of the filters, and rows, that are wider than what they stand in.
BEYOND = """[...document.querySelectorAll(
    ".sa-field > :is(.sa-control, .sa-choices), .sa-choices__summary, tbody tr"
)].filter(each => {
    const around = each.closest("table, .sa-field").getBoundingClientRect();
    const {left, right} = each.getBoundingClientRect();
    return left < around.left - 1 || right > around.right + 1;
}).map(each => each.textContent.trim())"""


def test_a_short_status_has_the_time_of_the_end_below_it(new_page, ada, eva):
    """So that the column is as wide as its text, and the others have the rest."""
    sessions = TrackedSession.objects.filter(user=eva)
    sessions.filter(ended_at=None).delete()
    sessions.update(end_reason=Reason.SIGNED_OUT)
    page = new_page(viewport={"width": 1440, "height": 900})
    open_records(page, ada, q="eva")
    (row,) = rows(page).all()
    column = page.get_by_role("columnheader", name="Status").bounding_box()
    time = row.get_by_role("cell").nth(6).locator("time").bounding_box()
    status = row.locator(".sa-status").bounding_box()
    assert time["y"] > status["y"] + 10
    assert column["width"] <= time["width"] + 2


def test_a_card_says_all_of_a_record(new_page, ada, eva):
    page = new_page(viewport={"width": 375, "height": 812}, reduced_motion="reduce")
    open_records(page, ada)
    card = rows(page, "Terminated")
    for text in ("Eva Ended", "eva@acme.example", "Acme", "Web app", "Password", "203.0.113.77"):
        expect(card.get_by_text(text, exact=True)).to_be_visible()
    assert page.evaluate(CUT, "tbody td:nth-child(3) :is(a, b, small)") == []
    label = "cell => getComputedStyle(cell, '::before').content"
    assert "Created On" in card.get_by_role("cell").nth(5).evaluate(label)
    expect(card.get_by_role("cell").nth(6)).to_have_text(
        re.compile(r"Terminated by Ada Admin\s+\d")
    )

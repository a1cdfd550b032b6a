"""On a phone, a login record says when its session ended, and an entry leads on."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from sessions_admin.models import Termination, TrackedSession
from sessions_admin.termination import terminate
from tests.browser.pages import expect_heading, member_of, rows, sign_in, sign_in_from

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@pytest.fixture
def eva(acme, ada):
    """Somebody with a long address and a terminated session."""
    eva = member_of(acme, "Eva Ended")
    eva.email = "a-rather-long-address-of-hers@subsidiary.acme.example"
    eva.save()
    sign_in_from("203.0.113.77", eva)
    terminate(TrackedSession.objects.filter(user=eva), actor=ada, scope="Hers")
    return eva


def test_the_time_of_the_end_is_seen_after_how_it_ended(new_page, ada, eva):
    page = new_page(viewport={"width": 375, "height": 800})
    sign_in(page, ada)
    page.goto(reverse("sessions_admin:login_records", query={"user": eva.pk}))
    (record,) = rows(page).all()
    ended = record.get_by_role("cell").nth(6).locator("time")
    expect(ended).to_be_visible()
    status, at = (
        each.bounding_box() for each in (record.get_by_text("Terminated by Ada Admin"), ended)
    )
    address, card = record.get_by_text(eva.email).bounding_box(), record.bounding_box()
    assert status is not None
    assert at is not None
    assert address is not None
    assert card is not None
    assert address["y"] + address["height"] <= at["y"]
    assert status["y"] <= at["y"]
    assert status["x"] + status["width"] <= at["x"] or status["y"] + status["height"] <= at["y"] + 1
    assert at["x"] + at["width"] <= card["x"] + card["width"]
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("width", [1440, 375])
def test_an_entry_leads_to_the_record_and_to_those_of_the_person(new_page, ada, eva, width):
    page = new_page(viewport={"width": width, "height": 800}, reduced_motion="reduce")
    sign_in(page, ada)
    entry = Termination.objects.get()
    page.goto(reverse("sessions_admin:termination_log_entry", args=[entry.public_id]))
    results = Axe().run(page)
    assert not results.violations_count, results.generate_report()
    page.get_by_role("link", name="Eva Ended", exact=True).click()
    expect_heading(page, "Login records")
    page.go_back()
    page.get_by_role("cell").get_by_role("link").nth(1).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Eva Ended, ")

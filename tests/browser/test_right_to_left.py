"""Pages from right to left: what is cut there is cut at its end."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.demo.people import PASSWORD as DEMO_PASSWORD
from sessions_admin.models import TrackedSession
from sessions_admin.termination import terminate
from tests.browser.pages import rows
from tests.browser.test_density import demo, open_demo

__all__ = ["demo"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]

WIDTHS = (1440, 1024, 375, 320)
# Texts in cells that begin outside of what is in view, and addresses that are cut in the middle.
CUT = """() => {
    const hides = style => style.overflowX !== "visible";
    const inView = (range, element) => {
        const {left, right} = range.getBoundingClientRect();
        for (let box = element; box && box.tagName !== "TR"; box = box.parentElement) {
            const style = getComputedStyle(box), edge = box.getBoundingClientRect();
            const isOutside = left < edge.left - 5 || right > edge.right + 5;
            if (hides(style) && isOutside) return false;
            // What is placed in the row is not cut by its cell.
            if (style.position === "absolute") return true;
        }
        return true;
    };
    const faults = [];
    for (const cell of document.querySelectorAll("tbody td")) {
        const walk = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
        for (let node; (node = walk.nextNode()); ) {
            const parent = node.parentElement, text = node.data.trim();
            const first = node.data.search(/\\S/);
            if (first < 0 || parent.closest(".sa-hidden, .sa-row-chips, .sa-moved, time")) continue;
            const range = new Range();
            range.setStart(node, first);
            const isAddress = /^[\\d.]+$/.test(text);
            range.setEnd(node, isAddress ? first + text.length : first + 1);
            if (!range.getClientRects().length) continue;
            if (!/^[\\x21-\\u024f]/.test(text)) continue;
            if (!inView(range, parent)) faults.push(text);
        }
    }
    return faults;
}"""


@pytest.fixture
def ended(demo):
    """Some sessions that an admin has terminated, for a reason that begins with a sign."""
    found = TrackedSession.objects.filter(account_name="Acme Instruments", ended_at=None)
    some = found.exclude(user__email="admin@acme.example").order_by("-created_at")[:4]
    admin = TrackedSession.objects.filter(user__email="admin@acme.example").first().user
    ended = TrackedSession.objects.filter(pk__in=[each.pk for each in some])
    terminate(ended, actor=admin, scope="Them", reason="=lost phone")
    return TrackedSession.objects.filter(user=some[0].user, termination__isnull=False).first()


def test_names_and_addresses_are_never_cut_at_their_beginning(new_page, demo, ended):
    """An address without its first digits reads as another address."""
    page = new_page(locale="ar", reduced_motion="reduce")
    open_demo(page)
    for name in ("list", "login_records", "own"):
        page.goto(reverse(f"sessions_admin:{name}"))
        assert rows(page).count() > 5
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate(CUT) == [], f"{name} at {width}"
            assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0


def test_a_reason_and_lists_of_names_keep_their_order(new_page, demo, ended):
    """A sign at the beginning of a reason, and names beside each other."""
    page = new_page(locale="ar", reduced_motion="reduce")
    open_demo(page)
    page.goto(reverse("sessions_admin:login_records", query={"user": ended.user_id}))
    devices = page.locator(".sa-history dd").last.inner_text()
    assert devices.count("\u2067") == devices.count("\u2069") > 0
    entry = reverse("sessions_admin:termination_log_entry", args=[ended.termination.public_id])
    page.goto(entry)
    if (password := page.locator("[name=password]")).count():
        password.fill(DEMO_PASSWORD)
        password.press("Enter")
    reason = page.get_by_text("=lost phone")
    assert reason.evaluate(FIRST_AND_LAST) == "in order"
    page.goto(reverse("sessions_admin:termination_log"))
    assert page.get_by_text("=lost phone").evaluate(FIRST_AND_LAST) == "in order"


FIRST_AND_LAST = """element => {
    const at = index => {
        const range = new Range();
        range.setStart(element.firstChild, index);
        range.setEnd(element.firstChild, index + 1);
        return range.getBoundingClientRect().left;
    };
    return at(0) < at(element.firstChild.length - 1) ? "in order" : "turned";
}"""

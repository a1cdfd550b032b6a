"""The chips below a date cover nothing, and what is cut of one can be read."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.models import User
from sessions_admin.models import TrackedSession
from tests.browser.test_density import LANGUAGES, demo, open_demo

__all__ = ["demo"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]

WIDTHS = (1024, 1280, 1440, 1600, 1920)
# Chips over a text or a button of their row, or out of it; cut ones without a title or evidence.
FAULTS = """() => {
    const faults = [];
    for (const row of document.querySelectorAll("tbody tr")) {
        const boxes = [...row.querySelectorAll(".sa-more, .sa-end")].map(
            each => each.getBoundingClientRect());
        const walk = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
        for (let node; (node = walk.nextNode()); ) {
            if (!node.data.trim() || node.parentElement.closest(".sa-row-chips")) continue;
            const cell = node.parentElement.closest("td").getBoundingClientRect();
            const range = new Range();
            range.selectNodeContents(node);
            for (const {left, right, top, bottom} of range.getClientRects()) {
                boxes.push({left: Math.max(left, cell.left), right: Math.min(right, cell.right),
                    top, bottom});
            }
        }
        const {top, bottom} = row.getBoundingClientRect();
        for (const chip of row.querySelectorAll(".sa-row-chips :is(.sa-chip, li > a)")) {
            const box = chip.getBoundingClientRect(), text = chip.textContent;
            if (box.top < top || box.bottom > bottom) faults.push(`${text} leaves its row`);
            // The lines of a text reach a little into those of others.
            if (boxes.some(each => box.left < each.right - 1 && each.left < box.right - 1
                    && box.top < each.bottom - 3 && each.top < box.bottom - 3)) {
                faults.push(`${text} covers something`);
            }
            if (!chip.matches("a, .sa-chip--current") && chip.title !== text) {
                faults.push(`${text} has no title`);
            }
        }
    }
    return faults;
}"""


@pytest.fixture
def flagged(demo):
    """Ended sessions with every number of flags, some of them of an admin in another account."""
    ended = TrackedSession.objects.exclude(ended_at=None).order_by("-created_at")
    for number, session in enumerate(ended):
        session.is_far, session.is_new_country = number % 2 == 0, number % 3 == 0
        session.is_new_kind, session.is_one_of_many = number % 5 < 2, number % 7 == 0
        session.save()


@pytest.mark.parametrize("language", LANGUAGES)
def test_chips_cover_nothing_and_make_no_row_taller(new_page, flagged, language):
    page = new_page(locale=language, reduced_motion="reduce")
    open_demo(page)
    lena = User.objects.get(email="lena@acme.example")
    records = reverse("sessions_admin:login_records")
    for address in (
        reverse("sessions_admin:list"),
        f"{records}?user={lena.pk}",
        f"{records}?user={lena.pk}&status=active",
        f"{records}?status=signed_out",
    ):
        page.goto(address)
        assert page.locator(".sa-row-chips").count() >= 3
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            at = f"{address} at {width}"
            assert page.evaluate(FAULTS) == [], at
            heights = "[...document.querySelectorAll('tbody tr')].map(row => row.offsetHeight)"
            assert max(page.evaluate(heights)) <= 43, at

"""Dates, names and labels of the termination log and of details are not torn apart."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from sessions_admin.models import TrackedSession
from sessions_admin.termination import terminate
from tests.browser.pages import open_list, sign_in_from
from tests.support.factories import PASSWORD

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]

# Words in more than one line, and dates in the first cells of rows that are.
TORN = """wanted => {
    const found = [];
    const lines = range => new Set([...range.getClientRects()].map(r => Math.round(r.top))).size;
    for (const element of document.querySelectorAll(wanted)) {
        const walk = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
        for (let node; (node = walk.nextNode()); ) {
            if (node.parentElement.closest(".sa-hidden")) continue;
            const isDate = node.parentElement.matches("time:not(td:last-child time)");
            for (const word of node.data.matchAll(isDate ? /\\S.*\\S/g : /\\S+/g)) {
                const range = new Range();
                range.setStart(node, word.index);
                range.setEnd(node, word.index + word[0].length);
                if (lines(range) > 1) found.push(word[0]);
            }
        }
    }
    return found;
}"""


@pytest.fixture
def reused(ada, mia):
    """A terminated session whose cookie was used again, elsewhere."""
    sign_in_from("10.0.0.2", mia)
    session = TrackedSession.objects.get(user=mia)
    chosen = TrackedSession.objects.filter(pk=session.pk)
    accounts = [session.account_id]
    terminate(chosen, actor=ada, scope="Terminated Mia Member", accounts=accounts)
    chosen.update(
        reuse_count=4,
        was_reused_elsewhere=True,
        reused_at=timezone.now(),
        reused_ip="198.51.100.7",
        account_name="Acme Instruments",
    )
    session.refresh_from_db()
    return session


def open_in(new_page, language, person):
    page = new_page(locale=language, reduced_motion="reduce")
    open_list(page)
    page.locator("[name=username]").fill(person.email)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    page.locator("tbody tr").first.wait_for()
    return page


@pytest.mark.parametrize("language", ["en", "de", "sl", "ar"])
def test_no_date_name_or_label_is_torn(new_page, ada, reused, language):
    page = open_in(new_page, language, ada)
    parts = ".sa-table--log td:not(:first-child), .sa-table--ended td:not(:nth-child(4)), dt, nav a"
    for address in (
        reverse("sessions_admin:termination_log"),
        reverse("sessions_admin:termination_log_entry", args=[reused.termination.public_id]),
        reverse("sessions_admin:detail", args=[reused.public_id]),
    ):
        page.goto(address)
        for width in (1440, 1024, 375, 320):
            page.set_viewport_size({"width": width, "height": 800})
            # Cards have no headings.
            wanted = f"{parts}, th" if width > 1000 else parts
            assert page.evaluate(TORN, wanted) == [], f"{address} at {width}"
            assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0


def test_an_address_breaks_between_its_groups(new_page, ada, mia, reused):
    longest = "2001:db8:1234:5678:9abc:def0:1234:5678"
    TrackedSession.objects.update(ip_address=longest, reused_ip=longest)
    page = open_in(new_page, "en", ada)
    TrackedSession.objects.update(ip_address=longest)
    for address in (
        reverse("sessions_admin:own"),
        reverse("sessions_admin:termination_log_entry", args=[reused.termination.public_id]),
        reverse("sessions_admin:detail", args=[reused.public_id]),
    ):
        page.goto(address)
        expect(page.get_by_text(longest).first).to_be_attached()
        for width in (1440, 1280, 1024, 375, 320):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate(TORN, ".sa-ip") == [], f"{address} at {width}"


def test_a_sentence_has_no_space_before_a_comma(new_page, ada, reused):
    page = open_in(new_page, "en", ada)
    page.goto(reverse("sessions_admin:detail", args=[reused.public_id]))
    sentence = page.get_by_text("4 attempts to reuse this session")
    expect(sentence).to_contain_text(", from 198.51.100.7")
    gap = sentence.evaluate(
        """element => {
            const time = element.querySelector("time"), range = new Range();
            range.setStart(time.nextSibling, time.nextSibling.data.indexOf(","));
            range.setEnd(time.nextSibling, time.nextSibling.data.indexOf(",") + 1);
            return range.getBoundingClientRect().left - time.getBoundingClientRect().right;
        }"""
    )
    assert abs(gap) < 2


def test_the_chosen_page_of_the_navigation_has_space_around_its_two_lines(new_page, ada, reused):
    page = open_in(new_page, "ar", ada)
    page.set_viewport_size({"width": 1440, "height": 800})
    open_list(page)
    for chosen in page.locator(".sidebar :is([aria-current], .sa-chip)").all():
        space = chosen.evaluate(
            """element => {
                const range = new Range(), box = element.getBoundingClientRect();
                range.selectNodeContents(element);
                const texts = [...range.getClientRects()];
                return Math.min(...texts.map(t => t.top)) - box.top;
            }"""
        )
        assert space >= 2

"""The selection of rows outlasts a reload, until the sessions end or the person signs out."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from sessions_admin.models import TrackedSession
from tests.browser.pages import (
    checkbox_of,
    enter_password,
    expect_heading,
    expect_message,
    expect_rows,
    expect_sign_in_page,
    open_list,
    rows,
    sign_in,
    sign_in_from,
)
from tests.support.factories import PASSWORD

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
KEPT = "sessionStorage.getItem('sa-selected')"


@pytest.fixture
def list_page(page, ada, mia, bob):
    """Ada's list, with two rows selected."""
    for number in (1, 2):
        sign_in_from(f"10.0.0.{number}", mia)
    sign_in_from("10.0.1.1", bob)
    sign_in(page, ada)
    open_list(page)
    for ip in ("10.0.0.1", "10.0.1.1"):
        checkbox_of(page, ip).check()
    return page


@pytest.fixture
def bar(list_page):
    return list_page.get_by_role("form", name="Selected sessions")


def test_a_reload_keeps_it_and_says_what_is_out_of_sight(list_page, bar):
    list_page.reload()
    expect(bar).to_contain_text("2 selected")
    expect(bar.get_by_text("not shown")).to_be_hidden()
    expect(checkbox_of(list_page, "10.0.1.1")).to_be_checked()
    open_list(list_page, q="bob")
    expect_rows(list_page, "Bob")
    expect(bar).to_contain_text("2 selected · 1 not shown")
    bar.get_by_role("button", name="Terminate selected").click()
    expect_heading(list_page, "Terminate 2 sessions?")


def test_only_public_ids_are_kept_and_none_once_nothing_is_selected(list_page, bar, ada):
    kept = json.loads(list_page.evaluate(KEPT))
    own = TrackedSession.objects.get(user=ada)
    chosen = TrackedSession.objects.filter(ip_address__in=["10.0.0.1", "10.0.1.1"])
    ids = {str(session.public_id) for session in chosen}
    assert kept | {"ids": set(kept["ids"])} == {
        "user": str(ada.pk),
        "session": str(own.public_id),
        "ids": ids,
    }
    bar.get_by_role("button", name="Clear selection").click()
    assert list_page.evaluate(KEPT) is None
    list_page.reload()
    expect(rows(list_page)).to_have_count(4)
    expect(bar).to_have_count(0)


def test_ended_sessions_are_no_longer_selected(list_page, bar):
    bar.get_by_role("button", name="Terminate selected").click()
    list_page.get_by_role("button", name="Terminate 2 sessions").click()
    expect_message(list_page, "2 sessions terminated.")
    assert list_page.evaluate(KEPT) is None
    list_page.reload()
    expect(rows(list_page)).to_have_count(2)
    expect(bar).to_have_count(0)


def test_sessions_ended_on_a_page_of_its_own_are_no_longer_selected(list_page, bar, settings):
    settings.SESSIONS_ADMIN = dict(settings.SESSIONS_ADMIN, REAUTHENTICATION_AGE=1)
    list_page.wait_for_timeout(2000)
    bar.get_by_role("button", name="Terminate selected").click()
    expect_heading(list_page, "Confirm your password")
    # Nothing has ended yet.
    assert list_page.evaluate(KEPT) is not None
    settings.SESSIONS_ADMIN = dict(settings.SESSIONS_ADMIN, REAUTHENTICATION_AGE=900)
    enter_password(list_page, PASSWORD)
    list_page.get_by_role("button", name="Terminate 2 sessions").click()
    expect_message(list_page, "2 sessions terminated.")
    expect(rows(list_page)).to_have_count(2)
    expect(bar).to_have_count(0)


def test_terminating_all_leaves_nothing_selected(list_page, bar):
    list_page.get_by_role("link", name="Terminate all").first.click()
    dialog = list_page.get_by_role("dialog")
    dialog.get_by_label("Keep me signed in here").check()
    dialog.get_by_role("button", name="Terminate 4 sessions").click()
    expect(list_page.get_by_text("3 sessions terminated.")).to_be_visible()
    open_list(list_page)
    expect_rows(list_page, "Ada")
    expect(bar).to_have_count(0)


def test_signing_out_forgets_it(list_page, bar, ada):
    list_page.get_by_role("group").get_by_text("Ada Admin").first.click()
    list_page.get_by_role("button", name="Sign out", exact=True).click()
    expect_sign_in_page(list_page)
    assert list_page.evaluate(KEPT) is None
    sign_in(list_page, ada)
    open_list(list_page)
    expect(rows(list_page)).to_have_count(4)
    expect(bar).to_have_count(0)


def test_another_sign_in_does_not_find_it(list_page, bar, ada):
    list_page.goto(reverse("login"))
    sign_in(list_page, ada)
    open_list(list_page)
    expect_rows(list_page, "Ada", "Bob", "Mia", "Mia")
    expect(bar).to_have_count(0)
    assert list_page.evaluate(KEPT) is None

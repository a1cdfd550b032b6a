"""Admins signed in to another account are visible to the accounts they administer."""

from __future__ import annotations

import re

import pytest

from accounts.models import Membership
from sessions_admin import engines
from sessions_admin.models import Termination, TrackedSession
from tests.support.browsing import (
    IPHONE,
    LIST,
    TERMINATE_ALL,
    Browser,
    counts,
    listed,
    row,
    terminate_url,
    text,
)
from tests.support.factories import MembershipFactory, UserFactory, person

pytestmark = pytest.mark.django_db

SECRET = "Zebrafish"
CHIP = "Admin signed in elsewhere"


def test_they_are_listed_and_marked_without_the_other_accounts_name(admin, bob, mia):
    shown = listed(admin)
    assert str(row(bob).public_id) in shown
    page = admin.get(LIST)
    assert text(page).count(CHIP) == 1
    assert "Another account" in text(page)
    assert SECRET not in page.content.decode()
    assert f"?account={row(bob).account_id}" not in page.content.decode()


def test_the_pages_of_the_session_hide_it_as_well(admin, bob):
    session = row(bob)
    for address in (f"{LIST}{session.public_id}/", terminate_url(session), TERMINATE_ALL):
        page = admin.get(address)
        assert page.status_code == 200
        assert SECRET not in page.content.decode(), address
    assert CHIP in text(admin.get(f"{LIST}{session.public_id}/"))


def test_the_other_accounts_name_is_not_found_out_by_searching_or_filtering(admin, bob):
    session = row(bob)
    for query in ("?q=zebra", "?q=z", "?q=ltd", f"?account={session.account_id}"):
        assert str(session.public_id) not in listed(admin, query), query
    for query in ("?q=bob", "?q=iphone", "?q=203.0.113.9", "?q=safari+web"):
        assert str(session.public_id) in listed(admin, query), query


def test_a_place_called_like_the_other_account_is_found_all_the_same(admin, bob):
    TrackedSession.objects.filter(pk=row(bob).pk).update(account_name="Milan", city="Milano")
    assert str(row(bob).public_id) in listed(admin, "?q=milano")
    TrackedSession.objects.filter(pk=row(bob).pk).update(city="")
    assert str(row(bob).public_id) not in listed(admin, "?q=milan")


def test_they_are_ended_like_the_others(admin, bob):
    session = row(bob)
    admin.post(terminate_url(session))
    assert not bob.is_signed_in()
    assert admin.is_signed_in()
    # A second click finds it ended, not missing.
    again = admin.post(terminate_url(session), follow=True)
    assert again.status_code == 200


def test_admins_of_the_other_account_read_only_their_part_of_the_entry(admin, bob, zebra):
    other = Browser().sign_in(person(zebra, "Zoe Zebra", "admin"))
    admin.post(terminate_url(row(bob)), {"reason": "An Acme matter"})
    entry = f"{LIST}termination-log/{Termination.objects.get().public_id}/"
    assert "An Acme matter" in text(admin.get(entry))
    assert "Bob Both" in text(other.get(entry))
    assert "An Acme matter" not in text(other.get(entry))


def test_terminate_all_counts_says_and_ends_them(admin, bob, mia):
    page = text(admin.get(TERMINATE_ALL))
    assert "Terminate 3 sessions?" in page
    assert "Includes 1 session of an owner or admin who is signed in elsewhere." in page
    admin.post(TERMINATE_ALL, {"keep_current": "on"})
    assert [b.is_signed_in() for b in (bob, mia, admin)] == [False, False, True]
    termination = Termination.objects.get()
    assert counts(termination) == (2, 2, 0, 0)
    entry = admin.get(f"{LIST}termination-log/{termination.public_id}/")
    assert "Bob Both" in text(entry)
    assert SECRET not in entry.content.decode()


def test_a_search_for_the_other_accounts_name_ends_nothing(admin, bob):
    admin.post(f"{TERMINATE_ALL}?q=zebra")
    assert bob.is_signed_in()


def test_with_a_filter_by_account_they_stay_and_the_page_says_so(admin, bob, acme, mia):
    page = text(admin.get(f"{TERMINATE_ALL}?account={acme.pk}"))
    assert "Bob Both" in page[page.index("stay signed in") :]
    admin.post(f"{TERMINATE_ALL}?account={acme.pk}", {"keep_current": "on"})
    assert [b.is_signed_in() for b in (bob, mia)] == [True, False]


def test_an_admin_in_no_account_is_in_view_too(admin, acme):
    ann = UserFactory(name="Ann Accountless")
    browser = Browser(IPHONE).sign_in(ann)
    Membership.objects.create(user=ann, account=acme, role="owner")
    assert row(browser).account_id == ""
    assert str(row(browser).public_id) in listed(admin)
    assert text(admin.get(LIST)).count(CHIP) == 1


def test_ones_own_session_elsewhere_is_in_view(bob, acme):
    assert listed(bob) == [str(row(bob).public_id)]
    bob.post(TERMINATE_ALL)
    assert not bob.is_signed_in()


def test_members_elsewhere_are_nobodys_business(admin, acme, zebra):
    max_ = person(acme, "Max Member")
    MembershipFactory(user=max_, account=zebra)
    browser = Browser().sign_in(max_)
    browser.post("/accounts/choose/", {"account": zebra.pk})
    session = row(browser)
    assert str(session.public_id) not in listed(admin)
    assert admin.get(f"{LIST}{session.public_id}/").status_code == 404
    assert admin.post(terminate_url(session)).status_code == 404


def test_who_is_no_admin_any_more_is_out_of_view(admin, bob):
    Membership.objects.filter(user__name="Bob Both", role="admin").update(role="member")
    session = row(bob)
    assert str(session.public_id) not in listed(admin)
    assert admin.get(f"{LIST}{session.public_id}/").status_code == 404


def test_admins_of_the_other_account_see_it_as_their_own_and_no_mark(bob, zebra):
    zoe = Browser().sign_in(person(zebra, "Zoe Zebra", "owner"))
    assert str(row(bob).public_id) in listed(zoe)
    assert CHIP not in text(zoe.get(LIST))


def test_what_the_other_account_ends_is_not_in_this_ones_log(admin, bob, zebra):
    zoe = Browser().sign_in(person(zebra, "Zoe Zebra", "owner"))
    zoe.post(terminate_url(row(bob)), {"reason": SECRET})
    log = admin.get(f"{LIST}termination-log/")
    assert "Zoe" not in log.content.decode()
    entry = f"{LIST}termination-log/{Termination.objects.get().public_id}/"
    assert admin.get(entry).status_code == 404


def test_superusers_are_admins_only_of_accounts_they_belong_to(admin, acme):
    olga = Browser(IPHONE).sign_in(UserFactory(is_superuser=True, name="Olga Operator"))
    assert str(row(olga).public_id) not in listed(admin)
    assert CHIP not in text(olga.get(LIST))
    Membership.objects.create(user_id=row(olga).user_id, account=acme, role="admin")
    assert str(row(olga).public_id) in listed(admin)


def test_a_host_that_cannot_name_admins_keeps_to_the_accounts(admin, bob, mia, settings):
    settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"ADMINS_OF_ACCOUNTS": ""}
    assert str(row(bob).public_id) not in listed(admin)
    assert str(row(mia).public_id) in listed(admin)


def test_an_ended_session_elsewhere_is_not_listed(admin, bob):
    engines.current().delete_many([bob.key])
    assert CHIP not in text(admin.get(LIST))


def test_more_than_are_counted_by_the_store(admin, bob, mia, monkeypatch):
    monkeypatch.setattr("sessions_admin.views.terminate.COUNTED_BY_STORE", 1)
    page = admin.get(TERMINATE_ALL)
    assert "Terminate 3 sessions?" in text(page)
    assert re.search(r"Another account 1\b", text(page))
    assert SECRET not in page.content.decode()


@pytest.mark.parametrize("number", [1, 10])
def test_statements_do_not_grow(admin, acme, bob, number, django_assert_max_num_queries):
    for each in range(number):
        user = person(acme, f"Admin {each}", "admin")
        Browser().sign_in(user)
        TrackedSession.objects.filter(user=user).update(account_id="", account_name="")
    admin.get(LIST)
    with django_assert_max_num_queries(8):
        admin.get(LIST)

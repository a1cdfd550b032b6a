"""Admins send password resets to the people of their accounts, and deactivate them."""

from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from tests.support.browsing import LIST, Browser, grown_old, row
from tests.support.factories import AccountFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(acme):
    return MembershipFactory(user__name="Mia Member", account=acme).user


@pytest.fixture
def admin(acme):
    return Browser().sign_in(MembershipFactory(account=acme, role="admin").user)


def send_reset(browser, person):
    return browser.post(reverse("send_reset", args=[person.pk]))


def deactivate(browser, person):
    return browser.post(reverse("deactivate", args=[person.pk]))


def test_a_reset_is_confirmed_and_mailed_to_that_person_only(admin, member):
    page = admin.get(reverse("send_reset", args=[member.pk])).content.decode()
    assert member.email in page
    assert not mail.outbox
    answer = send_reset(admin, member)
    assert answer["Location"] == LIST
    assert [each.to for each in mail.outbox] == [[member.email]]
    assert "/accounts/reset/" in mail.outbox[0].body


def test_a_mailbox_is_not_flooded(admin, member):
    for _ in range(5):
        send_reset(admin, member)
    assert len(mail.outbox) == 3
    assert "already been sent several links" in admin.get(LIST).content.decode()


def test_deactivating_signs_the_person_out_everywhere(admin, member):
    phone = Browser().sign_in(member)
    assert deactivate(admin, member)["Location"] == LIST
    member.refresh_from_db()
    assert not member.is_active
    assert not phone.is_signed_in()


def test_both_are_offered_after_a_termination(admin, member):
    Browser().sign_in(member)
    session = member.tracked_sessions.get()
    page = admin.post(f"{LIST}{session.public_id}/terminate/", follow=True).content.decode()
    assert reverse("send_reset", args=[member.pk]) in page
    assert reverse("deactivate", args=[member.pk]) in page


@pytest.mark.parametrize("role", ["member", "elsewhere", "nobody"])
def test_others_learn_nothing(acme, member, role):
    if role == "nobody":
        browser = Client()
    else:
        account = acme if role == "member" else AccountFactory()
        kind = "member" if role == "member" else "admin"
        browser = Browser().sign_in(MembershipFactory(account=account, role=kind).user)
    for name in ("send_reset", "deactivate"):
        for method in ("get", "post"):
            answer = getattr(browser, method)(reverse(name, args=[member.pk]))
            assert answer.status_code == (302 if role == "nobody" else 404)
            assert member.email not in answer.content.decode()
    member.refresh_from_db()
    assert member.is_active
    assert not mail.outbox


def test_an_admin_deactivates_nobody_beyond_their_accounts(acme, admin):
    owner = MembershipFactory(account=acme, role="owner").user
    staff = MembershipFactory(account=acme, user__is_staff=True).user
    shared = MembershipFactory(account=acme).user
    MembershipFactory(user=shared, account=AccountFactory())
    for person in (owner, staff, shared, row(admin).user):
        assert deactivate(admin, person).status_code == 404
        person.refresh_from_db()
        assert person.is_active


def test_superusers_may_do_both_for_everybody(member):
    browser = Browser().sign_in(UserFactory(is_superuser=True))
    assert send_reset(browser, member).status_code == 302
    assert deactivate(browser, member).status_code == 302
    member.refresh_from_db()
    assert not member.is_active


def test_both_ask_for_a_fresh_proof_of_identity(admin, member):
    grown_old(admin)
    for act in (send_reset, deactivate):
        answer = act(admin, member)
        assert answer["Location"].startswith(reverse("sessions_admin:reauthenticate"))
    assert not mail.outbox

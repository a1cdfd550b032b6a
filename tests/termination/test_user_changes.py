"""Changes to people and accounts that end sessions."""

from __future__ import annotations

import pytest
from django.core import mail

from accounts.models import Membership, User
from sessions_admin.models import TrackedSession
from tests.support.browsing import Browser
from tests.support.factories import PASSWORD, MembershipFactory

# Effects of a change wait for its transaction to commit.
Reason = TrackedSession.EndReason
pytestmark = pytest.mark.django_db(transaction=True)
NEW = "a-quite-different-9"


@pytest.fixture
def browsers(engine, ana):
    """Two browsers of Ana, on each engine."""
    return Browser().sign_in(ana), Browser().sign_in(ana)


def reasons():
    return list(TrackedSession.objects.order_by("pk").values_list("end_reason", flat=True))


def test_password_change_ends_the_other_browsers_and_keeps_this_one(browsers):
    here, there = browsers
    fields = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert here.post("/accounts/password_change/", fields).status_code == 302

    assert reasons() == ["", Reason.PASSWORD_CHANGED]
    assert here.is_signed_in()
    assert not there.is_signed_in()


def test_password_reset_ends_every_browser(browsers, ana):
    stranger = Browser()
    stranger.post("/accounts/password_reset/", {"email": ana.email})
    link = next(word for word in mail.outbox[0].body.split() if "/reset/" in word)
    form = stranger.get("/" + link.split("/", 3)[3], follow=True)
    fields = {"new_password1": NEW, "new_password2": NEW}
    stranger.post(form.redirect_chain[-1][0], fields)

    assert reasons() == [Reason.PASSWORD_CHANGED] * 2
    assert not any(browser.is_signed_in() for browser in browsers)


def test_somebody_elses_change_of_the_password(browsers, ana):
    ana.set_password(NEW)
    ana.save()
    assert reasons() == [Reason.PASSWORD_CHANGED] * 2


def test_deactivation_ends_and_reactivation_does_not_bring_back(browsers, ana):
    ana.is_active = False
    ana.save()
    assert reasons() == [Reason.USER_DEACTIVATED] * 2
    ana.is_active = True
    ana.save()
    assert not any(browser.is_signed_in() for browser in browsers)


def test_deleting_the_user(browsers, ana):
    User.objects.filter(pk=ana.pk).delete()
    assert reasons() == [Reason.USER_DELETED] * 2
    assert not any(browser.is_signed_in() for browser in browsers)
    assert TrackedSession.objects.first().user_label.startswith("Ana Novak")


def test_removal_from_the_account_signs_out_of_that_account_only(browsers, ana):
    here, there = browsers
    globex = MembershipFactory(user=ana, account__name="Globex").account
    here.post("/accounts/choose/", {"account": globex.pk})
    Membership.objects.get(user=ana, account__name="Acme").delete()

    assert reasons() == ["", Reason.REMOVED]
    assert here.is_signed_in()
    assert not there.is_signed_in()


def test_deleting_the_account_signs_its_people_out_of_it(browsers, ana):
    ana.accounts.get().delete()
    assert reasons() == [Reason.REMOVED] * 2
    assert not any(browser.is_signed_in() for browser in browsers)


def test_changing_ones_own_user_into_one_that_may_not_go_on(browsers, ana, monkeypatch):
    here, there = browsers

    def deactivate_oneself(self, request, *args, **kwargs):
        user = User.objects.get(pk=request.user.pk)
        user.is_active = False
        user.save()
        return answer(self, request, *args, **kwargs)

    from accounts.views import HomeView

    answer = HomeView.get
    monkeypatch.setattr(HomeView, "get", deactivate_oneself)
    here.get("/")

    assert reasons() == [Reason.USER_DEACTIVATED] * 2
    User.objects.update(is_active=True)
    assert not here.is_signed_in()
    assert not there.is_signed_in()


def test_change_that_is_rolled_back_ends_nothing(browsers, ana):
    from django.db import transaction

    with transaction.atomic():
        ana.set_password(NEW)
        ana.save()
        ana.delete()
        transaction.set_rollback(True)
    assert reasons() == ["", ""]
    assert all(browser.is_signed_in() for browser in browsers)


def test_downgrade_locks_the_page_and_signs_nobody_out(browsers, ana):
    account = ana.accounts.get()
    account.plan = "starter"
    account.save()
    assert reasons() == ["", ""]
    assert all(browser.is_signed_in() for browser in browsers)

"""What admins are offered after a termination, and where an account gets the feature."""

from __future__ import annotations

import pytest
from django.urls import reverse

from sessions_admin.resolvers import NextStep
from tests.support.browsing import LIST, Browser, row, text
from tests.support.factories import MembershipFactory

pytestmark = pytest.mark.django_db


def offer(request, user):
    return [NextStep("Call <them>", f"/calls/?to={user.pk}&by={request.user.pk}")]


def fail(request, user):
    raise RuntimeError


@pytest.fixture
def admin(acme):
    return Browser().sign_in(MembershipFactory(account=acme, role="admin").user)


@pytest.fixture
def member(acme):
    return Browser().sign_in(MembershipFactory(user__name="Mia Member", account=acme).user)


@pytest.fixture
def offering(settings):
    def choose(function, **more):
        path = f"{__name__}.{function.__name__}"
        settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"NEXT_STEPS": path, **more}

    return choose


def terminate(admin, session):
    return admin.post(f"{LIST}{session.public_id}/terminate/", follow=True).content.decode()


def test_after_a_termination_admins_see_the_log_entry_and_the_next_steps(admin, member, offering):
    offering(offer)
    session = row(member)
    page = terminate(admin, session)
    session.refresh_from_db()
    entry = reverse("sessions_admin:termination_log_entry", args=[session.termination.public_id])
    assert f'<a href="{entry}">View log entry</a>' in page
    link = f"/calls/?to={session.user_id}&amp;by={row(admin).user_id}"
    assert f'<a href="{link}">Call &lt;them&gt;</a>' in page


def test_the_alarm_about_a_reused_cookie_offers_them_too(admin, member, offering):
    offering(offer)
    session, key = row(member), member.key
    terminate(admin, session)
    thief = Browser(ip="203.0.113.9")
    thief.cookies["sessionid"] = key
    thief.get("/")
    session.refresh_from_db()
    entry = reverse("sessions_admin:termination_log_entry", args=[session.termination.public_id])
    assert "Call &lt;them&gt;</a>" in admin.get(entry).content.decode()


def test_a_function_that_fails_offers_nothing_and_breaks_nothing(admin, member, offering):
    offering(fail)
    assert "Signed out Mia Member" in terminate(admin, row(member))
    assert not member.is_signed_in()


@pytest.mark.parametrize("single_sign_on", [True, False])
def test_confirmations_say_that_single_sign_on_may_let_people_back_in(
    admin, member, offering, single_sign_on
):
    offering(offer, SINGLE_SIGN_ON=single_sign_on)
    for address in (f"{LIST}{row(member).public_id}/terminate/", f"{LIST}terminate-all/"):
        assert ("Single sign-on may let" in text(admin.get(address))) == single_sign_on


@pytest.mark.parametrize(
    ("url", "link"),
    [("home", 'href="/"'), ("https://example.com/buy", 'href="https://example.com/buy"')],
)
def test_the_locked_page_leads_to_the_upgrade(acme, admin, settings, url, link):
    acme.plan = acme.Plan.STARTER
    acme.save()
    settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"UPGRADE_URL": url}
    page = admin.get(LIST).content.decode()
    assert f'sa-button--primary" {link}>Upgrade</a>' in page
    assert "Premium" in page

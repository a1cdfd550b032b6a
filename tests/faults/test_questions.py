"""How often a bulk termination asks the host for admins, and at what cost."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import access
from accounts.models import User
from sessions_admin import conf_problems, policy
from sessions_admin.termination import impact
from tests.support.browsing import LIST, Browser
from tests.support.factories import AccountFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db

PAGE = LIST + "terminate-all/"
UNKNOWN = "too many people to check"
asked = []


def counted_administered_by(user):
    asked.append(user)
    return access.administered_by(user)


def by_keys(account_ids):
    return list(access.admins_of(account_ids))


@pytest.fixture
def acme():
    return AccountFactory(name="Acme")


@pytest.fixture
def admin(acme):
    return Browser().sign_in(
        MembershipFactory(user__name="Ada Admin", account=acme, role="admin").user
    )


@pytest.fixture
def host(settings):
    """Set the host's answers, and count the calls for a person."""

    def answering(admins_of_accounts):
        asked.clear()
        settings.SESSIONS_ADMIN = {
            **settings.SESSIONS_ADMIN,
            "ADMINISTERED_ACCOUNTS": f"{__name__}.counted_administered_by",
            "ADMINS_OF_ACCOUNTS": admins_of_accounts,
        }

    answering("accounts.access.admins_of")
    return answering


def sign_in_people(account, number, role="member"):
    for _ in range(number):
        Browser().sign_in(MembershipFactory(account=account, role=role).user)


def statements(browser, query=""):
    with CaptureQueriesContext(connection) as found:
        assert browser.get(PAGE + query).status_code == 200
    return len(found)


def test_as_many_questions_for_many_people_as_for_few(admin, acme, host):
    sign_in_people(acme, 2, "admin")
    sign_in_people(acme, 2)
    few = statements(admin)
    sign_in_people(acme, 15, "admin")
    sign_in_people(acme, 15)
    asked.clear()
    assert statements(admin) == few
    assert {person.get_full_name() for person in asked} == {"Ada Admin"}


@pytest.mark.parametrize("answer", ["accounts.access.admins_of", f"{__name__}.by_keys", ""])
def test_the_answer_is_the_same_however_the_host_gives_it(admin, acme, host, answer):
    host(answer)
    for name, role in (("Bob Both", "owner"), ("Olga Owner", "admin"), ("Mia Member", "member")):
        Browser().sign_in(MembershipFactory(user__name=name, account=acme, role=role).user)
    Browser().sign_in(MembershipFactory(user__name="Gus Globex", role="owner").user)
    root = UserFactory(is_superuser=True, name="Rita Root")
    MembershipFactory(user=root, account=acme)
    Browser().sign_in(root)
    me = User.objects.get(name="Ada Admin")
    scope = policy.scope_of(me)
    meant = scope.sessions().active()
    found = impact.impact_of(meant, scope=scope, asked_by=me)
    assert found.is_known
    assert found.signed_out == ["Bob Both", "Olga Owner", "Rita Root"]
    found = impact.impact_of(meant.none(), scope=scope, asked_by=me)
    assert found.staying == ["Bob Both", "Olga Owner", "Rita Root"]


@pytest.mark.parametrize("answer", ["accounts.access.admins_of", ""])
def test_superusers_are_told_of_admins_of_any_account(acme, host, answer):
    host(answer)
    Browser().sign_in(MembershipFactory(user__name="Bob Both", account=acme, role="owner").user)
    Browser().sign_in(MembershipFactory(user__name="Mia Member", account=acme).user)
    operator = UserFactory(is_superuser=True)
    scope = policy.scope_of(operator)
    found = impact.impact_of(scope.sessions().active(), scope=scope, asked_by=operator)
    assert found.signed_out == ["Bob Both"]


def test_a_host_without_the_answer_is_asked_about_few_and_the_rest_is_not_known(admin, acme, host):
    host("")
    sign_in_people(acme, impact.PEOPLE_ASKED_ABOUT)
    assert UNKNOWN not in admin.get(PAGE).content.decode()
    sign_in_people(acme, 1)
    asked.clear()
    assert UNKNOWN in admin.get(PAGE).content.decode()
    assert len({person.pk for person in asked}) == 1


def test_more_admins_than_can_be_named_are_not_known(admin, acme, host, monkeypatch):
    monkeypatch.setattr(impact, "PEOPLE_NAMED", 3)
    sign_in_people(acme, 3, "admin")
    sign_in_people(acme, 5)
    assert UNKNOWN not in admin.get(PAGE).content.decode()
    sign_in_people(acme, 1, "admin")
    assert UNKNOWN in admin.get(PAGE).content.decode()


def test_a_wrong_path_is_a_check(host):
    host("accounts.access.nobody_wrote_this")
    problems = [problem for problem, _hint in conf_problems.problems()]
    assert len(problems) == 1
    assert "ADMINS_OF_ACCOUNTS" in problems[0]
    host("")
    assert not list(conf_problems.problems())

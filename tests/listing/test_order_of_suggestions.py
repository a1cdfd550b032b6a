"""Suggestions come in the order that people expect: what begins with the text first, by name."""

from __future__ import annotations

import pytest

from accounts.models import User
from sessions_admin import policy
from sessions_admin.listing import suggestions
from tests.support.browsing import Browser
from tests.support.factories import AccountFactory, MembershipFactory, UserFactory, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    return policy.scope_of(UserFactory(is_superuser=True, name="Olga Operator"))


def names(found):
    return [each.label.partition(" (")[0] for each in found]


class TestPeople:
    @pytest.fixture(autouse=True)
    def crowd(self, acme):
        for name in (
            "Diana Lind",
            "Juliana Berg",
            "Ana Zeman",
            "Roxana Kos",
            "Ánáïs Roy",
            "Anatol",
        ):
            Browser().sign_in(person(acme, name))

    def test_who_begins_with_the_text_comes_first(self, operator):
        found = suggestions.people(operator, "ana", limit=10)
        assert names(found) == [
            "Ana Zeman",
            "Anatol",
            "Ánáïs Roy",
            "Diana Lind",
            "Juliana Berg",
            "Roxana Kos",
        ]

    def test_they_are_among_the_few_that_are_shown(self, operator):
        assert names(suggestions.people(operator, "ana ", limit=3)) == [
            "Ana Zeman",
            "Anatol",
            "Ánáïs Roy",
        ]

    def test_an_address_counts_as_well(self, acme, operator):
        User.objects.filter(name="Roxana Kos").update(email="analyst@acme.example")
        assert "Roxana Kos" in names(suggestions.people(operator, "ana", limit=4))


class TestAccounts:
    @pytest.fixture(autouse=True)
    def accounts(self, acme):
        # In no order, and with ids that say nothing.
        for name in ("Zeta Nord", "nordwind", "Alpha Nord", "Nordlicht", "Beta Nord"):
            person_of_it = person(AccountFactory(name=name), f"{name.split()[0]} Person")
            Browser().sign_in(person_of_it)

    def test_they_are_sorted_by_name(self, operator):
        wanted = ["Nordlicht", "nordwind", "Alpha Nord", "Beta Nord", "Zeta Nord"]
        assert names(suggestions.accounts(operator, "nord", limit=10)) == wanted
        assert names(suggestions.accounts(operator, "nord", limit=3)) == wanted[:3]

    def test_so_are_those_that_one_administers(self):
        admin = UserFactory(name="Ada Admin")
        for name in ("Zeta Nord", "Alpha Nord", "Nordlicht"):
            account = AccountFactory(name=f"{name} AG")
            MembershipFactory(user=admin, account=account, role="owner")
        found = suggestions.accounts(policy.scope_of(admin), "nord", limit=2)
        assert names(found) == ["Nordlicht AG", "Alpha Nord AG"]

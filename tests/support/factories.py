"""People, accounts and memberships for tests."""

from __future__ import annotations

import factory

from accounts.models import Account, Membership, User

PASSWORD = "demo-password"


class UserFactory(factory.django.DjangoModelFactory[User]):
    """A person who signs in with `PASSWORD`."""

    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"person-{n}@example.com")
    name = factory.Sequence(lambda n: f"Person {n}")
    password = factory.django.Password(PASSWORD)


class AccountFactory(factory.django.DjangoModelFactory[Account]):
    class Meta:
        model = Account

    name = factory.Sequence(lambda n: f"Account {n:03}")
    plan = Account.Plan.PREMIUM


class MembershipFactory(factory.django.DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    account = factory.SubFactory(AccountFactory)
    role = Membership.Role.MEMBER


def person(account: Account, name: str, role: str = "member") -> User:
    """A new member of the account."""
    return MembershipFactory(user__name=name, account=account, role=role).user

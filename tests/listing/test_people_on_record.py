"""Suggestions of people in login records, who need not have an active session."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_admin import policy
from sessions_admin.listing import suggestions
from sessions_admin.models import TrackedSession
from tests.support.factories import UserFactory, person

pytestmark = pytest.mark.django_db

NAMES = ["Diana Lind", "Juliana Berg", "Roxana Kos", "Ana Zeman", "Ánáïs Roy", "Anatol Ury"]


@pytest.fixture(params=["operator", "admin"])
def scope(request, acme):
    if request.param == "operator":
        return policy.scope_of(UserFactory(is_superuser=True, name="Olga Operator"))
    return policy.scope_of(person(acme, "Ada Admin", "admin"))


@pytest.fixture(autouse=True)
def past(acme, globex):
    for account, names in ((acme, NAMES), (globex, ["Ana Globex"])):
        for name in names:
            user, now = person(account, name), timezone.now()
            TrackedSession.objects.create(
                user=user,
                user_label=name,
                account_id=str(account.pk),
                application="web",
                created_at=now - timedelta(days=1),
                expires_at=now,
                ended_at=now,
                end_reason="signed_out",
            )
    # They never signed in.
    person(acme, "Ana Absent")


def names(scope, text, limit, *, records=True):
    found = suggestions.people(scope, text, limit=limit, records=records)
    return [each.label.partition(" (")[0] for each in found]


def test_any_part_of_a_name_is_enough_and_those_that_begin_with_it_come_first(scope):
    outside = ["Ana Globex"] if scope.everything else []
    first = [*outside, "Ana Zeman", "Anatol Ury", "Ánáïs Roy"]
    assert names(scope, "ana", 10) == [*first, "Diana Lind", "Juliana Berg", "Roxana Kos"]
    assert names(scope, "oxan", 10) == ["Roxana Kos"]
    assert names(scope, "kos rox", 10) == ["Roxana Kos"]
    assert names(scope, "ana", 10, records=False) == []


def test_those_that_begin_with_it_are_among_the_few_that_are_shown(scope):
    outside = ["Ana Globex"] if scope.everything else []
    first = [*outside, "Ana Zeman", "Anatol Ury", "Ánáïs Roy"]
    assert names(scope, "ana", len(first)) == first


def test_an_exact_name_is_among_them_too(scope):
    assert "Ana Zeman" in names(scope, "ana zeman", 1)
    assert names(scope, "Anatol Ury", 1) == ["Anatol Ury"]

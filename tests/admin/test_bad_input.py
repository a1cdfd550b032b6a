"""Input that PostgreSQL refuses gets a clear answer in the Django admin."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.urls import reverse

from tests.support.browsing import Browser
from tests.support.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db

NUL = "a%00b"


@pytest.fixture
def operator():
    MembershipFactory()
    return Browser().sign_in(UserFactory(is_staff=True, is_superuser=True))


def filters():
    for model, guard in admin.site._registry.items():
        page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for field in guard.list_filter:
            name = field if isinstance(field, str) else getattr(field, "parameter_name", None)
            if name:
                yield from (f"{page}?{name}={NUL}", f"{page}?{name}__exact={NUL}")


def suggestions():
    for model in admin.site._registry:
        names = f"app_label={model._meta.app_label}&model_name={model._meta.model_name}"
        for field in model._meta.get_fields():
            if field.is_relation and field.concrete and field.related_model in admin.site._registry:
                address = f"{reverse('admin:autocomplete')}?{names}&field_name={field.name}"
                yield f"{address}&term={NUL}"


def test_filters(operator):
    asked = list(filters())
    for address in asked:
        answer = operator.get(address)
        assert answer.status_code == 302, address
        assert answer["Location"] == f"{address.partition('?')[0]}?e=1"
    assert len(asked) > 15


def test_suggestions(operator):
    asked = list(suggestions())
    for address in asked:
        assert operator.get(address).status_code == 400, address
        assert operator.get(address.replace(NUL, "a")).status_code == 200, address
    assert len(asked) >= 5


@pytest.mark.parametrize("pk", ["x", "a\0b", "9" * 30, "-1", ""])
def test_actions(operator, pk):
    fields = {"action": "delete_selected", "_selected_action": pk, "post": "yes"}
    for model in admin.site._registry:
        page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        assert operator.post(page, fields).status_code < 500, (model, pk)

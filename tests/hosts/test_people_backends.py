"""People whose backend takes their email address instead of a username can prove who they are."""

from __future__ import annotations

import pytest
from django.contrib.auth.backends import BaseBackend

from accounts.models import User
from tests.support.browsing import LIST, TERMINATE_ALL, Browser, grown_old
from tests.support.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

CONFIRM = f"{LIST}confirm-password/"


class EmailBackend(BaseBackend):
    def get_user(self, user_id):
        return User.objects.filter(pk=user_id).first()

    def authenticate(self, request, email, password):
        user = User.objects.filter(email=email).first()
        return user if user and user.check_password(password) else None


class LenientBackend(EmailBackend):
    def authenticate(self, request, email=None, password=None, **more):
        return super().authenticate(request, email, password)


@pytest.mark.parametrize("backend", [EmailBackend, LenientBackend])
def test_the_right_password_is_accepted_and_a_wrong_one_is_not(settings, backend):
    path = f"{__name__}.{backend.__name__}"
    settings.AUTHENTICATION_BACKENDS = [path]
    operator = Browser()
    operator.force_login(UserFactory(is_superuser=True), backend=path)
    operator.get(LIST)
    grown_old(operator)
    assert operator.get(TERMINATE_ALL).status_code == 302
    assert operator.post(CONFIRM, {"password": "wrong"}).status_code == 200
    assert operator.get(TERMINATE_ALL).status_code == 302
    assert operator.post(CONFIRM, {"password": PASSWORD}).status_code == 302
    assert operator.get(TERMINATE_ALL).status_code == 200

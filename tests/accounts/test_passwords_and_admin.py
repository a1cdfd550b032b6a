"""Changing passwords, and people in the Django admin."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import User
from sessions_admin import reauthentication
from tests.accounts.signing_in import NEW_PASSWORD, sign_in, signed_in
from tests.support.factories import PASSWORD, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


class TestPassword:
    def test_change(self, client, user):
        sign_in(client, user)
        assert client.get(reverse("password_change")).status_code == 200
        answer = client.post(
            reverse("password_change"),
            {
                "old_password": PASSWORD,
                "new_password1": NEW_PASSWORD,
                "new_password2": NEW_PASSWORD,
            },
        )
        assert answer.url == reverse("password_change_done")
        assert client.get(answer.url).status_code == 200
        assert signed_in(client) == user.email
        user.refresh_from_db()
        assert user.check_password(NEW_PASSWORD)

    def test_change_needs_the_old_one(self, client, user):
        sign_in(client, user)
        answer = client.post(
            reverse("password_change"),
            {"old_password": "x", "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD},
        )
        assert answer.status_code == 200
        assert "old_password" in answer.context["form"].errors

    def test_reset_by_the_link_in_the_mail(self, client, user):
        assert client.get(reverse("password_reset")).status_code == 200
        answer = client.post(reverse("password_reset"), {"email": user.email.upper()})
        assert answer.url == reverse("password_reset_done")
        assert client.get(answer.url).status_code == 200
        [message] = mail.outbox
        assert message.to == [user.email]
        assert message.subject

        [link] = re.findall(r"http://testserver(/accounts/reset/\S+)", message.body)
        page = client.get(link, follow=True)
        assert page.status_code == 200
        form_path = page.redirect_chain[-1][0]
        answer = client.post(
            form_path, {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
        )
        assert answer.url == reverse("password_reset_complete")
        assert client.get(answer.url).status_code == 200
        assert sign_in(client, user, password=NEW_PASSWORD).status_code == 302
        assert signed_in(client) == user.email

        used = Client().get(link, follow=True)
        assert used.status_code == 200
        assert not used.context["validlink"]

    @pytest.mark.parametrize("inactive", [False, True])
    def test_reset_tells_nobody_who_has_a_user(self, client, inactive):
        person = UserFactory(is_active=False) if inactive else UserFactory.build()
        answer = client.post(reverse("password_reset"), {"email": person.email})
        assert answer.url == reverse("password_reset_done")
        assert mail.outbox == []


class TestDjangoAdmin:
    @pytest.fixture
    def operator(self, client):
        operator = UserFactory(is_staff=True, is_superuser=True)
        sign_in(client, operator, "admin:login")
        return client

    @pytest.mark.parametrize("model", ["user", "account", "membership"])
    def test_pages_load(self, operator, model):
        membership = MembershipFactory()
        pk = {"user": membership.user_id, "account": membership.account_id}.get(
            model, membership.pk
        )
        for page in (
            reverse(f"admin:accounts_{model}_changelist", query={"q": "person"}),
            reverse(f"admin:accounts_{model}_add"),
            reverse(f"admin:accounts_{model}_change", args=[pk]),
            reverse(f"admin:accounts_{model}_history", args=[pk]),
            reverse(f"admin:accounts_{model}_delete", args=[pk]),
        ):
            assert operator.get(page).status_code == 200, page

    def test_a_person_is_added_with_a_password_given_twice(self, operator):
        answer = operator.post(reverse("admin:accounts_user_add"), person_fields("new@example.com"))
        assert answer.status_code == 302
        assert sign_in(Client(), User.objects.get(email="new@example.com"), password=NEW_PASSWORD)

    def test_an_address_somebody_has_in_other_capitals_is_refused(self, operator, user):
        answer = operator.post(reverse("admin:accounts_user_add"), person_fields("ADA@example.com"))
        assert answer.status_code == 200
        assert "email" in answer.context["adminform"].form.errors
        other = UserFactory()
        form = {"email": "ada@EXAMPLE.com", "name": "", **no_memberships()}
        answer = operator.post(reverse("admin:accounts_user_change", args=[other.pk]), form)
        assert "email" in answer.context["adminform"].form.errors

    def test_a_person_may_keep_their_address_in_other_capitals(self, operator, user):
        form = {"email": "ada@example.com", "name": "Ada", "is_active": "on", **no_memberships()}
        answer = operator.post(reverse("admin:accounts_user_change", args=[user.pk]), form)
        assert answer.status_code == 302
        user.refresh_from_db()
        assert user.email == "ada@example.com"
        assert user.check_password(PASSWORD)

    def test_the_password_is_never_shown_and_changes_on_its_own_page(self, operator, user):
        page = operator.get(reverse("admin:accounts_user_change", args=[user.pk]))
        assert user.password not in page.content.decode()
        change = reverse("admin:auth_user_password_change", args=[user.pk])
        passwords = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
        assert operator.get(change).status_code == 200
        assert operator.post(change, passwords).status_code == 302
        user.refresh_from_db()
        assert user.check_password(NEW_PASSWORD)

    def test_what_people_sign_in_with_changes_only_after_a_fresh_proof(self, operator, user):
        """ASVS 7.5.1: changes to credentials require reauthentication."""
        session = operator.session
        session[reauthentication.PROVED_AT] -= 901
        session.save()
        change = reverse("admin:accounts_user_change", args=[user.pk])
        form = {"email": "eve@example.com", "name": "Ada", "is_active": "on", **no_memberships()}
        passwords = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
        for address, fields in (
            (change, form),
            (reverse("admin:auth_user_password_change", args=[user.pk]), passwords),
        ):
            for answer in (operator.get(address), operator.post(address, fields)):
                assert answer["Location"].startswith(reverse("sessions_admin:reauthenticate"))
        user.refresh_from_db()
        assert user.email == "Ada@Example.com"
        assert user.check_password(PASSWORD)
        operator.post(
            reverse("sessions_admin:reauthenticate"), {"password": PASSWORD, "next": change}
        )
        assert operator.get(change).status_code == 200

    def test_people_who_are_not_staff_are_kept_out(self, client, user):
        sign_in(client, user)
        answer = client.get(reverse("admin:accounts_user_changelist"))
        assert answer.status_code == 302
        assert answer.url.startswith(reverse("admin:login"))


def person_fields(email):
    passwords = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    return {"email": email, "usable_password": "true", **passwords, **no_memberships()}


def no_memberships():
    return {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}

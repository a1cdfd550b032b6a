"""Signing in and out, on the pages and from the mobile app."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from django.contrib.auth import authenticate
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from sessions_admin.models import TrackedSession
from tests.accounts.signing_in import (
    WRONG,
    account_name,
    assert_error,
    mobile_sign_in,
    sign_in,
    signed_in,
)
from tests.support.factories import PASSWORD, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


class TestSignIn:
    @pytest.mark.parametrize(
        ("entrance", "application", "landing"),
        [
            ("login", "Web app", "home"),
            ("account_management_login", "Account Management", "account_management"),
        ],
    )
    def test_each_entrance_leads_to_its_landing_and_a_session_of_its_application(
        self, client, user, entrance, application, landing
    ):
        page = client.get(reverse(entrance))
        assert page.status_code == 200
        assert '<h1 id="sign-in">Sign in</h1>' in page.content.decode()
        assert 'type="email"' in str(page.context["form"]["username"])

        answer = sign_in(client, user, entrance)

        assert (answer.status_code, answer.url) == (302, reverse(landing))
        assert client.get(answer.url).status_code == 200
        assert signed_in(client) == user.email
        assert TrackedSession.objects.get().application_name == application

    @pytest.mark.parametrize("entrance", ["login", "account_management_login"])
    def test_wrong_password_unknown_address_and_inactive_person_get_the_same_answer(
        self, client, user, entrance
    ):
        inactive = UserFactory(is_active=False)
        unknown = UserFactory.build()
        answers = [
            sign_in(client, user, entrance, password="wrong"),
            sign_in(client, inactive, entrance),
            sign_in(client, unknown, entrance),
        ]
        for answer in answers:
            assert answer.status_code == 200
            assert WRONG in str(answer.context["form"].non_field_errors())
        assert signed_in(client) is None

    @pytest.mark.parametrize("address", ["ada@example.com", "ADA@EXAMPLE.COM", " Ada@example.com "])
    def test_capitals_in_the_address_do_not_matter(self, client, user, address):
        client.post(reverse("login"), {"username": address, "password": PASSWORD})
        assert signed_in(client) == user.email

    @pytest.mark.parametrize("address", ["%@example.com", "ada_example.com", "", "a\0@example.com"])
    def test_addresses_that_are_none_are_refused(self, client, user, address):
        answer = client.post(reverse("login"), {"username": address, "password": PASSWORD})
        assert answer.status_code == 200
        assert signed_in(client) is None

    def test_next_is_followed(self, client, user):
        destination = reverse("account_management") + "?a=1&b=2"
        page = client.get(reverse("login", query={"next": destination}))
        assert page.context["next"] == destination
        assert sign_in(client, user, next=destination).url == destination

    @pytest.mark.parametrize(
        "elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\e.x"]
    )
    def test_next_never_leads_to_another_site(self, client, user, elsewhere):
        page = client.get(reverse("login", query={"next": elsewhere}))
        assert page.context["next"] == ""
        assert sign_in(client, user, next=elsewhere).url == reverse("home")

    def test_somebody_signed_in_may_sign_in_as_another_person(self, client, user):
        membership = MembershipFactory()
        sign_in(client, membership.user)
        assert client.get(reverse("login")).status_code == 200

        sign_in(client, user)

        assert signed_in(client) == user.email
        assert account_name(client) is None

    @pytest.mark.parametrize(
        ("page", "entrance"),
        [
            ("home", "login"),
            ("choose_account", "login"),
            ("password_change", "login"),
            ("account_management", "account_management_login"),
        ],
    )
    def test_signed_out_people_are_sent_to_the_entrance_and_back(
        self, client, user, page, entrance
    ):
        answer = client.get(reverse(page))
        assert answer.url == reverse(entrance) + "?" + urlencode({"next": reverse(page)}, safe="/")
        assert sign_in(client, user, entrance, next=reverse(page)).url == reverse(page)

    def test_a_form_without_csrf_token_is_refused(self, user):
        client = Client(enforce_csrf_checks=True)
        assert sign_in(client, user).status_code == 403
        assert signed_in(client) is None


class TestSignOut:
    def test_post_signs_out(self, client, user):
        sign_in(client, user)
        answer = client.post(reverse("logout"))
        assert answer.url == reverse("login")
        assert signed_in(client) is None

    def test_get_changes_nothing(self, client, user):
        sign_in(client, user)
        assert client.get(reverse("logout")).status_code == 405
        assert signed_in(client) == user.email


class TestMobile:
    def test_sign_in_answers_with_person_account_and_cookie(self, client, user):
        membership = MembershipFactory(user=user, account__name="Acme")
        answer = mobile_sign_in(client, user)
        expected = {
            "person": {"email": user.email, "name": "Ada Lovelace"},
            "account": {"id": str(membership.account_id), "name": "Acme"},
        }
        assert answer.status_code == 200
        assert answer.json() == expected
        assert answer.cookies["sessionid"]["httponly"]
        assert client.get(reverse("mobile_me")).json() == expected
        assert TrackedSession.objects.get().application_name == "Mobile app"

    def test_a_person_without_accounts_has_none(self, client, user):
        assert mobile_sign_in(client, user).json()["account"] is None

    def test_no_csrf_token_is_needed(self, user):
        client = Client(enforce_csrf_checks=True)
        assert mobile_sign_in(client, user).status_code == 200
        answer = client.post(reverse("mobile_sign_out"), content_type="application/json")
        assert answer.status_code == 204

    def test_wrong_credentials(self, client, user):
        inactive = UserFactory(is_active=False)
        for answer in (
            mobile_sign_in(client, user, password="wrong"),
            mobile_sign_in(client, inactive),
            mobile_sign_in(client, UserFactory.build()),
        ):
            assert_error(answer, 401, "wrong_credentials")
        assert signed_in(client) is None

    @pytest.mark.parametrize(
        "body",
        [
            b"", b"{", b"null", b"7", b'"x"', b"[]", b"\xff\xfe\xfd", b"[" * 9_000, b"9" * 9_000,
            b'{"email": "a@b.c"}', b'{"email": "a@b.c", "password": 7}',
            b'{"email": ["a@b.c"], "password": "x"}', b'{"email": "", "password": "x"}',
            b'{"email": "a@b.c", "password": null}',
            b'{"email": "a\\u0000@b.c", "password": "x"}',
            b'{"email": "a@b.c", "password": "x\\u0000"}',
            b'{"email": "a@b.c", "password": "\\ud800"}',
            b'{"email": "\\udfff@b.c", "password": "x"}',
        ],
    )  # fmt: skip
    def test_malformed_bodies(self, client, body):
        answer = client.generic(
            "POST", reverse("mobile_sign_in"), body, CONTENT_TYPE="application/json"
        )
        assert_error(answer, 400, "malformed")

    def test_a_body_over_10_kb_is_refused_whatever_it_says(self, client, user):
        body = {"email": user.email, "password": PASSWORD, "padding": "x" * 10_240}
        answer = client.post(reverse("mobile_sign_in"), body, content_type="application/json")
        assert_error(answer, 400, "malformed")

    @pytest.mark.parametrize("name", ["mobile_sign_in", "mobile_sign_out"])
    @pytest.mark.parametrize(
        "content_type",
        ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", ""],
    )
    def test_only_json_changes_anything(self, client, user, name, content_type):
        sign_in(client, user)
        body = json.dumps({"email": user.email, "password": PASSWORD})
        answer = client.generic("POST", reverse(name), body, content_type=content_type)
        assert_error(answer, 415, "not_json")
        assert signed_in(client) == user.email

    def test_a_charset_is_no_obstacle(self, client, user):
        body = json.dumps({"email": user.email, "password": PASSWORD})
        kind = "application/json; charset=utf-8"
        answer = client.post(reverse("mobile_sign_in"), body, content_type=kind)
        assert answer.status_code == 200

    @pytest.mark.parametrize(
        ("name", "method", "allowed"),
        [
            ("mobile_sign_in", "GET", "POST"),
            ("mobile_sign_in", "PUT", "POST"),
            ("mobile_sign_out", "GET", "POST"),
            ("mobile_me", "POST", "GET"),
            ("mobile_me", "DELETE", "GET"),
        ],
    )
    def test_other_methods(self, client, name, method, allowed):
        answer = client.generic(method, reverse(name))
        assert_error(answer, 405, "method_not_allowed")
        assert allowed in answer.headers["Allow"]

    def test_me_when_signed_out(self, client):
        assert_error(client.get(reverse("mobile_me")), 401, "signed_out")

    def test_sign_out_ends_the_session_and_may_be_repeated(self, client, user):
        mobile_sign_in(client, user)
        for _ in range(2):
            answer = client.post(reverse("mobile_sign_out"), content_type="application/json")
            assert (answer.status_code, answer.content) == (204, b"")
            assert signed_in(client) is None


class TestAddresses:
    def test_authenticate_ignores_capitals(self, user):
        assert authenticate(username="aDA@eXAMPLE.com", password=PASSWORD) == user
        assert authenticate(username=None, password=PASSWORD) is None

    def test_the_database_refuses_a_second_person_with_the_same_address(self, user):
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create_user("ada@example.COM")

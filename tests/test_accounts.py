"""People sign in through each entrance, choose an account, and look after their password."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.contrib.auth import authenticate, get_user
from django.contrib.auth.models import AnonymousUser
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import access
from accounts.context_processors import navigation
from accounts.models import Account, Membership, User
from sessions_admin import reauthentication
from sessions_admin.models import TrackedSession
from sessions_admin.resolvers import AccountRef, AdministeredAccount

from .factories import PASSWORD, AccountFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "another-long-passphrase-7"
WRONG = "The e-mail address and password do not match."


def sign_in(client, user, entrance="login", password=PASSWORD, **fields):
    credentials = {"username": user.email, "password": password}
    return client.post(reverse(entrance), credentials | fields)


def mobile_sign_in(client, user, password=PASSWORD):
    body = {"email": user.email, "password": password}
    return client.post(reverse("mobile_sign_in"), body, content_type="application/json")


def signed_in(client):
    """Who the next request with this client's cookie comes from; None for nobody."""
    answer = client.get(reverse("mobile_me"))
    return answer.json()["person"]["email"] if answer.status_code == 200 else None


def account_name(client):
    account = client.get(reverse("mobile_me")).json()["account"]
    return account and account["name"]


@pytest.fixture
def user():
    return UserFactory(email="Ada@Example.com", name="Ada Lovelace")


@pytest.fixture
def two_accounts(user):
    """Ada's memberships of Alpha and Beta, neither ever chosen."""
    return [
        MembershipFactory(user=user, account__name="Beta"),
        MembershipFactory(user=user, account__name="Alpha"),
    ][::-1]


class TestSignIn:
    @pytest.mark.parametrize(
        ("entrance", "application", "landing"),
        [
            ("login", "Web app", "home"),
            ("account_management_login", "Account management", "account_management"),
        ],
    )
    def test_each_entrance_names_its_application_and_leads_to_its_landing(
        self, client, user, entrance, application, landing
    ):
        page = client.get(reverse(entrance))
        assert page.status_code == 200
        assert page.context["application_name"] == application
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


class TestAccountOfASession:
    def test_a_person_with_one_account_starts_in_it(self, client, user):
        MembershipFactory(user=user, account__name="Only")
        assert sign_in(client, user).url == reverse("home")
        assert account_name(client) == "Only"

    def test_a_person_without_accounts_is_in_none(self, client, user):
        assert sign_in(client, user).url == reverse("home")
        assert account_name(client) is None

    def test_whoever_never_chose_is_asked_and_is_in_the_first_meanwhile(
        self, client, user, two_accounts
    ):
        destination = reverse("account_management") + "?a=1&b=2"
        answer = sign_in(client, user, next=destination)
        assert answer.url == reverse("choose_account", query={"next": destination})
        assert account_name(client) == "Alpha"

        page = client.get(answer.url)
        assert [m.account.name for m in page.context["memberships"]] == ["Alpha", "Beta"]
        assert page.context["current_account_id"] == str(two_accounts[0].account_id)
        assert page.context["next"] == destination

    def test_the_account_chosen_last_is_where_the_next_sign_in_starts(
        self, client, user, two_accounts
    ):
        sign_in(client, user)
        beta = two_accounts[1].account
        answer = client.post(
            reverse("choose_account"), {"account": beta.pk, "next": reverse("account_management")}
        )
        assert answer.url == reverse("account_management")
        assert account_name(client) == "Beta"

        elsewhere = Client()
        assert sign_in(elsewhere, user).url == reverse("home")
        assert account_name(elsewhere) == "Beta"

    @pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", ""])
    def test_switching_never_leads_to_another_site(self, client, user, two_accounts, elsewhere):
        sign_in(client, user)
        page = client.get(reverse("choose_account", query={"next": elsewhere}))
        assert page.context["next"] == ""
        account = two_accounts[1].account_id
        answer = client.post(reverse("choose_account"), {"account": account, "next": elsewhere})
        assert answer.url == reverse("home")

    @pytest.mark.parametrize("account", ["foreign", "", "x", "-1", "9" * 30, "1\0"])
    def test_an_account_that_is_not_theirs_does_not_exist(
        self, client, user, two_accounts, account
    ):
        foreign = AccountFactory()
        sign_in(client, user)
        chosen = foreign.pk if account == "foreign" else account
        answer = client.post(reverse("choose_account"), {"account": chosen})
        assert answer.status_code == 404
        assert account_name(client) == "Alpha"

    def test_get_switches_nothing(self, client, user, two_accounts):
        sign_in(client, user)
        beta = two_accounts[1].account_id
        assert client.get(reverse("choose_account", query={"account": beta})).status_code == 200
        assert account_name(client) == "Alpha"

    def test_switching_keeps_the_session_and_its_row(self, client, user, two_accounts):
        sign_in(client, user)
        before = client.session.session_key
        client.post(reverse("choose_account"), {"account": two_accounts[1].account_id})
        assert client.session.session_key == before
        row = TrackedSession.objects.get()
        assert (row.account_id, row.account_name) == (str(two_accounts[1].account_id), "Beta")

    def test_force_login_and_the_django_admin_set_it_too(self, client, user):
        User.objects.update(is_staff=True)
        MembershipFactory(user=user, account__name="Only")
        client.force_login(user)
        assert account_name(client) == "Only"
        client.post(reverse("logout"))
        sign_in(client, user, "admin:login")
        assert account_name(client) == "Only"

    def test_a_failure_here_never_refuses_a_login(self, client, user, monkeypatch, caplog):
        def broken(*args):
            raise RuntimeError("no accounts today")

        monkeypatch.setattr(access, "start", broken)
        sign_in(client, user)
        assert signed_in(client) == user.email
        assert "Could not tell which account" in caplog.text

    @pytest.mark.parametrize(
        "entry",
        [None, "x", 7, [], {}, {"id": 1, "name": "A"}, {"id": "1"}, {"id": "", "name": "A"},
         {"id": "1", "name": None}],
    )  # fmt: skip
    def test_anything_else_in_the_session_is_no_account(self, rf, entry):
        request = rf.get("/")
        request.session = {"account": entry}
        assert access.account_of(request) is None

    def test_a_request_without_session_is_in_no_account(self, rf):
        assert access.account_of(rf.get("/")) is None

    def test_naming_the_account_runs_no_sql(self, rf, django_assert_num_queries):
        request = rf.get("/")
        request.session = {"account": {"id": "7", "name": "Acme"}}
        with django_assert_num_queries(0):
            assert access.account_of(request) == AccountRef(id="7", name="Acme")


class TestAdministeredAccounts:
    def test_owners_and_admins_by_name_with_what_their_plan_includes(
        self, user, django_assert_num_queries
    ):
        plans = [
            ("Delta", Account.Plan.STARTER, False, Membership.Role.OWNER),
            ("Charlie", Account.Plan.GROWTH, True, Membership.Role.ADMIN),
            ("Bravo", Account.Plan.PREMIUM, False, Membership.Role.ADMIN),
            ("Alpha", Account.Plan.PREMIUM, False, Membership.Role.MEMBER),
        ]
        for name, plan, addon, role in plans:
            account = AccountFactory(name=name, plan=plan, advanced_security_addon=addon)
            MembershipFactory(user=user, account=account, role=role)
        MembershipFactory(role=Membership.Role.OWNER)

        with django_assert_num_queries(1):
            administered = access.administered_by(user)

        assert all(isinstance(each, AdministeredAccount) for each in administered)
        assert [(each.account.name, each.included) for each in administered] == [
            ("Bravo", True),
            ("Charlie", True),
            ("Delta", False),
        ]
        bravo = Account.objects.get(name="Bravo")
        assert administered[0].account.id == str(bravo.pk)

    def test_nobody_administers_nothing(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert access.administered_by(AnonymousUser()) == []

    def test_the_landing_lists_them(self, client, user):
        MembershipFactory(user=user, role=Membership.Role.OWNER, account__name="Mine")
        sign_in(client, user)
        page = client.get(reverse("account_management"))
        assert [each.account.name for each in page.context["administered"]] == ["Mine"]


class TestNamesInStep:
    def test_renaming_an_account_renames_it_in_active_sessions_only(self):
        account = AccountFactory(name="Before")
        for ended_at in (None, timezone.now()):
            tracked_session(account, ended_at=ended_at)
        foreign = tracked_session(AccountFactory(name="Elsewhere"))

        account.name = "After"
        account.save()

        own = TrackedSession.objects.filter(account_id=str(account.pk))
        assert own.get(ended_at__isnull=True).account_name == "After"
        assert own.get(ended_at__isnull=False).account_name == "Before"
        foreign.refresh_from_db()
        assert foreign.account_name == "Elsewhere"

    def test_the_name_stays_new_while_a_session_goes_on(self, client, user):
        account = MembershipFactory(user=user, account__name="Before").account
        sign_in(client, user)
        assert TrackedSession.objects.get().account_name == "Before"

        account.name = "After"
        account.save()
        client.get(reverse("home"))

        assert TrackedSession.objects.get().account_name == "After"


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


class TestNavigation:
    def test_costs_no_sql_until_shown_and_then_one_statement(self, client, user, two_accounts):
        sign_in(client, user)
        request = request_of(client)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            context = navigation(request)["navigation"]
            assert context
            assert len(queries) == 0
            assert context.account == "Alpha"
            assert context.memberships_count == 2
            assert context.has_several_accounts
            assert not context.administers
            assert len(queries) == 1

    def test_shows_the_name_an_account_has_now(self, client, user):
        membership = MembershipFactory(user=user, role=Membership.Role.ADMIN)
        sign_in(client, user)
        Account.objects.update(name="Renamed")
        context = navigation(request_of(client))["navigation"]
        assert context.account == "Renamed"
        assert context.administers
        assert not context.has_several_accounts
        membership.delete()
        assert navigation(request_of(client))["navigation"].memberships_count == 0

    def test_superusers_administer_all(self, client):
        superuser = UserFactory(is_superuser=True)
        sign_in(client, superuser)
        assert navigation(request_of(client))["navigation"].administers

    def test_is_empty_for_everybody_else(self, client, rf, django_assert_num_queries):
        for request in (request_of(client), rf.get("/")):
            context = navigation(request)["navigation"]
            with django_assert_num_queries(0):
                assert not context
                assert context.account == ""
                assert not context.administers
                assert not context.has_several_accounts


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
        """ASVS 7.5.1."""
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


def assert_error(answer, status, code):
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/json"
    error = answer.json()["error"]
    assert error["code"] == code
    assert error["message"]


def request_of(client):
    """A request with this client's session and person, as middleware would hand it on."""
    request = RequestFactory().get("/")
    request.session = client.session
    request.user = get_user(request)
    bool(request.user.is_authenticated)
    return request


def person_fields(email):
    passwords = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    return {"email": email, "usable_password": "true", **passwords, **no_memberships()}


def no_memberships():
    return {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}


def tracked_session(account, **fields):
    return TrackedSession.objects.create(
        account_id=str(account.pk),
        account_name=account.name,
        expires_at=timezone.now() + timedelta(days=1),
        **fields,
    )

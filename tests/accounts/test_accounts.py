"""The session's account, the accounts that a person administers, and their names."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import access
from accounts.context_processors import navigation
from accounts.models import Account, Membership, User
from sessions_admin.models import TrackedSession
from sessions_admin.resolvers import AccountRef, AdministeredAccount
from tests.accounts.signing_in import account_name, sign_in, signed_in
from tests.support.factories import AccountFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


class TestAccountOfASession:
    def test_a_person_with_one_account_starts_in_it(self, client, user):
        MembershipFactory(user=user, account__name="Only")
        assert sign_in(client, user).url == reverse("home")
        assert account_name(client) == "Only"

    def test_a_person_without_accounts_is_in_none(self, client, user):
        assert sign_in(client, user).url == reverse("home")
        assert account_name(client) is None

    def test_people_who_never_chose_are_asked_and_are_in_the_first_meanwhile(
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
        context = navigation(request_of(client))["navigation"]
        assert not context.administers
        assert not context.has_several_accounts

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


def request_of(client):
    """Return a request with this client's session and person, as middleware passes it on."""
    request = RequestFactory().get("/")
    request.session = client.session
    request.user = get_user(request)
    bool(request.user.is_authenticated)
    return request


def tracked_session(account, **fields):
    return TrackedSession.objects.create(
        account_id=str(account.pk),
        account_name=account.name,
        expires_at=timezone.now() + timedelta(days=1),
        **fields,
    )

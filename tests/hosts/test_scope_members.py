"""Projects in which people, not their sessions, belong to accounts; and who sees all sessions."""

from __future__ import annotations

import pytest

from accounts.models import Membership, User
from sessions_admin import checks, policy
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.resolvers import AccountRef
from tests.support.browsing import (
    IPHONE,
    LIST,
    TERMINATE_ALL,
    Browser,
    counts,
    listed,
    row,
    terminate_url,
    text,
)
from tests.support.factories import AccountFactory, MembershipFactory, UserFactory, person

pytestmark = pytest.mark.django_db

SECRET = "Zebrafish"


def members_of(account_ids):
    """The members of these accounts, as a queryset of their keys."""
    places = Membership.objects.filter(account__in=[int(pk) for pk in account_ids])
    return places.values_list("user", flat=True)


def members_as_users(account_ids):
    return User.objects.filter(memberships__account__in=account_ids)


def members_by_keys(account_ids):
    return list(members_of(account_ids))


def account_of_path(request):
    """Sessions are in accounts, too: in the one that the address names."""
    if name := request.GET.get("account"):
        return AccountRef(id=name.lower(), name=name)
    return None


@pytest.fixture(params=["members_of", "members_as_users", "members_by_keys"])
def members(request):
    return request.param


def use(settings, members="members_of", resolver="", **more):
    """Set up a project without accounts of sessions, unless a resolver names them."""
    given = settings.SESSIONS_ADMIN | {"MEMBERS_OF_ACCOUNTS": f"{__name__}.{members}"} | more
    given.pop("ACCOUNT_RESOLVER")
    if resolver:
        given["ACCOUNT_RESOLVER"] = f"{__name__}.{resolver}"
    settings.SESSIONS_ADMIN = given


@pytest.fixture
def admin(acme):
    return Browser().sign_in(person(acme, "Ada Admin", "admin"))


@pytest.fixture
def mia(acme):
    return Browser(IPHONE).sign_in(person(acme, "Mia Member"))


@pytest.fixture
def stranger(globex):
    return Browser().sign_in(person(globex, "Gus Globex", "owner"))


@pytest.fixture
def host(settings, members):
    use(settings, members)


class TestOneScope:
    def test_the_sessions_of_members_are_listed_and_no_others(self, host, admin, mia, stranger):
        assert {row(admin).account_id, row(mia).account_id} == {""}
        assert set(listed(admin)) == {str(row(b).public_id) for b in (admin, mia)}
        assert listed(stranger) == [str(row(stranger).public_id)]
        page = text(admin.get(LIST))
        assert "2 active sessions" in page
        assert "Admin signed in elsewhere" not in page
        assert "Another account" not in page

    def test_those_of_others_do_not_exist(self, host, admin, stranger):
        session = row(stranger)
        for address in (f"{LIST}{session.public_id}/", terminate_url(session)):
            assert admin.get(address).status_code == 404
        assert admin.post(terminate_url(session)).status_code == 404
        selected = {"session": str(session.public_id)}
        admin.post(f"{LIST}terminate-selected/", selected)
        admin.post(TERMINATE_ALL, {"keep_current": "on"})
        assert stranger.is_signed_in()

    def test_details_and_termination(self, host, admin, mia):
        session = row(mia)
        assert "Mia Member" in text(admin.get(f"{LIST}{session.public_id}/"))
        admin.post(terminate_url(session))
        assert not mia.is_signed_in()
        assert admin.is_signed_in()

    def test_terminate_all_names_and_ends_the_same(self, host, admin, mia, stranger):
        page = text(admin.get(TERMINATE_ALL))
        assert "Terminate 2 sessions?" in page
        assert "signed in elsewhere" not in page
        admin.post(TERMINATE_ALL, {"keep_current": "on"})
        assert [b.is_signed_in() for b in (mia, admin, stranger)] == [False, True, True]
        assert counts(Termination.objects.get()) == (1, 1, 0, 0)

    def test_it_covers_the_same_when_another_process_goes_on(self, host, acme, admin, mia):
        scope = policy.Scope.of_accounts([str(acme.pk)])
        mine = policy.scope_of(User.objects.get(name="Ada Admin"))
        assert set(scope.active()) == set(mine.active()) == {row(admin), row(mia)}
        assert set(policy.visible_to(User.objects.get(name="Ada Admin"))) == set(scope.sessions())

    def test_suggestions_and_search(self, host, admin, mia, stranger):
        assert listed(admin, "?q=mia") == [str(row(mia).public_id)]
        assert listed(admin, "?q=gus") == []
        people = f"{LIST}suggestions/people/?person="
        assert "Mia Member" in text(admin.get(f"{people}mia"))
        assert "Gus Globex" not in text(admin.get(f"{people}gus"))
        assert listed(admin, f"?user={row(stranger).user_id}") == []

    def test_who_is_no_member_any_more_is_out_of_view(self, host, admin, mia):
        session = row(mia)
        Membership.objects.filter(user__name="Mia Member").delete()
        assert str(session.public_id) not in listed(admin)
        assert admin.post(terminate_url(session)).status_code == 404


class TestSeveralAccounts:
    @pytest.fixture
    def both(self, settings, acme, globex, admin):
        use(settings)
        ada = User.objects.get(name="Ada Admin")
        MembershipFactory(user=ada, account=globex, role="owner")
        return admin

    def test_the_account_filter_means_the_account_s_members(self, both, acme, mia, stranger):
        shown = listed(both, f"?account={acme.pk}")
        assert set(shown) == {str(row(b).public_id) for b in (both, mia)}
        both.post(f"{TERMINATE_ALL}?account={acme.pk}", {"keep_current": "on"})
        assert [b.is_signed_in() for b in (mia, stranger)] == [False, True]
        entry = both.get(f"{LIST}termination-log/{Termination.objects.get().public_id}/")
        assert "Account Acme" in text(entry)

    def test_the_log_shows_each_account_s_admins_what_concerns_them(
        self, both, acme, globex, mia, stranger
    ):
        both.post(terminate_url(row(mia)), {"reason": "Lost phone"})
        other = Browser().sign_in(person(acme, "Olga Owner", "owner"))
        log = f"{LIST}termination-log/"
        assert Termination.objects.get().account_ids == [str(acme.pk)]
        assert "Mia Member" in text(other.get(log))
        entry = f"{log}{Termination.objects.get().public_id}/"
        assert "Lost phone" in text(other.get(entry))
        assert "Mia Member" not in text(stranger.get(log))
        assert stranger.get(entry).status_code == 404

    def test_of_one_over_several_accounts_they_see_their_part(self, both, mia, stranger, acme):
        both.post(TERMINATE_ALL, {"keep_current": "on", "reason": "Spring cleaning"})
        other = Browser().sign_in(person(acme, "Olga Owner", "owner"))
        page = text(other.get(f"{LIST}termination-log/{Termination.objects.get().public_id}/"))
        assert "Mia Member" in page
        assert "Gus Globex" not in page
        assert "Spring cleaning" not in page

    def test_many_accounts_are_recorded_without_asking_about_each(
        self, both, mia, acme, globex, monkeypatch
    ):
        monkeypatch.setattr(policy, "ACCOUNTS_ASKED", 1)
        both.post(terminate_url(row(mia)))
        assert set(Termination.objects.get().account_ids) == {str(acme.pk), str(globex.pk)}


class TestSessionsInAccountsToo:
    @pytest.fixture
    def host(self, settings, members):
        use(settings, members, "account_of_path")

    def test_another_account_s_name_is_neither_shown_nor_found(self, host, admin, mia):
        mia.get(f"/?account={SECRET}")
        assert row(mia).account_name == SECRET
        for address in (LIST, f"{LIST}{row(mia).public_id}/", terminate_url(row(mia))):
            page = admin.get(address).content.decode()
            assert "Mia Member" in page
            assert SECRET not in page
            assert SECRET.lower() not in page
            assert "Admin signed in elsewhere" not in page
        assert listed(admin, "?q=zebra") == []
        assert listed(admin, "?q=mia") == [str(row(mia).public_id)]

    @pytest.mark.parametrize("counted", [1, 500])
    def test_the_confirmation_hides_it_and_counts_right(
        self, host, admin, mia, monkeypatch, counted
    ):
        monkeypatch.setattr("sessions_admin.views.terminate.COUNTED_BY_STORE", counted)
        mia.get(f"/?account={SECRET}")
        page = admin.get(TERMINATE_ALL)
        assert "Terminate 2 sessions?" in text(page)
        assert "Another account 1" in text(page)
        assert "signed in elsewhere" not in text(page)
        assert SECRET not in page.content.decode()

    def test_neither_does_the_log(self, host, admin, mia):
        mia.get(f"/?account={SECRET}")
        session = row(mia)
        admin.post(TERMINATE_ALL, {"keep_current": "on"})
        entry = admin.get(f"{LIST}termination-log/{Termination.objects.get().public_id}/")
        assert "Mia Member" in text(entry)
        assert SECRET not in entry.content.decode()
        assert TrackedSession.objects.get(pk=session.pk).account_name == SECRET

    def test_a_session_in_the_account_of_who_is_no_member(self, host, admin, acme, stranger):
        TrackedSession.objects.filter(pk=row(stranger).pk).update(account_id=str(acme.pk))
        assert str(row(stranger).public_id) in listed(admin)

    def test_an_admin_who_is_no_member_is_marked(self, host, admin, mia, settings):
        zoe = UserFactory(name="Zoe Outside")
        browser = Browser().sign_in(zoe)
        settings.SESSIONS_ADMIN |= {"ADMINS_OF_ACCOUNTS": f"{__name__}.only_zoe"}
        settings.SESSIONS_ADMIN = {**settings.SESSIONS_ADMIN}
        assert str(row(browser).public_id) in listed(admin)
        assert text(admin.get(LIST)).count("Admin signed in elsewhere") == 1
        assert "Includes 1 session of an owner or admin" in text(admin.get(TERMINATE_ALL))


def only_zoe(account_ids):
    return User.objects.filter(name="Zoe Outside")


def test_a_locked_account_s_members_are_out_of_view(settings, admin, acme, mia):
    use(settings)
    poor = AccountFactory(name="Poor", plan="starter")
    MembershipFactory(user=User.objects.get(name="Ada Admin"), account=poor, role="owner")
    outside = Browser().sign_in(person(poor, "Pia Poor"))
    assert str(row(outside).public_id) not in listed(admin)
    assert str(row(mia).public_id) in listed(admin)


@pytest.mark.parametrize("number", [1, 10])
def test_statements_do_not_grow(settings, admin, acme, number, django_assert_max_num_queries):
    use(settings)
    for each in range(number):
        Browser().sign_in(person(acme, f"Member {each}"))
    admin.get(LIST)
    with django_assert_max_num_queries(8):
        admin.get(LIST)


def is_an_operator(user):
    return user.name == "Olga Operator"


class TestWhoSeesAll:
    @pytest.fixture
    def host(self, settings):
        given = settings.SESSIONS_ADMIN | {"SEES_ALL": f"{__name__}.is_an_operator"}
        settings.SESSIONS_ADMIN = given

    def test_the_function_decides(self, host, admin, mia, stranger):
        operator = Browser().sign_in(UserFactory(name="Olga Operator"))
        assert len(listed(operator)) == 4
        operator.post(terminate_url(row(mia)))
        assert not mia.is_signed_in()

    def test_superusers_see_nothing_by_themselves(self, host, mia):
        root = Browser().sign_in(UserFactory(is_superuser=True))
        assert root.get(LIST).status_code == 403
        assert root.post(terminate_url(row(mia))).status_code == 403
        assert mia.is_signed_in()

    def test_they_are_not_counted_among_the_admins(self, host, mia, stranger):
        operator = Browser().sign_in(UserFactory(name="Olga Operator"))
        Browser().sign_in(UserFactory(is_superuser=True, name="Rita Root"))
        assert "Rita Root" not in text(operator.get(f"{TERMINATE_ALL}?q=mia")).partition("stay")[2]

    def test_an_inactive_operator_sees_nothing(self, host):
        operator = UserFactory(name="Olga Operator", is_active=False)
        assert not policy.scope_of(operator).is_admin

    @pytest.mark.parametrize("key", ["SEES_ALL", "MEMBERS_OF_ACCOUNTS"])
    def test_a_wrong_path_is_a_check(self, settings, key):
        settings.SESSIONS_ADMIN = {**settings.SESSIONS_ADMIN, key: "accounts.nothing"}
        (problem,) = checks.check_settings(None)
        assert key in problem.msg

    def test_it_cannot_be_empty(self, settings):
        settings.SESSIONS_ADMIN = {**settings.SESSIONS_ADMIN, "SEES_ALL": ""}
        assert [e.id for e in checks.check_settings(None)] == ["sessions_admin.E003"]

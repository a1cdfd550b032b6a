"""The values that filters offer: a few of many, found by typing, and only those in scope."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone, translation

from accounts.models import User
from sessions_admin.listing import counting, suggestions
from sessions_admin.models import Termination, TrackedSession
from tests.support.browsing import LIST, TERMINATE_ALL, Browser, listed, text
from tests.support.factories import AccountFactory, MembershipFactory, UserFactory, person

pytestmark = pytest.mark.django_db

PEOPLE = LIST + "suggestions/people/"
ACCOUNTS = LIST + "suggestions/accounts/"
COUNTRIES = LIST + "suggestions/countries/"


@pytest.fixture
def admin(acme):
    return Browser().sign_in(person(acme, "Ada Admin", "admin"))


@pytest.fixture
def crowd(acme):
    """Three people of Acme with sessions, and a person elsewhere with the same name."""
    people = [person(acme, name) for name in ("Ana Novak", "Ana Berg", "Bo Berg")]
    people.append(person(AccountFactory(name="Globex"), "Ana Elsewhere"))
    for each in people:
        Browser().sign_in(each)
    return people


@pytest.fixture
def operator():
    return Browser().sign_in(UserFactory(is_superuser=True, name="Olga Operator"))


def row_of(user):
    return str(TrackedSession.objects.get(user=user).public_id)


def links(answer):
    """Return the offered values by label, with the query each leads to."""
    found = re.findall(r'<li><a class="sa-link" href="([^"]*)">(.*?)</a>', answer.content.decode())
    return {unescape(label): parse_qs(urlsplit(unescape(url)).query) for url, label in found}


class TestTyping:
    def test_the_one_person_who_is_meant_becomes_the_filter(self, admin, crowd):
        answer = admin.get(LIST + "?person=novak&application=web&after=x")
        assert answer["Location"] == f"{LIST}?application=web&user={crowd[0].pk}"
        page = admin.get(answer["Location"])
        assert listed(admin, "?" + answer["Location"].partition("?")[2]) == [row_of(crowd[0])]
        assert f"Ana Novak ({crowd[0].email})" in text(page)
        assert f'name="user" value="{crowd[0].pk}"' in page.content.decode()

    def test_several_are_offered_and_none_is_listed_or_ended(self, admin, crowd):
        answer = admin.get(LIST + "?person=ana&application=web")
        assert "Several people match “ana”. Pick one from the list." in text(answer)
        assert links(answer) == {
            f"{each.name} ({each.email})": {"application": ["web"], "user": [str(each.pk)]}
            for each in (crowd[1], crowd[0])
        }
        assert listed(admin, "?person=ana") == []
        admin.post(TERMINATE_ALL + "?person=ana")
        assert TrackedSession.objects.active().count() == 5

    def test_nobody_says_so(self, admin, crowd):
        for typed in ("zzz", "elsewhere", "%00", "%25"):
            answer = admin.get(f"{LIST}?person={typed}")
            assert "No signed-in user matches “" in text(answer), typed
            assert listed(admin, f"?person={typed}") == []

    def test_whose_whole_name_or_address_it_is_is_meant(self, acme, admin, crowd):
        longer = person(acme, "Ana Novak-Berg")
        longer.email = f"x{crowd[0].email}"
        longer.save()
        Browser().sign_in(longer)
        name, email = crowd[0].name, crowd[0].email
        for typed in (name, email, f"{name} ({email})".upper()):
            answer = admin.get(LIST, {"person": typed})
            assert answer["Location"] == f"{LIST}?user={crowd[0].pk}", typed

    def test_however_many_are_called_something_longer(self, acme, admin, monkeypatch):
        monkeypatch.setattr(suggestions, "SHOWN", 1)
        for name in ("Ana Lind", "Diana Oliva", "Ana Lipa", "Ana Li"):
            Browser().sign_in(person(acme, name))
        just_so = TrackedSession.objects.latest("pk").user_id
        assert admin.get(LIST, {"person": "ana li"})["Location"] == f"{LIST}?user={just_so}"
        assert next(iter(links(admin.get(PEOPLE, {"person": "Ana Li"})))).startswith("Ana Li (")
        assert "Several people" in text(admin.get(LIST, {"person": "ana l"}))

    def test_typing_anew_goes_before_what_was_chosen(self, admin, crowd):
        answer = admin.get(f"{LIST}?user={crowd[0].pk}&person=bo")
        assert answer["Location"] == f"{LIST}?user={crowd[2].pk}"

    def test_ending_all_of_a_person_who_is_typed_ends_theirs_alone(self, admin, crowd):
        assert "Bo Berg" in text(admin.get(TERMINATE_ALL + "?person=bo"))
        admin.post(TERMINATE_ALL + "?person=bo")
        ended = TrackedSession.objects.filter(ended_at__isnull=False)
        assert [row.user for row in ended] == [crowd[2]]

    def test_people_without_an_active_session_are_not_offered(self, acme, admin, crowd):
        person(acme, "Ana Absent")
        assert "Ana Absent" not in text(admin.get(LIST + "?person=ana"))

    @pytest.mark.parametrize("rows", [1, 20])
    def test_page_does_not_grow_with_the_people(self, acme, operator, rows):
        for number in range(rows):
            Browser().sign_in(person(acme, f"Zelda {number}"))
        body = operator.get(LIST + "?q=nothing").content.decode()
        assert "Zelda" not in body


class TestAccounts:
    @pytest.fixture(autouse=True)
    def few(self, monkeypatch):
        monkeypatch.setattr(suggestions, "LISTED", 1)

    def test_many_are_typed(self, operator, crowd):
        page = operator.get(LIST).content.decode()
        assert 'name="account_name"' in page
        assert '<select name="account"' not in page
        acme = TrackedSession.objects.filter(account_name="Acme").first().account_id
        answer = operator.get(LIST + "?account_name=cme")
        assert answer["Location"] == f"{LIST}?account={acme}"
        assert len(listed(operator, f"?account={acme}")) == 3
        assert "Acme" in text(operator.get(answer["Location"]))
        several = operator.get(LIST + "?account_name=e")
        assert set(links(several)) == {"Acme", "Globex"}
        assert "No account with active sessions matches “x_”." in text(
            operator.get(LIST + "?account_name=x_")
        )
        # They administer all there are.
        unknown = text(operator.get(LIST + "?account=99"))
        assert "No account with active sessions matches “99”." in unknown
        assert "No account on record matches “99”." in text(
            operator.get(f"{LIST}login-records/?account=99")
        )
        assert operator.get(LIST + "?account=%00").context["notices"]

    def test_few_are_listed(self, operator, crowd, monkeypatch):
        monkeypatch.setattr(suggestions, "LISTED", 2)
        page = operator.get(LIST).content.decode()
        assert re.findall(r"<option[^>]*>([^<]*)", page)[:3] == ["All accounts", "Acme", "Globex"]

    def test_of_those_one_administers(self, acme, admin, crowd):
        account = AccountFactory(name="Initech")
        MembershipFactory(user=TrackedSession.objects.last().user, account=account, role="admin")
        assert admin.get(LIST + "?account_name=ini")["Location"] == f"{LIST}?account={account.pk}"
        assert "No account" in text(admin.get(LIST + "?account_name=globex"))


class TestFragments:
    def test_offers_a_few_links_that_keep_the_other_filters(self, acme, admin):
        for number in range(12):
            Browser().sign_in(person(acme, f"Ann {number:02}"))
        answer = admin.get(PEOPLE + "?person=ann&q=web&after=x")
        assert answer.status_code == 200
        assert len(links(answer)) == suggestions.SHOWN
        assert all(set(query) == {"q", "user"} for query in links(answer).values())
        assert "Keep typing" in text(answer)
        assert "<html" not in answer.content.decode()
        assert "no-store" in answer["Cache-Control"]

    def test_only_of_ones_own_scope(self, admin, operator, crowd):
        assert "Elsewhere" not in text(admin.get(PEOPLE + "?person=ana"))
        assert "Elsewhere" in text(operator.get(PEOPLE + "?person=ana"))
        assert links(admin.get(ACCOUNTS + "?account_name=globex")) == {}
        assert list(links(operator.get(ACCOUNTS + "?account_name=glo"))) == ["Globex"]

    def test_nothing_typed_offers_nothing(self, admin, crowd):
        for address in (PEOPLE, PEOPLE + "?person=+", ACCOUNTS, PEOPLE + "?person=%00"):
            assert links(admin.get(address)) == {}

    def test_members_are_refused(self, acme):
        member = Browser().sign_in(person(acme, "Mia Member"))
        for address in (PEOPLE, ACCOUNTS):
            assert member.get(address).status_code == 403


class TestCountries:
    """Ana of Acme is in Austria, Bo was in Nauru, and somebody elsewhere is in Australia."""

    @pytest.fixture(autouse=True)
    def sessions(self, crowd):
        for member, code in zip(crowd, ("AT", "SI", "NR", "AU"), strict=True):
            TrackedSession.objects.filter(user=member).update(country_code=code)
        TrackedSession.objects.filter(user=crowd[2]).update(
            session_key=None, ended_at=timezone.now()
        )

    @pytest.mark.parametrize(
        ("viewer", "query", "suggested"),
        [
            ("admin", "country_name=au", ["Austria"]),
            ("admin", "country_name=united", []),
            ("admin", "country_name=au&of=login_records", ["Austria", "Nauru"]),
            ("operator", "country_name=au", ["Australia", "Austria"]),
            ("operator", "country_name=united", []),
            ("operator", "country_name=au&of=login_records", ["Australia", "Austria", "Nauru"]),
        ],
    )
    def test_those_of_sessions_in_scope_are_suggested(self, request, viewer, query, suggested):
        browser = request.getfixturevalue(viewer)
        assert list(links(browser.get(f"{COUNTRIES}?{query}"))) == suggested

    def test_of_an_account_with_more_sessions_than_are_read_any_may_be_one(
        self, admin, monkeypatch
    ):
        monkeypatch.setattr("sessions_admin.listing.country_walk.READ", 1)
        assert "Australia" in links(admin.get(COUNTRIES + "?country_name=au"))

    def test_the_name_of_another_country_is_a_filter_all_the_same(self, admin):
        assert admin.get(LIST + "?country_name=nauru")["Location"] == f"{LIST}?country=NR"
        assert "No sessions match your search" in text(admin.get(LIST + "?country=NR"))


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("people/?person=zzz", "No one by that name is signed in"),
        ("people/?of=login_records&person=zzz", "No one by that name is on record"),
        ("accounts/?account_name=zzz", "No account by that name has active sessions"),
        ("accounts/?of=login_records&account_name=zzz", "No account by that name is on record"),
        ("countries/?country_name=zzz", "No active sessions in a country by that name"),
        (
            "countries/?of=login_records&country_name=zzz",
            "No sign-in on record from a country by that name",
        ),
    ],
)
def test_nothing_to_suggest_is_said_in_the_words_of_the_list(operator, address, said):
    assert text(operator.get(f"{LIST}suggestions/{address}")) == said


class TestCounting:
    @pytest.fixture(autouse=True)
    def small(self, settings, monkeypatch):
        settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"PAGE_SIZE": 1}
        monkeypatch.setattr("sessions_admin.listing.counting.LISTED", 3)
        monkeypatch.setattr("sessions_admin.listing.counting.FOUND", 2)

    def test_exact_up_to_a_bound(self, acme, admin):
        member = person(acme, "Mia Member")
        for _ in range(2):
            Browser().sign_in(member)
        page = text(admin.get(LIST))
        assert "3 active sessions" in page
        assert "Terminate all 3 sessions" in page

        Browser().sign_in(member)
        page = text(admin.get(LIST))
        assert "3+ active sessions" in page
        assert "Terminate all sessions (3+)" in page
        assert "Terminate 4 sessions?" in text(admin.get(TERMINATE_ALL))
        page = text(admin.get(LIST + "?application=web"))
        assert "2+ matching sessions" in page
        page = text(admin.get(LIST + "?q=acme"))
        assert "2+ matching sessions" in page
        assert "Terminate all matching sessions (2+)" in page

    def test_those_who_may_not_sign_in_any_more_do_not_count(self, acme, admin):
        """Only a sample of many rows is checked; if it finds such people, all rows are."""
        members = [person(acme, f"Mia {n}") for n in range(4)]
        for member in members:
            Browser().sign_in(member)
        assert "3+ active sessions" in text(admin.get(LIST))
        User.objects.filter(pk=members[0].pk).update(is_active=False)
        assert "3+ active sessions" in text(admin.get(LIST))
        User.objects.filter(pk=members[3].pk).update(is_active=False)
        assert "3 active sessions" in text(admin.get(LIST))
        assert "3+" not in text(admin.get(LIST))
        assert TrackedSession.objects.filter(ended_at=None).count() == 5

    @pytest.mark.parametrize(("language", "number"), [("en", "1,234"), ("de", "1.234")])
    def test_digits_are_grouped_as_the_reader_groups_them(self, language, number):
        termination = Termination.objects.create(
            actor_label="x", scope="All", requested=1234, ended=1234, account_ids=["x"]
        )
        page = Browser().sign_in(UserFactory(is_superuser=True, language=language))
        assert number in text(page.get(f"{LIST}termination-log/{termination.public_id}/"))
        with translation.override(language):
            assert counting.grouped(1234) == number

"""All spellings of a name and all addresses of a network count as one against guessing."""

from __future__ import annotations

import pytest
from axes.models import AccessAttempt

from accounts import guessing
from tests.support.browsing import Browser
from tests.support.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

SIGN_IN = "/accounts/login/"
MOBILE = "/api/mobile/sign-in/"
LIMIT = 10
# Letters that some database or some normalisation folds to "i", "k" and "s".
LETTERS = {
    "i": ["I", "\u0130", "\u0131", "i\u0307", "I\u0307", "\u2170", "\uff29"],
    "k": ["K", "\u212a", "\uff2b"],
    "s": ["S", "\u017f", "\uff33"],
}


def spellings(email):
    """Return the name itself, in capitals, and with one letter after another replaced."""
    found = {email, email.upper(), email.title()}
    for letter, others in LETTERS.items():
        found |= {email.replace(letter, other) for other in others}
        found |= {email.replace(letter, other, 1) for other in others}
    return sorted(found)


def guess(email, password="wrong", *, entrance=SIGN_IN, ip="203.0.113.9"):
    if entrance == MOBILE:
        fields = {"email": email, "password": password}
        return Browser(ip=ip).post(entrance, fields, content_type="application/json")
    return Browser(ip=ip).post(entrance, {"username": email, "password": password})


@pytest.mark.parametrize("entrance", [SIGN_IN, MOBILE])
def test_all_spellings_that_sign_a_person_in_share_one_budget(entrance):
    person = UserFactory(email="kiki.sisi@example.com")
    signing_in = []
    for spelling in spellings(person.email):
        answer = guess(spelling, PASSWORD, entrance=entrance)
        if answer.status_code in {200, 302} and "_auth_user_id" in answer.client.session:
            signing_in.append(spelling)
    assert len(signing_in) >= 3
    AccessAttempt.objects.all().delete()
    for number in range(LIMIT):
        spelling = signing_in[number % len(signing_in)]
        guess(spelling, entrance=entrance)
    for spelling in signing_in:
        assert guess(spelling, PASSWORD, entrance=entrance).status_code == 429, spelling


def test_spellings_count_alike_whether_or_not_somebody_has_the_name():
    UserFactory(email="kiki.sisi@example.com")
    shared = {}
    for name in ("kiki.sisi@example.com", "kiki.sisi@example.org"):
        counted = [guessing._counted_as(spelling) for spelling in spellings(name)]
        shared[name] = [counted.index(each) for each in counted]
    first, second = shared.values()
    assert first == second


def test_what_is_typed_is_kept_only_as_a_digest():
    for typed in ("my-secret-passphrase", "person 1"):
        guess(typed + "@example.com")
        guess(typed, entrance=MOBILE)
    kept = list(AccessAttempt.objects.values_list("username", flat=True))
    assert len(kept) == 4
    assert all(name.startswith("nobody ") and len(name) == 71 for name in kept)


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 9000])
def test_names_that_no_database_takes_are_nobodys(name):
    assert guessing._counted_as(name).startswith("nobody ")


def guess_at_many(times, *, ip="203.0.113.9", people=50):
    """Guess this many times, at one person after another."""
    return [guess(f"person-{n % people}@example.net", ip=ip).status_code for n in range(times)]


def test_a_network_that_guesses_at_many_people_has_to_wait():
    assert guess_at_many(guessing.NETWORK_LIMIT) == [200] * guessing.NETWORK_LIMIT
    stranger = UserFactory()
    assert guess(stranger.email, PASSWORD).status_code == 429
    assert guess("nobody@example.com").status_code == 429
    assert guess(stranger.email, PASSWORD, entrance=MOBILE).status_code == 429
    assert guess(stranger.email, PASSWORD, ip="203.0.113.10").status_code == 302


def test_those_who_sign_in_from_a_network_before_it_waits_may_go_on():
    colleague, ip = UserFactory(), "203.0.113.9"
    signed_in = Browser(ip=ip).sign_in(colleague)
    guess_at_many(guessing.NETWORK_LIMIT, ip=ip)
    assert guess(colleague.email, PASSWORD).status_code == 302
    assert signed_in.is_signed_in()
    for _ in range(LIMIT):
        guess(colleague.email)
    assert guess(colleague.email, PASSWORD).status_code == 429


def test_an_office_whose_people_mistype_and_then_sign_in_does_not_wait():
    people = UserFactory.create_batch(guessing.NETWORK_LIMIT // 4 + 1)
    for person in people:
        for _ in range(4):
            guess(person.email)
        assert guess(person.email, PASSWORD).status_code == 302


def test_without_an_address_no_network_waits():
    guess_at_many(guessing.NETWORK_LIMIT, ip="")
    assert guess(UserFactory().email, PASSWORD, ip="").status_code == 302


def test_all_addresses_of_an_ipv6_network_count_as_one():
    person = UserFactory()
    for number in range(LIMIT):
        guess(person.email, ip=f"2001:db8:1:2:{number:x}::{number:x}")
    assert guess(person.email, PASSWORD, ip="2001:db8:1:2:ffff:ffff::1").status_code == 429
    assert guess(person.email, PASSWORD, ip="2001:db8:1:3::1").status_code == 302


def test_guesses_at_many_from_one_ipv6_network_count_as_one():
    for number in range(guessing.NETWORK_LIMIT):
        guess(f"person-{number}@example.net", ip=f"2001:db8:1:2::{number + 1:x}")
    assert guess(UserFactory().email, PASSWORD, ip="2001:db8:1:2::ffff").status_code == 429


def test_a_new_address_in_the_ipv6_network_where_one_signs_in_is_known():
    person = UserFactory()
    Browser(ip="2001:db8:1:2::1").sign_in(person)
    for number in range(guessing.PERSON_LIMIT):
        guess(person.email, ip=f"198.51.100.{number}")
    assert guess(person.email, PASSWORD, ip="2001:db8:1:3::1").status_code == 429
    assert guess(person.email, PASSWORD, ip="2001:db8:1:2:abcd::7").status_code == 302

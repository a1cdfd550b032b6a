"""Invisible characters in names and headers neither hide a name nor imitate another one."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from sessions_admin import people, resolvers
from sessions_admin.client import client_of, header_text, printable
from sessions_admin.listing import suggestions
from sessions_admin.models import TrackedSession
from sessions_admin.resolvers import AccountRef
from tests.support.browsing import Browser
from tests.support.factories import MembershipFactory

# One of each kind of character that is drawn as nothing, or as a space.
NOTHING = [
    *"\u00ad\u034f\u061c\u115f\u1160\u17b4\u180e\u200b\u200c\u200d\u200e\u202e\u2060\u2064\u2069",
    *"\u206a\u2800\u3164\ufe00\ufe0f\ufeff\uffa0\ufff9\ufffc\U0001d159\U0001d173\U000e0001",
    *"\U000e0041\U000e007f\U000e0100\U00013430\U0001343f\U00013441\U00013442\x00\x1b\x7f\x85\ud800\u2028\u2029\uffff",
]
SPACES = "\u00a0\u1680\u2003\u2007\u200a\u202f\u205f\u2800\u3000\t"


@pytest.mark.parametrize("nothing", NOTHING, ids=ascii)
class TestInvisible:
    def test_alone_is_no_name(self, nothing):
        assert printable(nothing * 3, 99) == ""

    def test_inside_does_not_make_another_name(self, nothing):
        for name in ("Ana Novak", "Öztürk", "김", "علي"):
            forged = [nothing + name, name + nothing, f"{name[0]}{nothing}{name[1:]}"]
            if nothing == "\u2800":
                forged.pop()  # Drawn as a space, so it looks different.
            if nothing == "\u200c":
                forged = forged[: 2 if name == "علي" else 3]  # Visible between these letters.
            assert {printable(text, 99) for text in forged} == {name}, ascii(forged)


@pytest.mark.parametrize("space", SPACES, ids=ascii)
def test_every_width_of_space_is_one_space(space):
    shown = "AnaNovak" if space == "\t" else "Ana Novak"
    assert printable(f"{space}Ana{space}{space}Novak{space}", 99) == shown
    assert printable(space, 99) == ""


@pytest.mark.parametrize(
    "name",
    [
        "Ana-Marija O'Neill",
        "علی\u200cرضا",  # noqa: RUF001
        "می‌خواهم",
        "क्‍ष",
        "क्‌ष",
        "ශ්‍රී ලංකා",
        "Nguyễn Thị Hà",
        "עִבְרִית",
        "김철수",
        "👩‍👩‍👧 Family",
        "👩🏽‍💻",
        "❤️‍🔥",
        "🏳️‍🌈",
    ],
)
def test_what_changes_the_looks_of_a_name_stays(name):
    assert printable(name, 99) == name


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("نر\u200cگس", "نرگس"),  # It has no effect after that letter.
        ("علی\u200c", "علی"),
        ("क्\u200d", "क्"),
        ("👩\u200d", "👩"),
        ("👩\u200d\u200d👩", "👩\u200d👩"),
        ("A\ufe0f\u200d🔥", "A🔥"),
        ("+\ufe0f", "+"),
        ("\u0301\u0301Ana", "Ana"),
        (" \u0301 \u0489Ana", "Ana"),
    ],
)
def test_joiners_and_marks_that_change_nothing_go(written, shown):
    assert printable(written, 99) == shown


@given(st.text(max_size=60))
def test_once_is_enough(text):
    shown = printable(text, 99)
    assert printable(shown, 99) == shown
    assert shown == shown.strip()


@pytest.mark.django_db
class TestPeople:
    @pytest.mark.parametrize("name", ["\u200b", "\u3164\u3164", "\u2800", "\u0301"])
    def test_without_a_visible_name_are_called_by_their_address(self, name):
        user = MembershipFactory().user
        User.objects.filter(pk=user.pk).update(name=name)
        Browser().sign_in(user)
        row = TrackedSession.objects.select_related("user").get()
        assert row.user_name == row.user_label == user.email
        assert row.initials

    def test_initials_of_a_deleted_user_are_those_of_the_name(self):
        user = MembershipFactory(user__name="Mia van Member").user
        Browser().sign_in(user)
        assert TrackedSession.objects.get().initials == "MM"
        user.delete()
        row = TrackedSession.objects.get()
        assert row.user_name == f"Mia van Member ({user.email})"
        assert row.initials == "MM"

    def test_without_anything_visible_have_a_number(self):
        person = get_user_model()(pk=42, name="\u200b", email="\u3164")
        assert people.name_of(person) == "Person 42"
        assert people.label_of(person) == "Person 42"
        assert suggestions._person(person).label == "Person 42"

    def test_who_names_themselves_as_another_has_no_other_name_than_theirs(self):
        Browser().sign_in(MembershipFactory(user__name="Ana Novak").user)
        forger = MembershipFactory(user__name="Ana\u200b No\u00advak\u3164").user
        assert User.objects.get(pk=forger.pk).name == "Ana Novak"
        assert people.label_of(forger) == f"Ana Novak ({forger.email})"


def test_account_without_a_visible_name_is_called_by_its_id():
    assert AccountRef("7", "\u200b\u3164").name == "7"
    assert AccountRef("7", "Ac\u200bme").name == "Acme"


class TestHeaders:
    UBERLAND = "Überland/0.16.27 (iPhone; iOS 17.4; Scale/3.00)"

    @pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
    def test_user_agent_is_read_as_it_was_written(self, encoding):
        sent = self.UBERLAND.encode(encoding).decode("latin-1")
        client = client_of(RequestFactory(HTTP_USER_AGENT=sent).get("/"))
        assert client.user_agent == self.UBERLAND

    @pytest.mark.parametrize("last", ["é", "字", "😀"])
    def test_user_agent_that_a_proxy_cut_within_a_character(self, last):
        whole = f"Überland/1.0 {last}".encode()
        for cut in range(1, len(last.encode())):
            assert header_text(whole[:-cut].decode("latin-1")) == "Überland/1.0 "
            latin = b"curl/8 " + last.encode()[:-cut]
            assert header_text(latin.decode("latin-1")) == latin.decode("latin-1")

    @pytest.mark.parametrize("text", ["", "curl/8.5.0", "漢字/1", "\ud800", "Ã"])
    def test_other_texts_stay(self, text):
        assert header_text(text) == text

    def test_sign_in_keeps_the_apps_name(self, db):
        sent = self.UBERLAND.encode().decode("latin-1")
        Browser(headers={"user-agent": sent}).sign_in(MembershipFactory().user)
        row = TrackedSession.objects.get()
        assert (row.user_agent, row.browser) == (self.UBERLAND, "Überland")

    def test_applications_are_known_by_headers_in_utf_8(self, settings):
        settings.SESSIONS_ADMIN = {
            **settings.SESSIONS_ADMIN,
            "APPLICATIONS": [
                {"id": "agent", "name": "By agent", "user_agent": "Überland/"},
                {"id": "header", "name": "By header", "headers": {"X-App": "Überland"}},
                {"id": "web", "name": "Web"},
            ],
        }
        raw = "Überland".encode().decode("latin-1")
        make = RequestFactory().get
        asked = [make("/", HTTP_USER_AGENT=f"{raw}/1"), make("/", HTTP_X_APP=raw), make("/")]
        assert [resolvers.application_by_rules(r) for r in asked] == ["agent", "header", "web"]

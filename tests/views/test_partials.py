"""Answers to htmx: the requested part, or an instruction to load another page."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.views import sentences
from tests.support.browsing import IPHONE, LIST, Browser, listed, row
from tests.support.factories import AccountFactory, MembershipFactory

pytestmark = pytest.mark.django_db

HERE = "http://testserver" + LIST
SELECTED = LIST + "terminate-selected/"
NEWS = LIST + "news/"


def htmx(target="sa-sessions", trigger="", here=HERE):
    names = {"Request": "true", "Target": target, "Trigger": trigger, "Current-URL": here}
    return {"headers": {f"HX-{name}": value for name, value in names.items() if value}}


@pytest.fixture
def admin(acme):
    return Browser().sign_in(
        MembershipFactory(user__name="Ada Admin", account=acme, role="admin").user
    )


@pytest.fixture
def members(acme):
    """Three browsers of members of Acme."""
    return [
        Browser(IPHONE).sign_in(MembershipFactory(user__name=f"Mia {name}", account=acme).user)
        for name in ("Alder", "Birch", "Cedar")
    ]


def selected(*browsers):
    return {"session": [str(row(browser).public_id) for browser in browsers]}


class TestTheList:
    def test_a_part_is_no_page(self, admin, members):
        answer = admin.get(LIST, **htmx())
        body = answer.content.decode()
        assert "<html" not in body
        assert "Mia Alder" in body
        assert {"HX-Request", "HX-Target"} <= set(answer["Vary"].split(", "))
        assert "<html" in admin.get(LIST).content.decode()

    def test_who_goes_back_in_history_gets_the_page(self, admin):
        asked = htmx()
        asked["headers"]["HX-History-Restore-Request"] = "true"
        assert "<html" in admin.get(LIST, **asked).content.decode()

    @pytest.mark.parametrize(
        ("here", "query", "header", "address"),
        [
            ("", "?q=m&account=&application=", "HX-Push-Url", "?q=m"),
            ("?q=m", "?q=mi", "HX-Replace-Url", "?q=mi"),
            ("?q=mi", "?q=", "HX-Push-Url", ""),
            ("?q=mi", "?q=mi&application=web", "HX-Push-Url", "?q=mi&application=web"),
            ("?q=mi", "?q=mi", "HX-Push-Url", "false"),
        ],
    )
    def test_the_address_follows_and_a_search_is_one_step_back(
        self, admin, here, query, header, address
    ):
        answer = admin.get(LIST + query, **htmx(trigger="sa-filters", here=HERE + here))
        assert answer[header] == (address if address == "false" else LIST + address)

    def test_who_fills_in_the_filters_keeps_them_as_they_are(self, admin):
        assert (
            'id="sa-filters"' not in admin.get(LIST, **htmx(trigger="sa-filters")).content.decode()
        )
        assert 'id="sa-filters"' in admin.get(LIST, **htmx()).content.decode()

    @pytest.mark.parametrize("path", [LIST, LIST + "login-records/"])
    def test_filters_that_the_page_shows_already_are_not_sent(self, admin, path):
        answer = admin.get(path, **htmx(), HTTP_SA_FILTERS="same").content.decode()
        assert "sa-filters" not in answer
        assert 'id="sa-filters"' in admin.get(path, HTTP_SA_FILTERS="same").content.decode()


class TestElsewhere:
    def test_sign_in_and_back_to_the_page_not_to_the_part(self):
        answer = Browser().get(NEWS, **htmx("sa-news", here=HERE + "?q=mia"))
        assert answer.status_code == 200
        assert answer["HX-Redirect"].startswith("/accounts/login/?next=/account-management/")
        assert answer["HX-Redirect"].endswith("sessions/%3Fq%3Dmia")
        assert answer.content == b""

    def test_another_site_is_nowhere_to_come_back_to(self):
        answer = Browser().get(LIST, **htmx(here="https://evil.example/"))
        assert "evil" not in answer["HX-Redirect"]

    def test_the_locked_page_is_a_page(self, admin):
        Account.objects.update(plan="starter")
        answer = admin.get(LIST, **htmx())
        assert answer["HX-Refresh"] == "true"
        assert answer.content == b""

    def test_a_proof_is_asked_for_on_a_page(self, admin, settings):
        settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"REAUTHENTICATION_AGE": -1}
        answer = admin.get(LIST + "terminate-all/", **htmx("sa-dialog-content"))
        assert answer["HX-Redirect"].startswith(LIST + "confirm-password/?next=")


class TestTerminateSelected:
    def test_ends_those_and_no_other(self, admin, members):
        answer = admin.post(SELECTED + "?q=mia", selected(*members[:2]))
        assert answer["Location"] == LIST + "?q=mia"
        assert [member.is_signed_in() for member in members] == [False, False, True]
        termination = Termination.objects.get()
        assert (termination.scope, termination.ended) == ("Terminated 2 selected sessions", 2)

    def test_the_question_changes_nothing_and_leads_to_the_same(self, admin, members):
        answer = admin.get(SELECTED, selected(*members))
        assert "Terminate 3 sessions?" in answer.content.decode()
        assert all(member.is_signed_in() for member in members)
        admin.post(answer.context["terminate_url"])
        assert not any(member.is_signed_in() for member in members)

    def test_ids_out_of_scope_or_of_nothing_do_not_exist(self, admin, members):
        other = Browser().sign_in(MembershipFactory(account=AccountFactory(name="Globex")).user)
        ids = [*selected(other)["session"], str(uuid.uuid4()), "x", ""]
        for ask in (admin.get, admin.post):
            answer = ask(SELECTED, {"session": ids}, follow=True)
            assert answer.status_code == 200
        assert "Nothing to terminate" in admin.get(SELECTED, {"session": ids}).content.decode()
        assert other.is_signed_in()

    def test_no_more_than_a_page_together(self, admin, members, settings):
        settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"PAGE_SIZE": 2}
        answer = admin.post(SELECTED, selected(*members), follow=True)
        assert "Select up to 2 sessions at a time." in answer.content.decode()
        assert all(member.is_signed_in() for member in members)

    def test_more_than_one_takes_a_proof_and_the_way_back_knows_them(
        self, admin, members, settings
    ):
        settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"REAUTHENTICATION_AGE": -1}
        answer = admin.post(SELECTED, selected(*members[:2]))
        assert "/confirm-password/" in answer["Location"]
        assert str(row(members[0]).public_id) in answer["Location"]
        assert all(member.is_signed_in() for member in members)
        admin.post(SELECTED, selected(members[2]))
        assert not members[2].is_signed_in()

    def test_ones_own_is_ended_too_unless_kept(self, admin, members):
        admin.post(SELECTED, selected(admin, members[0]) | {"keep_current": "on"})
        assert admin.is_signed_in()
        answer = admin.post(SELECTED, selected(admin, members[1]), follow=True)
        assert "You&#x27;ve been signed out." in answer.content.decode()
        assert not admin.is_signed_in()


class TestNews:
    def ask(self, admin, since, **filters):
        return admin.get(NEWS, {"since": since.isoformat()} | filters, **htmx("sa-news"))

    def test_counts_what_is_newer_and_matches_up_to_a_bound(
        self, admin, members, acme, monkeypatch
    ):
        before = row(members[0]).created_at
        assert "2 new sessions · Show" in self.ask(admin, before).content.decode()
        assert "1 new session · Show" in self.ask(admin, before, q="cedar").content.decode()
        assert "· Show" not in self.ask(admin, timezone.now()).content.decode()
        monkeypatch.setattr(sentences, "MOST_NEWS", 1)
        with CaptureQueriesContext(connection) as captured:
            answer = self.ask(admin, before)
        assert "1+ new sessions · Show" in answer.content.decode()
        assert any("LIMIT 3" in query["sql"] for query in captured)

    @pytest.mark.parametrize(
        "since", ["", "x", "2026-13-01", "2026-01-01T00:00:00", "0001-01-01T00:00:00+14:00"]
    )
    def test_since_nothing_is_a_bad_request(self, admin, since):
        assert admin.get(NEWS, {"since": since}).status_code == 400


class TestCountry:
    @pytest.fixture(autouse=True)
    def _abroad(self, members):
        row_ids = [row(member).pk for member in members[:2]]
        TrackedSession.objects.filter(pk__in=row_ids).update(country_code="SI", country="Slovenia")

    def test_filters_survives_and_ends(self, admin, members):
        answer = admin.get(LIST + "?country=SI")
        assert len(answer.context["rows"]) == 2
        assert "Slovenia" in answer.content.decode()
        assert all("country=SI" in entry.terminate_url for entry in answer.context["rows"])
        admin.post(LIST + "terminate-all/?country=SI")
        assert [member.is_signed_in() for member in members] == [False, False, True]
        assert Termination.objects.get().filters["country"] == "SI"

    @pytest.mark.parametrize("country", ["XY", "ZZ", "EZ", "Slovenia", "%00", "si"])
    def test_what_is_no_country_matches_nothing_and_says_so(self, admin, country):
        answer = admin.get(f"{LIST}?country={country}")
        assert "That country doesn&#x27;t exist, so no sessions match." in answer.content.decode()
        assert listed(admin, f"?country={country}") == []
        admin.post(f"{LIST}terminate-all/?country={country}")
        assert TrackedSession.objects.active().count() == 4

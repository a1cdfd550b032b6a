"""The strip of flags, the filters for flags and countries, and the order of the list."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sessions_admin.listing import counting
from sessions_admin.listing.pagination import MAX_PK, Cursor
from sessions_admin.models import Termination, TrackedSession
from tests.support.browsing import LIST, TERMINATE_ALL, Browser, listed, text
from tests.support.factories import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(acme):
    return Browser().sign_in(person(acme, "Ada Admin", "admin"))


@pytest.fixture
def people(acme, admin):
    """Four signed-in people, oldest first, with flags, countries and times of their own."""
    now = timezone.now()
    found = {}
    for number, (name, code, flags, idle) in enumerate(
        (
            ("Ana", "SI", {"is_far": True}, 5),
            ("Bo", "SI", {"is_far": True, "is_new_country": True}, 1),
            ("Cem", "AT", {"is_new_kind": True}, 20),
            ("Dana", "AT", {}, 2),
        )
    ):
        member = person(acme, f"{name} Person")
        Browser().sign_in(member)
        TrackedSession.objects.filter(user=member).update(
            country_code=code,
            country={"SI": "Slovenia", "AT": "Austria"}[code],
            created_at=now - timedelta(days=9 - number),
            last_seen_at=now - timedelta(hours=idle),
            **flags,
        )
        found[str(TrackedSession.objects.get(user=member).public_id)] = name
    return found


@pytest.fixture
def names(admin, people):
    """Return the names on the list, without the admin's own session."""

    def names(query=""):
        return [people[each] for each in listed(admin, query) if each in people]

    return names


def strip(admin, query=""):
    """Return the label, the count and the URL of each flag in the strip, and if it is chosen."""
    page = unescape(admin.get(LIST + query).content.decode())
    found = re.findall(
        r'<a class="sa-flag" href="([^"]*)"( aria-current="true")?.*?<strong>\s*(\S+)\s*</strong>',
        page,
        re.S,
    )
    return {
        flag["id"]: (count, bool(chosen), url)
        for flag, (url, chosen, count) in zip(
            admin.get(LIST + query).context["flags"], found, strict=True
        )
    }


def counts(admin, query=""):
    return {flag: count for flag, (count, _chosen, _url) in strip(admin, query).items()}


class TestStrip:
    def test_counts_within_the_filters_and_the_search(self, admin, people):
        assert counts(admin) == {"far": "2", "country": "1", "device": "1"}
        assert counts(admin, "?q=ana") == {"far": "1"}
        assert counts(admin, "?country=AT") == {"device": "1"}
        assert counts(admin, "?country=SI&q=bo") == {"far": "1", "country": "1"}
        assert counts(admin, "?q=nobody") == {}

    def test_other_flags_are_counted_as_if_none_were_chosen(self, admin, people):
        """Since any of the chosen ones is enough, each count says what its flag would add."""
        assert counts(admin, "?flag=far") == {"far": "2", "country": "1", "device": "1"}

    def test_links_keep_the_filters_add_a_flag_and_take_a_chosen_one_away(self, admin, people):
        found = strip(admin, "?q=person&flag=far")
        assert found["far"] == ("2", True, f"{LIST}?q=person")
        assert found["device"] == ("1", False, f"{LIST}?q=person&flag=far&flag=device")
        found = strip(admin, "?q=person&flag=far&flag=device")
        assert found["far"][2] == f"{LIST}?q=person&flag=device"

    def test_a_chosen_flag_that_nothing_has_can_still_be_taken_away(self, admin, people):
        assert strip(admin, "?flag=many") == {
            "far": ("2", False, f"{LIST}?flag=many&flag=far"),
            "country": ("1", False, f"{LIST}?flag=many&flag=country"),
            "device": ("1", False, f"{LIST}?flag=many&flag=device"),
            "many": ("0", True, LIST),
        }

    def test_any_of_the_chosen_flags_is_enough(self, names):
        assert names("?flag=far") == ["Bo", "Ana"]
        assert names("?flag=far&flag=device") == ["Cem", "Bo", "Ana"]
        assert names("?flag=far&flag=far&flag=") == ["Bo", "Ana"]
        assert names("?flag=country&flag=device&country=AT") == ["Cem"]

    @pytest.mark.parametrize(
        "query",
        ["?flag=far&flag=odd", "?flag=%00", "?flag=" + "far&flag=".join(map(str, range(400)))],
    )
    def test_an_unknown_one_matches_nothing_and_says_so(self, admin, names, query):
        page = text(admin.get(LIST + query))
        assert "That flag doesn't exist, so no sessions match." in page
        assert names(query) == []
        # The links keep an unknown one, too: without it they would show more.
        answer = admin.get(LIST + query)
        assert len(answer.context["list_url"]) < 5000
        assert listed(admin, answer.context["list_url"].removeprefix(LIST)) == []

    def test_says_more_than_a_hundred_as_100_plus(self, admin, people, monkeypatch):
        monkeypatch.setattr(counting, "FLAGGED", 1)
        assert counts(admin)["far"] == "1+"

    def test_costs_one_statement_and_no_more_with_several(self, admin, people):
        def number(query):
            with CaptureQueriesContext(connection) as captured:
                admin.get(LIST + query)
            return len(captured)

        assert number("?flag=far&flag=device&q=person") == number("?q=person") <= 8

    def test_terminate_all_ends_what_has_any_of_them_and_the_log_says_so(self, admin, people):
        query = "?flag=far&flag=device"
        asked = text(admin.get(TERMINATE_ALL + query))
        assert "Terminate 3 sessions?" in asked
        assert "Impossible travel or New type of device" in asked
        admin.post(TERMINATE_ALL + query)
        termination = Termination.objects.get()
        assert termination.ended == 3
        assert termination.filters["flag"] == ["far", "device"]
        entry = text(admin.get(f"{LIST}termination-log/{termination.public_id}/"))
        assert "Flag Impossible travel or New type of device" in entry

    def test_the_selection_keeps_all_of_them(self, admin, people):
        page = admin.get(f"{LIST}?flag=far&flag=device").content.decode()
        kept = re.findall(r'<input type="hidden" name="flag" value="(\w+)">', page)
        assert kept == ["far", "device"]


class TestFilterForm:
    def test_flags_can_be_found_there(self, admin, people):
        page = admin.get(f"{LIST}?flag=far").content.decode()
        boxes = re.findall(
            r'<input type="checkbox" name="flag" value="(\w+)"[^>]*?( checked)?>', page
        )
        assert boxes == [("far", " checked")] + [
            (flag, "") for flag in ("country", "device", "many", "idle")
        ]

    def test_a_country_is_typed(self, admin, names, people):
        answer = admin.get(f"{LIST}?country_name=sloven&q=person")
        assert (answer.status_code, answer["Location"]) == (302, f"{LIST}?q=person&country=SI")
        page = text(admin.get(f"{LIST}?country=SI"))
        assert "Clear filter: Slovenia" in page
        assert names("?country=SI") == ["Bo", "Ana"]

    def test_several_countries_are_suggested_those_that_begin_with_it_first(
        self, admin, names, people
    ):
        for public_id, code in zip(people, ("AU", "NR", "AT"), strict=False):
            TrackedSession.objects.filter(public_id=public_id).update(country_code=code)
        assert names("?country_name=au") == []
        page = text(admin.get(f"{LIST}?country_name=au"))
        assert "Several countries match “au”. Pick one from the list." in page
        found = text(admin.get(f"{LIST}suggestions/countries/?country_name=au"))
        assert found.index("Australia") < found.index("Austria") < found.index("Nauru")

    def test_one_that_is_called_exactly_so_is_meant(self, admin):
        assert admin.get(f"{LIST}?country_name=niger")["Location"] == f"{LIST}?country=NE"

    def test_no_country_matches_nothing_and_says_so(self, admin, names):
        assert names("?country_name=xyzzy") == []
        assert "No country matches “xyzzy”." in text(admin.get(f"{LIST}?country_name=xyzzy"))
        said = text(admin.get(f"{LIST}suggestions/countries/?country_name=xyzzy"))
        assert said == "No active sessions in a country by that name"

    def test_countries_are_found_in_the_readers_language(self, acme):
        admin = Browser(HTTP_ACCEPT_LANGUAGE="de").sign_in(person(acme, "Anke Admin", "admin"))
        answer = admin.get(f"{LIST}?country_name=österreich")
        assert answer["Location"] == f"{LIST}?country=AT"


def heading(admin, name, query=""):
    """Return what the heading of this column says of its order, and where its link leads."""
    page = unescape(admin.get(LIST + query).content.decode())
    found = re.search(
        rf'<th [^>]*?(?:aria-sort="(\w+)")?>\s*<a [^>]*href="([^"]*)"[^>]*>{name}\s*<svg', page
    )
    return found and found.groups()


class TestSort:
    def test_orders(self, names):
        assert names() == ["Dana", "Cem", "Bo", "Ana"]
        assert names("?sort=oldest") == ["Ana", "Bo", "Cem", "Dana"]
        assert names("?sort=last-active") == ["Bo", "Dana", "Ana", "Cem"]
        assert names("?sort=longest-inactive") == ["Cem", "Ana", "Dana", "Bo"]

    def test_headings_say_the_order_and_turn_it_round(self, admin, people):
        created, seen = "Created On", "Last active"
        assert heading(admin, created) == ("descending", f"{LIST}?sort=oldest")
        assert heading(admin, seen) == (None, f"{LIST}?sort=last-active")
        assert heading(admin, created, "?sort=oldest") == ("ascending", LIST)
        by_activity = "?sort=last-active&q=person"
        assert heading(admin, seen, by_activity) == (
            "descending",
            f"{LIST}?q=person&sort=longest-inactive",
        )
        assert heading(admin, created, by_activity) == (None, f"{LIST}?q=person")
        by_inactivity = "?sort=longest-inactive"
        assert heading(admin, seen, by_inactivity) == ("ascending", f"{LIST}?sort=last-active")

    @pytest.mark.parametrize("sort", ["", "oldest", "last-active", "longest-inactive"])
    def test_pages_go_both_ways(self, settings, admin, people, sort):
        everything = listed(admin, f"?sort={sort}")
        settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"PAGE_SIZE": 2}
        answer = admin.get(f"{LIST}?sort={sort}")
        pages, back = [], []
        while answer:
            pages.append(ids(answer))
            url = answer.context["older_url"]
            last, answer = answer, admin.get(url) if url else None
        assert [each for page in pages for each in page] == everything
        while url := last.context["newer_url"]:
            last = admin.get(url)
            back.append(ids(last))
        assert back == pages[-2::-1]

    def test_filters_keep_the_order_and_a_new_order_begins_at_the_first_page(
        self, settings, admin, people
    ):
        settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"PAGE_SIZE": 2}
        answer = admin.get(f"{LIST}?sort=oldest&q=person")
        older = answer.context["older_url"].removeprefix(LIST)
        assert "sort=oldest" in older
        assert heading(admin, "Last active", older)[1] == f"{LIST}?q=person&sort=last-active"
        assert strip(admin, older)["far"][2] == f"{LIST}?sort=oldest&q=person&flag=far"

    def test_news_lead_to_the_newest_first(self, admin, people):
        since = "since=2020-01-01T00:00:00%2B00:00"
        page = unescape(admin.get(f"{LIST}news/?sort=oldest&q=person&{since}").content.decode())
        assert f'href="{LIST}?q=person"' in page

    @pytest.mark.parametrize("sort", ["newest!", "-created_at", "%00", "password", "x" * 5000])
    def test_an_unknown_order_is_the_usual_one_and_the_page_says_so(self, admin, names, sort):
        said = text(admin.get(f"{LIST}?sort={sort}"))
        assert "That order doesn't exist. Showing the newest sessions first." in said
        assert names(f"?sort={sort}") == ["Dana", "Cem", "Bo", "Ana"]

    @pytest.mark.parametrize("pk", [1, MAX_PK])
    @pytest.mark.parametrize("sort", ["oldest", "longest-inactive", "last-active"])
    def test_positions_at_the_ends_are_pages(self, admin, people, sort, pk):
        for at in (timezone.now() - timedelta(days=999), timezone.now() + timedelta(days=999)):
            for direction in ("after", "before"):
                query = f"?sort={sort}&{direction}={Cursor(at, pk)}"
                assert set(people) <= set(listed(admin, query))

    def test_too_many_to_sort_by_activity_is_said_and_they_are_newest_first(
        self, settings, admin, names, monkeypatch
    ):
        settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"PAGE_SIZE": 4}
        monkeypatch.setattr(counting, "LISTED", 3)
        said = text(admin.get(f"{LIST}?sort=last-active"))
        assert (
            "More than 3 sessions are too many to sort by last active, so the newest are first."
            in said
        )
        assert names("?sort=last-active") == ["Dana", "Cem", "Bo"]
        assert heading(admin, "Created On", "?sort=last-active")[0] == "descending"
        # Filtered, they are few enough.
        assert names("?sort=last-active&q=person") == ["Bo", "Dana", "Ana"]
        monkeypatch.setattr(counting, "FOUND", 3)
        assert names("?sort=last-active&q=person") == ["Dana", "Cem", "Bo"]

    @pytest.mark.parametrize("sort", ["oldest", "last-active"])
    def test_costs_no_statement_more(self, settings, admin, people, sort):
        settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"PAGE_SIZE": 2}

        def number(query):
            with CaptureQueriesContext(connection) as captured:
                admin.get(LIST + query)
            return len(captured)

        assert number(f"?sort={sort}") == number("") <= 8


def ids(answer):
    return re.findall(r"/([0-9a-f-]{36})/terminate/", answer.content.decode())

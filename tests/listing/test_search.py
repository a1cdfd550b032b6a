"""What is typed finds what is meant: with accents or without, a whole address, a network."""

from __future__ import annotations

import ipaddress
import unicodedata

import pytest
from django.db import connection
from django.utils import timezone, translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions_admin import folding, people, search, search_addresses, search_text
from sessions_admin.client import locations
from sessions_admin.listing import suggestions
from sessions_admin.models import TrackedSession
from sessions_admin.policy import scope_of
from sessions_admin.querysets import Filters
from sessions_admin.search_conditions import Has
from sessions_admin.search_text import PRIVATE
from sessions_admin.termination import bulk
from tests.support.browsing import Browser
from tests.support.factories import AccountFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db

TOMORROW = timezone.timedelta(days=1)


def login(now=None, **facts):
    """A session with these facts; ``now`` are those of where it has moved to since."""
    at = timezone.now()
    moment = at.isoformat()
    other = {"ip_address": None, "user_agent": "", "first_seen_at": moment, "last_seen_at": moment}
    facts.setdefault("user", None)
    if facts["user"] is None:
        facts["user"] = UserFactory(name="Ada", email=f"ada-{TrackedSession.objects.count()}@x.org")
    facts.setdefault("ip_address", "198.51.100.1")
    return TrackedSession.objects.create(
        expires_at=at + TOMORROW,
        application=facts.pop("application", "web"),
        other_origins=[other | now] if now else [],
        **facts,
    )


def finds(q, language="en"):
    with translation.override(language):
        return list(TrackedSession.objects.matching(Filters(q=q)).order_by("pk"))


class TestAccents:
    @pytest.mark.parametrize(
        ("shown", "typed"),
        [
            ("São Paulo", "sao paulo"),
            ("Zürich", "zurich"),
            ("Kovač", "kovac"),
            ("Łódź", "lodz"),
            ("Tromsø", "tromso"),
            ("Đakovo", "dakovo"),
            ("Weißenburg", "weissenburg"),
            ("Ærøskøbing", "aeroskobing"),
            ("İstanbul", "istanbul"),
            ("Diyarbakır", "diyarbakir"),
            ("Þórshöfn", "thorshofn"),
            ("Nguyễn", "nguyen"),
            ("Zu\u0308rich", "zürich"),
            ("Αθήνα", "αθηνα"),
            ("Орёл", "орел"),
            ("القاهِرة", "القاهرة"),
            ("Ha\u00adnoi", "hanoi"),
            ("O’Brien", "o'brien"),
            ("Ｔｏｋｙｏ", "tokyo"),
            ("서울", "서"),
        ],
    )
    def test_make_no_difference_anywhere(self, shown, typed):
        ada = UserFactory(name="Ada")
        rows = [
            login(user=ada, city=shown),
            login(user=ada, account_name=shown),
            login(user=ada, region=shown),
            login(user=ada, device=shown),
            login(user=ada, now={"city": shown}),
            login(user=UserFactory(name=f"Eve {shown}")),
            login(user=UserFactory(name="", email=f"{shown}@example.com")),
        ]
        login(user=ada, city="Quito")
        for q in (typed, typed.upper(), shown, shown.upper(), shown.lower()):
            assert finds(q) == rows, q
            if " " not in q and q[1:]:
                assert finds(q[1:]) == rows, q

    def test_make_no_difference_for_countries_and_applications(self, settings):
        settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {
            "APPLICATIONS": [{"id": "web", "name": "Móvil"}]
        }
        row = login(country="Turkey", country_code="TR", application="web")
        login(country="Italy", country_code="IT", application="former")
        for q, language in (("turkei", "de"), ("Türkei", "de"), ("movil", "en"), ("MÓVIL", "en")):
            assert finds(q, language) == [row], q

    @given(st.text())
    @settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_are_the_same_to_python_and_to_the_database(self, text):
        """But for capitals of rarer scripts, which not every database knows."""
        text = "".join(c for c in text if unicodedata.category(c) not in ("Cs", "Cc", "Cn", "Co"))
        if not all(ord(c) < 0x250 for c in text):
            text = text.lower()
        with connection.cursor() as cursor:
            expression = folding.sql("%s", connection.vendor)
            cursor.execute(f"SELECT {expression}", [text] * expression.count("%s"))
            assert cursor.fetchone() == (folding.fold(text),)

    def test_make_no_difference_in_suggestions(self, monkeypatch):
        zoe = UserFactory(name="Zoë Kovač", email="zoe@example.com")
        root = UserFactory(is_superuser=True)
        account = AccountFactory(name="Škoda, Inc.")
        MembershipFactory(user=zoe, account=account)
        Browser().sign_in(zoe)
        scope = scope_of(root)
        for typed in ("zoe kovac", "ZOË KOVAČ", "kovač", "Zoë Kovač (zoe@example.com)"):
            (found,) = suggestions.people(scope, typed, limit=5)
            assert suggestions.only([found, suggestions.Suggestion("0", "Other")], "zoe kovac")
        for typed in ("skoda", "ŠKODA, Inc.", "inc. skoda"):
            assert [a.label for a in suggestions.accounts(scope, typed, limit=5)] == ["Škoda, Inc."]
        assert list(people.called("ZOE KOVAC", whole=True)) == [zoe]
        assert list(people.called("ZOE", whole=True)) == []


class TestWordsThatRowsShow:
    @pytest.fixture
    def rows(self):
        lena = UserFactory(name="Lena Hofer", email="lena@acme.example")
        shown = login(
            user=lena,
            account_name="Acme, Inc. & Sons – Milan (IT)",
            application="management",
            city="Milan",
            country="Italy",
            country_code="IT",
            browser="Opera",
            browser_version="128.0.1",
            device="Windows 11",
        )
        login(user=UserFactory(name="Leo Long"), city="Onda", country="Spain", country_code="ES")
        return [shown]

    @pytest.mark.parametrize(
        ("q", "language"),
        [
            ("Milan, Italy", "en"),
            ("italy, milan,", "en"),
            ("Opera on Windows 11", "en"),
            ("Opera auf Windows 11", "de"),
            ("Opera v napravi Windows 11", "sl"),
            ("Milan, Italien", "de"),
            ("Opera 128", "en"),
            ("Lena Hofer (lena@acme.example)", "en"),
            ("@acme.example", "en"),
            ("Acme, Inc. & Sons – Milan (IT)", "en"),
            ("“Milan”", "en"),
            ("hofer; opera: milan.", "en"),
        ],
    )
    def test_find_it(self, rows, q, language):
        assert finds(q, language) == rows

    @pytest.mark.parametrize("q", ["Milan, Spain", "Opera on Linux", "&", "Lena (leo@x.org)"])
    def test_find_nothing_else(self, rows, q):
        assert finds(q) == (rows if q == "&" else [])

    def test_joining_word_alone_is_a_word(self):
        known = {"browser": "Safari", "device": "iPad", "country": "Spain"}
        found = login(**known, city="Onda")
        login(**known, city="Elda")
        assert finds("on") == [found]

    @pytest.mark.parametrize("language", ["en", "de", "sl", "ar"])
    def test_what_is_unknown(self, language):
        known = {"browser": "Safari", "device": "iPhone", "city": "Oslo", "country": "Norway"}
        no_place, no_device = {"city": "", "country": ""}, {"browser": "", "device": ""}
        rows = {
            "private": login(**known | no_place, ip_address="10.1.2.3"),
            "nowhere": login(**known | no_place, ip_address="203.0.113.7"),
            "moved": login(**known, now={"ip_address": "fd00::1"} | no_place | no_device),
            "nothing": login(**known | no_device, ip_address=None),
            "known": login(**known, now={"ip_address": None, **known}),
        }
        with translation.override(language):
            words = search._placeholder_texts()
            texts = (
                rows["private"].location,
                rows["nowhere"].location,
                rows["nothing"].device_label,
            )
        private, nowhere, no_device_label = texts
        assert (words["PRIVATE"], words["NOWHERE"]) == (private, nowhere)
        assert finds(private, language) == [rows["private"], rows["moved"]]
        assert (
            {rows["nowhere"]}
            <= set(finds(nowhere, language))
            <= set(rows.values()) - {rows["known"]}
        )
        assert finds(no_device_label, language) == [rows["moved"], rows["nothing"]]
        assert finds(words["NOBROWSER"], language) == [rows["nothing"]]
        assert finds(words["NOADDRESS"], language) == [rows["nothing"]]
        for sign in ("NOWHERE", "NODEVICE", "NOBROWSER", "NOADDRESS", "null"):
            assert finds(sign, language) == [], sign

    def test_deleted_person(self):
        row = login(user=UserFactory(), user_label="Zoë Zorn (zoe@example.com)")
        assert finds("zorn") == []
        row.user.delete()
        for q in ("zoe zorn", "Zoë Zorn (zoe@example.com)"):
            assert finds(q) == [row]

    def test_application_that_is_not_configured_any_more(self):
        row = login(application="former")
        login(application="web")
        assert finds("former") == [row]


class TestAddresses:
    SIMILAR = ("203.0.113.7", "203.0.113.70", "203.0.113.77", "now", "now70")
    FULL = "2001:db8:85a3::8a2e:370:7334"

    @pytest.fixture
    def rows(self):
        """Sessions by the end of their address; "now" ones have moved there."""
        ada = UserFactory(name="Ada", email="ada@example.com")
        addresses = ["203.0.113.7", "203.0.113.70", "203.0.113.77", "1.203.0.113", self.FULL]
        addresses += ["2001:db8:85a3::8a2e:370:73", "10.0.0.5"]
        rows = {address: login(user=ada, ip_address=address) for address in addresses}
        rows["now"] = login(user=ada, now={"ip_address": "203.0.113.7"})
        rows["now70"] = login(user=ada, now={"ip_address": "203.0.113.70"})
        rows["none"] = login(user=ada, ip_address=None, now={"ip_address": None})
        return rows

    @pytest.mark.parametrize(
        ("typed", "found"),
        [
            ("203.0.113.7", ["203.0.113.7", "now"]),
            ("203.0.113.70", ["203.0.113.70", "now70"]),
            (" 203.0.113.7, ", ["203.0.113.7", "now"]),
            ("(203.0.113.7)", ["203.0.113.7", "now"]),
            ("203.0.113.7.", ["203.0.113.7", "now"]),
            ("203.0.113.7:443", ["203.0.113.7", "now"]),
            ("::ffff:203.0.113.7", ["203.0.113.7", "now"]),
            ("[::FFFF:203.0.113.7]:443", ["203.0.113.7", "now"]),
            ("203.0.113.8", []),
            ("203.0.113.7 ada", ["203.0.113.7", "now"]),
            ("203.0.113.7 nobody", []),
            ("2001:0db8:85a3:0000:0000:8a2e:0370:7334", [FULL]),
            ("2001:DB8:85A3::8A2E:370:7334", [FULL]),
            ("[2001:db8:85a3::8a2e:370:7334]", [FULL]),
            ("([2001:db8:85a3::8a2e:370:7334]:443),", [FULL]),
            ("2001:db8:85a3::8a2e:370:7334%eth0", [FULL]),
            ("2001:db8:85a3::", []),
            ("::1", []),
            # Beginnings.
            ("203.0.113.", SIMILAR),
            ("203.0.", [*SIMILAR, "1.203.0.113"]),
            ("2001:db8:85a3", [FULL, "2001:db8:85a3::8a2e:370:73"]),
            ("2001:DB8:", [FULL, "2001:db8:85a3::8a2e:370:73"]),
            # Networks.
            ("203.0.113.0/24", SIMILAR),
            ("203.0.113.9/24,", SIMILAR),
            ("203.0.113.64/26", ["203.0.113.70", "203.0.113.77", "now70"]),
            ("203.0.113.7/32", ["203.0.113.7", "now"]),
            ("::ffff:203.0.113.7/128", ["203.0.113.7", "now"]),
            ("203.0.112.0/255.255.240.0", SIMILAR),
            ("0.0.0.0/1", ["1.203.0.113", "10.0.0.5"]),
            ("2001:db8::/32", [FULL, "2001:db8:85a3::8a2e:370:73"]),
            ("2001:DB8:85A3:0000::/64", [FULL, "2001:db8:85a3::8a2e:370:73"]),
            ("[2001:db8::]/32", [FULL, "2001:db8:85a3::8a2e:370:73"]),
            ("2001:db8::/128", []),
            ("::/0", [FULL, "2001:db8:85a3::8a2e:370:73"]),
            ("fe80::/10", []),
        ],
    )
    def test_mean_what_they_say(self, rows, typed, found):
        assert set(finds(typed)) == {rows[name] for name in found}

    @given(data=st.data())
    @settings(
        max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    def test_network_is_every_address_in_it(self, data):
        """The beginning that the index is asked for leaves none of them out."""
        network = data.draw(st.ip_addresses().flatmap(networks))
        inside = data.draw(st.integers(0, network.num_addresses - 1))
        address = network.network_address + inside
        for conditions in search_addresses.begins_like(network):
            if network.prefixlen < 4:
                assert not conditions
                continue
            (begins,) = conditions
            letters = begins.source_expressions[1].value
            assert f"\n{search_text.in_letters(address.packed)}\n".startswith(letters)

    def test_every_private_network_is_known_to_the_database(self):
        ada = UserFactory(name="Ada")
        addresses = [a for network in locations.PRIVATE_NETWORKS for a in around(network)]
        made = [login(user=ada, ip_address=str(each)) for each in addresses]
        private = set(TrackedSession.objects.filter(Has("~", PRIVATE)))
        assert private == {row for row in made if row.is_private}
        assert len(private) > 20

    def test_masked_address_is_the_network_that_it_names(self):
        masked = login(ip_address="203.0.113.0", is_masked=True)
        other = login(ip_address="203.0.114.0", is_masked=True)
        assert finds("203.0.113.0") == finds("203.0.113.0/24") == [masked]
        assert finds("203.0.113.7") == []
        assert finds("203.0.112.0/22") == [masked, other]

    def test_broken_text_in_a_network_finds_nothing(self):
        login()
        for q in (
            "203.0.113.0/33",
            "1.2.3/24",
            "a/24",
            "/24",
            "2001:db8::/129",
            "1/2/3",
            "/",
            "::/",
        ):
            finds(q)

    def test_terminate_all_matching_ends_that_address_only(self, rows):
        root = UserFactory(is_superuser=True)
        termination = bulk.begin(actor=root, scope="All", filters=Filters(q="203.0.113.7"))
        ended = set(TrackedSession.objects.filter(termination=termination))
        assert ended == {rows["203.0.113.7"], rows["now"]}


def networks(address):
    return st.integers(0, address.max_prefixlen).map(
        lambda bits: ipaddress.ip_network(f"{address}/{bits}", strict=False)
    )


def around(network):
    """Its first and last addresses, and those just outside."""
    first, last = network[0], network[-1]
    yield from {first, last, network[network.num_addresses // 2]}
    if int(first) > 0:
        yield first - 1
    yield last + 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no such index")
@pytest.mark.parametrize("whole", [True, False])
def test_people_are_found_by_the_index(whole):
    """That of the sessions is tested in test_plans.py."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_indexes WHERE indexname = 'accounts_user_search'")
        if not cursor.fetchone():
            pytest.skip("this server has no pg_trgm")
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = people.called("Kovač", whole=whole).explain()
    # One scan for the names and one for the addresses.
    assert plan.count("accounts_user_search") == 2, plan

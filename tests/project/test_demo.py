"""The demo data."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from importlib import import_module

import pytest
from django.conf import global_settings, settings
from django.contrib.gis.geoip2 import GeoIP2
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from geoip2.errors import AddressNotFoundError

from accounts.demo import locations, visits
from accounts.demo.people import ACCOUNTS, PASSWORD, PEOPLE, SIGN_INS
from accounts.models import Account, Membership, User
from sessions_admin.models import Termination, TrackedSession

pytestmark = pytest.mark.once


@pytest.mark.django_db
class TestDemo:
    @pytest.fixture(autouse=True)
    def site(self, settings, tmp_path):
        settings.DEMO_GEOIP_PATH = settings.GEOIP_PATH = tmp_path / "demo-City.mmdb"
        settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS

    @pytest.fixture
    def seeded(self):
        call_command("seed_demo", verbosity=0)

    @pytest.mark.usefixtures("seeded")
    def test_every_row_has_a_real_session_behind_it(self):
        store = import_module(settings.SESSION_ENGINE).SessionStore
        rows = TrackedSession.objects.filter(ended_at=None)
        assert 110 <= len(rows) <= 130
        for row in rows:
            assert signed_in_as(row.session_key) == row.user.email
            assert store(row.session_key).get_expiry_date() > timezone.now()

    @pytest.mark.usefixtures("seeded")
    def test_the_rows_are_as_varied_as_planned(self):
        rows = list(TrackedSession.objects.open())
        planned = visits.plan()
        assert Counter(row.ip_address for row in rows) == Counter(v.ip_address for v in planned)
        assert Counter(row.application for row in rows) == Counter(v.application for v in planned)
        assert Counter(row.user_agent for row in rows) == Counter(
            v.agent.user_agent for v in planned
        )
        assert {row.account_name for row in rows} == {a.name for a in ACCOUNTS} | {""}
        assert {"SI", "JP", "BR", "KE", "AU", "US"} <= {row.country_code for row in rows}
        assert {"Private network", "Unknown location"} <= {row.location for row in rows}
        assert len({row.browser for row in rows}) >= 6
        assert len({row.city for row in rows}) >= 20
        assert any(":" in row.ip_address for row in rows)

    @pytest.mark.usefixtures("seeded")
    def test_times_lie_in_the_past_and_within_the_life_of_the_session(self):
        now = timezone.now()
        for row in TrackedSession.objects.open():
            assert now - timedelta(days=10) < row.created_at <= row.last_seen_at <= now
            assert now < row.expires_at

    @pytest.mark.usefixtures("seeded")
    def test_earlier_sign_ins_are_over_and_have_no_session(self):
        past = list(TrackedSession.objects.over())
        assert len(past) > 100
        assert len({row.end_reason for row in past}) >= 5
        for row in past:
            assert row.created_at <= row.last_seen_at <= row.expires_at
            assert row.created_at < row.ended_at <= timezone.now()
            assert (row.session_key, row.key_digest, row.flags) == (None, "", [])

    @pytest.mark.usefixtures("seeded")
    def test_admins_have_ended_some_of_them(self):
        log = Termination.objects.all()
        assert {each.sessions.count() for each in log} == {1, 2, 3}
        for each in log:
            assert each.reason
            assert (each.requested, each.ended) == (each.sessions.count(), each.sessions.count())
            assert {row.end_reason for row in each.sessions.all()} == {"terminated"}
            assert {row.account_id for row in each.sessions.all()} == set(each.account_ids)
        assert TrackedSession.objects.filter(was_reused_elsewhere=True).count() == 1
        assert not TrackedSession.objects.filter(reuse_count__gt=0, reuse_seen_at=None).exists()

    @pytest.mark.usefixtures("seeded")
    def test_people_accounts_and_roles(self):
        assert User.objects.count() == len(PEOPLE) == 25
        assert {account.plan for account in Account.objects.all()} == set(Account.Plan)
        assert {a.has_advanced_security for a in Account.objects.all()} == {True, False}
        admin = User.objects.get(email="admin@acme.example")
        administered = Membership.objects.filter(user=admin, role__in=Membership.ADMINISTERING)
        assert administered.count() == 2
        acme = Account.objects.get(name="Acme Instruments")
        assert acme.plan == Account.Plan.PREMIUM

    @pytest.mark.usefixtures("seeded")
    def test_those_it_names_can_sign_in(self):
        for email, _role in SIGN_INS:
            assert Client().login(username=email, password=PASSWORD), email

    def test_it_leaves_a_database_with_people_alone(self):
        User.objects.create_user("ada@example.com")
        with pytest.raises(CommandError, match="people"):
            call_command("seed_demo")
        assert User.objects.count() == 1

    def test_it_works_behind_tls(self, settings):
        settings.SECURE_SSL_REDIRECT = True
        settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
        settings.ALLOWED_HOSTS = [".sessions.example"]
        call_command("seed_demo", verbosity=0)
        assert TrackedSession.objects.open().count() == len(visits.plan())

    def test_a_real_map_is_left_in_place(self, settings, tmp_path):
        settings.GEOIP_PATH = tmp_path / "real-City.mmdb"
        locations.write_database(settings.GEOIP_PATH)
        call_command("seed_demo", verbosity=0)
        assert not settings.DEMO_GEOIP_PATH.exists()

    def test_the_plan_is_the_same_every_time(self):
        assert visits.plan() == visits.plan()


def test_the_demo_map_opens_as_geoip2_and_names_every_city(tmp_path):
    path = tmp_path / "demo-City.mmdb"
    locations.write_database(path)
    reader = GeoIP2(path)
    for place in locations.PLACES:
        for network in locations.networks_of(place.city):
            found = reader.city(str(network[-1]))
            assert (found["city"], found["country_code"]) == (place.city, place.country_code)
            assert network.is_private, "only networks that nobody has on the internet"
    for address in visits.UNMAPPED_ADDRESSES:
        with pytest.raises(AddressNotFoundError):
            reader.city(address)


def signed_in_as(session_key: str) -> str | None:
    """Return the person that a request with this session's cookie is signed in as."""
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = session_key
    answer = client.get("/api/mobile/me/")
    return answer.json()["person"]["email"] if answer.status_code == 200 else None

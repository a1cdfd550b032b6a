"""What people are called: by the default, and by a function of the project (USER_NAME)."""

from __future__ import annotations

import logging
from urllib.parse import urlencode

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import NotSupportedError, connection, transaction

from accounts.models import User
from sessions_admin import checks, people, search
from sessions_admin.models import TrackedSession
from tests.support.browsing import LIST, Browser, listed, text
from tests.support.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


def formal(user):
    return f"Dr. {user.name}" if user.name else None


def nothing(user):
    return "\u200b"


def failing(user):
    raise RuntimeError("no directory")


@pytest.fixture
def name_people(settings):
    def use(function):
        path = f"{__name__}.{function.__name__}"
        settings.SESSIONS_ADMIN = {**settings.SESSIONS_ADMIN, "USER_NAME": path}

    return use


@pytest.fixture
def operator():
    return Browser().sign_in(UserFactory(is_superuser=True, name="Olga Operator"))


def found(browser, words):
    return listed(browser, f"?{urlencode({'q': words})}")


def suggested(browser, words):
    return text(browser.get(f"{LIST}suggestions/people/?{urlencode({'person': words})}"))


class TestDefault:
    def test_a_name_that_only_repeats_the_address_is_none(self):
        person = get_user_model()(pk=7, name="Ana@Example.com", email="ana@example.com")
        assert people.name_of(person) == people.label_of(person) == "ana@example.com"

    @pytest.mark.parametrize("name", ["None", "None None", "7", "1b3c5a7e-1234-4abc-9def-012345"])
    def test_what_is_no_name(self, name):
        person = get_user_model()(pk=7, name=name, email="ana@example.com")
        assert people.name_of(person) == "ana@example.com"

    def test_half_a_name(self):
        person = get_user_model()(pk=7, name="None Novak", email="ana@example.com")
        assert people.label_of(person) == "Novak (ana@example.com)"

    def test_names_in_columns_are_searched_there_and_not_in_the_rows(self, ana, operator):
        Browser().sign_in(ana)
        assert not people.are_computed()
        assert not people.label_condition("ana")


class TestNamedByTheProject:
    def test_it_is_shown_and_found(self, ana, operator, name_people):
        name_people(formal)
        Browser().sign_in(ana)
        row = TrackedSession.objects.get(user=ana)
        assert row.user_label == f"Dr. Ana Novak ({ana.email})"
        assert "Dr. Ana Novak" in text(operator.get(LIST))
        for words in ("Dr. Ana Novak", "dr", ana.email, "Novak"):
            assert str(row.public_id) in found(operator, words), words
            assert "Dr. Ana Novak" in suggested(operator, words), words
        assert found(operator, "Prof.") == []
        chosen = operator.get(f"{LIST}?{urlencode({'person': 'Dr. Ana Novak'})}")
        assert chosen["Location"] == f"{LIST}?user={ana.pk}"

    def test_it_names_the_actor_of_a_termination(self, ana, operator, name_people):
        name_people(formal)
        Browser().sign_in(ana)
        row = TrackedSession.objects.get(user=ana)
        operator.post(f"{LIST}{row.public_id}/terminate/")
        page = text(operator.get(f"{LIST}termination-log/"))
        assert "Dr. Olga Operator" in page
        assert "Terminated Dr. Ana Novak" in page

    def test_a_new_name_is_found_and_the_former_is_not(
        self, ana, operator, name_people, django_capture_on_commit_callbacks
    ):
        name_people(formal)
        Browser().sign_in(ana)
        ana.name = "Anne Novak"
        with django_capture_on_commit_callbacks(execute=True):
            ana.save()
        row = str(TrackedSession.objects.get(user=ana).public_id)
        assert found(operator, "dr. anne") == [row]
        assert found(operator, "dr. ana") == []

    def test_one_that_changed_elsewhere_is_found_from_the_next_sweep_on(
        self, ana, operator, name_people
    ):
        name_people(formal)
        Browser().sign_in(ana)
        User.objects.filter(pk=ana.pk).update(name="Anne Novak")
        rows = TrackedSession.objects.filter(user=ana)
        long_ago = rows.get().last_seen_at.replace(year=2020)
        rows.update(last_seen_at=long_ago)
        call_command("sweep_sessions", verbosity=0)
        assert found(operator, "dr. anne") == [str(rows.get().public_id)]
        assert found(operator, "dr. ana") == []

    def test_rows_that_ended_keep_the_name_of_their_end(
        self, ana, name_people, django_capture_on_commit_callbacks
    ):
        name_people(formal)
        Browser().sign_in(ana).post("/accounts/logout/")
        ana.name = "Anne Novak"
        with django_capture_on_commit_callbacks(execute=True):
            ana.save()
        assert TrackedSession.objects.get(user=ana).user_label.startswith("Dr. Ana Novak")

    @pytest.mark.parametrize("function", [nothing, failing])
    def test_without_an_answer_the_default_holds(self, ana, operator, name_people, function):
        name_people(function)
        Browser().sign_in(ana)
        assert TrackedSession.objects.get(user=ana).user_label == f"Ana Novak ({ana.email})"
        assert "Ana Novak" in text(operator.get(LIST))

    def test_an_error_is_logged_and_signs_in_all_the_same(self, ana, name_people, caplog):
        name_people(failing)
        with caplog.at_level(logging.ERROR, "sessions_admin"):
            assert Browser().sign_in(ana).is_signed_in()
        assert "no directory" in caplog.text

    @pytest.mark.parametrize("path", ["accounts.nothing.here", "formal", 7, f"{__name__}.LIST"])
    def test_a_wrong_path_is_a_check_and_breaks_nothing(self, settings, ana, operator, path):
        settings.SESSIONS_ADMIN = {**settings.SESSIONS_ADMIN, "USER_NAME": path}
        assert [e.id for e in checks.check_settings(None)] == ["sessions_admin.E003"]
        Browser().sign_in(ana)
        assert "Ana Novak" in text(operator.get(LIST))


def test_statements_do_not_grow_with_computed_names(
    name_people, operator, django_assert_max_num_queries
):
    name_people(formal)
    for _ in range(8):
        Browser().sign_in(MembershipFactory().user)
    operator.get(LIST)
    with django_assert_max_num_queries(9):
        assert len(found(operator, "dr")) == 8


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no such collations")
def test_a_column_that_ignores_case_is_searched(ana, operator, monkeypatch):
    with connection.cursor() as cursor:
        kind = "provider = icu, locale = 'und-u-ks-level2', deterministic = false"
        try:
            with transaction.atomic():
                cursor.execute(f"CREATE COLLATION ci ({kind})")
        except NotSupportedError:
            pytest.skip("this server has no ICU")
        cursor.execute("DROP INDEX IF EXISTS accounts_user_search")
        cursor.execute("ALTER TABLE accounts_user ALTER COLUMN name TYPE varchar(150) COLLATE ci")
    monkeypatch.setattr(User._meta.get_field("name"), "db_collation", "ci")
    Browser().sign_in(ana)
    row = str(TrackedSession.objects.get(user=ana).public_id)
    for words in ("Ana Novak", "NOVAK", "ova"):
        assert found(operator, words) == [row]
        assert "Ana" in suggested(operator, words)
    assert found(operator, "nowak") == []
    monkeypatch.setattr(search, "PEOPLE_BY_KEY", 0)
    monkeypatch.setattr(search, "PEOPLE_KNOWN", 0)
    assert found(operator, "ova") == [row]

"""The search finds what somebody would who reads every row, with an index and without."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions_admin import resolvers, search
from sessions_admin.client import canonical_ip, countries
from sessions_admin.folding import fold
from sessions_admin.models import TrackedSession
from sessions_admin.querysets import Filters
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db

SEEN = ("ip_address", "city", "region", "browser", "browser_version", "os", "os_version", "device")
TEXTS = st.text("abcABC xyzéÉøŁßДж%_&'\".,()-7", max_size=8).map(lambda text: text.strip())
LANGUAGES = st.sampled_from(["en", "de", "sl", "ar", "fr"])
COUNTRIES = st.sampled_from(
    [("", ""), ("SI", "Slovenia"), ("DE", "Germany"), ("NO", "Norway"), ("CI", "Ivory Coast")]
)
ADDRESSES = st.sampled_from([None, "192.0.2.1", "10.20.30.40", "2001:db8::c", "fd00:20::31"])
APPLICATIONS = st.sampled_from(["web", "management", "mobile", "admin", "former"])


@st.composite
def origins(draw):
    code, country = draw(COUNTRIES)
    texts = {name: draw(TEXTS) for name in SEEN if name != "ip_address"}
    texts["user_agent"] = ""
    return texts | {"ip_address": draw(ADDRESSES), "country_code": code, "country": country}


@st.composite
def sessions(draw):
    now = timezone.now().isoformat()
    moved = draw(st.lists(origins(), max_size=2))
    return TrackedSession(
        account_name=draw(TEXTS),
        application=draw(APPLICATIONS),
        expires_at=timezone.now() + timedelta(days=1),
        other_origins=[{**seen, "first_seen_at": now, "last_seen_at": now} for seen in moved],
        **draw(origins()),
    )


def shown(row):
    """Every text by which a row can be known, in the language of the page."""
    seen = [row, *row.elsewhere[:1]]
    texts = [row.account_name, row.user.name, row.user.email, row.application_name]
    texts += [str(getattr(origin, name) or "") for origin in seen for name in SEEN]
    texts += [str(getattr(origin, name)) for origin in seen for name in ("country", "country_code")]
    texts += [origin.country_name for origin in seen]
    texts += [origin.location for origin in seen if not (origin.city or origin.country)]
    texts += [origin.device_label for origin in seen if not (origin.browser or origin.device)]
    texts += [] if row.ip_address else [gettext("Unknown IP address")]
    texts += [] if row.device else [gettext("Unknown device")]
    texts += [] if row.browser else [gettext("Unknown browser")]
    return texts


def found_by_reading(rows, q):
    """The rows that show each of the words; a whole address is not a part of another one."""
    known = {application.id for application in resolvers.applications()}

    def shows(row, word):
        texts = [fold(text) for text in shown(row)]
        if address := canonical_ip(word):
            return address in texts
        if row.application not in known and fold(word) in fold(row.application):
            # What is not configured any more is found by all of its name.
            return row.application in (word, word.lower()) or any(
                fold(word) in fold(text) for text in shown(row) if text != row.application
            )
        return any(fold(word) in text for text in texts)

    return {row.pk for row in rows if all(shows(row, w) for w in search.words_of(q))}


def phrases(row):
    """What stands together in the list, with what joins it."""
    latest = row.now or row
    together = [row.user_name, f"{row.user_name} ({row.user.email})", row.account_name]
    together += [row.application_name, row.location, latest.location, row.location_in_full]
    together += [row.device, row.browser_text, row.device_label, latest.device_label, row.os_text]
    return [text for text in [*together, row.ip_address, row.browser_in_full] if text]


def queries(rows):
    """Parts of what the rows show, and what they may not show at all."""
    texts = [text for row in rows for text in shown(row) if text]
    part = st.sampled_from(texts).flatmap(
        lambda text: st.tuples(st.just(text), st.integers(0, len(text)), st.integers(1, 6))
    )
    words = st.one_of(part.map(lambda cut: cut[0][cut[1] : cut[1] + cut[2]]), TEXTS)
    return st.lists(words, min_size=1, max_size=2).map(" ".join)


@pytest.fixture
def people():
    return [
        UserFactory(name="Ana Nováková", email="ana.n@example.com"),
        UserFactory(name="Bo_Berg 100%", email="bo@sub.example.org"),
        UserFactory(name="", email="c-7@example.com"),
    ]


@pytest.fixture(params=["indexed", "bare"])
def index(request):
    """The search with its index, which is used however small the table, and without one."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        if request.param == "bare":
            cursor.execute("DROP INDEX IF EXISTS sa_active_search, accounts_user_search")
        else:
            cursor.execute("SET LOCAL enable_seqscan = off")


@pytest.mark.parametrize(
    ("by_key", "known"),
    [(2000, 6000), (0, 6000), (0, 0)],
    ids=["few people", "more people", "many people"],
)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(made=st.lists(sessions(), min_size=1, max_size=6), language=LANGUAGES, data=st.data())
def test_finds_what_reading_finds(index, people, by_key, known, monkeypatch, made, language, data):
    monkeypatch.setattr(search, "PEOPLE_BY_KEY", by_key)
    monkeypatch.setattr(search, "PEOPLE_KNOWN", known)
    with transaction.atomic(), translation.override(language):
        kept(made, people)
        q = data.draw(queries(made))
        assert found(q) == found_by_reading(made, q)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(made=st.lists(sessions(), min_size=1, max_size=3), language=LANGUAGES)
def test_what_a_row_shows_finds_it(index, people, made, language):
    with transaction.atomic(), translation.override(language):
        kept(made, people)
        for row in made:
            for text in phrases(row):
                assert row.pk in found(text), text
                assert row.pk in found(text.upper()), text.upper()


def test_names_of_punctuation_alone_are_found_as_the_row_shows_them(people):
    row = TrackedSession(city="_", region=".", expires_at=timezone.now() + timedelta(days=1))
    kept([row], people)
    for text in ("_, .", "_", ".", "., _", "_، ."):
        assert row.pk in found(text), text


def kept(rows, people):
    TrackedSession.objects.all().delete()
    for index, row in enumerate(rows):
        row.pk, row.user = None, people[index % len(people)]
    TrackedSession.objects.bulk_create(rows)


def found(q):
    rows = TrackedSession.objects.filter(ended_at=None).matching(Filters(q=q))
    return set(rows.values_list("pk", flat=True))


def test_country_is_found_by_its_name_in_the_language_of_the_page(people):
    row = TrackedSession.objects.create(
        user=people[0], country="Germany", country_code="DE", expires_at=timezone.now()
    )
    # Other languages than the app's show the names that rows store.
    for language, q in (("en", "german"), ("de", "deutsch"), ("fr", "german")):
        with translation.override(language):
            assert row in TrackedSession.objects.matching(Filters(q=q)), language
    assert countries.codes_called("deutsch") == []


def test_what_is_changed_in_bulk_is_found_immediately(people):
    row = TrackedSession.objects.create(
        user=people[0], account_name="Acme", expires_at=timezone.now()
    )
    TrackedSession.objects.update(account_name="Globex")
    assert row in TrackedSession.objects.matching(Filters(q="globex"))
    assert row not in TrackedSession.objects.matching(Filters(q="acme"))


@pytest.mark.skipif(connection.vendor != "postgresql", reason="asks PostgreSQL")
def test_the_expression_of_the_column_is_short():
    """PostgreSQL reads it for every statement that writes a row, whatever the statement changes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT length(adbin::text) FROM pg_attrdef JOIN pg_attribute "
            "ON attrelid = adrelid AND attnum = adnum "
            "WHERE adrelid = 'sessions_admin_trackedsession'::regclass AND attname = 'search_text'"
        )
        assert cursor.fetchone()[0] < 10_000

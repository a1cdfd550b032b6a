"""The statement that writes the row of a sign-in."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection
from django.db.models.signals import post_save, pre_save
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sessions_admin.models import TrackedSession
from tests.support.browsing import Browser, row

pytestmark = pytest.mark.django_db

OWN = {"id", "public_id", "session_key", "key_digest"}
EVIDENCE = {"account": "1", "far": {"km": 9600, "here": ["Wien", "AT", "Österreich"]}}


def new(user, **columns):
    now = timezone.now()
    texts = {"session_key": uuid4().hex, "user_label": "Ana", "application": "web"}
    times = dict.fromkeys(("created_at", "last_seen_at", "expires_at"), now)
    return TrackedSession(user=user, **(texts | times | columns))


def stored(found):
    values = TrackedSession.objects.filter(pk=found.pk).values().get()
    return {name: value for name, value in values.items() if name not in OWN}


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"ip_address": "2001:db8::7", "latitude": 48.2, "longitude": -16.4, "is_far": True},
        {"ip_address": None, "flag_evidence": EVIDENCE, "device_name": "Anas Gerät 100 %"},
        {"other_origins": [{"city": "Wien"}], "ended_at": timezone.now(), "end_reason": "idle"},
    ],
)
def test_stores_what_django_stores(ana, columns):
    by_hand, by_django = new(ana, **columns), new(ana, **columns)
    for moment in ("created_at", "last_seen_at", "expires_at"):
        setattr(by_django, moment, getattr(by_hand, moment))
    TrackedSession.objects.insert(by_hand)
    by_django.save(force_insert=True)
    assert stored(by_hand) == stored(by_django)


def test_the_row_is_as_after_a_save(ana):
    written = new(ana)
    TrackedSession.objects.insert(written)
    read = TrackedSession.objects.get()
    assert written == read
    assert (written._state.adding, written._state.db) == (False, "default")
    assert written.search_text == read.search_text
    written.device_name = "Desk"
    written.save()
    assert TrackedSession.objects.get().device_name == "Desk"


def test_works_where_an_insert_returns_nothing(ana, monkeypatch):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL always returns it")
    monkeypatch.setattr(connection.features, "can_return_columns_from_insert", False)
    written = new(ana)
    TrackedSession.objects.insert(written)
    assert TrackedSession.objects.get().pk == written.pk


def test_one_statement_writes_the_row_of_a_sign_in(ana):
    with CaptureQueriesContext(
        connection,
    ) as ran:
        Browser().sign_in(ana)
    table = TrackedSession._meta.db_table
    mine = [query["sql"].split()[0] for query in ran if table in query["sql"]]
    assert mine == ["SELECT", "INSERT"]


def test_receivers_of_django_are_called(ana):
    heard = []

    def on_saved(instance, **kwargs):
        heard.append((instance.pk, kwargs.get("created"), kwargs["raw"], kwargs["using"]))

    for signal in (pre_save, post_save):
        signal.connect(on_saved, sender=TrackedSession)
    try:
        found = row(Browser().sign_in(ana))
    finally:
        for signal in (pre_save, post_save):
            signal.disconnect(on_saved, sender=TrackedSession)
    assert heard == [(None, None, False, "default"), (found.pk, True, False, "default")]

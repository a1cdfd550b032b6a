"""The list reads some columns by a statement of its own, with the same result as Django's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models.signals import post_init, pre_init
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sessions_admin.listing import reading
from sessions_admin.listing.pagination import Cursor, Order, page_of
from sessions_admin.models import TrackedSession
from tests.support.browsing import IPHONE, LIST, Browser
from tests.support.factories import MembershipFactory, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows(acme):
    """Sessions of several people, one of whom has many, with values in every column."""
    for number in range(3):
        member = person(acme, f"Person {number}")
        for _ in range(7 if number == 1 else 1):
            Browser().sign_in(member)
    now = timezone.now()
    for number, row in enumerate(TrackedSession.objects.order_by("pk")):
        row.created_at = now - timedelta(minutes=number % 4)
        row.last_seen_at = now - timedelta(minutes=number)
        row.is_far = number % 2 == 0
        row.flag_evidence = {"account": row.account_id, "far": {"km": number}}
        row.other_origins = [{"ip_address": "203.0.113.9", "city": "Łódź"}] * (number % 2)
        row.ip_address = "2001:db8::1" if number == 3 else None
        row.save()
    TrackedSession.objects.filter(user__email__startswith="person").update(is_one_of_many=True)
    return TrackedSession.objects.all()


def as_django_reads(rows, **position):
    return page_of(rows.select_related("user").with_active_count(), **position)


def facts(session):
    values = {name: getattr(session, name) for name in reading.SHOWN if name != "user"}
    users = get_user_model()._meta.concrete_fields
    of_user = {f.attname: getattr(session.user, f.attname) for f in users if session.user}
    return values | of_user | {"user_id": session.user_id, "active": session.active_count}


ORDERS = [Order(by, down) for by in ("created_at", "last_seen_at") for down in (True, False)]


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_values_and_order_are_those_of_django(rows, order):
    position = {"size": 4, "order": order}
    seen = []
    while True:
        page = page_of(rows, shown=reading.reader(), **position)
        usual = as_django_reads(rows, **position)
        assert [facts(row) for row in page.rows] == [facts(row) for row in usual.rows]
        assert (page.newer, page.older) == (usual.newer, usual.older)
        seen += page.rows
        if page.newer:
            back = {"size": 4, "order": order, "before": page.newer}
            before = page_of(rows, shown=reading.reader(), **back)
            assert before.rows == as_django_reads(rows, **back).rows
        if page.older is None:
            break
        position["after"] = page.older
    assert len(seen) == 9
    assert {row.active_count for row in seen} >= {7}


def test_what_is_not_read_is_read_when_asked_for(rows, django_assert_num_queries):
    (first, *_others) = page_of(rows, size=1, shown=reading.reader()).rows
    with django_assert_num_queries(2):
        assert first.user_agent == TrackedSession.objects.get(pk=first.pk).user_agent
    assert not first._state.adding
    first.user_label = "Changed"
    first.save()
    assert TrackedSession.objects.get(pk=first.pk).user_label == "Changed"


def test_a_session_without_its_user_has_none(rows):
    rows.update(user=None)
    assert {row.user for row in page_of(rows, size=20, shown=reading.reader()).rows} == {None}


def test_what_nothing_can_match_asks_nothing(rows, django_assert_num_queries):
    with django_assert_num_queries(0):
        page = page_of(rows.filter(pk__in=[]), size=4, shown=reading.reader())
    assert (page.rows, page.older) == ([], None)
    beyond = Cursor(timezone.now() - timedelta(days=9), 1)
    assert page_of(rows, size=4, after=beyond, shown=reading.reader()).rows == []


def test_a_page_of_the_list_reads_no_row_again(acme, rows):
    admin = Browser(IPHONE).sign_in(MembershipFactory(account=acme, role="owner").user)
    with CaptureQueriesContext(connection) as captured:
        admin.get(LIST)
    assert len(captured) <= 8, [query["sql"] for query in captured]


@pytest.mark.parametrize("signal", [pre_init, post_init])
def test_receivers_of_the_project_see_users_that_are_read(rows, signal):
    seen = []

    def receiver(**sent):
        seen.append(sent.get("instance"))

    signal.connect(receiver, sender=get_user_model())
    try:
        page_of(rows, size=4, shown=reading.reader())
    finally:
        signal.disconnect(receiver, sender=get_user_model())
    assert seen


class Shouted:
    """A column that a package converts when it is set."""

    def __get__(self, row, model=None):
        return self if row is None else row.__dict__["name"]

    def __set__(self, row, value):
        row.__dict__["name"] = value.upper()


def test_columns_that_convert_their_values_do(rows, monkeypatch):
    monkeypatch.setattr(get_user_model(), "name", Shouted())
    reading._shape.cache_clear()
    try:
        found = page_of(rows, size=4, shown=reading.reader()).rows
    finally:
        reading._shape.cache_clear()
    assert all(row.user.name.isupper() for row in found)

"""Personal data is kept only as long as the settings say, and can be found and removed."""

from __future__ import annotations

import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sessions_admin.models import Export, Termination, TrackedSession
from sessions_admin.termination import terminate
from sessions_admin.termination.retention import masked_ip
from tests.support.browsing import Browser
from tests.support.factories import MembershipFactory, UserFactory
from tests.support.servers import ROOT

pytestmark = pytest.mark.django_db

PRIVACY = ROOT / "docs" / "privacy.md"


@pytest.fixture
def mia():
    return MembershipFactory(user__name="Mia Member").user


def ended(mia, days, ip="198.51.100.77", **fields):
    """Return a login of Mia's that was terminated this many days ago."""
    browser = Browser(ip=ip).sign_in(mia)
    rows = TrackedSession.objects.filter(session_key=browser.key)
    actor = UserFactory(is_superuser=True)
    termination = terminate(rows, actor=actor, scope="Hers")
    at = timezone.now() - timedelta(days=days)
    Termination.objects.filter(pk=termination.pk).update(created_at=at)
    TrackedSession.objects.filter(termination=termination).update(ended_at=at, **fields)
    return termination


def sweep(**options):
    out = StringIO()
    call_command("sweep_sessions", stdout=out, stderr=StringIO(), **options)
    return out.getvalue().splitlines()[1:]


def keep(settings, **given):
    settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | given


def test_records_and_terminations_go_after_a_year(mia):
    old, young = ended(mia, 366), ended(mia, 364)
    signed_in = Browser().sign_in(mia)
    TrackedSession.objects.filter(ended_at=None).update(
        created_at=timezone.now() - timedelta(days=999)
    )

    assert sweep(dry_run=True) == ["Would be done: 1 records removed."]
    assert Termination.objects.count() == 2
    assert sweep() == ["1 records removed, 1 terminations removed."]
    assert list(Termination.objects.all()) == [young]
    assert not TrackedSession.objects.filter(termination=old).exists()
    assert signed_in.is_signed_in()
    assert sweep() == []


def test_a_termination_stays_as_long_as_one_of_its_sessions(mia):
    termination = ended(mia, 366)
    TrackedSession.objects.update(ended_at=timezone.now())
    assert sweep() == []
    assert Termination.objects.get() == termination


def test_zero_keeps_them_for_ever(mia, settings):
    keep(settings, RETENTION_DAYS=0)
    ended(mia, 9999)
    assert sweep() == []
    assert TrackedSession.objects.count() == 1


def test_they_go_in_batches(mia):
    for _ in range(5):
        ended(mia, 400)
    with CaptureQueriesContext(connection) as captured:
        assert sweep(batch=2) == ["5 records removed, 5 terminations removed."]
    deleted = [q["sql"] for q in captured if q["sql"].startswith("DELETE")]
    assert len([sql for sql in deleted if "trackedsession" in sql]) == 3


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("198.51.100.77", "198.51.100.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        (None, None),
    ],
)
def test_addresses_lose_what_names_the_machine(address, masked):
    assert masked_ip(address) == masked


def test_addresses_of_ended_sessions_are_masked_after_some_days(mia, settings):
    keep(settings, MASK_ADDRESSES_AFTER_DAYS=30)
    ended(mia, 31)
    ended(mia, 31, ip="2001:db8:1:2::5")
    ended(mia, 29)
    Browser(ip="198.51.100.99").sign_in(mia)

    assert sweep(batch=1) == ["2 addresses masked."]
    addresses = TrackedSession.objects.order_by("pk").values_list("ip_address", flat=True)
    assert list(addresses) == ["198.51.100.0", "2001:db8:1::", "198.51.100.77", "198.51.100.99"]
    assert "Chrome" in TrackedSession.objects.first().user_agent
    assert sweep() == []


def test_where_a_cookie_was_tried_again_is_masked_too_in_its_time(mia, settings):
    keep(settings, MASK_ADDRESSES_AFTER_DAYS=30)
    lately = timezone.now() - timedelta(days=1)
    ended(mia, 31, reuse_count=1, reused_ip="203.0.113.9", reused_at=lately)
    assert sweep() == []
    TrackedSession.objects.update(reused_at=lately - timedelta(days=31))
    assert sweep() == ["1 addresses masked."]
    assert TrackedSession.objects.get().reused_ip == "203.0.113.0"


def test_by_default_nothing_is_masked(mia):
    ended(mia, 300)
    assert sweep() == []


# Deleting a user ends their sessions when the transaction commits.
@pytest.mark.django_db(transaction=True)
def test_the_docs_find_and_remove_what_is_known_of_a_person(mia):
    """The two snippets in docs/privacy.md do what they promise."""
    find, remove = re.findall(r"```python\n(.*?)```", PRIVACY.read_text(encoding="utf-8"), re.S)
    other = MembershipFactory().user
    for person in (mia, other):
        ended(person, 3)
        Browser().sign_in(person)
    email = mia.email
    mia.delete()

    names = {"email": email}
    exec(find, names)
    assert names["sessions"].count() == 2
    assert names["terminations"].count() == 0
    exec(remove, names)
    assert not TrackedSession.objects.filter(user_label__contains=email).exists()
    assert TrackedSession.objects.filter(user=other).count() == 2


def test_the_docs_name_everything_that_is_stored():
    said = PRIVACY.read_text(encoding="utf-8")
    for model in (TrackedSession, Termination, Export):
        for field in model._meta.concrete_fields:
            if not field.primary_key:
                assert f"`{field.name}`" in said, f"{model.__name__}.{field.name}"

"""Ranges of dates in the URL: days of the reader's time zone, and periods that end now."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from django.utils import timezone, translation

from sessions_admin.listing.dates import Dates
from sessions_admin.models import Termination

pytestmark = pytest.mark.django_db


def at(moment):
    return Termination.objects.create(actor_label="Ada", scope="x", created_at=moment)


def found(query, zone="UTC"):
    """Return the rows that match the query in this time zone, as their times in UTC."""
    with timezone.override(zone):
        rows = Dates.read(QueryDict(query)).matching(Termination.objects.order_by("created_at"))
        return [row.created_at.astimezone(UTC).isoformat()[:16] for row in rows]


def test_both_days_are_included_in_the_time_zone_of_the_reader():
    for moment in ("01-31T22:59", "01-31T23:00", "02-02T22:59", "02-02T23:00"):
        at(datetime.fromisoformat(f"2026-{moment}:00+00:00"))
    query = "from=2026-02-01&to=2026-02-02"
    assert found(query, "Europe/Ljubljana") == ["2026-01-31T23:00", "2026-02-02T22:59"]
    assert found(query) == ["2026-02-02T22:59", "2026-02-02T23:00"]
    assert found("from=2026-02-02") == ["2026-02-02T22:59", "2026-02-02T23:00"]
    assert found("to=2026-01-31") == ["2026-01-31T22:59", "2026-01-31T23:00"]


@pytest.mark.parametrize(
    ("zone", "day", "start", "end"),
    [
        # The clocks are changed during the day, or where it would begin or end.
        ("Europe/Ljubljana", "2026-03-29", "2026-03-28T23:00", "2026-03-29T22:00"),
        ("Europe/Ljubljana", "2026-10-25", "2026-10-24T22:00", "2026-10-25T23:00"),
        ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00", "2026-04-24T21:00"),
        ("America/Havana", "2026-11-01", "2026-11-01T04:00", "2026-11-02T05:00"),
    ],
)
def test_days_of_another_length(zone, day, start, end):
    first = datetime.fromisoformat(f"{start}:00+00:00")
    last = datetime.fromisoformat(f"{end}:00+00:00") - timedelta(minutes=1)
    for moment in (first - timedelta(minutes=1), first, last, last + timedelta(minutes=1)):
        at(moment)
    expected = [each.isoformat()[:16] for each in (first, last)]
    assert found(f"from={day}&to={day}", zone) == expected


@pytest.mark.parametrize(("within", "hours"), [("24h", 24), ("7d", 24 * 7), ("30d", 24 * 30)])
def test_periods_end_now(within, hours):
    now = timezone.now()
    at(now - timedelta(hours=hours, minutes=1))
    newer = at(now - timedelta(hours=hours, minutes=-1))
    assert list(Dates.read({"within": within}).matching(Termination.objects.all())) == [newer]


def test_all_that_is_given_has_to_fit():
    now = timezone.now()
    at(now)
    tomorrow = (now + timedelta(days=1)).date()
    assert len(found(f"within=24h&to={tomorrow}")) == 1
    assert found(f"within=24h&from={tomorrow + timedelta(days=1)}") == []


@pytest.mark.parametrize(
    "query",
    [
        "from=yesterday",
        "from=2026-13-01",
        "to=2026-02-30",
        "to=20260201",
        "to=2026-W05-1",
        "from=%00",
        "from=\u0662\u0660\u0662\u0666-\u0660\u0661-\u0660\u0661",
        "from=" + "9" * 5000,
        "within=8d",
        "within=-1",
        "from=2026-02-02&to=2026-02-01",
    ],
)
def test_a_wrong_value_matches_nothing_and_says_so(query):
    at(timezone.now())
    dates = Dates.read(QueryDict(query))
    assert found(query) == []
    assert "matches" in dates.notices[0]
    assert len(dates.notices[0]) < 120
    assert dates.in_words()


@pytest.mark.parametrize("query", ["", "from=&to=&within=", "from=+&to=+", "other=1"])
def test_nothing_given_matches_all(query):
    at(timezone.now())
    dates = Dates.read(QueryDict(query))
    assert not dates
    assert len(found(query)) == 1
    assert (dates.notices, dates.in_words()) == ([], [])


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "UTC"])
def test_the_first_and_last_day_that_there_are(zone):
    at(timezone.now())
    assert len(found("from=0001-01-01&to=9999-12-31", zone)) == 1
    assert found("to=0001-01-01", zone) == []
    assert found("from=9999-12-31", zone) == []


def test_without_time_zones_days_are_those_of_the_project(settings):
    settings.USE_TZ = False
    dates = Dates(first=date(2026, 2, 1), last=date(2026, 2, 1))
    with timezone.override(ZoneInfo(settings.TIME_ZONE)):
        matching = str(dates.matching(Termination.objects.all()).query)
    assert "2026-02-01 00:00:00" in matching
    assert "2026-02-02 00:00:00" in matching


def test_in_words():
    dates = Dates.read({"from": "2026-02-01", "to": "2026-02-28", "within": "7d"})
    with translation.override("en"):
        assert dates.in_words() == [
            ("from", "From", "1 Feb 2026"),
            ("to", "To", "28 Feb 2026"),
            ("within", "Period", "Last 7 days"),
        ]
    assert str(dict(Dates.read({"within": "8d"}).choices)["8d"]) == "8d"

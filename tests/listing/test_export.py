"""The formats and the columns of exports."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone, translation

from accounts.models import User
from sessions_admin.listing import export
from sessions_admin.models import Export, Termination, TrackedSession
from sessions_admin.policy import Scope
from sessions_admin.views import export as pages
from sessions_admin.views import record_status
from sessions_admin.views.log_entries import entries_and_alarms
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1"]
COLUMNS = [export.SESSION_COLUMNS, export.RECORD_COLUMNS, export.LOG_COLUMNS]


def read_csv(text):
    """Return the rows of a CSV file by their headings."""
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def session(**fields):
    now = timezone.now()
    given = {"user_label": "Ana", "application": "web", "expires_at": now + timedelta(days=1)}
    return TrackedSession.objects.create(**given | fields)


def recorded(row):
    """Return a login record with its status, as the page and its export show it."""
    row.status = record_status.judged(Scope(everything=True), [row])[row]
    return row


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("columns", COLUMNS)
def test_no_text_of_any_column_is_a_formula_for_a_spreadsheet(columns, formula):
    as_text = [
        export.Column(column.name, column.heading, lambda row: formula) for column in columns
    ]
    (row,) = csv.reader(io.StringIO(export.lines("csv", as_text, [None]), newline=""))
    assert row == [f"'{formula}"] * len(columns)
    (line,) = export.lines("jsonl", as_text, [None]).splitlines()
    assert set(json.loads(line).values()) == {formula}


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("Ana;=1+1", "Ana;'=1+1"),
        ('Ana;"=1+1', "Ana;\"'=1+1"),
        ("=1;+1;\uff1d1", "'=1;'+1;'\uff1d1"),
        ("Ana; Eva", "Ana; Eva"),
        ("a=b-c;d", "a=b-c;d"),
    ],
)
def test_no_part_of_a_text_becomes_a_formula_where_cells_end_with_semicolons(text, safe):
    column = export.Column("user", "User", lambda row: text)
    line = export.lines("csv", [column], [None])
    assert next(csv.reader(io.StringIO(line, newline=""))) == [safe]


def test_every_text_of_a_real_row_is_safe():
    evil = "=cmd|' /C calc'!A0"
    termination = Termination.objects.create(
        actor_label=evil, scope=evil, reason=evil, account_ids=[]
    )
    other = {
        "ip_address": "1.2.3.4",
        "user_agent": evil,
        "first_seen_at": timezone.now().isoformat(),
        "last_seen_at": (timezone.now() + timedelta(hours=1)).isoformat(),
        **dict.fromkeys(("city", "country", "browser", "device"), evil),
    }
    row = session(
        user=UserFactory(name=evil, email=f"{evil}@x.example"),
        user_label=evil,
        account_name=evil,
        application=evil,
        city=evil,
        country=evil,
        browser=evil,
        device=evil,
        other_origins=[other],
        ended_at=timezone.now(),
        end_reason="terminated",
        termination=termination,
    )
    assert row.now is not None
    (entry,), _alarms = entries_and_alarms(Scope(everything=True), None, [termination])
    for columns, shown in ((export.RECORD_COLUMNS, recorded(row)), (export.LOG_COLUMNS, entry)):
        (cells,) = csv.reader(io.StringIO(export.lines("csv", columns, [shown]), newline=""))
        assert sum(cell.startswith("'=") for cell in cells) >= 3
        assert not [cell for cell in cells if export.FORMULA.search(cell)]
        (line,) = export.lines("jsonl", columns, [shown]).splitlines()
        assert "'=" not in line


def test_times_have_their_offset_and_numbers_stay_numbers():
    at = timezone.datetime(2026, 1, 31, 23, 30, tzinfo=timezone.get_fixed_timezone(0))
    ended = {"created_at": at, "ended_at": at, "end_reason": "signed_out"}
    row = recorded(session(**ended, reuse_count=3, ip_address="::1"))
    with timezone.override("Europe/Ljubljana"):
        (cells,) = read_csv(
            export.beginning("csv", export.RECORD_COLUMNS)
            + export.lines("csv", export.RECORD_COLUMNS, [row])
        )
        found = json.loads(export.lines("jsonl", export.RECORD_COLUMNS, [row]))
    assert cells["Created On"] == found["created_on"] == "2026-02-01T00:30:00+01:00"
    assert cells["Ended"] == found["ended"] == "2026-02-01T00:30:00+01:00"
    assert (cells["Reuse attempts"], found["reuse_attempts"]) == ("3", 3)
    assert found["reused_elsewhere"] is False
    assert found["flags"] == []


def test_csv_begins_so_that_excel_reads_utf_8_and_json_does_not():
    assert export.beginning("csv", export.SESSION_COLUMNS).startswith("\ufeffUser,Email,Account")
    assert export.beginning("jsonl", export.SESSION_COLUMNS) == ""
    with translation.override("de"):
        assert "Konto" in export.beginning("csv", export.SESSION_COLUMNS)
    row = session(account_name='Čokolada "Ž"; d.o.o., مكتب\u2028')
    assert read_csv(
        export.beginning("csv", export.SESSION_COLUMNS)
        + export.lines("csv", export.SESSION_COLUMNS, [row])
    )[0]["Account"].startswith('Čokolada "Ž"; d.o.o., مكتب')
    line = export.lines("jsonl", export.SESSION_COLUMNS, [row])
    assert "Čokolada" in line
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, "Missing from session store"),
        ({"end_reason": "signed_out"}, "Signed out"),
        ({"end_reason": "password_changed"}, "Password changed"),
        ({"end_reason": "terminated"}, "Terminated by Ada"),
    ],
)
def test_what_became_of_a_login(fields, status):
    now = timezone.now()
    if fields:
        fields["ended_at"] = now
    if fields.get("end_reason") == "terminated":
        fields["termination"] = Termination.objects.create(actor_label="Ada", scope="x")
    row = recorded(session(**fields))
    found = json.loads(export.lines("jsonl", export.RECORD_COLUMNS, [row]))
    assert found["status"] == status
    assert found["terminated_by"] == ("Ada" if "termination" in fields else "")
    assert bool(found["ended"]) == bool(fields)


def test_a_session_that_the_store_does_not_have_any_more_is_not_active():
    person = UserFactory()
    row = session(user=person, session_key="x" * 32, expires_at=timezone.now())
    source = pages.records(lambda scope: [scope.sessions()])
    (found,) = export.chunks(source, lambda: Scope(everything=True))
    assert [json.loads(export.lines("jsonl", source.columns, found))["status"]] == ["Expired"]
    assert found == [row]


@pytest.mark.parametrize("columns", COLUMNS)
def test_no_key_and_no_digest(columns):
    assert not {"session_key", "key_digest"} & {column.name for column in columns}
    row = recorded(session(session_key="k" * 32, key_digest="d" * 32))
    if columns is not export.LOG_COLUMNS:
        text = export.lines("jsonl", columns, [row])
        assert "k" * 32 not in text
        assert "d" * 32 not in text


def test_memory_does_not_grow_with_the_rows(monkeypatch):
    """Ten times the rows, in chunks of the same size."""
    monkeypatch.setattr(export, "CHUNK", 100)
    person: User = UserFactory()
    now = timezone.now()
    rows = [
        TrackedSession(
            user=person, user_label="Ana", application="web", expires_at=now, ended_at=now
        )
        for _ in range(4000)
    ]
    TrackedSession.objects.bulk_create(rows, batch_size=2000)
    pks = sorted(row.pk for row in rows)
    del rows

    def peak(least):
        source = pages.records(lambda scope: [scope.sessions().filter(pk__gte=least)])
        # The rows take the memory, and with all columns this would take minutes.
        source = replace(source, columns=source.columns[:4])
        record = Export.objects.create(actor_label="A", page="records", format="csv")
        parts = pages._parts(record, source, lambda: Scope(everything=True))
        tracemalloc.start()
        size = sum(len(part) for part in parts)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        record.refresh_from_db()
        return found, size, record.rows

    peak(pks[-10])  # Imports and caches.
    small, few, few_rows = peak(pks[-400])
    large, many, many_rows = peak(pks[0])
    assert (few_rows, many_rows) == (400, 4000)
    assert many > 9 * few
    assert large < 1.5 * small

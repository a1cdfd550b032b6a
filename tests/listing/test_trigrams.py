"""The trigram index is created if the migration's role may do so; otherwise migration continues."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.db import connection

from sessions_admin import checks
from sessions_admin.listing import trigrams
from sessions_admin.models import TrackedSession

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="trigrams are PostgreSQL's"),
]


SCALING = Path(__file__).parents[2] / "docs" / "scaling.md"


@pytest.fixture
def run():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'")
        if not cursor.fetchone():
            pytest.skip("this server has no pg_trgm")
        yield cursor.execute


@pytest.mark.parametrize("may_use", [True, False])
def test_extension_in_a_schema_of_its_own_is_used_by_those_who_may(run, may_use):
    run("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    run("CREATE SCHEMA apart")
    run("ALTER EXTENSION pg_trgm SET SCHEMA apart")
    run("CREATE ROLE migrating")
    if may_use:
        run("GRANT USAGE ON SCHEMA apart TO migrating")
    run("SET LOCAL ROLE migrating")
    run("CREATE TEMPORARY TABLE word (text text)")
    make = trigrams.create("word_search", table="word", texts=["text"])
    make(None, connection.schema_editor())
    assert bool(indexes(run)) is may_use
    trigrams.drop("word_search")(None, connection.schema_editor())
    assert not indexes(run)


@pytest.mark.parametrize("may_create", [True, False])
def test_index_knows_the_groups_of_rows_if_the_extension_for_it_is_there(run, may_create):
    run("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    run("DROP EXTENSION IF EXISTS btree_gin CASCADE")
    if not may_create:
        run("CREATE ROLE migrating")
        run("SET LOCAL ROLE migrating")
    run("CREATE TEMPORARY TABLE word (owner varchar(9), text text)")
    make = trigrams.create("word_search", table="word", texts=["text"], within=["owner"])
    make(None, connection.schema_editor())
    found = run("SELECT indexdef FROM pg_indexes WHERE indexname = 'word_search'").fetchone()
    assert ("owner" in found[0]) is may_create


@pytest.mark.parametrize("name", ["sa_active_search", "sa_ended_search"])
def test_search_index_is_not_one_of_accounts(run, name):
    """With the column itself, PostgreSQL would read it for all that is asked of an account."""
    (columns,) = run(
        "SELECT indkey::int[] FROM pg_index WHERE indexrelid = %s::regclass", [name]
    ).fetchone()
    assert 0 in columns
    (account,) = run(
        "SELECT attnum FROM pg_attribute WHERE attrelid = %s::regclass AND attname = 'account_id'",
        [TrackedSession._meta.db_table],
    ).fetchone()
    assert account not in columns


@pytest.mark.parametrize("name", trigrams.INDEXES)
def test_index_that_is_added_later_is_that_of_the_migration(run, name):
    """The search asks for the expressions of the index as they are written there."""
    definition = "SELECT pg_get_indexdef(%s::regclass)"
    created = run(definition, [name]).fetchone()
    documented = re.search(rf"CREATE INDEX CONCURRENTLY {name} [^;]+;", SCALING.read_text())
    run(f"DROP INDEX {name}")
    run(documented[0].replace("CONCURRENTLY", ""))
    assert run(definition, [name]).fetchone() == created


@pytest.mark.parametrize("search", trigrams.INDEXES)
def test_check_tells_of_a_search_that_reads_everything(search):
    def found():
        warnings = checks.check_search(None, databases=["default"])
        return [each.id for each in warnings if search in each.msg]

    beside = trigrams.INDEXES[search]
    many = f"UPDATE pg_class SET reltuples = 90000 WHERE relname = '{beside}'"

    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX IF EXISTS {search}")
        assert found() == []
        rows = TrackedSession._meta.db_table
        cursor.execute("UPDATE pg_class SET reltuples = 90000 WHERE relname = %s", [rows])
        assert found() == [], "the index beside it has few of the rows"
        cursor.execute(many)
        assert found() == ["sessions_admin.W006"]
        cursor.execute(f"CREATE INDEX {search} ON {rows} (id)")
        cursor.execute(many)
        assert found() == []
        cursor.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass",
            [search],
        )
        assert found() == ["sessions_admin.W006"]
    assert checks.check_search(None) == []


def indexes(run):
    return run("SELECT indexname FROM pg_indexes WHERE indexname = 'word_search'").fetchall()

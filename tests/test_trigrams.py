"""The trigram index is made wherever the migration's role may make it, and nowhere stops it."""

from __future__ import annotations

import pytest
from django.db import connection

from sessions_admin import trigrams

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="trigrams are PostgreSQL's"),
]


@pytest.fixture
def run():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'")
        if not cursor.fetchone():
            pytest.skip("this server has no pg_trgm")
        yield cursor.execute


@pytest.mark.parametrize("may_use", [True, False])
def test_extension_in_a_schema_of_its_own_is_used_by_whoever_may(run, may_use):
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


def indexes(run):
    return run("SELECT indexname FROM pg_indexes WHERE indexname = 'word_search'").fetchall()

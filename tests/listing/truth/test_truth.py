"""The list is the truth: whatever happens to sessions, the page shows those that are signed in.

Hypothesis makes up histories of people, browsers and operators. After their steps the list as
two admins read it is held against what a request with each cookie ever issued is answered. Every
login comes from an address of its own, so a row on the page and a cookie are told apart by that.

The histories are the same in every run. ``TRUTH_EXAMPLES=300`` makes up that many new ones.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    rule,
    run_state_machine_as_test,
)

from tests.listing.truth.people import People
from tests.listing.truth.steps import (
    STEPS,
    Step,
    step,
)
from tests.listing.truth.store_and_admins import StoreAndAdmins

EXAMPLES = os.environ.get("TRUTH_EXAMPLES")


class Histories(People, StoreAndAdmins):
    @step(weight=3)
    def look(self) -> None:
        self.compare_both()

    @rule(what=st.deferred(lambda: st.one_of(STEPS)))
    def happens(self, what: Step) -> None:
        getattr(self, what.name)(**what.values)


@pytest.fixture
def failures() -> Iterator[list[logging.LogRecord]]:
    """What the app logged as an error; nothing else is logged, for these are many requests."""
    records: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.name.startswith("sessions_admin"):
                records.append(record)

    root, handler = logging.getLogger(), Keep(logging.ERROR)
    root.addHandler(handler)
    logging.disable(logging.WARNING)
    yield records
    logging.disable(logging.NOTSET)
    root.removeHandler(handler)


@pytest.mark.every_engine
@pytest.mark.django_db(transaction=True)
def test_listed_is_signed_in(engine: str, failures: Any) -> None:
    run_state_machine_as_test(
        lambda: Histories(engine, failures),
        settings=settings(
            max_examples=int(EXAMPLES or 12),
            stateful_step_count=25,
            derandomize=not EXAMPLES,
            database=None,
            deadline=None,
            print_blob=False,
            # Looking for the shortest history takes minutes.
            phases=[Phase.generate, *([Phase.shrink] if EXAMPLES else [])],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )

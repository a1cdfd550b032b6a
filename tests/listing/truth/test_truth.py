"""The list shows exactly the sessions that are signed in, whatever happens to them.

Hypothesis generates histories of people, browsers and operators. After its steps, the list as two
admins read it is compared with the answer to a request with each cookie ever issued. Every login
comes from an address of its own, which matches rows on the page to cookies.

The histories are always the same. ``TRUTH_EXAMPLES=300`` generates that many new ones.
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
    """Collect the app's errors; lower levels are disabled, because there are many requests."""
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
            # Shrinking to the shortest history takes minutes.
            phases=[Phase.generate, *([Phase.shrink] if EXAMPLES else [])],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )

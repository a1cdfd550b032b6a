"""The disk with the session files is full."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.backends import file

from sessions_admin import engines
from sessions_admin.models import Termination
from tests.support.browsing import LIST, Browser
from tests.support.engines import forget_folder
from tests.support.faults import list_is_the_truth

# A refused statement aborts its transaction, so these tests run without an enclosing one.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def session_files(settings, tmp_path) -> Iterator[Path]:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.file"
    settings.SESSION_FILE_PATH = str(tmp_path)
    forget_folder()
    yield tmp_path
    forget_folder()


@contextmanager
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the system refuse every byte written to a session file."""
    save = file.SessionStore.save

    def save_nothing(store: Any, must_create: bool = False) -> None:
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
        try:
            save(store, must_create)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    with monkeypatch.context() as patch:
        patch.setattr(file.SessionStore, "save", save_nothing)
        yield


def test_disk_that_is_full_signs_nobody_in_whom_the_list_does_not_know(
    ana, operator, session_files, monkeypatch
):
    member, admin = Browser("before").sign_in(ana), Browser().sign_in(operator)
    with full_disk(monkeypatch):
        late = Browser("during").sign_in(ana)
        assert not late.is_signed_in()
        assert member.is_signed_in()
        list_is_the_truth(admin, member, late)
    after = Browser("after").sign_in(ana)
    list_is_the_truth(admin, member, late, after)
    assert after.is_signed_in()


def test_write_that_fails_half_way_is_undone_and_tried_again_in_parts(ana, operator, session_files):
    members = [Browser(f"member {n}").sign_in(ana) for n in range(3)]
    admin = Browser().sign_in(operator)
    # /dev/full has no space left, ever. Undoing the first try removes the link to it.
    unwritable = session_files / (engines.base.REFUSED_PREFIX + engines.digest(members[1].key))
    unwritable.symlink_to("/dev/full")

    admin.post(f"{LIST}terminate-all/", {"keep_current": "on"})
    termination = Termination.objects.get()
    assert (termination.ended, termination.failed) == (3, 0)
    assert not unwritable.is_symlink()
    assert not any(member.is_signed_in() for member in members)
    list_is_the_truth(admin, *members)

"""End the sessions of users who are deactivated, deleted or given a new password."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.db.models.signals import post_save, pre_delete

from sessions_admin import conf, ending, liveness
from sessions_admin.models import TrackedSession
from sessions_admin.tracking import in_flight, labels

logger = logging.getLogger(__name__)

Reason = TrackedSession.EndReason

CHUNK = 500


def connect() -> None:
    """Connect to the signals of the user model and its proxy models."""
    for model in apps.get_models():
        if issubclass(model, get_user_model()):
            post_save.connect(
                _on_user_saved, sender=model, dispatch_uid="sessions_admin.user_changes"
            )
            pre_delete.connect(
                _on_user_deleted, sender=model, dispatch_uid="sessions_admin.user_changes"
            )


def _on_user_saved(
    instance: Any, created: bool, raw: bool, update_fields: frozenset[str] | None, **kwargs: Any
) -> None:
    # Every sign-in saves ``last_login``.
    if created or raw or (update_fields is not None and update_fields <= {"last_login"}):
        return
    if not conf.current().track:
        return
    session = in_flight.get()
    if session is not None:
        session._user_changed = True  # type: ignore[attr-defined]
    transaction.on_commit(partial(_end_refused, instance.pk, session), robust=True)
    transaction.on_commit(partial(_renew_labels, instance.pk), robust=True)


def _on_user_deleted(instance: Any, **kwargs: Any) -> None:
    if not conf.current().track:
        return
    rows = TrackedSession.objects.filter(user=instance.pk, ended_at=None)
    pks = list(rows.values_list("pk", flat=True))
    if pks:
        transaction.on_commit(partial(_end_deleted, pks), robust=True)


def _end_refused(user_pk: Any, session: SessionBase | None) -> None:
    """End the sessions that Django no longer accepts after a change of their user.

    The session of the request that made the change is skipped, since it may yet get the new
    password hash. It is checked at the end of that request.
    """
    open_rows = TrackedSession.objects.filter(user=user_pk, ended_at=None)
    if session is not None:
        open_rows = open_rows.exclude(session_key=session.session_key)
    rows = list(open_rows.select_related("user"))
    for start in range(0, len(rows), CHUNK):
        try:
            verdicts = liveness.verdicts(rows[start : start + CHUNK])
            for reason in set(verdicts.values()) - {Reason.LOST, Reason.EXPIRED}:
                found = [row for row, verdict in verdicts.items() if verdict == reason]
                ending.end_by_verdict(found, reason)
        except liveness.StoreUnavailableError:
            logger.exception("The sessions of a user who changed were not ended; the sweep will")
            return
        except Exception:
            logger.exception("Some sessions of a user who changed were not ended; the sweep will")


def _renew_labels(user_pk: Any) -> None:
    labels.renew(TrackedSession.objects.filter(user=user_pk, ended_at=None).select_related("user"))


def _end_deleted(pks: list[int]) -> None:
    for start in range(0, len(pks), CHUNK):
        try:
            result = ending.end_each(pks[start : start + CHUNK], reason=Reason.USER_DELETED)
        except Exception:
            logger.exception("Some sessions of a deleted user were not ended; the sweep will")
            continue
        if result.is_away:
            return

"""Receivers for sign-ins and for changes to accounts and memberships."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from axes.models import AccessAttempt
from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.db.models.signals import post_delete, post_save, pre_save
from django.dispatch import receiver
from django.http import HttpRequest

from sessions_admin.models import TrackedSession
from sessions_admin.termination import end

from . import access
from .models import Account, Membership, User

logger = logging.getLogger(__name__)


@receiver(user_logged_in, dispatch_uid="accounts.start_in_an_account")
def start_in_an_account(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Put every new sign-in in an account if the person has one."""
    try:
        access.start(request, user)
    except Exception:
        # An exception here would refuse a login with correct credentials.
        logger.exception("Could not tell which account a sign-in starts in.")


@receiver(pre_save, sender=AccessAttempt, dispatch_uid="accounts.store_nothing_typed")
def store_nothing_typed(instance: AccessAttempt, **kwargs: Any) -> None:
    """Remove all submitted data from the record of a failed sign-in: any field may hold a password.

    django-axes would leave out only the fields that it knows by name.
    """
    instance.get_data = instance.post_data = ""


@receiver(post_delete, sender=Membership, dispatch_uid="accounts.sign_out_of_the_account")
def sign_out_of_the_account(instance: Membership, **kwargs: Any) -> None:
    """Sign people out of an account that they are removed from, or that is deleted."""
    sign_out = partial(_sign_out, instance.user_id, instance.account_id)
    transaction.on_commit(sign_out, robust=True)


def _sign_out(user_id: int, account_id: int) -> None:
    inside = TrackedSession.objects.filter(user=user_id, account_id=account_id, ended_at=None)
    end(inside, reason=TrackedSession.EndReason.REMOVED)


@receiver(post_save, sender=Account, dispatch_uid="accounts.keep_account_names_in_step")
def keep_account_names_in_step(instance: Account, created: bool, **kwargs: Any) -> None:
    """Update the account's name on active sessions; ended ones keep the name they ended under."""
    if created:
        return
    active = TrackedSession.objects.filter(account_id=str(instance.pk), ended_at__isnull=True)
    name = access.ref(instance).name
    active.exclude(account_name=name).update(account_name=name)

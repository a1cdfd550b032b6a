"""One row for every login, and one receipt for every administrative end.

``session_key`` is the secret of a live session. It is needed to end that session and it is
dropped when the session ends; no page, log or export may show it.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from sessions_admin import resolvers, search_text, signs
from sessions_admin.client import (
    USER_AGENT_LENGTH,
    DeviceKind,
    Sighting,
    Whereabouts,
    printable,
)
from sessions_admin.conf import APPLICATION_ID_LENGTH
from sessions_admin.querysets import TrackedSessionQuerySet


class Termination(models.Model):
    """The receipt of one administrative act: who ended which sessions, and how it went."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    actor_label = models.CharField(max_length=320)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    scope = models.CharField(max_length=500)
    # The ids of the accounts it could touch; empty for every account there is.
    account_ids = models.JSONField(default=list)
    filters = models.JSONField(default=dict)
    reason = models.CharField(max_length=500, blank=True)
    requested = models.PositiveIntegerField(default=0)
    ended = models.PositiveIntegerField(default=0)
    already_gone = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    # What an end of all needs to go on, whoever goes on with it (see ``runs``). Other acts are
    # over when they have begun.
    # The greatest primary key there was: whoever signs in later, by whatever clock, is not meant.
    newest = models.BigIntegerField(null=True, editable=False)
    kept_session = models.UUIDField(null=True, editable=False)
    last_session = models.UUIDField(null=True, editable=False)
    language = models.CharField(max_length=35, blank=True, default="", editable=False)
    expected = models.PositiveIntegerField(null=True, editable=False)
    reached = models.CharField(max_length=100, blank=True, default="", editable=False)
    failures_in_a_row = models.PositiveSmallIntegerField(default=0, editable=False)
    worker = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("termination")
        verbose_name_plural = _("terminations")
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(
                fields=["leased_until"], name="sa_unfinished", condition=Q(finished_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.actor_label}: {self.scope}"

    @property
    def is_finished(self) -> bool:
        return self.finished_at is not None

    @property
    def remaining(self) -> int:
        """How many are still to be ended, as far as is known; nothing when it is finished."""
        return max((self.expected or 0) - self.requested, 0)


class TrackedSession(Whereabouts, models.Model):
    """One login, from its sign-in to its end."""

    class EndReason(models.TextChoices):
        SIGNED_OUT = "signed_out", _("Signed out")
        TERMINATED = "terminated", _("Terminated")
        REPLACED = "replaced", _("Signed in again")
        PASSWORD_CHANGED = "password_changed", _("Password changed")
        USER_DEACTIVATED = "user_deactivated", _("User deactivated")
        USER_DELETED = "user_deleted", _("User deleted")
        REMOVED = "removed", _("Removed from the account")
        WRONG_PASSWORDS = "wrong_passwords", _("Too many wrong passwords")
        SIGNED_OUT_ELSEWHERE = "signed_out_elsewhere", _("Signed out from another device")
        IDLE = "idle", _("Not used for too long")
        TOO_OLD = "too_old", _("Too long since the sign-in")
        EXPIRED = "expired", _("Expired")
        LOST = "lost", _("Gone from the session store")

    # After these the session was only not found, and is listed again should it turn up. Every
    # other end holds: a session that comes back to life after it is refused.
    PASSING_REASONS: ClassVar = {EndReason.EXPIRED, EndReason.LOST}

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    session_key = models.CharField(max_length=255, null=True, unique=True, editable=False)  # noqa: DJ001
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="tracked_sessions",
        verbose_name=_("user"),
        # The index "sa_history" has it.
        db_index=False,
    )
    user_label = models.CharField(_("user at the time"), max_length=320)
    account_id = models.CharField(
        _("account id"), max_length=resolvers.ACCOUNT_ID_LENGTH, blank=True
    )
    account_name = models.CharField(_("account"), max_length=resolvers.NAME_LENGTH, blank=True)
    application = models.CharField(_("application"), max_length=APPLICATION_ID_LENGTH)
    ip_address = models.GenericIPAddressField(_("IP"), null=True, unpack_ipv4=True)
    is_forwarded = models.BooleanField(_("may be a proxy's address"), default=False)
    country_code = models.CharField(max_length=2, blank=True)
    country = models.CharField(_("country"), max_length=100, blank=True)
    region = models.CharField(_("region"), max_length=100, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    # To a tenth of a degree.
    latitude = models.FloatField(null=True, editable=False)
    longitude = models.FloatField(null=True, editable=False)
    browser = models.CharField(_("browser"), max_length=100, blank=True)
    browser_version = models.CharField(_("browser version"), max_length=40, blank=True)
    os = models.CharField(_("operating system"), max_length=100, blank=True)
    os_version = models.CharField(_("version of the system"), max_length=40, blank=True)
    device = models.CharField(_("device"), max_length=100, blank=True)
    device_kind = models.CharField(
        _("kind of device"), max_length=10, choices=DeviceKind, default=DeviceKind.OTHER
    )
    user_agent = models.CharField(_("user agent"), max_length=USER_AGENT_LENGTH, blank=True)
    sightings = models.JSONField(_("seen elsewhere"), default=list, blank=True)
    created_at = models.DateTimeField(_("created on"), default=timezone.now)
    last_seen_at = models.DateTimeField(_("last active"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    end_reason = models.CharField(
        _("why it ended"), max_length=20, choices=EndReason, blank=True, default=""
    )
    termination = models.ForeignKey(
        Termination,
        on_delete=models.SET_NULL,
        null=True,
        related_name="sessions",
        # The index "sa_receipt" has it, without the rows that nobody terminated.
        db_index=False,
    )
    # Names the session key, also when the key itself is gone; kept in step with it.
    key_digest = models.CharField(max_length=32, blank=True, default="", editable=False)
    tried_again = models.PositiveIntegerField(_("tried again"), default=0)
    was_tried_elsewhere = models.BooleanField(_("tried again elsewhere"), default=False)
    tried_again_at = models.DateTimeField(_("last tried again"), null=True, blank=True)
    tried_again_ip = models.GenericIPAddressField(
        _("tried again from"), null=True, unpack_ipv4=True
    )
    tried_again_user_agent = models.CharField(
        _("tried again by"), max_length=USER_AGENT_LENGTH, blank=True, default=""
    )
    # Wrong passwords in a row when this session was asked for its person's password.
    wrong_passwords = models.PositiveSmallIntegerField(default=0, editable=False)
    # Signs, decided when the session began or moved (see ``signs``).
    is_far = models.BooleanField(_("far apart within hours"), default=False)
    is_new_country = models.BooleanField(_("first time from a country"), default=False)
    is_new_kind = models.BooleanField(_("first time on a kind of device"), default=False)
    is_one_of_many = models.BooleanField(_("many sessions at once"), default=False)
    is_masked = models.BooleanField(_("address masked"), default=False)
    search_text = models.GeneratedField(
        expression=search_text.expression(),
        output_field=models.TextField(),
        db_persist=True,
        editable=False,
    )

    objects = TrackedSessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("tracked session")
        verbose_name_plural = _("tracked sessions")
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(
                fields=["-created_at", "-id"], name="sa_active_newest", condition=Q(ended_at=None)
            ),
            models.Index(
                fields=["account_id", "-created_at", "-id"],
                name="sa_active_account",
                condition=Q(ended_at=None),
            ),
            models.Index(
                fields=["user", "-created_at", "-id"],
                name="sa_active_user",
                condition=Q(ended_at=None),
            ),
            models.Index(
                fields=["application", "-created_at", "-id"],
                name="sa_active_application",
                condition=Q(ended_at=None),
            ),
            models.Index(
                fields=["country_code", "-created_at", "-id"],
                name="sa_active_country",
                condition=Q(ended_at=None),
            ),
            models.Index(fields=["user", "-created_at", "-id"], name="sa_history"),
            *(
                models.Index(
                    fields=["-created_at", "-id", "account_id"],
                    name=f"sa_{column}",
                    condition=Q(ended_at=None, **{column: True}),
                )
                for column in ("is_far", "is_new_country", "is_new_kind", "is_one_of_many")
            ),
            models.Index(
                fields=["key_digest"],
                name="sa_ended_key",
                condition=Q(ended_at__isnull=False),
            ),
            models.Index(
                fields=["is_masked", "ended_at"],
                name="sa_ended",
                condition=Q(ended_at__isnull=False),
            ),
            models.Index(
                fields=["termination", "-created_at", "-id"],
                name="sa_receipt",
                condition=Q(termination__isnull=False),
            ),
            # Of a receipt with a million sessions, those that concern the admin of one account.
            models.Index(
                fields=["termination", "account_id"],
                name="sa_receipt_account",
                condition=Q(termination__isnull=False),
            ),
            models.Index(
                fields=["termination"],
                name="sa_tried_elsewhere",
                condition=Q(was_tried_elsewhere=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_label} · {self.device_label} · {self.location}"

    @property
    def user_name(self) -> str:
        """The person's name now; the one at sign-in when the person is gone."""
        if self.user is None:
            return self.user_label
        return resolvers.person_name(self.user)

    @property
    def user_email(self) -> str:
        if self.user is None:
            return ""
        address = getattr(self.user, self.user.get_email_field_name(), "") or ""
        return printable(address, resolvers.NAME_LENGTH)

    @property
    def initials(self) -> str:
        words = self.user_name.split("@")[0].replace(".", " ").split()
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()

    @property
    def application_name(self) -> str:
        return resolvers.application_name(self.application)

    @property
    def elsewhere(self) -> list[Sighting]:
        """The other addresses and browsers it has spoken from, the latest first."""
        return [Sighting.read(sighting) for sighting in self.sightings]

    @property
    def now(self) -> Sighting | None:
        """Where it speaks from now; ``None`` while that is where it signed in."""
        latest = self.elsewhere[:1]
        return latest[0] if latest and latest[0].last_seen_at >= self.last_seen_at else None

    @property
    def signs(self) -> list[signs.Sign]:
        """What makes it worth a look."""
        return signs.of(self)

    @property
    def last_seen_text(self) -> str:
        """How long ago this session was last active."""
        return ago(self.last_seen_at)


def ago(moment: datetime) -> str:
    if timezone.now() - moment < timedelta(minutes=1):
        return gettext("just now")
    return gettext("%(time)s ago") % {"time": timesince(moment, depth=1)}

"""The models: one row for every login, every termination and (in `export_record`) every export.

``session_key`` is the secret of a live session. It is needed to end the session and removed when
the session ends; no page, log or export may show it.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_admin import indexes, people, resolvers, search_text, sign_in_methods
from sessions_admin.client import (
    USER_AGENT_LENGTH,
    DeviceKind,
    Origin,
    OriginTexts,
)
from sessions_admin.conf import APPLICATION_ID_LENGTH
from sessions_admin.export_record import Export
from sessions_admin.flags import Raised, raised
from sessions_admin.generated import GeneratedColumn, Week
from sessions_admin.moments import last_active
from sessions_admin.querysets import TrackedSessionQuerySet

__all__ = ["Export", "Termination", "TrackedSession"]

DEVICE_NAME_LENGTH = 30


class Termination(models.Model):
    """One administrative act: who ended which sessions, and with what result."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    actor_label = models.CharField(_("admin"), max_length=320)
    created_at = models.DateTimeField(_("date"), default=timezone.now, db_index=True)
    scope = models.CharField(_("action"), max_length=500)
    action = models.JSONField(default=dict, editable=False)  # See ``termination.actions``.
    # The ids of the accounts that it could affect; empty means all accounts.
    account_ids = models.JSONField(default=list)
    filters = models.JSONField(default=dict)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    requested = models.PositiveIntegerField(_("requested"), default=0)
    ended = models.PositiveIntegerField(_("terminated"), default=0)
    already_gone = models.PositiveIntegerField(_("already ended"), default=0)
    failed = models.PositiveIntegerField(_("failed"), default=0)
    # The fields from here on are the state of a bulk termination, from which any process can
    # continue it (see ``termination.bulk``). Other terminations are finished when recorded.
    # ``newest`` is the greatest primary key at its start: later logins are not ended, and a wrong
    # clock does not matter.
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
    # Whether sessions without a row could not be searched for in the store.
    leaves_unseen = models.BooleanField(default=False, editable=False)

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
        """How many sessions are still to be ended; 0 if unknown."""
        return max((self.expected or 0) - self.requested, 0)


class TrackedSession(OriginTexts, models.Model):
    """One login, from its sign-in to its end."""

    class EndReason(models.TextChoices):
        SIGNED_OUT = "signed_out", _("Signed out")
        TERMINATED = "terminated", _("Terminated")
        REPLACED = "replaced", _("Replaced by a new sign-in")
        PASSWORD_CHANGED = "password_changed", _("Password changed")
        USER_DEACTIVATED = "user_deactivated", _("User deactivated")
        USER_DELETED = "user_deleted", _("User deleted")
        REMOVED = "removed", _("Removed from the account")
        WRONG_PASSWORDS = "wrong_passwords", _("Too many incorrect passwords")
        SIGNED_OUT_ELSEWHERE = "signed_out_elsewhere", _("Signed out from another device")
        IDLE = "idle", _("Idle timeout")
        TOO_OLD = "too_old", _("Maximum lifetime reached")
        EXPIRED = "expired", _("Expired")
        LOST = "lost", _("Missing from session store")

    # With these the session was only missing from the store, and is listed again if it reappears.
    # Every other end is final: a session that comes back is refused.
    PASSING_REASONS: ClassVar = {EndReason.EXPIRED, EndReason.LOST}

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    session_key = models.CharField(max_length=255, null=True, unique=True, editable=False)  # noqa: DJ001
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="tracked_sessions",
        verbose_name=_("user"),
        # Covered by the index "sa_history".
        db_index=False,
    )
    user_label = models.CharField(_("user (at sign-in)"), max_length=320)
    account_id = models.CharField(
        _("account ID"), max_length=resolvers.ACCOUNT_ID_LENGTH, blank=True
    )
    account_name = models.CharField(_("account"), max_length=resolvers.NAME_LENGTH, blank=True)
    application = models.CharField(_("application"), max_length=APPLICATION_ID_LENGTH)
    # How the person signed in (see ``sign_in_methods``), and who did it in their name, if somebody.
    sign_in_method = models.CharField(
        _("sign-in method"), max_length=resolvers.METHOD_LENGTH, blank=True, default=""
    )
    signed_in_by = models.CharField(_("support"), max_length=320, blank=True, default="")
    ip_address = models.GenericIPAddressField(_("IP address"), null=True, unpack_ipv4=True)
    is_forwarded = models.BooleanField(_("may be a proxy"), default=False)
    country_code = models.CharField(max_length=2, blank=True)
    country = models.CharField(_("country"), max_length=100, blank=True)
    region = models.CharField(_("region"), max_length=100, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    # Rounded to 0.1 degree.
    latitude = models.FloatField(null=True, editable=False)
    longitude = models.FloatField(null=True, editable=False)
    browser = models.CharField(_("browser"), max_length=100, blank=True)
    browser_version = models.CharField(_("browser version"), max_length=40, blank=True)
    os = models.CharField(_("operating system"), max_length=100, blank=True)
    os_version = models.CharField(_("system version"), max_length=40, blank=True)
    device = models.CharField(_("device"), max_length=100, blank=True)
    device_kind = models.CharField(
        _("device type"), max_length=10, choices=DeviceKind, default=DeviceKind.OTHER
    )
    user_agent = models.CharField(_("user agent"), max_length=USER_AGENT_LENGTH, blank=True)
    # What its person calls the device. Anybody can write anything here: it proves nothing.
    device_name = models.CharField(_("device name"), max_length=DEVICE_NAME_LENGTH, blank=True)
    other_origins = models.JSONField(_("other origins"), default=list, blank=True)
    created_at = models.DateTimeField(_("created on"), default=timezone.now)
    last_seen_at = models.DateTimeField(_("last active"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    end_reason = models.CharField(
        _("end reason"), max_length=20, choices=EndReason, blank=True, default=""
    )
    termination = models.ForeignKey(
        Termination,
        on_delete=models.SET_NULL,
        null=True,
        related_name="sessions",
        # Covered by the partial index "sa_termination".
        db_index=False,
    )
    # Identifies the session key after the key itself is removed; updated together with it.
    key_digest = models.CharField(max_length=32, blank=True, default="", editable=False)
    reuse_count = models.PositiveIntegerField(_("reuse attempts"), default=0)
    was_reused_elsewhere = models.BooleanField(_("reused elsewhere"), default=False)
    reused_at = models.DateTimeField(_("last reuse attempt"), null=True, blank=True)
    reused_ip = models.GenericIPAddressField(_("reused from"), null=True, unpack_ipv4=True)
    reused_user_agent = models.CharField(
        _("reused with"), max_length=USER_AGENT_LENGTH, blank=True, default=""
    )
    # When somebody who may see this session first looked at its reuse in the termination log.
    reuse_seen_at = models.DateTimeField(null=True, editable=False)
    # How many wrong passwords in a row were entered at the reauthentication page.
    wrong_passwords = models.PositiveSmallIntegerField(default=0, editable=False)
    # How many sessions this session has terminated one by one without a fresh proof.
    singles = models.PositiveSmallIntegerField(default=0, editable=False)
    # Flags, set when the session begins or moves (see ``flags``).
    is_far = models.BooleanField(_("impossible travel"), default=False)
    is_new_country = models.BooleanField(_("new country"), default=False)
    is_new_kind = models.BooleanField(_("new type of device"), default=False)
    # Raised at a sign-in that made them many, and shown while they are (see ``active_count``).
    is_one_of_many = models.BooleanField(_("many active sessions"), default=False)
    flag_evidence = models.JSONField(null=True, default=None, editable=False)
    is_masked = models.BooleanField(_("address masked"), default=False)
    # Whether the row was written by adoption: the sign-in time is unknown, and the origin, too,
    # until the session's next request.
    is_adopted = models.BooleanField(default=False, editable=False)
    # *Inactive for 30+ days* is found by it: an index of the time itself would be written at each
    # activity, one of the week once a week.
    last_seen_week = GeneratedColumn(
        expression=Week("last_seen_at"), output_field=models.DateField(), db_persist=True
    )
    search_text = GeneratedColumn(
        expression=search_text.SearchText(),
        output_field=models.TextField(),
        db_persist=True,
        editable=False,
    )

    # Set while rendering a page: the session of an admin in an account that the viewer does not
    # administer, whose name is not shown.
    is_elsewhere: bool = False
    # How many active sessions the user has in this account, for rows read ``with_active_count``.
    active_count: int = 0

    objects = TrackedSessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("tracked session")
        verbose_name_plural = _("tracked sessions")
        ordering = ["-created_at", "-pk"]
        indexes = indexes.OF_SESSIONS

    def __str__(self) -> str:
        return f"{self.user_label} · {self.device_label} · {self.location}"

    @property
    def user_name(self) -> str:
        """The user's current name; the label from the sign-in if the user was deleted."""
        if self.user is None:
            return self.user_label
        return people.name_of(self.user)

    @property
    def user_email(self) -> str:
        return "" if self.user is None else people.email_of(self.user)

    @property
    def initials(self) -> str:
        words = people.name_in(self.user_name).split("@")[0].replace(".", " ").split()
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()

    @property
    def application_name(self) -> str:
        return resolvers.application_name(self.application)

    @property
    def sign_in_method_text(self) -> str:
        """How the person signed in, in words; empty if that is not known."""
        return sign_in_methods.in_words(self.sign_in_method, self.signed_in_by)

    @property
    def elsewhere(self) -> list[Origin]:
        """The other addresses and browsers that the session was used from, latest first."""
        return Origin.read_all(self.other_origins)

    @property
    def now(self) -> Origin | None:
        """The current origin; ``None`` while that is the origin of the sign-in."""
        latest = self.elsewhere[:1] if self.other_origins else []
        return latest[0] if latest and latest[0].last_seen_at >= self.last_seen_at else None

    @property
    def device_now(self) -> OriginTexts:
        """The device of the sign-in in its current version: browsers and systems are updated."""
        now = self.now
        return now if now and self.is_same_device(now) else self

    @property
    def flags(self) -> list[Raised]:
        """The facts that make this session worth reviewing, with their evidence."""
        return raised(self)

    @property
    def last_seen_text(self) -> str:
        """How long ago this session was last active."""
        return last_active(self.last_seen_at)

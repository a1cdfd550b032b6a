"""People, accounts, and memberships with their roles."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models, transaction
from django.db.models import F, Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_admin.client import printable

NAME_LENGTH = 150


class UserManager(BaseUserManager["User"]):
    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the person with this email address, ignoring case.

        Uses the expression of the constraint `accounts_user_email_ci`, so its index serves the
        query and at most one person matches. `iexact` would upper-case instead, which folds other
        letters together.
        """
        address = Value(username, output_field=models.EmailField())
        return self.get(Exact(Lower("email"), Lower(address)))


class User(AbstractBaseUser, PermissionsMixin):
    """A person, who signs in with an email address."""

    email = models.EmailField(_("email address"), unique=True)
    name = models.CharField(_("name"), max_length=NAME_LENGTH, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("staff access"), default=False)
    language = models.CharField(_("language"), max_length=10, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    date_joined = models.DateTimeField(_("date joined"), default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="accounts_user_email_ci",
                violation_error_message=_("A person with this email address already exists."),
            )
        ]

    def __str__(self) -> str:
        return self.email

    def save(self, **options: Any) -> None:
        # People choose their own names, which appear on other people's pages.
        self.name = printable(self.name, NAME_LENGTH)
        super().save(**options)

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] or self.email


class Account(models.Model):
    """A customer of the product: a tenant with a plan."""

    class Plan(models.TextChoices):
        STARTER = "starter", _("Starter")
        PROFESSIONAL = "professional", _("Professional")
        GROWTH = "growth", _("Growth")
        PREMIUM = "premium", _("Premium")

    name = models.CharField(_("name"), max_length=NAME_LENGTH, unique=True)
    plan = models.CharField(_("plan"), max_length=20, choices=Plan, default=Plan.STARTER)
    advanced_security_addon = models.BooleanField(_("add-on: Advanced security"), default=False)
    members: models.ManyToManyField[User, Membership] = models.ManyToManyField(
        User, through="Membership", related_name="accounts"
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def save(self, **options: Any) -> None:
        self.name = printable(self.name, NAME_LENGTH)
        super().save(**options)

    @property
    def has_advanced_security(self) -> bool:
        """Whether the plan includes it (Premium does) or it was added to the plan."""
        return self.plan == self.Plan.PREMIUM or self.advanced_security_addon


class Membership(models.Model):
    """One person's role in one account."""

    class Role(models.TextChoices):
        OWNER = "owner", _("Owner")
        ADMIN = "admin", _("Admin")
        MEMBER = "member", _("Member")

    ADMINISTERING = (Role.OWNER, Role.ADMIN)

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.MEMBER)
    last_chosen_at = models.DateTimeField(_("last chosen"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["user", "account"], name="accounts_membership_once")
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.account} · {self.get_role_display()}"

    @property
    def administers(self) -> bool:
        return self.role in self.ADMINISTERING


class AllowanceManager(models.Manager["Allowance"]):
    def spend(self, key: str, *, limit: int, period: timedelta) -> bool:
        """Use up one of the ``limit`` uses this key has in a period; return False if none is left.

        The period begins with the first use. A single statement counts it, so that simultaneous
        requests cannot exceed the limit.
        """
        now = timezone.now()
        expired = self.filter(expires_at__lte=now)
        expired.filter(key=key).delete()
        with transaction.atomic():
            # Skips what others are deleting: each waiting for the other's rows would deadlock.
            others = expired.select_for_update(skip_locked=True)
            self.filter(pk__in=list(others.values_list("pk", flat=True))).delete()
        new = self.model(key=key, expires_at=now + period)
        self.bulk_create([new], ignore_conflicts=True)
        return bool(self.filter(key=key, used__lt=limit).update(used=F("used") + 1))


class Allowance(models.Model):
    """The used part of a limited resource in the current period, by key."""

    key = models.CharField(max_length=100, primary_key=True)
    used = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(db_index=True)

    objects: ClassVar[AllowanceManager] = AllowanceManager()

    def __str__(self) -> str:
        return f"{self.key}: {self.used}"

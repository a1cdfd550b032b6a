"""The questions asked of tracked sessions, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Q
from django.utils import timezone

from sessions_admin import conf, resolvers, search_text, signs
from sessions_admin.client import countries

if TYPE_CHECKING:
    from sessions_admin.models import TrackedSession  # noqa: F401

# Names that user models give to what people call a person.
USER_TEXT_FIELDS = ("first_name", "last_name", "name", "full_name")
SEARCH_WORDS = 8
# Of more people than this that a word fits, the planner does better by asking row by row.
PEOPLE_BY_KEY = 2000


@dataclass(frozen=True)
class Filters:
    """What narrows the list; empty texts narrow nothing.

    ``user`` is a primary key as text, ``country`` an ISO 3166 code.
    """

    q: str = ""
    account: str = ""
    user: str = ""
    application: str = ""
    country: str = ""
    sign: str = ""

    def __bool__(self) -> bool:
        asked = (self.q, self.account, self.user, self.application, self.country, self.sign)
        return any(asked)


class TrackedSessionQuerySet(models.QuerySet["TrackedSession"]):
    def open(self) -> TrackedSessionQuerySet:
        """Rows that nothing has ended yet."""
        return self.filter(ended_at=None)

    def active(self) -> TrackedSessionQuerySet:
        """Rows that may still be signed in, as far as the database knows.

        A session that is saved gets a new expiry, and the row hears of it at most one activity
        interval later, so rows are let go only when that has passed too. ``liveness`` has the
        last word.
        """
        late = timedelta(seconds=conf.current().activity_interval)
        is_unexpired = Q(expires_at__gt=timezone.now() - late)
        return self.open().filter(is_unexpired, _user_may_sign_in())

    def in_accounts(self, account_ids: Iterable[str]) -> TrackedSessionQuerySet:
        return self.filter(account_id__in=list(account_ids))

    def matching(self, filters: Filters) -> TrackedSessionQuerySet:
        """Rows that fit every filter and every word of the search."""
        found = self
        if filters.account:
            found = found.filter(account_id=filters.account)
        if filters.user:
            found = found.filter(user__pk=filters.user)
        if filters.application:
            found = found.filter(application=filters.application)
        if filters.country:
            found = found.filter(country_code=filters.country)
        if filters.sign:
            sign = signs.BY_ID.get(filters.sign)
            found = found.filter(sign.condition()) if sign else found.none()
        for word in filters.q.split():
            found = found.filter(_word_found(word))
        return found

    def tried_elsewhere(self) -> TrackedSessionQuerySet:
        """Ended rows whose cookie came back from where the session itself had never been seen.

        Its own browser may come back, too, since nothing has told it of the end yet.
        """
        return self.filter(was_tried_elsewhere=True)

    def for_liveness(self) -> TrackedSessionQuerySet:
        """With their users, and without the long texts that nobody looks at there."""
        return self.select_related("user").defer("search_text", "sightings", "user_agent")

    def newest_first(self) -> TrackedSessionQuerySet:
        return self.order_by("-created_at", "-pk")


def _user_may_sign_in() -> Q:
    """A session without its user, or of a deactivated one, is not answered as signed in."""
    try:
        get_user_model()._meta.get_field("is_active")
    except FieldDoesNotExist:
        return Q(user__isnull=False)
    return Q(user__is_active=True)


def _word_found(word: str) -> Q:
    # Countries are shown in the language of whoever searches, and stored as a code.
    found = search_text.has(word) | search_text.has_country(countries.codes_called(word))
    if called := _applications_called(word):
        found |= Q(application__in=called)
    return found | _user_called(word)


def _user_called(word: str) -> Q:
    """Rows of the people whom this word fits.

    By the keys of a few, which an index finds. Where a word fits many, such as the domain of
    everybody's address, the newest rows have them, and the people of those are asked themselves.
    """
    keys = list(people_called(word).values_list("pk", flat=True)[: PEOPLE_BY_KEY + 1])
    if len(keys) > PEOPLE_BY_KEY:
        return _called(word, of="user__")
    return Q(user__in=keys) if keys else Q()


def people_called(text: str, *, lookup: str = "icontains") -> models.QuerySet[Any]:
    """The users in whose name or addresses this is found, or that are just this (``iexact``)."""
    called = _called(text, lookup=lookup)
    people = get_user_model()._default_manager.all()
    return people.filter(called) if called else people.none()


def _called(text: str, *, of: str = "", lookup: str = "icontains") -> Q:
    model = get_user_model()
    texts = {model.USERNAME_FIELD, model.get_email_field_name(), *USER_TEXT_FIELDS}
    present = {f.name for f in model._meta.get_fields() if isinstance(f, models.CharField)}
    called = Q()
    for name in sorted(texts & present):
        called |= Q(**{f"{of}{name}__{lookup}": text})
    return called


def _applications_called(word: str) -> list[str]:
    return [a.id for a in resolvers.applications() if word.casefold() in a.name.casefold()]

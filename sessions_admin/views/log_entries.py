"""Prepare the entries of the termination log: each whole, or the part that a reader may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sessions_admin.listing.counting import FLAGGED, grouped
from sessions_admin.listing.counting import Count as Number
from sessions_admin.models import Termination
from sessions_admin.policy import Scope
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.termination import actions
from sessions_admin.views import sentences


@dataclass(frozen=True)
class Entry:
    """A termination as one user may see it: the whole, or the part about their accounts."""

    termination: Termination
    is_whole: bool
    ended: int
    reuse_count: int
    unseen_count: int = 0

    @property
    def scope(self) -> str:
        return (
            actions.said(self.termination)
            if self.is_whole
            else _("Sessions in several accounts, including yours")
        )

    @property
    def reason(self) -> str:
        return self.termination.reason if self.is_whole else ""

    @property
    def result(self) -> str:
        """How many sessions ended and how many did not, without what is none."""
        numbers = [(self.ended, _terminated)]
        if self.is_whole:
            numbers += [(self.termination.already_gone, _gone), (self.termination.failed, _failed)]
        parts = [text(number) for number, text in numbers if number]
        if self.is_whole and not self.termination.is_finished:
            parts.append(_("in progress") if parts else _("In progress"))
        return _(", ").join(parts) or _("Nothing to terminate")

    @property
    def why_nothing(self) -> str:
        """Why an entry terminated nothing; empty for others."""
        return sentences.why_nothing(self.termination) if self.is_whole else ""


def entries_and_alarms(
    scope: Scope, user: Any, found: list[Termination]
) -> tuple[list[Entry], Number]:
    """Return these terminations as this user may see them, and the number of alarms in scope.

    Alarms are attempts to reuse a terminated session that nobody has looked at yet.
    """
    whole = {each.pk: scope.has_whole(each, user) for each in found}
    ended = _counts(scope.inside(), [pk for pk, is_whole in whole.items() if not is_whole])
    reused, unseen = _reuse(scope.inside(), list(whole))
    entries = [
        Entry(
            termination=each,
            is_whole=whole[each.pk],
            ended=each.ended if whole[each.pk] else ended.get(each.pk, 0),
            reuse_count=reused.get(each.pk, 0),
            unseen_count=unseen.get(each.pk, 0),
        )
        for each in found
    ]
    return entries, Number.upto(FLAGGED, sum(unseen.values()))


def _reuse(
    sessions: TrackedSessionQuerySet, pks: list[int]
) -> tuple[dict[int, int], dict[int, int]]:
    """Return how many of the sessions were reused, and how many unseen, by their termination.

    The first is about these terminations, the second about all, for the navigation.
    """
    unseen = Q(reuse_seen_at=None)
    rows = sessions.reused_elsewhere().filter(Q(termination__in=pks) | unseen)
    pairs = rows.filter(termination__isnull=False).order_by().values_list("termination")
    found = list(pairs.annotate(reused=Count("pk"), unseen=Count("pk", filter=unseen)))
    return {pk: reused for pk, reused, _ in found}, {pk: new for pk, _, new in found if new}


def _counts(sessions: TrackedSessionQuerySet, pks: list[int]) -> dict[int, int]:
    """Return how many of the sessions belong to each of these terminations."""
    if not pks:
        return {}
    pairs = sessions.filter(termination__in=pks).order_by().values_list("termination")
    return dict(pairs.annotate(Count("pk")))


def _terminated(number: int) -> str:
    text = ngettext("%(n)s terminated", "%(n)s terminated", number)
    return text % {"n": grouped(number)}


def _gone(number: int) -> str:
    text = ngettext("%(n)s had already ended", "%(n)s had already ended", number)
    return text % {"n": grouped(number)}


def _failed(number: int) -> str:
    text = ngettext("%(n)s could not be terminated", "%(n)s could not be terminated", number)
    return text % {"n": grouped(number)}

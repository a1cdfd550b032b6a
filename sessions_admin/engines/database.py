"""The engine ``db`` and engines built on it.

It needs no refusals: a late save of a deleted session is an update that finds no row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import connections, router
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from sessions_admin.engines.base import Engine
from sessions_admin.lookups import Among

# So many times more keys are compared at a time than are returned.
STRETCH = 20


class DatabaseEngine(Engine):
    """``django.contrib.sessions.backends.db`` and engines built on it."""

    cache_alias = None
    keeps_refusals = False
    counts_deleted = True
    expires_as_saved = True

    @property
    def can_enumerate(self) -> bool:
        return True

    def keys(self, size: int) -> Iterator[list[str]]:
        unexpired = self._model.objects.filter(expire_date__gt=timezone.now()).order_by("pk")
        walk, last = unexpired.values_list("pk", flat=True), ""
        while keys := list(walk.filter(pk__gt=last)[:size]):
            yield keys
            last = keys[-1]

    def unknown_keys(self, size: int, known: QuerySet[Any]) -> Iterator[tuple[int, list[str]]]:
        """Yield them as the base class does, found by the database, a stretch of keys at a time."""
        sessions = self._model.objects.filter(expire_date__gt=timezone.now())
        if sessions.db != known.db:
            yield from super().unknown_keys(size, known)
            return
        is_known = Exists(known.filter(session_key=OuterRef("pk")))
        stretch, last = STRETCH * size, ""
        while last is not None:
            rest = sessions.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)
            last = rest[stretch - 1 : stretch].first()
            part = rest if last is None else rest.filter(pk__lte=last)
            unknown, looked_at = list(part.exclude(is_known)), part.count()
            for begin in range(0, len(unknown), size):
                yield 0, unknown[begin : begin + size]
            yield looked_at, []

    def load_many(self, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        decode = self.decoder()
        return {key: decode(data) for key, data in self._unexpired(list(keys))}

    def _unexpired(self, keys: list[str]) -> list[tuple[str, str]]:
        """Return the key and the data of each of these sessions that has not expired.

        Every page of the list waits for it. Django takes longer to build it than it takes to run.
        """
        connection: Any = connections[self._model.objects.db]
        table = connection.ops.quote_name(self._model._meta.db_table)
        is_array = connection.vendor == "postgresql"
        among = "= ANY(%s)" if is_array else f"IN ({', '.join(['%s'] * len(keys))})"
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT session_key, session_data FROM {table} "  # noqa: S608
                f"WHERE session_key {among} AND expire_date > %s",
                [*([keys] if is_array else keys), now],
            )
            found: list[tuple[str, str]] = cursor.fetchall()
        return found

    def living(self, keys: Sequence[str]) -> set[str]:
        """Return the keys of unexpired sessions without reading their data, which is slow."""
        found = self._model.objects.filter(
            Among("session_key", keys), expire_date__gt=timezone.now()
        )
        return set(found.values_list("session_key", flat=True))

    def expiries(self, keys: Sequence[str]) -> dict[str, datetime]:
        found = self._model.objects.filter(Among("session_key", keys))
        return dict(found.values_list("session_key", "expire_date"))

    def delete_many(self, keys: Sequence[str]) -> int:
        model = self._model
        found = model.objects.using(router.db_for_write(model)).filter(Among("session_key", keys))
        _, deleted = found.filter(expire_date__gt=timezone.now()).delete()
        living: int = deleted.get(model._meta.label, 0)
        if living < len(keys):
            # Some of the others may be expired sessions, which are not counted.
            found.delete()
        return living

    def refuse(self, keys: Sequence[str], *, expiry: datetime | None = None) -> None:
        """Do nothing: a deleted row cannot be updated, and there are no copies."""

    def is_refused(self, key: str) -> bool:
        return False

    def readmit(self, keys: Sequence[str]) -> None:
        """Do nothing, since ``refuse`` stores nothing."""

    def has(self, key: str) -> bool:
        """Whether the database has a session under this key, expired or not."""
        return bool(self._model.objects.filter(session_key=key).exists())

    @property
    def _model(self) -> Any:
        return self.store.get_model_class()  # type: ignore[attr-defined]

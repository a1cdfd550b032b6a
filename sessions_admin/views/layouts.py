"""Templates that are rendered once and then filled for each of many rows."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, count
from operator import itemgetter
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from django.template.loader import get_template
from django.utils.safestring import SafeString
from django.utils.translation import get_language


class Layout:
    """A template that is rendered once, with slots for plain values, and then filled many times.

    It is kept for each language, so the template must depend on nothing else. ``kinds`` are the
    named tuples of its variables.
    """

    _kept: ClassVar[WeakKeyDictionary[Any, dict[str | None, Layout]]] = WeakKeyDictionary()

    def __init__(self, template: Any, kinds: Mapping[str, Any]) -> None:
        numbers = count()
        slots = {
            name: {each: SafeString(f"\0{next(numbers)}\0") for each in kind._fields}
            for name, kind in kinds.items()
        }
        self._parts = template.render(slots).split("\0")
        self._chosen = itemgetter(*map(int, self._parts[1::2]))

    @classmethod
    def of(cls, name: str, **kinds: Any) -> Layout:
        """Return the layout of the template with this name, in the active language."""
        template: Any = get_template(name)
        # A template that has changed is another one.
        kept = cls._kept.setdefault(template.template, {})
        language = get_language()
        if language not in kept:
            kept[language] = cls(template, kinds)
        return kept[language]

    def filled(self, *values: tuple[object, ...]) -> str:
        """Fill the slots with these values, in the order of ``kinds``."""
        filled = self._parts.copy()
        filled[1::2] = self._chosen(tuple(chain(*values)))
        return "".join(filled)

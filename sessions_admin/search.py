"""What a search means: the condition that each of its words puts on a row.

A word is found as any part of a text that the row shows, in the language of the reader. A whole
address means that address and no other, and a network its addresses, then or now.
"""

from __future__ import annotations

import ipaddress
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import Q, Value
from django.utils.translation import gettext

from sessions_admin import people, resolvers, search_addresses, search_text
from sessions_admin.client import Origin, countries
from sessions_admin.folding import fold
from sessions_admin.lookups import Among, AmongByIndex, AmongWhenRead, Keys
from sessions_admin.search_conditions import Has, HasBesideAccount, HasInAccountName
from sessions_admin.search_text import AROUND_CODE, BETWEEN
from sessions_admin.unions import union_all

# When more people than this match a word, the planner does better by checking row by row.
PEOPLE_BY_KEY = 2000
# The keys of up to so many are asked for. PostgreSQL checks a row against them in a tenth of the
# time that it takes to read the row's user and to fold their names.
PEOPLE_KNOWN = 6000
# The records of so many of them are enough to fill a page and the count of what is found.
SOME_PEOPLE = 500
# What stands around words in a sentence, a list or a label.
PUNCTUATION = ".,;:!?()[]{}<>\"'`´“”„‟‘’‚‛«»‹›…·•、。，．：；！？（）「」،؛؟"
COMMAS = ",،"
AROUND_ADDRESSES = PUNCTUATION.translate(dict.fromkeys(map(ord, ".:[]")))
# Shorter words have no trigrams, so that everybody would be read to find the people called so.
SHORT = 3


# What people may be called, and whether that is the whole of a name or address.
Called = tuple[str, bool]


@dataclass(frozen=True)
class Word:
    """What a word of a search finds: rows by their texts, their applications and their people.

    A few people are found by their ``keys``, which have an index; against more keys, rows that are
    read anyway are checked. A word that many match, such as the domain of everybody's address, is
    checked on the users of these rows (``of_person``); its ``keys`` are those of some.

    The index of the texts of open rows finds those for which any of ``in_open`` is true, and that
    of ended rows ``in_ended``: all those of ``texts`` and, unless it ``is_exact``, others.
    ``length`` is that of the folded word.
    """

    texts: Q
    in_open: tuple[Any, ...] = ()
    in_ended: tuple[Any, ...] = ()
    is_exact: bool = False
    length: int = 0
    keys: Keys = field(default_factory=Keys)
    of_person: Q = field(default_factory=Q)
    are_many: bool = False
    applications: Sequence[str] = ()

    @property
    def condition(self) -> Q:
        return self.own | self.others

    @property
    def when_read(self) -> Q:
        """The same for rows that are read for another reason."""
        return self.own | self.others_when_read

    @property
    def own(self) -> Q:
        """The condition on a row that the word finds for any person."""
        return self.texts | is_in(self.applications)

    @property
    def others(self) -> Q:
        """The condition on a row that the word finds by its person."""
        if not self.keys or self.are_many:
            return self.of_person
        is_few = len(self.keys) <= PEOPLE_BY_KEY
        return self.of_person | Q((Among if is_few else AmongWhenRead)("user_id", self.keys))

    @property
    def others_when_read(self) -> Q:
        if not self.keys or self.are_many:
            return self.of_person
        return self.of_person | Q(AmongWhenRead("user_id", self.keys))

    @property
    def others_by_index(self) -> Q:
        return Q(AmongByIndex("user_id", self.keys)) if self.keys else Q()

    @cached_property
    def some(self) -> Keys:
        """The keys of all people, if they are few, or of some."""
        return self.keys if len(self.keys) <= PEOPLE_BY_KEY else Keys(self.keys[:SOME_PEOPLE])

    @property
    def are_more(self) -> bool:
        """Whether people beside ``some`` are called so."""
        return self.are_many or len(self.some) < len(self.keys)

    def without_index(self, texts: Q) -> Word:
        """Return the same word for these texts, which no index finds."""
        return replace(self, texts=texts, in_open=(), in_ended=(), is_exact=False)

    @property
    def has_index(self) -> bool:
        """Whether indexes find all rows of the word."""
        return self.has_index_of_texts and len(self.keys) <= PEOPLE_BY_KEY

    @property
    def has_index_of_texts(self) -> bool:
        """The same of the rows that are not of these people."""
        return bool(self.in_open) and not self.of_person


def is_in(applications: Collection[str]) -> Q:
    """The condition on a row of one of these applications."""
    return Q(application__in=applications) if applications else Q()


def conditions(q: str, *, accounts_named: Collection[str] | None = None) -> list[Q]:
    """One condition for each word, all of which a row has to fit.

    Accounts other than ``accounts_named`` are found as "Another account", not by their names; with
    ``None`` all are found by name.
    """
    return [word.condition for word in words_found(q, accounts_named=accounts_named)]


def words_found(
    q: str, *, accounts_named: Collection[str] | None = None, of_one_person: bool = False
) -> list[Word]:
    """Return what each word of a search finds, as in ``conditions``.

    Who is called so is asked for all words in one statement, unless the rows are ``of_one_person``.
    """
    found: list[tuple[Word, Called | None]] = []
    for word in words_of(q):
        if address := search_addresses.address_in(word):
            found.append((_has_whole(address, accounts_named), (address, True)))
        elif network := search_addresses.network_in(word):
            own = search_addresses.is_in(network)
            found.append((Word(own, *search_addresses.begins_like(network)), None))
        else:
            found.append((_has(word, accounts_named), (word, False)))
    names = [called for _own, called in found if called]
    keys = {} if of_one_person else _keys_of(_telling_most(names))
    return [_with_people(own, called, keys.get(called)) if called else own for own, called in found]


def _telling_most(names: Sequence[Called]) -> list[Called]:
    """Leave out short words beside longer ones, whose rows are then checked for them."""
    long = [called for called in names if len(fold(called[0])) >= SHORT]
    return list(dict.fromkeys(long or names))


def words_of(q: str) -> list[str]:
    """The words of a search, without the punctuation around them.

    "on" between a browser and a device, and what has neither letter nor digit, such as "&", are
    left out beside other words.
    """
    raw = [search_addresses.in_ascii(word) for word in q.split()]
    if not raw:
        return []
    words = [_without_punctuation(word) for word in raw]
    joining = _joining_words()
    others = [n for n, word in enumerate(words) if fold(word) not in joining]
    telling = [words[n] for n in others if any(map(_tells, words[n]))]
    return telling or [_without_comma(raw[n]) for n in others] or words


def _without_comma(word: str) -> str:
    """A word without the comma that the list puts between the parts of a location."""
    return word[:-1] if len(word) > 1 and word[-1] in COMMAS else word


def _tells(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMNS"


def _without_punctuation(word: str) -> str:
    """The colons of an address, such as "::1", belong to it, and so does the end of a part."""
    outer, bare = word.strip(AROUND_ADDRESSES), word.strip(PUNCTUATION)
    for text in (word, outer, bare):
        if search_addresses.is_address_or_network(text):
            return text
    return outer if search_addresses.PART.fullmatch(outer) else bare


def _has(word: str, accounts_named: Collection[str] | None) -> Word:
    """Rows that show this word in any of their texts."""
    # Countries are stored as a code, and empty fields as a placeholder.
    codes = [f"{AROUND_CODE}{code.lower()}{AROUND_CODE}" for code in countries.codes_called(word)]
    found = _shows(word, *codes, *_placeholders_shown_as(word), accounts_named=accounts_named)
    if network := search_addresses.network_of_beginning(word):
        in_open, in_ended = search_addresses.begins_like(network)
        found = replace(
            found,
            texts=found.texts | search_addresses.is_in(network),
            in_open=(*found.in_open, *in_open),
            in_ended=(*found.in_ended, *in_ended),
            is_exact=False,
        )
    found = replace(found, length=len(fold(word)))
    if accounts_named is not None and fold(word) in fold(unnamed_account()):
        texts = found.texts | ~Q(account_id__in=[*accounts_named, ""])
        return found.without_index(texts)
    # Shorter texts have no trigrams.
    return found if found.length >= SHORT else found.without_index(found.texts)


def _has_whole(address: str, accounts_named: Collection[str] | None) -> Word:
    found = _shows(f"{BETWEEN}{address}{BETWEEN}", accounts_named=accounts_named)
    return Word(found.texts, *search_addresses.begins_like(ipaddress.ip_network(address)))


def _shows(part: str, *others: str, accounts_named: Collection[str] | None) -> Word:
    """Rows with this part in their text, or one of these codes and placeholders."""
    whole, beside = Has(part, *others), HasBesideAccount(part, *others)
    found = Q(whole)
    if accounts_named is not None:
        found &= Q(account_id__in=accounts_named) | Q(beside)
    return Word(found, (whole,), (beside, HasInAccountName(part)), accounts_named is None)


def _with_people(own: Word, called: Called, keys: Keys | None) -> Word:
    """Return what a word finds, with the people called so; ``keys`` are theirs, if asked for."""
    text, whole = called
    labelled = people.label_condition(text, whole=whole)
    called_so, former = ([], []) if whole else _applications_called(text)
    found = replace(own, applications=[*called_so, *former])
    # A former application has few sessions, others may have most.
    if called_so:
        found = found.without_index(found.texts)
    if keys is None or len(keys) > most_people_known():
        labelled |= people.condition_for(text, prefix="user__", whole=whole)
        some = Keys((keys or ())[:SOME_PEOPLE])
        return replace(found, keys=some, of_person=labelled, are_many=True)
    return replace(found, keys=keys, of_person=labelled)


def _keys_of(names: Sequence[Called]) -> dict[Called, Keys]:
    """Return for each name the keys of the people called so, up to one past those that are known.

    One statement finds all.
    """
    asked = [people.called(text, whole=whole) for text, whole in names]
    found: list[list[Any]] = [[] for _name in names]
    pk: Any = get_user_model()._meta.pk
    column = pk.get_col(pk.model._meta.db_table)
    queries = [
        rows.values_list(Value(n), "pk")[: most_people_known() + 1] for n, rows in enumerate(asked)
    ]
    connection = connections[get_user_model()._default_manager.db]
    converters = [*connection.ops.get_db_converters(column), *pk.get_db_converters(connection)]
    try:
        with connection.cursor() as cursor:
            cursor.execute(*union_all(queries, connection))
            for n, key in cursor.fetchall():
                found[n].append(key)
    except EmptyResultSet:
        pass
    for convert in converters:
        found = [[convert(key, column, connection) for key in keys] for keys in found]
    return dict(zip(names, map(Keys, found), strict=True))


def most_people_known() -> int:
    """The keys of so many people are asked for. Elsewhere each is a parameter of the statement."""
    is_array = connections[get_user_model()._default_manager.db].vendor == "postgresql"
    return max(PEOPLE_KNOWN, PEOPLE_BY_KEY) if is_array else PEOPLE_BY_KEY


def unnamed_account() -> str:
    """What the list calls an account whose name its reader may not see."""
    return gettext("Another account")


def _applications_called(word: str) -> tuple[list[str], list[str]]:
    """The ids of the applications with this in their names, and of those not configured any more.

    Such a one is shown by its id.
    """
    known = {application.id: application.name for application in resolvers.applications()}
    wanted = fold(word)
    called = [each for each, name in known.items() if wanted in fold(name)]
    return called, sorted({word, word.lower()} - set(known))


def _placeholders_shown_as(word: str) -> list[str]:
    wanted = fold(word)
    return [
        placeholder for placeholder, text in _placeholder_texts().items() if wanted in fold(text)
    ]


def _placeholder_texts() -> dict[str, str]:
    """What the list says, in the language of the reader, where a field is empty."""
    return {
        search_text.PRIVATE: Origin.described(ip_address="10.0.0.1").location,
        search_text.NOWHERE: Origin.described().location,
        search_text.NO_DEVICE: Origin.described().device_label,
        search_text.NO_BROWSER: gettext("Unknown browser"),
        search_text.NO_ADDRESS: gettext("Unknown IP address"),
    }


def _joining_words() -> set[str]:
    """What stands between browser and device where the list names both: "on"."""
    return set(fold(Origin.described(browser="\n", device="\n").device_label).split())

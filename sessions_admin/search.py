"""What a search means: the condition that each of its words puts on a row.

A word is found as any part of a text that the row shows, in the language of the reader. A whole
address means that address and no other, and a network its addresses, then or now.
"""

from __future__ import annotations

import ipaddress
import itertools
import re
import unicodedata
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any

from django.db.models import BooleanField, Func, Q, Value
from django.utils.translation import gettext

from sessions_admin import people, resolvers, search_text
from sessions_admin.client import Origin, canonical_ip, countries
from sessions_admin.folding import fold
from sessions_admin.lookups import Among
from sessions_admin.search_text import AROUND_CODE, BETWEEN, Has

# When more people than this match a word, the planner does better by checking row by row.
PEOPLE_BY_KEY = 2000
# What stands around words in a sentence, a list or a label.
PUNCTUATION = ".,;:!?()[]{}<>\"'“”„‘’‚«»‹›…·•、。，．：；！？（）「」،؛؟"
COMMAS = ",،"
AROUND_ADDRESSES = PUNCTUATION.translate(dict.fromkeys(map(ord, ".:[]")))
PART_OF_AN_ADDRESS = re.compile(r"[0-9]+\.[0-9.]*|[0-9a-fA-F]*:[0-9a-fA-F:]*")
# Where the IPv4 address stands in one that is mapped to IPv6.
MAPPED_BITS = 96
LONG_AGO = datetime.fromtimestamp(0, UTC)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class InNetwork(Func):
    """Whether an address, or the text of one, is in a network."""

    function = "sessions_admin_in_network"
    arity = 2
    output_field = BooleanField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        (address, params), (network, more) = map(compiler.compile, self.source_expressions)
        return f"(NULLIF({address}::text, '')::inet <<= {network}::inet)", [*params, *more]


def conditions(q: str, *, accounts_named: Collection[str] | None = None) -> Iterator[Q]:
    """One condition for each word, all of which a row has to fit.

    The names of accounts other than ``accounts_named`` are not searched; with ``None`` all are.
    """
    for word in words_of(q):
        if address := canonical_ip(word):
            yield _has_whole(address, accounts_named)
        elif network := _network(word):
            yield _is_in(network)
        else:
            yield _has(word, accounts_named)


def words_of(q: str) -> list[str]:
    """The words of a search, without the punctuation around them.

    "on" between a browser and a device, and what has neither letter nor digit, such as "&", are
    left out beside other words.
    """
    raw = [_narrow(word) for word in q.split()]
    words = [_without_punctuation(word) for word in raw]
    joining = _joining_words()
    others = [n for n, word in enumerate(words) if fold(word) not in joining]
    telling = [words[n] for n in others if any(map(_tells, words[n]))]
    return telling or [_without_comma(raw[n]) for n in others] or words


def _narrow(word: str) -> str:
    """An address in the wide characters of East Asian keyboards in ASCII; other words as is."""
    narrow = unicodedata.normalize("NFKC", word).replace("。", ".")
    return narrow if canonical_ip(narrow) or _network(narrow) else word


def _without_comma(word: str) -> str:
    """A word without the comma that the list puts between the parts of a location."""
    return word[:-1] if len(word) > 1 and word[-1] in COMMAS else word


def _tells(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMNS"


def _without_punctuation(word: str) -> str:
    """The colons of an address, such as "::1", belong to it, and so does the end of a part."""
    outer, bare = word.strip(AROUND_ADDRESSES), word.strip(PUNCTUATION)
    for text in (word, outer, bare):
        if canonical_ip(text) or _network(text):
            return text
    return outer if PART_OF_AN_ADDRESS.fullmatch(outer) else bare


def _has(word: str, accounts_named: Collection[str] | None) -> Q:
    """Rows that show this word in any of their texts."""
    # Countries are stored as a code, and empty fields as a placeholder.
    codes = [f"{AROUND_CODE}{code.lower()}{AROUND_CODE}" for code in countries.codes_called(word)]
    found = _shows(word, *codes, *_placeholders_shown_as(word), accounts_named=accounts_named)
    if applications := _applications_called(word):
        found |= Q(application__in=applications)
    return found | _user_called(word)


def _has_whole(address: str, accounts_named: Collection[str] | None) -> Q:
    found = _shows(f"{BETWEEN}{address}{BETWEEN}", accounts_named=accounts_named)
    return found | _user_called(address, whole=True)


def _shows(part: str, *others: str, accounts_named: Collection[str] | None) -> Q:
    """Rows with this part in their text, or one of these codes and placeholders."""
    found = Q(Has.any_of(part, *others))
    if accounts_named is not None:
        beside = Q(Has.beside_account(part, *others))
        found &= Q(account_id__in=accounts_named) | beside
    return found


def _is_in(network: Network) -> Q:
    value = Value(str(network))
    found = Q(InNetwork("ip_address", value)) | Q(InNetwork(search_text.address_now(), value))
    beginning = _beginning(network)
    return Q(Has.any_of(f"{BETWEEN}{beginning}")) & found if beginning else found


def _network(text: str) -> Network | None:
    address, _slash, size = text.strip("[]").partition("/")
    if not size:
        return None
    address = address.rstrip("]").partition("%")[0]
    try:
        network = ipaddress.ip_network(f"{address}/{size}", strict=False)
    except ValueError:
        return None
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped and network.prefixlen >= MAPPED_BITS:
        return ipaddress.ip_network(f"{mapped}/{network.prefixlen - MAPPED_BITS}")
    return network


def _beginning(network: Network) -> str:
    """What the texts of all addresses of this network begin with, so that an index finds them.

    Empty for a few very large networks. A group of zeros ends it: "::" may stand there instead.
    """
    address, bits = network.network_address, network.prefixlen
    if address.version == 4:
        octets = str(address).split(".")
        return "".join(f"{octet}." for octet in octets[: bits // 8])[: len(str(address))]
    groups = address.exploded.split(":")
    whole = list(itertools.takewhile(lambda group: group != "0000", groups[: bits // 16]))
    beginning = "".join(f"{group.lstrip('0')}:" for group in whole)
    rest = groups[len(whole)] if len(whole) == bits // 16 < len(groups) else "0"
    part = "" if rest.startswith("0") else rest[: bits % 16 // 4]
    return beginning.rstrip(":") if len(whole) == len(groups) else beginning + part


def _user_called(word: str, *, whole: bool = False) -> Q:
    """Rows of the people whom this word matches.

    A few people are found by their keys, which have an index. A word that matches many, such as
    the domain of everybody's address, is checked on the users of the newest rows.
    """
    labelled = people.label_condition(word, whole=whole)
    called = people.called(word, whole=whole)
    keys = list(called.values_list("pk", flat=True)[: PEOPLE_BY_KEY + 1])
    if len(keys) > PEOPLE_BY_KEY:
        return labelled | people.condition_for(word, prefix="user__", whole=whole)
    return labelled | Q(Among("user_id", keys)) if keys else labelled


def _applications_called(word: str) -> list[str]:
    """The ids of the applications with this in their names.

    One that is not configured any more is shown by its id.
    """
    known = {application.id: application.name for application in resolvers.applications()}
    wanted = fold(word)
    called = [each for each, name in known.items() if wanted in fold(name)]
    return [*called, *({word, word.lower()} - set(known))]


def _placeholders_shown_as(word: str) -> list[str]:
    wanted = fold(word)
    return [
        placeholder for placeholder, text in _placeholder_texts().items() if wanted in fold(text)
    ]


def _placeholder_texts() -> dict[str, str]:
    """What the list says, in the language of the reader, where a field is empty."""
    return {
        search_text.PRIVATE: _origin(ip_address="10.0.0.1").location,
        search_text.NOWHERE: _origin().location,
        search_text.NO_DEVICE: _origin().device_label,
        search_text.NO_BROWSER: gettext("Unknown browser"),
        search_text.NO_ADDRESS: gettext("Unknown IP address"),
    }


def _joining_words() -> set[str]:
    """What stands between browser and device where the list names both: "on"."""
    return set(fold(_origin(browser="\n", device="\n").device_label).split())


def _origin(ip_address: str | None = None, **texts: Any) -> Origin:
    return Origin(ip_address, "", first_seen_at=LONG_AGO, last_seen_at=LONG_AGO, **texts)

"""Every text is translated into every language, in the catalogues and on the pages."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from html import unescape
from itertools import chain
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import translation

from sessions_admin.models import Termination, TrackedSession
from tests.support.browsing import IPHONE, LIST, Browser
from tests.support.factories import AccountFactory, MembershipFactory
from tests.support.servers import ROOT

LANGUAGES = [code for code, _ in settings.LANGUAGES if code != "en"]
CATALOGUES = [
    pytest.param(ROOT / app / "locale" / language / "LC_MESSAGES", id=f"{app}-{language}")
    for app in ("sessions_admin", "accounts")
    for language in LANGUAGES
]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|<[^>]+>")
LOOKUP = re.compile(r"_|(n?)(?P<context>p?)gettext(_lazy|_noop)?")
# The catalogues of one language.
APPS = [ROOT / app / "locale" / "de" / "LC_MESSAGES" for app in ("sessions_admin", "accounts")]
# Django's plural forms: Slovenian has one for two; Arabic for none, one, two, few and many.
PLURAL_FORMS = {"de": 2, "sl": 4, "ar": 6}


def read(folder: Path) -> Catalog:
    with (folder / "django.po").open("rb") as file:
        return read_po(file)


def ids(catalogue: Catalog) -> set:
    return set(texts(catalogue))


def texts(catalogue: Catalog) -> dict:
    """Return the translations, by context and the original's one or two forms."""

    def many(value) -> tuple:
        return tuple(value) if isinstance(value, list | tuple) else (value,)

    def text(context) -> str | None:
        return context.decode() if isinstance(context, bytes) else context

    return {(text(m.context), many(m.id)): many(m.string) for m in catalogue if m.id}


@pytest.mark.parametrize("folder", CATALOGUES)
class TestCatalogues:
    def test_all_is_translated_with_the_same_placeholders(self, folder):
        forms = PLURAL_FORMS[folder.parent.name]
        catalogue = read(folder)
        assert not catalogue.obsolete
        for message in catalogue:
            if not message.id:
                continue
            assert not message.fuzzy, message.id
            if isinstance(message.id, tuple):
                assert len(message.string) == forms, message.id
                wanted = set(PLACEHOLDER.findall(message.id[1]))
                for text in message.string:
                    assert text, message.id
                    missing = wanted - set(PLACEHOLDER.findall(text))
                    # "One session" needs no number.
                    assert missing <= {"%(n)d", "%(n)s", "%(count)s", "%(minutes)s"}, message.id
            else:
                assert message.string, message.id
                same = [sorted(PLACEHOLDER.findall(t)) for t in (message.id, message.string)]
                assert same[0] == same[1], message.id

    def test_what_is_read_at_run_time_is_the_same(self, folder):
        with (folder / "django.mo").open("rb") as file:
            compiled = read_mo(file)
        assert texts(compiled) == texts(read(folder))


def test_every_text_of_the_code_is_in_every_catalogue(tmp_path):
    if shutil.which("xgettext") is None and not os.environ.get("CI"):
        pytest.skip("GNU gettext is not installed")
    for name in ("manage.py", "accounts", "sessions_admin", "templates"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    locales = [part for language in LANGUAGES for part in ("--locale", language)]
    subprocess.run(
        [sys.executable, "manage.py", "makemessages", *locales, "--no-location", "--no-obsolete"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "DEBUG": "1"},
        check=True,
        capture_output=True,
    )
    for parameter in CATALOGUES:
        folder = parameter.values[0]
        extracted = ids(read(tmp_path / folder.relative_to(ROOT)))
        assert extracted == ids(read(folder)), "run `make messages` and translate what is new"


def test_every_text_that_the_code_looks_up_is_found_in_it():
    """xgettext finds none inside a formatted string, so nobody would be asked to translate it."""
    known = {each for (_context, forms) in chain(*map(ids, map(read, APPS))) for each in forms}
    looked_up = set()
    for path in chain(*((ROOT / app).rglob("*.py") for app in ("sessions_admin", "accounts"))):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(call, "func", None)
            name = getattr(name, "id", None) or getattr(name, "attr", "")
            if isinstance(call, ast.Call) and (match := LOOKUP.fullmatch(name)):
                text = call.args[1 if match["context"] else 0]
                if isinstance(text, ast.Constant):
                    looked_up.add(text.value)
    assert len(looked_up) > 300
    assert looked_up - known == set()


@pytest.fixture
def pages(language):
    """Pages of the site with content on each, as an admin with this language sees them."""
    acme = AccountFactory(name="Acme")
    ada = MembershipFactory(user__name="Ada", account=acme, role="admin").user
    mia = MembershipFactory(user__name="Mia", account=acme).user
    admin, member = Browser().sign_in(ada), Browser(IPHONE).sign_in(mia)
    # The termination log keeps the admin's own words.
    admin.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    ended = Browser().sign_in(mia)
    row = TrackedSession.objects.get(session_key=ended.key)
    admin.post(f"{LIST}{row.public_id}/terminate/", {"reason": "-"})
    left = TrackedSession.objects.get(session_key=member.key)
    termination = Termination.objects.get()
    addresses = [
        *("/", "/account-management/", "/accounts/preferences/", "/accounts/password_change/"),
        *("/accounts/choose/", "/accounts/login/", "/accounts/password_reset/", "/nowhere/"),
        *(LIST, f"{LIST}?q=nobody&application=fax&account=9&user=9&flag=x", f"{LIST}own/"),
        *(f"{LIST}terminate-all/", f"{LIST}{left.public_id}/", f"{LIST}termination-log/"),
        *(f"{LIST}{left.public_id}/terminate/", f"{LIST}termination-log/{termination.public_id}/"),
    ]
    return admin, addresses


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_english_is_left_on_a_page(pages, language):
    admin, addresses = pages
    english = _texts_that_differ(language)
    direction = "rtl" if translation.get_language_info(language)["bidi"] else "ltr"
    for address in addresses:
        page = admin.get(address).content.decode()
        assert f'<html lang="{language}" dir="{direction}">' in page, address
        text = _shown(page)
        found = [phrase for phrase in english if re.search(rf"\b{re.escape(phrase)}\b", text)]
        assert not found, address


def _texts_that_differ(language: str) -> list[str]:
    """Return the English phrases whose translation differs. Single words may be names."""
    found = []
    for app in ("sessions_admin", "accounts"):
        for message in read(ROOT / app / "locale" / language / "LC_MESSAGES"):
            text = message.id[0] if isinstance(message.id, tuple) else message.id
            if (
                re.search(r"\w \w", text or "")
                and not PLACEHOLDER.search(text)
                and message.string != text
            ):
                found.append(text)
    return found


def _shown(page: str) -> str:
    """Return a page's text and the visible values of its attributes."""
    said = re.findall(r'(?:title|aria-label|placeholder|alt)="([^"]*)"', page)
    body = re.sub(r"<(script|style|svg|head)\b.*?</\1>", " ", page, flags=re.S)
    return unescape(" ".join([re.sub(r"<[^>]+>", " ", body), *said]))

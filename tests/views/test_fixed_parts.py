"""`{% fixed %}`: parts of pages that are rendered once for each language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.template import Context, Template
from django.urls import reverse, set_script_prefix
from django.utils import translation

import sessions_admin
from accounts.models import Membership
from tests.support.browsing import LIST, Browser
from tests.support.factories import AccountFactory, MembershipFactory, UserFactory

ROOT = Path(sessions_admin.__file__).parent.parent
TEMPLATES = [
    *sorted((ROOT / "sessions_admin" / "templates").rglob("*.html")),
    *sorted((ROOT / "templates").rglob("*.html")),
]
# What may stand in a fixed part: translated words, icons, static files (the script prefix is part
# of the key), labels of form fields, and what the part names itself.
ALLOWED = re.compile(
    r"\{%\s*(translate|blocktranslate|endblocktranslate|icon|sprite|static|load"
    r"|if|elif|else|endif|endfixed|include)\b.*?%\}"
    r"|\{\{\s*(form\.\w+\.label|terminate|loading)\s*\}\}"
)


def render(text, **values):
    return Template("{% load i18n sessions_admin %}" + text).render(Context(values))


def test_is_rendered_once_for_each_language_and_value():
    template = Template(
        "{% load i18n sessions_admin %}"
        "{% fixed is_open %}{% translate 'User' %} {{ is_open }} {{ other }}{% endfixed %}"
    )

    def text(**values):
        return template.render(Context(values))

    with translation.override("en"):
        assert text(is_open=True, other="first") == "User True first"
        # What it does not name is not looked at again: such a part must not depend on it.
        assert text(is_open=True, other="second") == "User True first"
        assert text(is_open=False, other="second") == "User False second"
    with translation.override("de"):
        assert text(is_open=True, other="third") == "Benutzer True third"
    with translation.override("en"):
        assert text(is_open=True, other="fourth") == "User True first"


def test_keeps_addresses_below_a_path_apart():
    template = Template("{% load sessions_admin %}{% fixed %}{% url 'home' %}{% endfixed %}")
    assert template.render(Context()) == "/"
    set_script_prefix("/below/")
    try:
        assert template.render(Context()) == "/below/"
    finally:
        set_script_prefix("/")
    assert template.render(Context()) == "/"


def test_is_escaped_as_elsewhere():
    assert render("{% fixed %}{{ name }}{% endfixed %}", name="<b>") == "&lt;b&gt;"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_fixed_parts_depend_on_nothing_else(path):
    text = path.read_text(encoding="utf-8")
    for values, part in re.findall(r"\{% fixed([^%]*)%\}(.*?)\{% endfixed %\}", text, re.DOTALL):
        rest = ALLOWED.sub("", part)
        assert "{{" not in rest, part
        assert "{%" not in rest, part
        conditions = set(re.findall(r"\{% (?:el)?if (?:not )?([^%]*?) %\}", part))
        assert conditions <= set(values.split()), part
        # Its texts are as fixed as the part itself.
        included = set(re.findall(r'\{% include "([^"]+)"', part))
        assert included <= {"sessions_admin/list/failures.html"}, part


@pytest.mark.django_db
def test_two_people_in_turn_see_their_own_menu_and_list():
    """An admin and a member, in English and German, in turn: nobody gets the other's part."""
    account = AccountFactory(name="Acme", plan="enterprise")
    admin = MembershipFactory(account=account, role=Membership.Role.ADMIN).user
    member = UserFactory()
    MembershipFactory(account=account, user=member)
    MembershipFactory(user=member)
    for language, title in (("en", "Account Management"), ("de", "Kontoverwaltung")) * 2:
        for person, administers in ((admin, True), (member, False)):
            person.language = language
            person.save()
            browser = Browser().sign_in(person)
            page = browser.get("/").content.decode()
            menu = page[page.index('class="menu__panel"') :]
            assert (title in menu) is administers
            assert (f'href="{reverse("choose_account")}"' in menu) is not administers
            assert (browser.get(LIST).status_code == 200) is administers

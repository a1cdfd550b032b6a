"""Parts of the list that are rendered once for each language and then filled with values."""

from __future__ import annotations

import re

import pytest
from django.utils import translation

from sessions_admin import flags
from tests.support.browsing import LIST

pytestmark = pytest.mark.django_db


def test_what_was_typed_is_escaped(admin):
    page = admin.get(LIST + "?person=%3Cb%3E%22%26").content.decode()
    typed = page.partition('id="sa-id_person" ')[2]
    assert typed.startswith('value="&lt;b&gt;&quot;&amp;" ')


def inputs(page, name):
    found = re.findall(r"<input[^>]*>", page.content.decode())
    return [each for each in found if f'name="{name}"' in each]


def test_a_field_with_a_wrong_value_says_so_and_the_others_do_not(admin):
    for wrong, right in (("person", "country_name"), ("country_name", "person")):
        page = admin.get(f"{LIST}?{wrong}=zzqqxx")
        assert 'aria-invalid="true"' in inputs(page, wrong)[0]
        assert "aria-invalid" not in inputs(page, right)[0]


def test_each_language_has_its_own(admin):
    for language, words in (("en", "All users"), ("de", "Alle"), ("en", "All users")):
        page = admin.get(LIST, headers={"accept-language": language})
        assert words in inputs(page, "person")[0]
        with translation.override(language):
            named = flags.labels()
            assert {each.id: str(each.label) for each in flags.FLAGS} == named
        assert f"> {named['far']}</label>" in page.content.decode()


def test_the_chosen_flags_are_checked_and_no_other(admin):
    for chosen in (["far"], ["device", "idle"], []):
        page = admin.get(LIST + "?" + "&".join(f"flag={each}" for each in chosen))
        boxes = [each for each in inputs(page, "flag") if "checkbox" in each]
        assert len(boxes) == len(flags.FLAGS)
        assert [each for each in boxes if " checked>" in each] == [
            each for each in boxes if any(f'value="{flag}"' in each for flag in chosen)
        ]

"""Writes the names of countries in the languages of the app: ``make countries``.

They are the names of territories in the Unicode CLDR (https://cldr.unicode.org/), taken from the
package Babel. The file is kept in git, so that hosts do not need the 30 MB of that package.
"""

from __future__ import annotations

import json

from babel import Locale

from sessions_admin.client.countries import NAMES
from sessions_admin.project.styles import APP

LANGUAGES = ("en", *sorted(path.name for path in (APP / "locale").iterdir()))


def names(language: str) -> dict[str, str]:
    territories = Locale.parse(language).territories
    # The CLDR also lists continents, under numeric codes.
    return {code: name for code, name in sorted(territories.items()) if len(code) == 2}


def build() -> str:
    """Return the text of the file."""
    found = {language: names(language) for language in LANGUAGES}
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    NAMES.write_text(build(), encoding="utf-8")

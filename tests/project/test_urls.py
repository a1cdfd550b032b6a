"""The app's pages link to each other wherever a project includes them (see ``pages``)."""

from __future__ import annotations

import re

import pytest

from tests.support.servers import ROOT

pytestmark = pytest.mark.once

APP = ROOT / "sessions_admin"
FILES = [
    path
    for pattern in ("*.py", "*.html")
    for path in APP.rglob(pattern)
    if "project" not in path.relative_to(APP).parts
]
# A name in the app's namespace is found only where a project includes the pages at its top level.
AT_THE_TOP = re.compile(r"""(?:reverse|redirect|resolve_url)\(\s*f?["']sessions_admin:|{% url """)


def test_no_link_depends_on_where_the_urls_are_included():
    assert len(FILES) > 100
    assert [path for path in FILES if AT_THE_TOP.search(path.read_text(encoding="utf-8"))] == []

"""Records of exports are kept as long as the settings say, and can be found by their person."""

from __future__ import annotations

import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from sessions_admin.models import Export
from tests.support.factories import UserFactory
from tests.support.servers import ROOT

pytestmark = pytest.mark.django_db

PRIVACY = ROOT / "docs" / "privacy.md"


def export(days=0, actor=None):
    return Export.objects.create(
        actor=actor,
        actor_label=f"Ada ({actor.email})" if actor else "Ada",
        page="sessions",
        format="csv",
        created_at=timezone.now() - timedelta(days=days),
    )


def sweep():
    out = StringIO()
    call_command("sweep_sessions", stdout=out, stderr=StringIO())
    return out.getvalue()


def test_they_go_after_a_year(settings):
    old, young = export(366), export(364)
    settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"RETENTION_DAYS": 0}
    assert "exports removed" not in sweep()
    settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"RETENTION_DAYS": 365}
    assert "1 exports removed." in sweep()
    assert list(Export.objects.all()) == [young]
    assert old.pk != young.pk


def test_the_docs_find_and_rename_those_of_a_person():
    find, remove = re.findall(r"```python\n(.*?)```", PRIVACY.read_text(encoding="utf-8"), re.S)
    ada = UserFactory()
    mine, other = export(actor=ada), export(actor=UserFactory())
    email = ada.email
    ada.delete()
    names = {"email": email}
    exec(find, names)
    assert list(names["exports"]) == [mine]
    exec(remove, names)
    mine.refresh_from_db()
    assert mine.actor_label == "A former admin"
    assert Export.objects.get(actor_label=other.actor_label) == other

"""The demo's flags: a handful of sessions, each with evidence that makes sense."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from accounts.models import User
from sessions_admin import policy
from tests.support.browsing import LIST, Browser

pytestmark = [pytest.mark.once, pytest.mark.django_db]


@pytest.fixture
def flagged(settings, tmp_path):
    """What the demo's admin sees: the evidence of each flagged session, by its person."""
    settings.DEMO_GEOIP_PATH = settings.GEOIP_PATH = tmp_path / "demo-City.mmdb"
    call_command("seed_demo", verbosity=0)
    admin = User.objects.get(email="admin@acme.example")
    rows = policy.visible_to(admin).active().with_active_count()
    return [
        (row.user.get_short_name(), [f.evidence for f in row.flags]) for row in rows if row.flags
    ]


def test_a_handful_are_flagged_and_each_says_why_and_the_page_counts_them(flagged):
    found = {name: sentences for name, sentences in flagged if name != "Jonas"}
    flight = "Faster than a flight; a VPN can cause this too."
    assert found == {
        "Lena": [
            "Signed in from San Francisco 4 hours after activity in Vienna, about 9,600 km away. "
            + flight,
            "First sign-in from the United States. Usually: Austria.",
        ],
        "Emily": [
            "Active in London 2 hours before a sign-in from New York, about 5,600 km away. "
            + flight,
            "First sign-in from the United Kingdom. Usually: United States.",
        ],
        "Aiko": [
            "Used from Lagos 2 hours after activity in Tokyo, about 13,500 km away. " + flight,
            "Used in Nigeria for the first time. Signed in from Japan.",
        ],
        "Luca": ["First sign-in from Switzerland. Usually: Italy."],
        "Grace": ["First sign-in on a tablet. Usually: computer."],
    }
    many = ["This person has 8 active sessions (more than 5)."]
    assert [sentences for name, sentences in flagged if name == "Jonas"] == [many] * 3

    admin = Browser()
    admin.force_login(User.objects.get(email="admin@acme.example"))
    strip = admin.get(LIST).context["flags"]
    counted = {each["id"]: int(each["count"]) for each in strip}
    assert counted == {"far": 3, "country": 4, "device": 1, "many": 3}

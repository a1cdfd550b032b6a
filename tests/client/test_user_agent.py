"""The parsed user agent of a request, shared with django-user-agents in either order."""

from __future__ import annotations

import sys
import time

import pytest
from django.core.cache import caches
from django.http import HttpResponse, HttpResponseNotFound
from django.template import engines
from django.test import Client, RequestFactory
from django.urls import path
from django_user_agents.utils import get_and_set_user_agent, get_user_agent

from sessions_admin.client import (
    attach_user_agent,
    client_of,
    device_of,
    devices,
    user_agent,
    user_agent_of,
)
from sessions_admin.client.user_agent import UserAgent
from sessions_admin.models import TrackedSession
from tests.support.browsing import IPHONE, WINDOWS, Browser
from tests.support.factories import MembershipFactory

THEIRS = "django_user_agents.middleware.UserAgentMiddleware"
OURS = "sessions_admin.middleware.TrackedSessionMiddleware"
IPAD = IPHONE.replace("iPhone; CPU iPhone OS", "iPad; CPU OS")
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
MAIL = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.5.0"
HOSTILE = [
    "(" * 10_000,
    "Mozilla/5.0 (" + "; " * 5_000,
    "Mozilla/5.0 (Linux; Android 4.4.2; " + "a b " * 2_500 + " Build",
    "Mozilla/5.0 (iOS) " + "a-" * 5_000,
    "like Android" * 900,
    "a " * 5_000 + "/1",
    "1." * 5_000,
    "a/" * 5_000,
    "Darwin/ (" * 1_200,
]


class Seen:
    """A host's middleware that reads the user agent before the URL is resolved."""

    found: list = []

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path == "/early/":
            self.found.append(request.user_agent.browser.family)
        return self.get_response(request)


def show(request):
    words = (
        "{% load user_agents %}{{ request|is_mobile }} {{ request|is_tablet }} {{ request|is_pc }}"
        " {{ request|is_bot }} {{ request|is_touch_capable }} {{ request.user_agent }}"
    )
    return HttpResponse(engines["django"].from_string(words).render({"request": request}, request))


def unfound(request, exception):
    return HttpResponseNotFound(f"{request.user_agent.browser.family}")


def untouched(request):
    return HttpResponse(str(hasattr(request, "_read_user_agent")))


urlpatterns = [path("", show), path("untouched/", untouched)]
handler404 = unfound


@pytest.fixture(params=["before", "after", "absent"])
def site(request, settings):
    """A host with django-user-agents' middleware before ours, after ours, or without it."""
    seen = f"{__name__}.Seen"
    theirs = {"before": [THEIRS, OURS], "after": [OURS, THEIRS], "absent": [OURS]}[request.param]
    others = [name for name in settings.MIDDLEWARE if name != OURS]
    settings.MIDDLEWARE = [*others, *theirs, seen]
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django_user_agents"]
    settings.ROOT_URLCONF = __name__
    settings.SECURE_SSL_REDIRECT = False
    memory = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {"default": {"BACKEND": memory, "LOCATION": f"agents-{request.param}"}}
    settings.TEMPLATES = [
        {**settings.TEMPLATES[0], "APP_DIRS": True, "OPTIONS": {}},
    ]
    return request.param


@pytest.fixture
def nobody_else_reads(monkeypatch):
    """Make django-user-agents' own parser and cache raise an error when used."""
    monkeypatch.setattr("user_agents.parsers.user_agent_parser.Parse", lambda text: 1 / 0)
    monkeypatch.setattr("django_user_agents.utils.parse", lambda text: 1 / 0)
    monkeypatch.setattr("django_user_agents.utils.cache", None)


@pytest.mark.django_db
@pytest.mark.usefixtures("nobody_else_reads")
class TestHosts:
    @pytest.mark.parametrize(
        ("agent", "said"),
        [
            (IPHONE, "True False False False True iPhone / iOS 17.5 / Mobile Safari 17.5"),
            (IPAD, "False True False False True iPad / iOS 17.5 / Mobile Safari 17.5"),
            (WINDOWS, "False False True False False PC / Windows 10 / Chrome 126.0.0"),
            (BOT, "False False False True False Spider / Other / Googlebot 2.1"),
        ],
    )
    def test_their_filters_say_what_we_read(self, site, agent, said):
        assert Client(HTTP_USER_AGENT=agent).get("/").content.decode() == said

    def test_a_page_that_is_not_found_reads_no_other_way(self, site):
        answer = Client(HTTP_USER_AGENT=IPHONE).get("/nowhere/")
        assert answer.content == b"Mobile Safari"

    def test_a_middleware_that_asks_early_reads_no_other_way(self, site):
        Seen.found.clear()
        Client(HTTP_USER_AGENT=IPHONE).get("/early/")
        assert Seen.found == ["Mobile Safari"]

    def test_who_does_not_ask_pays_nothing(self, site):
        assert Client(HTTP_USER_AGENT=IPHONE).get("/untouched/").content == b"False"

    def test_nothing_is_kept(self, site):
        for number in range(50):
            Client(HTTP_USER_AGENT=f"Stranger/{number} (X11; Linux x86_64)").get("/")
        assert not caches["default"]._cache

    def test_10_kb_of_hostile_text_cost_a_few_milliseconds(self, site):
        client = Client()
        client.get("/", HTTP_USER_AGENT="curl/8.5.0")
        plain = took(lambda: client.get("/untouched/"))
        for text in HOSTILE:
            assert took(lambda text=text: client.get("/", HTTP_USER_AGENT=text)) < plain + 0.1, text

    def test_no_user_agent_is_one_that_says_nothing(self, site):
        said = Client().get("/").content.decode()
        assert said == "False False False False False Other / Other / Other"


def took(act) -> float:
    """Return the shortest of three durations, in seconds."""
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        act()
        times.append(time.perf_counter() - begin)
    return min(times)


class TestReading:
    def test_has_all_that_django_user_agents_documents(self):
        read = get_and_set_user_agent(RequestFactory(HTTP_USER_AGENT=IPHONE).get("/"))
        assert (read.browser.family, read.browser.version) == ("Mobile Safari", (17, 5))
        assert read.browser.version_string == "17.5"
        assert (read.os.family, read.os.version, read.os.version_string) == ("iOS", (17, 5), "17.5")
        assert (read.device.family, read.device.brand, read.device.model) == (
            "iPhone",
            "Apple",
            "iPhone",
        )
        assert (read.is_mobile, read.is_tablet, read.is_pc, read.is_bot) == (
            True,
            False,
            False,
            False,
        )
        assert (read.is_touch_capable, read.is_email_client) == (True, False)
        assert str(read) == "iPhone / iOS 17.5 / Mobile Safari 17.5"
        assert read.ua_string == IPHONE
        assert UserAgent(MAIL).is_email_client

    def test_is_the_same_for_all_who_ask_a_request(self, monkeypatch):
        times = []
        engine = user_agent._engine()
        monkeypatch.setattr(user_agent, "_engine", lambda: times.append(1) or engine)
        request = RequestFactory(HTTP_USER_AGENT=IPHONE).get("/")
        attach_user_agent(request)
        assert times == []
        assert get_and_set_user_agent(request) is request.user_agent
        assert request.user_agent.is_mobile
        assert get_user_agent is not user_agent_of
        client = client_of(request)
        assert device_of(client.read_user_agent, client.hints).device == "iPhone"
        assert len(times) == 1

    def test_of_a_request_that_is_none(self):
        assert sys.modules["django_user_agents.utils"].get_user_agent(object()) == ""

    def test_hints_give_the_model_that_the_user_agent_keeps_back(self):
        reduced = WINDOWS.replace("Windows NT 10.0; Win64; x64", "Linux; Android 10; K")
        hints = {"Sec-CH-UA-Platform": '"Android"', "Sec-CH-UA-Model": '"Pixel 8 Pro"'}
        request = RequestFactory(HTTP_USER_AGENT=reduced).get("/", headers=hints)
        assert user_agent_of(request).device.model == "Pixel 8 Pro"

    def test_a_request_without_headers_has_one_that_says_nothing(self):
        from django.http import HttpRequest

        assert user_agent_of(HttpRequest()).browser.family == "Other"

    def test_sign_in_tells_the_same_device(self, db):
        Browser(IPHONE).sign_in(MembershipFactory().user)
        row = TrackedSession.objects.get()
        assert (row.browser, row.device) == ("Safari", "iPhone")

    def test_a_reading_that_fails_fails_no_sign_in(self, db, monkeypatch):
        monkeypatch.setattr(devices, "_known", {})
        monkeypatch.setattr(user_agent, "_engine", lambda: 1 / 0)
        Browser(IPHONE).sign_in(MembershipFactory().user)
        row = TrackedSession.objects.get()
        assert (row.user_agent, row.browser, row.device) == (IPHONE, "", "")

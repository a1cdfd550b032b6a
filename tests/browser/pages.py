"""What people do on a page and see on it.

Elements are found by role and name, as a screen reader finds them, so a page that works only for
sighted people fails here.
"""

from __future__ import annotations

import gzip
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from accounts.demo.locations import networks_of
from sessions_admin.models import TrackedSession
from tests.support.factories import PASSWORD, MembershipFactory, UserFactory

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
ANDROID = "Mozilla/5.0 (Linux; Android 15; Pixel 9)"
IOS = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X)"
FIREFOX_ON_WINDOWS = f"{WINDOWS}; rv:144.0) Gecko/20100101 Firefox/144.0"
SAFARI_ON_MACOS = f"{MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15"
CHROME_ON_ANDROID = (
    f"{ANDROID} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
)
SAFARI_ON_IPHONE = (
    f"{IOS} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1"
)
# Client Hints, which a page can get only from the browser: the user agent always says "NT 10.0".
CHROME_ON_WINDOWS_11 = {
    "userAgent": f"{WINDOWS}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 "
    "Safari/537.36",
    "userAgentMetadata": {
        "brands": [{"brand": "Google Chrome", "version": "141"}],
        "fullVersionList": [{"brand": "Google Chrome", "version": "141.0.7390.108"}],
        "platform": "Windows",
        "platformVersion": "19.0.0",
        "architecture": "x86",
        "model": "",
        "mobile": False,
    },
}
NEWS = "/news/?"
# What axe looks at besides its usual rules: WCAG 2.2 AA.
AXE = {"rules": {"target-size": {"enabled": True}}}
NEW_PASSWORD = "another-long-passphrase-7"


def member_of(account, name, **membership):
    email = f"{name.split()[0].lower()}@{account.name.lower()}.example"
    person = UserFactory(name=name, email=email)
    return MembershipFactory(user=person, account=account, **membership).user


def sign_in(page, person, entrance="login"):
    """Sign in with this browser, and wait until it is done."""
    page.goto(reverse(entrance))
    enter_credentials(page, person)
    expect(page.get_by_text("(your menu)")).to_be_attached()


def open_signed_in(new_page, person, **options):
    """Sign in with a new browser of any language, and return its page."""
    page = new_page(**options)
    page.goto(reverse("login"))
    # Without the labels, which are translated.
    page.locator("[name=username]").fill(person.email)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    page.locator("details.menu").wait_for()
    return page


def enter_credentials(page, person, password=PASSWORD):
    page.get_by_label("Email address").fill(person.email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def sign_in_from(ip_address, person, entrance="login", user_agent=FIREFOX_ON_WINDOWS):
    """Sign in from another address, with the test client, as a local browser cannot do that."""
    client = Client(REMOTE_ADDR=ip_address, HTTP_USER_AGENT=user_agent)
    credentials = {"password": PASSWORD}
    if entrance == "mobile_sign_in":
        credentials["email"] = person.email
        answer = client.post(reverse(entrance), credentials, content_type="application/json")
    else:
        credentials["username"] = person.email
        answer = client.post(reverse(entrance), credentials)
    assert answer.status_code in {200, 302}


def come_back(ip_address, session_key):
    """Use a copy of a session's cookie from another address."""
    thief = Client(REMOTE_ADDR=ip_address, HTTP_USER_AGENT=FIREFOX_ON_WINDOWS)
    thief.cookies["sessionid"] = session_key
    assert thief.get(reverse("mobile_me")).status_code == 401


def enter_password(page, password):
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Continue").click()


def city_address(city):
    """Return an address that the demo's map places in this city."""
    return str(networks_of(city)[1][9])


def fill_new_password(page):
    page.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("New password confirmation").fill(NEW_PASSWORD)


def list_address(**filters):
    return reverse("sessions_admin:list", query=filters or None)


def every_address():
    """Return the URLs of the list, its actions, the first session's actions and other pages."""
    session = TrackedSession.objects.earliest("pk")
    return (
        list_address(),
        reverse("sessions_admin:termination_log"),
        reverse("sessions_admin:reauthenticate"),
        reverse("sessions_admin:terminate", args=[session.public_id]),
        reverse("sessions_admin:terminate_all"),
    )


def open_list(page, **filters):
    page.goto(list_address(**filters))


def query_of(page):
    return parse_qs(urlsplit(page.url).query)


def apply(page, search=None, **choices):
    """Fill in the search, select filters by their labels, and apply them."""
    if search is not None:
        page.get_by_role("searchbox").fill(search)
    if label := choices.pop("user", None):
        page.get_by_label("User", exact=True).fill(label)
        page.keyboard.press("Enter")
    for name, label in choices.items():
        select = page.get_by_label(name.capitalize(), exact=True)
        option = select.get_by_role("option").filter(has_text=re.compile(f"^{label}"))
        select.select_option(value=option.get_attribute("value"))
    if (button := page.get_by_role("button", name="Apply")).is_visible():
        button.click()


def rows(page, text=""):
    """Return the list's rows without the headings; with ``text``, only those that contain it."""
    listed = page.get_by_role("row").filter(has=page.get_by_role("cell"))
    return listed.filter(has_text=text) if text else listed


def ask_to_terminate(row, question="Terminate this session?"):
    row.get_by_role("link", name="Terminate").click()
    expect_heading(row.page, question)


def facts(page):
    """Return what a confirmation says about its session or filters, without the times."""
    names = page.get_by_role("term").all_inner_texts()
    values = page.get_by_role("definition").all_inner_texts()
    said = {name: " ".join(value.split()) for name, value in zip(names, values, strict=True)}
    return {k: v for k, v in said.items() if k not in {"Signed in", "Last active"}}


def checkbox_of(page, text):
    """The box in the row with this text."""
    return rows(page, text).get_by_role("checkbox")


def mark(page):
    page.evaluate("globalThis.isMarked = true")


def is_marked(page):
    """Whether the page still has its mark, so it was not reloaded."""
    return page.evaluate("globalThis.isMarked === true")


def gzipped(body):
    return len(gzip.compress(body, 6))


def tab_to(page, element):
    """Press Tab until the element has focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if element.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"Tab never reaches {element}")


def expect_rows(page, *patterns):
    """Expect exactly these sessions in the list, in this order."""
    expected = [re.compile(pattern, re.DOTALL) for pattern in patterns]
    expect(rows(page)).to_have_text(expected)


def expect_heading(page, text):
    expect(page.get_by_role("heading", name=text, exact=True).first).to_be_visible()


def expect_message(page, text, role="status"):
    expect(page.get_by_role(role)).to_contain_text(text)


def expect_sign_in_page(page):
    expect_heading(page, "Sign in")


def expect_signed_in(page, person):
    page.goto(reverse("home"))
    expect_heading(page, f"Welcome, {person.get_short_name()}")


def expect_signed_out(page):
    page.goto(reverse("home"))
    expect_sign_in_page(page)

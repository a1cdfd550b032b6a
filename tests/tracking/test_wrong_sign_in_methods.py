"""A resolver of the sign-in method that returns no method breaks neither a sign-in nor its row."""

from __future__ import annotations

import pytest
from django.utils.functional import lazystr

from sessions_admin.resolvers import SignInMethod
from tests.support.browsing import Browser, row
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError


async def by_coroutine():
    """What an ``async`` resolver returns."""


WRONG = {
    "number": lambda request: 7,
    "list": lambda request: ["password"],
    "dict": lambda request: {"method": "sso"},
    "false": lambda request: False,
    "bytes": lambda request: b"sso",
    "unprintable": lambda request: Unprintable(),
    "inside": lambda request: SignInMethod(None),  # type: ignore[arg-type]
    "by": lambda request: SignInMethod("support", by=Unprintable()),  # type: ignore[arg-type]
}
wrong = {}


def resolver(request):
    return wrong["resolver"](request)


@pytest.fixture(autouse=True)
def _chosen(settings):
    settings.SESSIONS_ADMIN = {
        **settings.SESSIONS_ADMIN,
        "SIGN_IN_METHOD": f"{__name__}.resolver",
    }


@pytest.mark.parametrize("name", WRONG)
def test_the_session_is_recorded_without_a_method(name, caplog):
    wrong["resolver"] = WRONG[name]
    session = row(Browser().sign_in(UserFactory()))
    assert (session.sign_in_method, session.signed_in_by) == ("", "")
    assert "resolver of the sign-in method" in caplog.text


def test_an_asynchronous_resolver_is_refused(caplog):
    coroutine = by_coroutine()
    wrong["resolver"] = lambda request: coroutine
    assert row(Browser().sign_in(UserFactory())).sign_in_method == ""
    assert "returned no text but a coroutine" in caplog.text
    coroutine.close()


def test_lazy_words_are_words():
    wrong["resolver"] = lambda request: lazystr("Smart card")
    assert row(Browser().sign_in(UserFactory())).sign_in_method == "Smart card"

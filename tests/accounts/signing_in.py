"""Helpers to sign in with the test client, and to ask who it is signed in as."""

from __future__ import annotations

from django.urls import reverse

from tests.support.factories import PASSWORD

NEW_PASSWORD = "another-long-passphrase-7"
WRONG = "Incorrect email or password."


def sign_in(client, user, entrance="login", password=PASSWORD, **fields):
    credentials = {"username": user.email, "password": password}
    return client.post(reverse(entrance), credentials | fields)


def mobile_sign_in(client, user, password=PASSWORD):
    body = {"email": user.email, "password": password}
    return client.post(reverse("mobile_sign_in"), body, content_type="application/json")


def signed_in(client):
    """Return the person that the client's cookie is signed in as, or None."""
    answer = client.get(reverse("mobile_me"))
    return answer.json()["person"]["email"] if answer.status_code == 200 else None


def account_name(client):
    account = client.get(reverse("mobile_me")).json()["account"]
    return account and account["name"]


def assert_error(answer, status, code):
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/json"
    error = answer.json()["error"]
    assert error["code"] == code
    assert error["message"]

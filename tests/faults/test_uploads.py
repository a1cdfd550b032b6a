"""Uploads to a site that accepts no files."""

from __future__ import annotations

import tracemalloc
from contextlib import closing

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory

from accounts.models import Account, User
from sessions_admin.project.requests import Utf8WSGIHandler
from tests.faults.test_hostile_requests import open_connections
from tests.support.browsing import LIST, Browser
from tests.support.factories import PASSWORD, AccountFactory, UserFactory

pytestmark = pytest.mark.django_db

BOUNDARY = "b" * 20
MEGABYTE = 1024 * 1024
TOKEN = "c" * 32


class Body:
    """A form with one file, generated as it is read."""

    def __init__(self, size, fields=()):
        parts = [
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in (*fields, ("csrfmiddlewaretoken", TOKEN))
        ]
        parts.append(
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
        )
        self.head, self.tail = "".join(parts).encode(), f"\r\n--{BOUNDARY}--\r\n".encode()
        self.size = len(self.head) + size + len(self.tail)
        self.at = self.largest = 0

    def readline(self, size=None):
        raise AssertionError("A form with files is not read by the line.")

    def read(self, size=None):
        size = self.size - self.at if size is None or size < 0 else size
        self.largest = max(self.largest, size)
        end = min(self.at + size, self.size)
        start, self.at = self.at, end
        file_end = self.size - len(self.tail)
        return (
            self.head[start:end]
            + b"x" * max(0, min(end, file_end) - max(start, len(self.head)))
            + (self.tail[max(0, start - file_end) : end - file_end] if end > file_end else b"")
        )


def send(path, body, *, cookies=""):
    environ = RequestFactory()._base_environ() | {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "CONTENT_TYPE": f"multipart/form-data; boundary={BOUNDARY}",
        "CONTENT_LENGTH": str(body.size),
        "HTTP_COOKIE": f"csrftoken={TOKEN}; {cookies}",
        "wsgi.input": body,
    }
    started = []
    with (
        open_connections(),
        closing(Utf8WSGIHandler()(environ, lambda *said: started.extend(said))) as answer,
    ):
        text = b"".join(answer).decode()
    return int(started[0][:3]), dict(started[1]), text


@pytest.fixture
def temporary(settings, tmp_path):
    """The folder in which Django would store uploads; it must stay empty."""
    settings.DEBUG = False
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    yield tmp_path
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "path", ["/accounts/login/", "/accounts/language/", LIST + "own/sign-out-others/"]
)
@pytest.mark.parametrize("signed_in", [False, True])
def test_a_large_one_is_refused_unread(temporary, path, signed_in):
    cookies = f"sessionid={Browser().sign_in(UserFactory()).key}" if signed_in else ""
    body = Body(1000 * MEGABYTE)
    status, headers, text = send(path, body, cookies=cookies)
    assert status in {400, 413}
    assert "text/html" in headers["Content-Type"]
    assert "Traceback" not in text
    assert body.at == 0


def test_a_small_one_is_passed_over_and_its_form_still_works(temporary):
    person = UserFactory()
    fields = [("username", person.email), ("password", PASSWORD)]
    send("/accounts/login/", Body(1000, fields))
    body = Body(2 * MEGABYTE, fields)
    tracemalloc.start()
    try:
        status, _, _ = send("/accounts/login/", body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert status == 302
    assert body.at == body.size
    assert body.largest <= 64 * 1024
    assert peak < MEGABYTE


def test_the_django_admin_takes_forms_and_no_files(temporary):
    operator = Browser().sign_in(User.objects.create_superuser("root@example.com", PASSWORD))
    account = AccountFactory()
    page = operator.get(f"/admin/accounts/account/{account.pk}/change/")
    form = page.context["adminform"].form
    fields = {name: form[name].value() for name in ("plan",)} | {"name": "New name"}
    for formset in page.context["inline_admin_formsets"]:
        management = formset.formset.management_form
        fields |= {field.html_name: field.value() for field in management}
    fields["file"] = SimpleUploadedFile("a.bin", b"x" * MEGABYTE)
    answer = operator.post(f"/admin/accounts/account/{account.pk}/change/", fields)
    assert answer.status_code == 302, answer.content
    assert Account.objects.get().name == "New name"

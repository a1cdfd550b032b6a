"""The access log does not contain links for a new password."""

from __future__ import annotations

import pytest

from sessions_admin.project.access_log import _in_one_line


@pytest.mark.parametrize(
    ("logged", "expected"),
    [
        ("/accounts/reset/MQ/c9x2-0123456789abcdef/", "/accounts/reset/MQ/[token]/"),
        ("/accounts/reset/MQ/c9x2-0123456789abcdef", "/accounts/reset/MQ/[token]"),
        (
            "GET /accounts/reset/MQ/c9x2-0123/?a=b HTTP/1.1",
            "GET /accounts/reset/MQ/[token]/?a=b HTTP/1.1",
        ),
        (
            "https://x.example/accounts/reset/MQ/c9x2-0123/",
            "https://x.example/accounts/reset/MQ/[token]/",
        ),
        ("/accounts/reset/MQ/set-password/", "/accounts/reset/MQ/set-password/"),
        ("/accounts/reset/done/", "/accounts/reset/done/"),
        ("/accounts/password_reset/done/", "/accounts/password_reset/done/"),
    ],
)
def test_token_is_left_out(logged, expected):
    assert _in_one_line(logged) == expected

"""Send statements and go on, while the database works on them.

psycopg 3 can with its pipelines, with a libpq from PostgreSQL 14 on. With any other driver or
database, a statement is answered when it is sent.

A search in a million rows stops after a page of them, but PostgreSQL expects it to be expensive. So
it would compile it (JIT) or start other processes for it, which takes several times as long as to
run it. What is sent ``plainly`` is sent together with the order to do neither, which ends with the
transaction, or if there is none, with the block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol

from django.db import NotSupportedError

PLAINLY = (
    "SELECT set_config('jit', 'off', TRUE),"
    " set_config('max_parallel_workers_per_gather', '0', TRUE)"
)


class Send(Protocol):
    """Sends a statement, and returns what waits for its only row, or for all of its rows."""

    def __call__(
        self, sql: str, parameters: Any, /, *, all_rows: bool = False
    ) -> Callable[[], Any]: ...


class Later:
    """A ``Send`` that keeps its statements until it may ``release`` them to another one.

    From then on, this one sends them.
    """

    def __init__(self) -> None:
        self._kept: list[Callable[[Send], None]] = []
        self._send: Send | None = None

    def __bool__(self) -> bool:
        return bool(self._kept)

    def __call__(
        self, sql: str, parameters: Any, /, *, all_rows: bool = False
    ) -> Callable[[], Any]:
        if self._send:
            return self._send(sql, parameters, all_rows=all_rows)
        fetched: list[Callable[[], Any]] = []

        def release(send: Send) -> None:
            fetched.append(send(sql, parameters, all_rows=all_rows))

        self._kept.append(release)
        return lambda: fetched[0]()

    def release(self, send: Send) -> None:
        self._send = send
        while self._kept:
            self._kept.pop(0)(send)


@contextmanager
def meanwhile(
    connection: Any, work: Callable[[], None] | None, *, plainly: bool = False
) -> Iterator[None]:
    """Do some work while the database works on the first statement of the block."""
    if work is None and not plainly:
        yield
        return
    waiting = [work] if work else []

    def sent(execute: Callable[..., Any], *statement: Any) -> Any:
        answer = execute(*statement)
        while waiting:
            waiting.pop()()
        return answer

    with sending(connection, plainly=plainly), connection.execute_wrapper(sent):
        yield


@contextmanager
def sending(connection: Any, *, plainly: bool = False) -> Iterator[Send]:
    """Give a function that sends statements, whose answers are read before the end of the block.

    Other queries may run on the connection meanwhile. They are answered after what was sent.
    """
    with ExitStack() as stack:

        def send(sql: str, parameters: Any, /, *, all_rows: bool = False) -> Callable[[], Any]:
            cursor = stack.enter_context(connection.cursor())
            cursor.execute(sql, parameters)
            fetch: Callable[[], Any] = cursor.fetchall if all_rows else cursor.fetchone
            return fetch

        connection.ensure_connection()
        if pipeline := getattr(connection.connection, "pipeline", None):
            try:
                with connection.wrap_database_errors:
                    stack.enter_context(pipeline())
                    if plainly:
                        connection.connection.execute(PLAINLY)
            except NotSupportedError:
                pass
        yield send

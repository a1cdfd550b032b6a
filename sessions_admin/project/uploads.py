"""Discards uploaded files, because nothing on the site accepts any.

An empty FILE_UPLOAD_HANDLERS would be worse than Django's own handlers: without a handler to set
the chunk size, the parser reads the whole body into memory.
"""

from __future__ import annotations

from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler, SkipFile


class NoUploads(FileUploadHandler):
    """Skips the files of a form and keeps its fields; a large body is refused unread."""

    def handle_raw_input(self, input_data: Any, *about: Any, **kwargs: Any) -> None:
        _meta, content_length, *_ = about
        if content_length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestDataTooBig("The body is longer than DATA_UPLOAD_MAX_MEMORY_SIZE.")

    def new_file(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Never called, because every file is skipped."""

    def file_complete(self, file_size: int) -> None:
        """Never called, because every file is skipped."""

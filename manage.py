#!/usr/bin/env python
"""Django's command line for the site in this repository.

A wrong setting, or a server that is not there, is one sentence on stderr and exit code 1.
"""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sessions_admin.project.settings")
    # A command is one thread: a pool would only put off the news that the server is not there.
    os.environ.setdefault("DATABASE_POOL_SIZE", "0")
    from django.core.exceptions import ImproperlyConfigured

    try:
        run(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"manage.py: {error}")


def run(arguments: list[str]) -> None:
    from django.conf import settings
    from django.core.management import execute_from_command_line

    _ = settings.INSTALLED_APPS  # Django would put some mistakes off, to show them in a trace.
    try:
        execute_from_command_line(arguments)
    except Exception:
        from sessions_admin.project.servers import require_reachable

        require_reachable()  # A server that is gone explains the failure better than a trace.
        raise


if __name__ == "__main__":
    main()

"""Measures the lists of four packages with as many rows, in turn: a table of `make bench`.

Each of the others is installed from PyPI into an environment of its own, with the same Django.
Their lists are their own pages of Django's admin, without a location database, which makes them
faster. Ours also shows flags, filters and counts, and checks each session in the store.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import django

from benchmarks.peer_site import SITES
from benchmarks.worker import ROOT, Worker

ENVIRONMENTS = ROOT / "var" / "benchmarks"
# The names on PyPI, with the extras that the apps need.
PACKAGES = {"django-allauth": "django-allauth"}
SESSIONS = 10_000
ROWS = 50
WARM_UP = 3
OURS = "Sessions Admin"


def measure(
    ours: Worker, address: str, database: Callable[[str], str], rounds: int
) -> list[dict[str, Any]]:
    """Return a row for each package, ours first, and for a page of plain Django.

    ``ours`` is a site with as many sessions, ``address`` its list; ``database`` creates a database
    of this name and returns its URL.
    """
    seen: dict[str, list[dict[str, Any]]] = {}
    with ExitStack() as stack:
        others = {}
        for package in SITES:
            python = _environment(package)
            url = database(package.replace("-", "_"))
            site = Worker(url, (str(python), "-m", "benchmarks.peer_site", package))
            stack.callback(site.close)
            site.ask("seed", size=SESSIONS)
            others[package] = site
        for turn in range(rounds + WARM_UP):
            found = {
                "plain Django, an ordinary signed-in page": ours.ask("plain"),
                OURS: ours.ask("visit", who="superuser", address=address),
                **{name: site.ask("visit", rows=ROWS) for name, site in others.items()},
            }
            if turn >= WARM_UP:
                for name, got in found.items():
                    seen.setdefault(name, []).append(got)
    plain, *lists = seen.items()
    base = _ms(plain[1])
    return [
        {
            "package": name,
            "version": "" if name == OURS or got is plain[1] else _version(name),
            "rows": got[-1]["rows"],
            "statements": got[-1]["statements"],
            "ms": _ms(got),
            "us_a_row": _ms(got) / got[-1]["rows"] * 1000 if got[-1]["rows"] else None,
            "bytes_a_row": got[-1]["bytes"] / got[-1]["rows"] if got[-1]["rows"] else None,
            "to_plain": _ms(got) / base,
        }
        for name, got in [*lists, plain]
    ]


def _ms(visits: list[dict[str, Any]]) -> float:
    return median(each["ms"] for each in visits)


def _environment(package: str) -> Path:
    """Install the package into its own environment, unless it is there, and return its Python."""
    folder = ENVIRONMENTS / package
    python = folder / "bin" / "python"
    done = folder / "installed"
    wanted = f"Django=={django.get_version()} psycopg[binary] {PACKAGES.get(package, package)}"
    if not done.exists() or done.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *wanted.split()], check=True, stdout=sys.stderr)
        done.write_text(wanted)
    return python


def _version(package: str) -> str:
    ask = f"from importlib.metadata import version; print(version({package!r}))"
    python = ENVIRONMENTS / package / "bin" / "python"
    found = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True)
    return found.stdout.strip()

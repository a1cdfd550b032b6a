"""What pyproject.toml cannot say: the links of the package's page on an index.

The README links to files beside it. REPOSITORY_URL, as the release workflow sets it, makes these
links absolute; without it they become plain text, because on an index they would lead nowhere.
"""

import os
import re
from pathlib import Path

from setuptools import setup

README = Path(__file__).with_name("README.md")
RELATIVE = r"(?!https?://|#)[^)\"\s]+"


def readme(repository: str, version: str) -> str:
    text = README.read_text(encoding="utf-8")
    if not repository:
        text = re.sub(r"<picture>.*?</picture>\n*", "", text, flags=re.S)
        return re.sub(rf"\[([^\]]+)\]\({RELATIVE}\)", r"\1", text)
    text = re.sub(rf'(src|srcset)="({RELATIVE})"', rf'\1="{repository}/raw/v{version}/\2"', text)
    return re.sub(rf"\]\(({RELATIVE})\)", rf"]({repository}/blob/v{version}/\1)", text)


def urls(repository: str) -> dict[str, str]:
    pages = {"Documentation": "tree/main/docs", "Changelog": "blob/main/CHANGELOG.md"}
    links = {name: f"{repository}/{path}" for name, path in pages.items()}
    return {"Repository": repository, "Issues": f"{repository}/issues"} | links


def version() -> str:
    text = README.with_name("pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r'^version = "(.+)"$', text, re.M)
    return found[1] if found else ""


address = os.environ.get("REPOSITORY_URL", "").rstrip("/")
setup(
    long_description=readme(address, version()),
    long_description_content_type="text/markdown",
    project_urls=urls(address) if address else {},
)

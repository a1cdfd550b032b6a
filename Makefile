# make run, make test: everything from a fresh clone; only python3 (3.11 or newer) must be there.

PORT ?= 8000
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TRIGRAM_TESTS := $(addprefix tests/,$(addprefix listing/test_,search.py search_text.py parts.py plans.py record_plans.py record_search_plans.py trigrams.py) \
	views/test_suggestions.py termination/test_bulk.py)
MANAGE := $(BIN)/python manage.py

.PHONY: help run test test-on check docs dist bench load screenshots styles messages countries lock clean

help:
	@echo "make run [PORT=8000]  serve the site on 127.0.0.1 with demo data"
	@echo "make test             run all tests, on SQLite and on PostgreSQL"
	@echo "make test-on DJANGO=6.1  run the tests on another version of Django, which stays installed"
	@echo "make check            lint, format, types, migrations, deployment checks"
	@echo "make docs             build the docs as a site in build/docs/, and check their links"
	@echo "make dist             build the packages of a release in dist/"
	@echo "make bench [ARGS=...] measure pages, requests and terminations with up to a million sessions"
	@echo "make load [ARGS=...]  many people and admins at the same time; then compare the list with the truth"
	@echo "make screenshots      take the screenshots in the docs again, from the demo"
	@echo "make styles           build the app's style sheet from sessions_admin/styles/"
	@echo "make messages         update the translation files"
	@echo "make countries        write the names of countries in the languages of the app"
	@echo "make lock             pin the newest versions of what the site installs, with hashes"
	@echo "make clean            remove the virtual environment and the local data"

run: export DEBUG ?= 1
run: export UPGRADE_URL ?= mailto:sales@sessions.example
run: export SITE_URL ?= http://127.0.0.1:$(PORT)
run: $(VENV)/site-installed
	@$(MANAGE) prepare_site --port "$(PORT)"
	@echo "Press Ctrl-C to stop."
	@exec $(BIN)/gunicorn --bind "127.0.0.1:$(PORT)" --threads 8 --log-level warning \
		--logger-class sessions_admin.project.access_log.AccessLogger --access-logfile - \
		--access-logformat '%(t)s %(m)s %(U)s %(s)s %(M)s ms' \
		sessions_admin.project.wsgi:application

# All runs are made, even if one fails. DATABASE_URL names the PostgreSQL to test on;
# without it the tests start one. Each run uses all cores, and each of its workers has a database.
#
# Everything runs on both databases, but for the slow tests of two kinds:
# - `once`: browsers, the site's commands, other people's projects, downloads. They either meet no
#   database or start their own, or show what the other tests say of both. They run on SQLite.
# - `every_engine`: races, storms and made-up histories on five session engines. All engines run
#   on PostgreSQL, which has the finer locks, and the engine `db` alone on SQLite.
SIDE_BY_SIDE := -n auto --maxprocesses 4 --dist worksteal

test: $(VENV)/dev-installed
	@failed=0; \
	echo "== Tests on SQLite"; \
	env -u DATABASE_URL $(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not every_engine or on_db" \
		|| failed=1; \
	echo "== Tests on PostgreSQL"; \
	$(BIN)/python -m pytest --postgres $(SIDE_BY_SIDE) -m "not once" || failed=1; \
	if ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then \
		echo "== Tests of searches and ends on a PostgreSQL with pg_trgm"; \
		$(BIN)/python -m pytest --system-postgres $(SIDE_BY_SIDE) $(TRIGRAM_TESTS) || failed=1; \
	fi; \
	exit $$failed

# Without the tests that run no pages of the app in this process.
test-on: $(VENV)/dev-installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "Django~=$(DJANGO).0"
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not once and (not every_engine or on_db)"

check: $(VENV)/dev-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	DEBUG=1 $(BIN)/mypy
	DEBUG=1 $(MANAGE) makemigrations --check --dry-run
	@echo "$(MANAGE) check --deploy"
	@env -i PATH="$$PATH" ALLOWED_HOSTS=sessions.example \
		SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))')" \
		$(MANAGE) check --deploy --fail-level WARNING

# Fails for links to pages, headings and images that are not there. With --quiet it would not: strict
# mode counts the warnings that are shown.
docs: $(VENV)/dev-installed
	$(BIN)/mkdocs build --strict

# VERSION is that of the tag, so that a tag for another version publishes nothing.
dist: $(VENV)/dev-installed
	@test -z "$(VERSION)" || grep -qx 'version = "$(VERSION)"' pyproject.toml || { \
		echo "The version in pyproject.toml is not $(VERSION)." >&2; exit 1; }
	rm -rf dist
	$(BIN)/python -m build --outdir dist

# Both start servers of their own: the machine's PostgreSQL where one is installed.
bench: $(VENV)/dev-installed
	@$(BIN)/python -m benchmarks $(ARGS)

load: $(VENV)/dev-installed
	@$(BIN)/python -m benchmarks.load $(ARGS)

screenshots: $(VENV)/dev-installed
	$(BIN)/python -m tests.screenshots

styles: $(BIN)/python
	$(BIN)/python -m sessions_admin.project.styles

# Needs GNU gettext. What is new stands in the .po files without a translation afterwards.
messages: $(VENV)/dev-installed
	DEBUG=1 $(MANAGE) makemessages --locale de --locale sl --locale ar --no-location --no-obsolete \
		--ignore $(VENV) --ignore tests --ignore benchmarks --ignore var --ignore build
	DEBUG=1 $(MANAGE) compilemessages --ignore $(VENV)

countries: $(VENV)/dev-installed
	DEBUG=1 $(BIN)/python -m sessions_admin.project.countries

# For every Python and system that the site runs on; docs/settings.md says how to install from it.
lock: $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip compile pyproject.toml --extra site --universal --python-version 3.11 \
		--fork-strategy fewest --generate-hashes --upgrade --no-annotate --quiet \
		--custom-compile-command "make lock" --output-file requirements/site.txt

clean:
	rm -rf $(VENV) var build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/dev-installed: $(VENV)/site-installed
	@echo "Installing what the tests need ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[site,dev]"
	@touch $@

$(VENV)/site-installed: pyproject.toml $(BIN)/python
	@echo "Installing the site ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[site]"
	@touch $@

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { \
		echo "$(PYTHON) is not installed: install Python 3.11 or newer." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is $$($(PYTHON) -V): Python 3.11 or newer is needed," \
		"as in make $(MAKECMDGOALS) PYTHON=python3.12." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments: on Debian and Ubuntu," \
		"install the package python3-venv." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

"""The runnable site: settings from the environment, its commands, its demo data, its layers."""

from __future__ import annotations

import ast
import os
import re
import socket
import subprocess
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
import redis
from django.conf import global_settings, settings
from django.contrib.gis.geoip2 import GeoIP2
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from geoip2.errors import AddressNotFoundError

from accounts.demo import places, visits
from accounts.demo.people import ACCOUNTS, PASSWORD, PEOPLE, SIGN_INS
from accounts.models import Account, Membership, User
from sessions_admin.models import TrackedSession

from .servers import ROOT, manage

LOCAL = {"DEBUG": "1"}
PRODUCTION = {
    "SECRET_KEY": "x3Jm0-Zk8v_QpLr5tYw2uNc7bHs4eGdAiKfOjRlTqVnWzMyXPCa",
    "ALLOWED_HOSTS": "sessions.example",
}


class TestWrongSettings:
    """Each is one sentence that names the variable, and no stack trace."""

    @pytest.mark.parametrize(
        ("environment", "variable"),
        [
            ({}, "SECRET_KEY"),
            ({"DEBUG": "maybe"}, "DEBUG"),
            (LOCAL | {"DATABASE_URL": "foo"}, "DATABASE_URL"),
            (LOCAL | {"DATABASE_URL": "mysql://ada:s3cret@host/name"}, "DATABASE_URL"),
            (LOCAL | {"DATABASE_URL": "postgresql://ada:s3cret@host:port/name"}, "DATABASE_URL"),
            (LOCAL | {"DATABASE_URL": "postgresql://ada:s3cret@host"}, "DATABASE_URL"),
            (LOCAL | {"DATABASE_URL": "sqlite://"}, "DATABASE_URL"),
            (LOCAL | {"REDIS_URL": "http://:s3cret@host"}, "REDIS_URL"),
            (LOCAL | {"SESSION_ENGINE": "cookies"}, "SESSION_ENGINE"),
            (LOCAL | {"SESSION_ENGINE": "cache"}, "REDIS_URL"),
            (LOCAL | {"EMAIL_URL": "pigeon://ada:s3cret@host"}, "EMAIL_URL"),
            (LOCAL | {"SECURE_TLS": "perhaps"}, "SECURE_TLS"),
            (LOCAL | {"SECURE_HSTS_SECONDS": "-1"}, "SECURE_HSTS_SECONDS"),
            (LOCAL | {"SECURE_PROXY_SSL_HEADER": "X-Proto"}, "SECURE_PROXY_SSL_HEADER"),
        ],
    )
    def test_stop_every_command(self, environment, variable):
        answer = manage("check", **environment)
        assert variable in the_sentence(answer)

    @pytest.mark.parametrize(
        ("environment", "variable"),
        [
            ({"DATABASE_URL": "postgresql://ada:s3cret@127.0.0.1:1/name"}, "DATABASE_URL"),
            ({"DATABASE_URL": "sqlite:////proc/no/such/folder"}, "DATABASE_URL"),
            ({"REDIS_URL": "redis://:s3cret@127.0.0.1:1/0"}, "REDIS_URL"),
        ],
    )
    def test_servers_that_do_not_answer_stop_the_preparation(self, environment, variable, tmp_path):
        here = {"DATABASE_URL": f"sqlite:///{tmp_path}/site.sqlite3"}
        answer = manage("prepare_site", "--port", "0", **LOCAL | here | environment)
        assert "PORT" in the_sentence(answer)
        answer = manage("prepare_site", "--port", free_port(), **LOCAL | here | environment)
        assert variable in the_sentence(answer)

    def test_a_server_that_does_not_answer_stops_other_commands_too(self):
        url = "postgresql://ada:s3cret@127.0.0.1:1/name"
        assert "DATABASE_URL" in the_sentence(manage("migrate", DATABASE_URL=url, **LOCAL))

    def test_a_port_in_use_is_named(self, tmp_path):
        with socket.create_server(("127.0.0.1", 0)) as occupied:
            port = str(occupied.getsockname()[1])
            assert f"Port {port} " in the_sentence(manage("prepare_site", "--port", port, **LOCAL))


class TestProduction:
    def test_deployment_checks_find_nothing(self):
        answer = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
        assert (answer.returncode, answer.stderr) == (0, "")
        assert "no issues" in answer.stdout

    def test_pages_are_served_over_tls_with_strict_headers(self, tmp_path):
        url = f"sqlite:///{tmp_path}/site.sqlite3"
        prepared = manage("prepare_site", "--port", free_port(), DATABASE_URL=url, **PRODUCTION)
        assert prepared.returncode == 0, prepared.stderr
        ask = (
            "from django.test import Client; client = Client(headers={'host': 'sessions.example'});"
            "plain = client.get('/accounts/login/'); print(plain.status_code, plain['Location']);"
            "page = client.get('/accounts/login/', secure=True); print(page.status_code);"
            "print(page.headers); print(page.cookies)"
        )
        answer = manage("shell", "--no-imports", "-c", ask, DATABASE_URL=url, **PRODUCTION)
        assert answer.returncode == 0, answer.stderr
        said = answer.stdout
        assert "301 https://sessions.example/accounts/login/" in said
        assert "default-src 'none'" in said
        assert "unsafe" not in said
        assert "'X-Frame-Options': 'DENY'" in said
        assert "'Referrer-Policy': 'same-origin'" in said
        assert "'Strict-Transport-Security': 'max-age=31536000'" in said
        assert re.search(r"csrftoken=.*Secure", said)

    def test_servers_are_used_as_named(self):
        ask = (
            "from django.conf import settings; database = settings.DATABASES['default'];"
            "print(database['ENGINE'], database['NAME'], database['CONN_HEALTH_CHECKS']);"
            "print(settings.SESSION_ENGINE, settings.CACHES['default']['BACKEND'])"
        )
        urls = {"DATABASE_URL": "postgresql://ada@host/name", "REDIS_URL": "redis://host/1"}
        answer = manage("shell", "--no-imports", "-c", ask, **PRODUCTION | urls)
        assert answer.stdout.splitlines() == [
            "django.db.backends.postgresql name True",
            "django.contrib.sessions.backends.cached_db "
            "django.core.cache.backends.redis.RedisCache",
        ]


@pytest.mark.django_db(transaction=True)
def test_the_django_admin_works_under_the_content_security_policy(page):
    User.objects.create_superuser("operator@example.com", PASSWORD, name="Robin Meyer")
    account = Account.objects.create(name="Acme")
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/admin/")
    page.get_by_label("E-mail address").fill("operator@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    for address in (
        "/admin/accounts/user/",
        "/admin/accounts/user/add/",
        "/admin/accounts/account/",
        "/admin/sessions_admin/trackedsession/",
    ):
        assert page.goto(address).ok, address
    page.goto(f"/admin/accounts/account/{account.pk}/change/")
    page.get_by_label("Name").fill("Acme Instruments")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/admin/accounts/account/")
    account.refresh_from_db()
    assert account.name == "Acme Instruments"
    assert [text for text in complaints if "Content Security Policy" in text] == []


def test_redis_is_a_real_one(redis_url, settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": redis_url,
        }
    }
    cache.set("word", "kept", 60)
    with redis.Redis.from_url(redis_url) as client:
        assert client.info("server")["redis_version"]
        assert client.dbsize() >= 1
    assert cache.get("word") == "kept"


def test_migrations_are_complete():
    answer = manage("makemigrations", "--check", "--dry-run", **LOCAL)
    assert answer.returncode == 0, answer.stdout


def test_preparing_again_keeps_the_data(tmp_path):
    site = LOCAL | {"DATABASE_URL": f"sqlite:///{tmp_path}/new folder/site.sqlite3"}
    first = manage("prepare_site", "--port", free_port(), **site)
    assert first.returncode == 0, first.stderr
    assert "Demo data" in first.stdout
    forget = "from accounts.models import User; User.objects.exclude(is_superuser=True).delete()"
    assert manage("shell", "--no-imports", "-c", forget, **site).returncode == 0
    second = manage("prepare_site", "--port", free_port(), **site)
    assert second.returncode == 0, second.stderr
    assert "Demo data" not in second.stdout
    assert "operator@site.example" in second.stdout
    assert "admin@acme.example" not in second.stdout


@pytest.mark.django_db
class TestDemo:
    @pytest.fixture(autouse=True)
    def site(self, settings, tmp_path):
        settings.DEMO_GEOIP_PATH = settings.GEOIP_PATH = tmp_path / "demo-City.mmdb"
        settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS

    @pytest.fixture
    def seeded(self):
        call_command("seed_demo", verbosity=0)

    @pytest.mark.usefixtures("seeded")
    def test_every_row_has_a_real_session_behind_it(self):
        store = import_module(settings.SESSION_ENGINE).SessionStore
        rows = TrackedSession.objects.filter(ended_at=None)
        assert 110 <= len(rows) <= 130
        assert TrackedSession.objects.count() == len(rows)
        for row in rows:
            assert signed_in_as(row.session_key) == row.user.email
            assert store(row.session_key).get_expiry_date() > timezone.now()

    @pytest.mark.usefixtures("seeded")
    def test_the_rows_are_as_varied_as_planned(self):
        rows = list(TrackedSession.objects.all())
        planned = visits.plan()
        assert Counter(row.ip_address for row in rows) == Counter(v.ip_address for v in planned)
        assert Counter(row.application for row in rows) == Counter(v.application for v in planned)
        assert Counter(row.user_agent for row in rows) == Counter(
            v.agent.user_agent for v in planned
        )
        assert {row.account_name for row in rows} == {a.name for a in ACCOUNTS} | {""}
        assert {"SI", "JP", "BR", "KE", "AU", "US"} <= {row.country_code for row in rows}
        assert {"Private network", "Unknown"} <= {row.location for row in rows}
        assert len({row.browser for row in rows}) >= 6
        assert len({row.city for row in rows}) >= 20
        assert any(":" in row.ip_address for row in rows)

    @pytest.mark.usefixtures("seeded")
    def test_times_lie_in_the_past_and_within_the_life_of_the_session(self):
        now = timezone.now()
        for row in TrackedSession.objects.all():
            assert now - timedelta(days=10) < row.created_at <= row.last_seen_at <= now
            assert now < row.expires_at

    @pytest.mark.usefixtures("seeded")
    def test_people_accounts_and_roles(self):
        assert User.objects.count() == len(PEOPLE) == 25
        assert {account.plan for account in Account.objects.all()} == set(Account.Plan)
        assert {a.has_advanced_security for a in Account.objects.all()} == {True, False}
        admin = User.objects.get(email="admin@acme.example")
        administered = Membership.objects.filter(user=admin, role__in=Membership.ADMINISTERING)
        assert administered.count() == 2
        acme = Account.objects.get(name="Acme Instruments")
        assert acme.plan == Account.Plan.PREMIUM

    @pytest.mark.usefixtures("seeded")
    def test_those_it_names_can_sign_in(self):
        for email, _role in SIGN_INS:
            assert Client().login(username=email, password=PASSWORD), email

    def test_it_leaves_a_database_with_people_alone(self):
        User.objects.create_user("ada@example.com")
        with pytest.raises(CommandError, match="people"):
            call_command("seed_demo")
        assert User.objects.count() == 1

    def test_it_works_behind_tls(self, settings):
        settings.SECURE_SSL_REDIRECT = True
        settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
        settings.ALLOWED_HOSTS = [".sessions.example"]
        call_command("seed_demo", verbosity=0)
        assert TrackedSession.objects.count() == len(visits.plan())

    def test_a_real_map_is_left_in_place(self, settings, tmp_path):
        settings.GEOIP_PATH = tmp_path / "real-City.mmdb"
        places.write_database(settings.GEOIP_PATH)
        call_command("seed_demo", verbosity=0)
        assert not settings.DEMO_GEOIP_PATH.exists()

    def test_the_plan_is_the_same_every_time(self):
        assert visits.plan() == visits.plan()


def test_the_demo_map_opens_as_geoip2_and_names_every_place(tmp_path):
    path = tmp_path / "demo-City.mmdb"
    places.write_database(path)
    reader = GeoIP2(path)
    for place in places.PLACES:
        for network in places.networks_of(place.city):
            found = reader.city(str(network[-1]))
            assert (found["city"], found["country_code"]) == (place.city, place.country_code)
            assert network.is_private, "only networks that nobody has on the internet"
    for address in visits.UNMAPPED_ADDRESSES:
        with pytest.raises(AddressNotFoundError):
            reader.city(address)


@pytest.mark.parametrize("target", ["run", "test"])
def test_make_says_what_is_missing(target, tmp_path):
    for name in ("Makefile", "pyproject.toml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    answer = subprocess.run(
        ["make", target, "PYTHON=no-such-python"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode != 0
    assert "no-such-python is not installed: install Python 3.11 or newer." in answer.stderr


# --- The layers of the app ------------------------------------------------------------------------

APP = ROOT / "sessions_admin"
# From the lowest up: a module imports from its own layer and from those below it.
LAYERS = (
    {"conf", "moments", "redaction", "search_text", "signals"},
    {"client", "engines", "flags"},
    {"auth_backends", "parts", "people", "resolvers"},
    {"querysets"},
    {"models"},
    {"ending", "liveness", "policy"},
    {"tracking"},
    {"listing"},
    {"termination"},
    {"reauthentication"},
    {"middleware", "templatetags", "views"},
    {"admin", "checks", "management", "urls"},
    {"apps"},
)
LAYER = {name: number for number, layer in enumerate(LAYERS) for name in layer}


LONGEST = 350


def modules():
    """Each module of the app by the name of its layer: a package as a whole is one."""
    found = []
    for path in sorted(APP.rglob("*.py")):
        name = path.relative_to(APP).parts[0].removesuffix(".py")
        if name not in ("project", "migrations", "__init__"):
            found.append(pytest.param(name, path, id=str(path.relative_to(APP))))
    return found


@pytest.mark.parametrize(("name", "path"), modules())
class TestLayers:
    def test_imports_go_one_way(self, name, path):
        own = {i.split(".")[1] for i in imports_of(path) if i.startswith("sessions_admin.")}
        assert {name} | own <= set(LAYER), "every module has a layer: give it one here"
        assert {i for i in own - {name} if LAYER[i] > LAYER[name]} == set()

    def test_the_app_knows_nothing_of_the_site(self, name, path):
        outside = {i for i in imports_of(path) if i.split(".")[0] in ("accounts", "tests")}
        outside |= {i for i in imports_of(path) if i.startswith("sessions_admin.project")}
        assert outside == set()

    def test_no_module_is_too_long(self, name, path):
        assert len(path.read_text().splitlines()) <= LONGEST

    def test_nothing_is_imported_inside_a_function(self, name, path):
        """Which would hide a circle. Models cannot be imported before the app is ready."""
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        inside = [
            ast.unparse(node)
            for function in ast.walk(ast.parse(path.read_text()))
            if isinstance(function, functions) and function.name != "ready"
            for node in ast.walk(function)
            if isinstance(node, ast.Import | ast.ImportFrom)
            and "sessions_admin" in ast.unparse(node)
        ]
        assert inside == []


def test_no_two_modules_of_the_app_import_each_other():
    names = {path: dotted(path) for path in APP.rglob("*.py") if "project" not in path.parts}
    graph = {
        name: {found for i in imports_of(path) for found in [module_of(i, names.values())] if found}
        for path, name in names.items()
        if path.name != "__init__.py"
    }
    for name in graph:
        assert name not in reachable(graph, name), f"{name} imports itself through others"


def test_views_never_touch_engines():
    for path in (APP / "views").glob("*.py"):
        assert not {i for i in imports_of(path) if i.startswith("sessions_admin.engines")}, path


def test_querysets_know_no_models():
    assert not {
        i for i in imports_of(APP / "querysets.py") if i.startswith("sessions_admin.models")
    }


@pytest.mark.parametrize("name", ["models", "querysets", "engines", "ending", "termination"])
def test_requests_stop_before(name):
    folder = APP / name
    for path in folder.glob("*.py") if folder.is_dir() else [folder.with_suffix(".py")]:
        words = {
            getattr(node, "id", getattr(node, "arg", getattr(node, "attr", None)))
            for node in ast.walk(ast.parse(path.read_text()))
        }
        assert "request" not in words, path


def test_middleware_holds_no_logic():
    logic = (ast.For, ast.While, ast.Try, ast.Match, ast.With, ast.comprehension)
    tree = ast.parse((APP / "middleware.py").read_text())
    assert [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, logic)] == []
    own = {i for i in imports_of(APP / "middleware.py") if i.startswith("sessions_admin.")}
    assert {i.split(".")[1] for i in own} <= {"client", "engines", "tracking"}


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def module_of(imported: str, names: Iterable[str]) -> str | None:
    """The module of the app that an import names, or that has what it names."""
    known = set(names)
    return next((n for n in (imported, imported.rpartition(".")[0]) if n in known), None)


def imports_of(path: Path) -> set[str]:
    """Dotted names of what a module imports when it runs, in functions too."""
    tree = WithoutTypeChecking().visit(ast.parse(path.read_text()))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = path.relative_to(ROOT).parts[: -node.level] if node.level else ()
            module = ".".join([*package, *filter(None, [node.module])])
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


class WithoutTypeChecking(ast.NodeTransformer):
    """Types may name each other in circles; only what runs has a direction."""

    def visit_If(self, node: ast.If) -> ast.AST | None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return None
        return self.generic_visit(node)


def reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    waiting = set(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting |= graph.get(name, set())
    return seen


def the_sentence(answer: subprocess.CompletedProcess[str]) -> str:
    """What a failed command said, after making sure that it is one line and tells no secret."""
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert "s3cret" not in answer.stdout + answer.stderr
    (line,) = answer.stderr.splitlines()
    return line


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return str(probe.getsockname()[1])


def signed_in_as(session_key: str) -> str | None:
    """Whom the next request with this session's cookie comes from."""
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = session_key
    answer = client.get("/api/mobile/me/")
    return answer.json()["person"]["email"] if answer.status_code == 200 else None

"""The layers of the app: which module may import which."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.servers import ROOT

pytestmark = pytest.mark.once

APP = ROOT / "sessions_admin"
# Lowest first: a module imports from its own layer and from those below it.
LAYERS = (
    {
        "bidi",
        "ip_addresses",
        "conf",
        "conf_problems",
        "export_record",
        "folding",
        "generated",
        "indexes",
        "json_lists",
        "lookups",
        "moments",
        "pages",
        "pipelines",
        "redaction",
        "search_addresses",
        "search_conditions",
        "search_text",
        "signals",
        "sqlite_functions",
        "transactions",
        "unions",
    },
    {"client", "engines", "flags"},
    {"auth_backends", "isolation", "people", "resolvers"},
    {"search", "sign_in_methods"},
    {"querysets"},
    {"models"},
    {"ending", "liveness", "policy"},
    {"tracking"},
    {"listing"},
    {"termination"},
    {"reauthentication"},
    {"headless_tokens", "middleware", "templatetags", "views"},
    {"admin", "admin_guard", "checks", "doctor", "host_checks", "management", "urls"},
    {"apps"},
)
LAYER = {name: number for number, layer in enumerate(LAYERS) for name in layer}


LONGEST = 350


def modules():
    """Return the modules of the app by layer name; a package counts as a whole."""
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

    def test_nothing_is_imported_inside_a_function(self, name, path):
        """Such an import would hide a circle. ``ready`` has to, because models load later."""
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


def test_no_module_of_the_app_or_the_site_is_too_long():
    paths = [
        path for folder in ("sessions_admin", "accounts") for path in (ROOT / folder).rglob("*.py")
    ]
    lengths = {path: len(path.read_text().splitlines()) for path in paths}
    assert len(lengths) > 100
    too_long = {path for path, length in lengths.items() if length > LONGEST}
    assert {path for path in too_long if "migrations" not in path.parts} == set()


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
    """Return the module of the app that an import refers to, or that defines the imported name."""
    known = set(names)
    return next((n for n in (imported, imported.rpartition(".")[0]) if n in known), None)


def imports_of(path: Path) -> set[str]:
    """Return the dotted names that a module imports at run time, also inside functions."""
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
    """Types may refer to each other in circles; only imports at run time must not."""

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

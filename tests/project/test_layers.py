"""The layers of the app: who may import whom."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.support.servers import ROOT

pytestmark = pytest.mark.once

APP = ROOT / "sessions_admin"
LAYERS = (
    {"conf", "fragments", "moments", "pagination", "redaction", "search_text", "signals", "texts"},
    {"trigrams"},
    {"client_hints", "countries", "engines", "geoip_download", "locations", "resolvers", "signs"},
    {"client", "devices", "querysets"},
    {"sightings"},
    {"models"},
    {"policy", "liveness", "endings", "history", "counting"},
    {"choices"},
    {"forms"},
    {"retention", "lifetimes", "consequences"},
    {"addresses", "tracking", "termination"},
    {"told", "step_up", "runs"},
    {
        "middleware",
        "views",
        "choice_views",
        "own_views",
        "receipt_views",
        "step_up_views",
        "templatetags",
    },
    {"urls", "checks", "admin", "management"},
    {"apps"},
)
LAYER = {name: number for number, layer in enumerate(LAYERS) for name in layer}


def modules():
    """Each module of the app by the name of its layer: `management`, not each command."""
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


def test_no_two_modules_of_the_app_import_each_other():
    graph = {
        name: {i.split(".")[1] for i in imports_of(path) if i.startswith("sessions_admin.")}
        for name, path in (parameter.values for parameter in modules())
        if path.parent == APP
    }
    for name in graph:
        assert name not in reachable(graph, name), f"{name} imports itself through others"


@pytest.mark.parametrize("module", ["views", "step_up_views", "receipt_views", "own_views"])
def test_views_never_touch_engines(module):
    assert "sessions_admin.engines" not in imports_of(APP / f"{module}.py")


@pytest.mark.parametrize(
    "module", ["models", "querysets", "engines", "endings", "termination", "retention"]
)
def test_requests_stop_before(module):
    words = {
        getattr(node, "id", getattr(node, "arg", getattr(node, "attr", None)))
        for node in ast.walk(ast.parse((APP / f"{module}.py").read_text()))
    }
    assert "request" not in words


def test_middleware_holds_no_logic():
    logic = (ast.For, ast.While, ast.Try, ast.Match, ast.With, ast.comprehension)
    tree = ast.parse((APP / "middleware.py").read_text())
    assert [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, logic)] == []
    own = {i for i in imports_of(APP / "middleware.py") if i.startswith("sessions_admin.")}
    assert own <= {f"sessions_admin.{name}" for name in ("tracking", "told", "engines")}


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

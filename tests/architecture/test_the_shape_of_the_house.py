"""The shape is kept by tests, not by memory."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ROOT / "services"
DOMAIN = sorted(SERVICES.glob("*/domain/**/*.py"))
ALL = sorted(SERVICES.rglob("*.py"))
_CLOCKS_AND_DICE = {
    "now",
    "utcnow",
    "today",
    "monotonic",
    "uuid1",
    "uuid4",
    "random",
    "randint",
    "choice",
}
_DRAWERS = {"utils.py", "helpers.py", "common.py", "manager.py", "misc.py"}
MACHINERY = ("chassis", "devserver")
_LINES_MAX = 400
_FUNCTION_LINES_MAX = 50
_ROOMS = {"domain", "handlers", "routes", "consumers", "views", "store"}
"""Of every service; `jobs` and `commands` where there is something to do by the clock or the command line."""


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_imports_go_one_way() -> None:
    program = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert program is not None
    result = subprocess.run([program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("path", DOMAIN, ids=ids)
def test_no_rule_waits_asks_for_the_time_or_throws_dice(path: Path) -> None:
    for node in ast.walk(tree(path)):
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await), f"{path}:{node.lineno} waits"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            assert name not in _CLOCKS_AND_DICE, f"{path}:{node.lineno} calls {name}"


@pytest.mark.parametrize("path", DOMAIN, ids=ids)
def test_rules_import_the_standard_library_refusals_language_and_time_alone(path: Path) -> None:
    service = path.relative_to(SERVICES).parts[0]
    pure = tuple(
        f"services.contracts.{name}" for name in ("refusal", "ids", "literals", "seals", "spans", "values")
    )
    others = (*pure, "services.language", "services.worktime.")
    allowed = (f"services.{service}.domain", *others)
    for node in ast.walk(tree(path)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            names = [node.module or ""]
        for name in names:
            assert name.split(".")[0] in sys.stdlib_module_names or name.startswith(allowed), name


@pytest.mark.parametrize("path", ALL, ids=ids)
def test_what_a_module_keeps_to_itself_nobody_else_imports(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("services"):
            private = [alias.name for alias in node.names if alias.name.startswith("_")]
            assert not [name for name in private if not name.startswith("__")], f"{path}:{node.lineno}"


@pytest.mark.parametrize("path", ALL, ids=ids)
def test_a_module_says_what_it_is_and_is_no_drawer(path: Path) -> None:
    assert path.name not in _DRAWERS
    assert ast.get_docstring(tree(path)), f"{path} does not say what it is"
    assert len(path.read_text(encoding="utf-8").splitlines()) <= _LINES_MAX, f"{path} has outgrown its room"


def test_tests_are_no_drawers_and_share_by_support_alone() -> None:
    """What two test files need stands in `tests/support`, not in the one of them that had it first."""
    for path in (ROOT / "tests").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= _LINES_MAX, f"{path} has outgrown its room"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom):
                assert ".test_" not in (node.module or ""), f"{path}:{node.lineno} imports from a test"


@pytest.mark.parametrize("path", ALL, ids=ids)
def test_a_function_is_short_enough_to_be_seen_whole(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= _FUNCTION_LINES_MAX, f"{path}:{node.lineno} {node.name} has {lines} lines"


@pytest.mark.parametrize("service", ["intake", "matching", "points", "notify"])
def test_every_service_has_the_same_rooms_each_a_package(service: str) -> None:
    packages = {path.name for path in (SERVICES / service).iterdir() if (path / "__init__.py").exists()}
    modules = {path.stem for path in (SERVICES / service).glob("*.py")}
    assert packages >= _ROOMS
    assert modules <= {"__init__", "__main__", "settings", "metrics"}, "a module stands outside the rooms"


def test_no_step_takes_just_anything() -> None:
    for path in ALL:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Subscript):
                assert not ast.unparse(node).startswith("Callable[..., "), f"{path}:{node.lineno}"
            if isinstance(node, ast.FunctionDef) and path.relative_to(SERVICES).parts[0] not in MACHINERY:
                words = node.args.vararg.annotation if node.args.vararg else None
                assert words is None or ast.unparse(words) not in {"object", "Any"}, f"{path}:{node.lineno}"


def test_only_the_machinery_catches_everything() -> None:
    for path in ALL:
        if path.relative_to(SERVICES).parts[0] in MACHINERY:
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ExceptHandler):
                caught = ast.unparse(node.type) if node.type else "everything"
                assert caught not in {"everything", "Exception", "BaseException"}, f"{path}:{node.lineno}"


def test_every_service_says_in_four_sentences_what_it_is() -> None:
    for service in ("intake", "matching", "points", "notify"):
        text = ast.get_docstring(tree(SERVICES / service / "__init__.py")) or ""
        for word in ("decides", "owns", "hears", "says"):
            assert word in text, (service, word)


def decides(path: Path) -> bool:
    """Return whether decisions live in a module: it has to do with units of work, or is of a domain."""
    names = {
        alias.name
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    functions = {node.name for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef)}
    return "UnitOfWork" in names or "decide" in functions or "domain" in path.parts


DECIDING = [path for path in ALL if decides(path) and path.name != "batches.py"]


def measures(source: ast.Module) -> bool:
    """Return whether a module imports what is measured."""
    for node in ast.walk(source):
        if isinstance(node, ast.Import) and any("metrics" in alias.name for alias in node.names):
            return True
        if isinstance(node, ast.ImportFrom):
            named = {node.module or "", *(alias.name for alias in node.names)}
            if any("metrics" in name or "prometheus" in name for name in named):
                return True
    return False


@pytest.mark.parametrize("path", DECIDING, ids=ids)
def test_no_decision_measures_since_it_runs_as_often_as_its_batch_is_tried(path: Path) -> None:
    assert not measures(tree(path)), f"{path}: answer a `Measured` instead"


def test_a_decision_that_measures_would_be_found() -> None:
    for planted in (
        "from services.chassis import metrics",
        "import services.chassis.metrics",
        "from services.chassis.metrics import DISPATCH_SECONDS",
        "from prometheus_client import Counter",
    ):
        assert measures(ast.parse(planted)), planted
    assert SERVICES / "intake" / "consumers" / "orders.py" in DECIDING
    assert SERVICES / "matching" / "handlers" / "keeping.py" in DECIDING

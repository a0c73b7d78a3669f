"""What the documents say is what the code does."""

import ast
import re
from pathlib import Path

import pytest

from services import __version__
from services.chassis.metrics import REGISTRY
from services.cli import docs
from services.composition import Settings
from services.contracts.catalogue import KINDS, PUBLISHERS, SUBSCRIPTIONS
from services.intake.domain import lifecycle as demand
from services.matching.domain import lifecycle as order

ROOT = Path(__file__).parents[2]
ALL_CODE = [path for room in ("services", "tests") for path in sorted((ROOT / room).rglob("*.py"))]
OWN_NAMES_MAX = 30
BOOKS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("name", docs.MADE)
def test_a_generated_document_is_current(name: str) -> None:
    made = docs.MADE[name]()
    assert (docs.DOCS / name).read_text(encoding="utf-8") == made, "run `sandan docs`"


def test_every_message_is_heard_by_somebody_and_said_by_one_service() -> None:
    for kind in KINDS:
        assert kind.split(".")[0] in PUBLISHERS
        assert any(
            kind.startswith(pattern.rstrip("#*")) for heard in SUBSCRIPTIONS.values() for pattern in heard
        ), f"nobody hears {kind}: publishing it would fail"


def test_a_kind_says_whose_it_is_what_happened_and_its_version() -> None:
    for kind in KINDS:
        assert re.fullmatch(r"[a-z]+\.[a-z_]+\.v[1-9]", kind)


@pytest.mark.parametrize("book", BOOKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_within_the_project_leads_somewhere(book: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", book.read_text(encoding="utf-8")):
        assert (book.parent / target).exists(), target


@pytest.mark.parametrize("book", BOOKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_place_in_the_code_that_is_named_is_there(book: Path) -> None:
    """A file, and beside it what is looked for in it: `services/x.py` `name`."""
    for file, name in re.findall(r"`((?:services|tests)/[\w/.-]+)`(?: `([\w.]+)`)?", book.read_text("utf-8")):
        assert (ROOT / file).exists(), file
        if name:
            leaf = name.rsplit(".", 1)[-1]
            found = rf"(?m)^\s*(?:(?:async )?def|class) {leaf}\b|^{leaf}\b.* ="
            assert re.search(found, (ROOT / file).read_text("utf-8")), (file, name)


@pytest.mark.parametrize("book", BOOKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_setting_that_is_named_exists(book: Path) -> None:
    known = {f"SANDAN_{name.upper()}" for name in Settings.model_fields}
    known |= {"SANDAN_URL", "SANDAN_TOKEN"}  # of the command line's client
    compose = (ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8")
    known |= set(re.findall(r"\$\{(SANDAN_\w+)", compose))  # what is asked of deploy/.env
    named = set(re.findall(r"SANDAN_[A-Z_]+[A-Z]", book.read_text(encoding="utf-8")))
    assert named <= known, named - known


def test_every_figure_that_operators_are_told_of_is_measured() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    measured = {family.name for family in REGISTRY.collect()}
    for name in re.findall(r"sandan_[a-z_]+", text):
        assert name.removesuffix("_total") in measured, name


def test_operators_are_told_what_every_reason_for_parking_means() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "services").rglob("*.py"))
    reasons = set(re.findall(r'(?:Unreadable\(|_parked\(\s*[^,()]+(?:\[0\]\.queue)?, )"([a-z_]+)"', code))
    assert {"not_json", "unknown_demand", "fault", "failed_too_often", "delivery_limit"} <= reasons
    assert {reason for reason in reasons if f"`{reason}`" not in text} == set()


def test_the_changelog_begins_with_the_version_that_this_is() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^## (\S+) – \d{4}-\d{2}-\d{2}$", text)[0] == __version__


def test_every_decision_says_when_it_was_taken_how_it_stands_and_what_else_was_open() -> None:
    for path in (ROOT / "docs" / "decisions").glob("0*.md"):
        head = path.read_text(encoding="utf-8").splitlines()[2:5]
        assert head[0] == "| date | status | options weighed | measured by |", path.name
        assert re.match(r"\| \d{4}-\d{2}-\d{2} \| (accepted|superseded)", head[2]), path.name


def test_every_decision_is_listed() -> None:
    directory = ROOT / "docs" / "decisions"
    listed = (directory / "README.md").read_text(encoding="utf-8")
    for path in directory.glob("0*.md"):
        assert path.name in listed


def glossary(section: str) -> list[list[str]]:
    """Return the rows of a table of the glossary, cell by cell."""
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    part = text.split(f"## {section}\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| ")]
    return rows[1:]


def test_every_status_that_people_read_stands_in_the_glossary_under_its_chinese_name() -> None:
    chinese = " ".join(row[1] for row in glossary("Words of the field"))
    for name in (*demand.NAMES.values(), *order.NAMES.values()):
        plain = re.sub(r"^已|^待|中$", "", name.split("，")[0])
        assert any(plain[n : n + 2] in chinese for n in range(len(plain) - 1)), name


def test_no_word_of_the_field_stands_twice_in_the_glossary() -> None:
    words = [word.strip() for row in glossary("Words of the field") for word in row[0].split(",")]
    assert sorted(words) == sorted(set(words))


def test_few_names_are_our_own_and_each_of_them_is_there() -> None:
    rows = glossary("Names of our own")
    names = [name for row in rows for name in re.sub(r"\(.*?\)", "", row[0]).split(",")]
    assert len(names) <= OWN_NAMES_MAX, names
    code = "".join(path.read_text("utf-8") for path in ALL_CODE)
    for row in rows:
        for name in re.findall(r"`(\w+)`", row[0]):
            assert re.search(rf"(?m)^\s*(?:class|def|async def) {name}\b", code), name


def test_headers_of_our_own_carry_our_name() -> None:
    """Those that are not RabbitMQ's own arguments, nor any that proxies and clients agree on."""
    foreign = (
        r"dead-letter-|delivery-|expires$|message-ttl$|overflow$|queue-type$|max-|quorum-|single-active|"
    )
    foreign += r"forwarded-for$|request-id$|content-type-options$|match$"
    for path in ALL_CODE:
        for header in re.findall(r'"[xX]-([A-Za-z-]+)"', path.read_text("utf-8")):
            assert header.lower().startswith("sandan-") or re.match(foreign, header.lower()), (path, header)


def _documented(docstring: str) -> list[str]:
    """Return the names under `Arguments:`."""
    names: list[str] = []
    for line in docstring.partition("Arguments:\n")[2].splitlines():
        if not line.startswith("    "):
            break
        if found := re.match(r"    ([a-z_*][\w*, ]*?):(?: |$)", line):
            names += [name.strip().lstrip("*") for name in found[1].split(",")]
    return names


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    given = node.args
    return {one.arg for one in (*given.args, *given.kwonlyargs, given.vararg, given.kwarg) if one}


@pytest.mark.parametrize("path", ALL_CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_said_of_arguments_is_said_of_those_there_are(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ClassDef):
            there = set().union(*map(_named_in, node.body))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            there = _parameters(node)
        else:
            continue
        unknown = [name for name in _documented(ast.get_docstring(node) or "") if name not in there]
        assert not unknown, f"{path}:{node.lineno} {node.name}: {unknown}"


def _named_in(part: ast.stmt) -> set[str]:
    """Return what a part of a class's body lets its maker give."""
    if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
        return {part.target.id}
    return _parameters(part) if isinstance(part, ast.FunctionDef) and part.name == "__init__" else set()

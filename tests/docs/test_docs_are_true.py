"""What the documents say is what the code does."""

import re
from pathlib import Path

import pytest

from services.chassis.metrics import REGISTRY
from services.chassis.processor import ATTEMPT
from services.cli import docs
from services.composition import Settings
from services.contracts.catalogue import KINDS, PUBLISHERS, SUBSCRIPTIONS

ROOT = Path(__file__).parents[2]
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


def test_every_decision_is_listed() -> None:
    directory = ROOT / "docs" / "decisions"
    listed = (directory / "README.md").read_text(encoding="utf-8")
    for path in directory.glob("0*.md"):
        assert path.name in listed


def test_the_glossary_ties_the_steps_to_chinese() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    for word in (
        "点单",
        "下单",
        "接单",
        "评单",
        "附议",
        "转办",
        "退单",
        "催办",
        "办结",
        "回访",
        "首接负责制",
    ):
        assert word in text


def test_headers_of_our_own_carry_our_name() -> None:
    assert ATTEMPT.startswith("x-sandan-")

"""`sandan community`: a file is checked, compared and loaded, and what is wrong is said by line."""

import asyncio
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.cli.main import app
from services.contracts.words import Role
from tests.support.running import Running

JIWANG = Path(__file__).parents[2] / "deploy" / "communities" / "jiwang.yaml"
NEW = "new-place"


async def sandan(*words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["community", *words])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A community of the test's own, like Jiwang."""
    found = tmp_path / "new.yaml"
    found.write_text(JIWANG.read_text("utf-8").replace("id: jiwang\n", f"id: {NEW}\n", 1), "utf-8")
    return found


def access(running: Running) -> tuple[str, ...]:
    token = running.keys.token("operator-1", Role.OPERATOR, "*")
    return ("--url", running.origin, "--token", token)


async def test_show_says_what_a_file_holds_and_asks_no_server(file: Path) -> None:
    shown = await sandan("show", str(file))
    assert shown.exit_code == 0, shown.output
    assert f"({NEW})" in shown.output
    assert re.search(r"小区 \d+，\d+ 户", shown.output)


@pytest.fixture
def wrong(file: Path) -> tuple[Path, int]:
    """A file with a line too many, and which it is."""
    text = file.read_text("utf-8") + "nonsense: 1\n"
    file.write_text(text, "utf-8")
    return file, text.count("\n")


async def test_what_is_wrong_is_said_with_its_line_and_nothing_is_loaded(
    running: Running, wrong: tuple[Path, int]
) -> None:
    file, line = wrong
    for words in (("show", str(file)), ("load", str(file), *access(running))):
        said = await sandan(*words)
        assert said.exit_code == 1
        assert f"{file}:{line}:" in said.output.replace("\n", "")
    (await running.operator(NEW).get("")).refused(404, "not_found")


@pytest.fixture
def no_text(file: Path) -> Path:
    file.write_bytes(b"\xff\xfe\x00")
    return file


async def test_a_file_that_is_no_text_is_said_so(no_text: Path) -> None:
    said = await sandan("show", str(no_text))
    assert said.exit_code == 1
    assert "UTF-8" in said.output


async def test_diff_changes_nothing_load_does_and_loading_again_changes_nothing(
    running: Running, file: Path
) -> None:
    compared = await sandan("diff", str(file), *access(running))
    assert compared.exit_code == 0, compared.output
    (await running.operator(NEW).get("")).refused(404, "not_found")
    first, again = [await sandan("load", str(file), *access(running)) for _ in range(2)]
    assert "version 1" in first.output
    assert "version 1" in again.output
    assert (await running.operator(NEW).get("")).ok()["id"] == NEW


async def test_a_token_that_is_not_believed_is_said(running: Running, file: Path) -> None:
    said = await sandan("load", str(file), "--url", running.origin, "--token", "nonsense")
    assert said.exit_code == 1
    assert "token_invalid" in said.output or "请先登录" in said.output


async def test_where_nobody_answers_it_says_so_and_what_to_look_at(file: Path) -> None:
    said = await sandan("load", str(file), "--url", "http://127.0.0.1:9", "--token", "x")
    assert said.exit_code == 2
    assert "no answer from the system" in said.output.replace("\n", " ")

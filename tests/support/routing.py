"""Calling `sandan route`, and the lines that it reads."""

import json
import re
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from services.cli.main import app

HERE = Path(__file__).parents[1] / "data"
COUNTY = HERE / "county.yaml"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
STRANGE = "咕噜咕噜的小蓝盒子又哼起来了"
BUS = {"id": "bus", "title": "公交车不到站", "text": "公交车经常不到站，出租车拒载"}
WAGES = {"id": "wages", "text": "想问问劳动合同怎么签，加班工资怎么算"}


def call(*options: str, stdin: bytes = b"") -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["route", *options], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, COLOURS.sub("", result.stderr)


def lines_of(*lines: dict[str, Any] | str) -> bytes:
    return "\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines).encode()


def route(
    *lines: dict[str, Any] | str, community: Path = COUNTY, history: Path | None = None
) -> tuple[int, list[dict[str, Any]], str]:
    options = ["--community", str(community)]
    options += ["--history", str(history)] if history else []
    code, out, said = call(*options, stdin=lines_of(*lines))
    return code, [json.loads(line) for line in out.splitlines()], said


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def taught(folder: Path, *lines: dict[str, Any] | str, name: str = "history.jsonl") -> Path:
    return written(folder, name, lines_of(*lines))


def lesson(text: str, provider: str, number: int = 1) -> dict[str, Any]:
    return {"id": f"h{number}", "text": text, "provider": provider}

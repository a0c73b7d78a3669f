"""`sandan language read`: what the reader makes of any text."""

import orjson
from typer.testing import CliRunner

from services.cli.main import app

FIRE = "三号楼车棚着火了，快来人"
LAMP = "院里的路灯坏了一盏，晚上看不见路"


def test_texts_that_are_given_are_read_in_their_turn() -> None:
    said = CliRunner().invoke(app, ["language", "read", FIRE, LAMP])
    first, second = map(orjson.loads, said.output.splitlines())
    assert (first["text"], first["danger"]) == (FIRE, "now")
    assert (second["text"], second["danger"]) == (LAMP, "none")


def test_without_any_they_come_from_standard_input_and_empty_lines_are_passed_over() -> None:
    said = CliRunner().invoke(app, ["language", "read"], input=f"{FIRE}\n\n  {LAMP} \n".encode() + b"\xff\n")
    texts = [orjson.loads(line)["text"] for line in said.output.splitlines()]
    assert texts == [FIRE, LAMP, "�"]

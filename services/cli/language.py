"""What the reader makes of texts: try it on any, before it decides anything."""

import sys
from typing import Annotated, Any

import orjson
import typer

from services.language.reader import Reading, own_reader

app = typer.Typer(help="Try the reader: danger, accusation, private or public, what is asked and wished for.")


@app.callback()
def language() -> None:
    """Try the reader: danger, accusation, private or public, what is asked and wished for."""


@app.command()
def read(
    texts: Annotated[list[str] | None, typer.Argument(help="texts; none: from standard input")] = None,
) -> None:
    """Read texts, given or one a line from standard input; print a JSON object a line."""
    reader = own_reader()
    for line in texts or (raw.decode(errors="replace") for raw in sys.stdin.buffer):
        text = line.strip()
        if text:
            sys.stdout.buffer.write(orjson.dumps(as_line(text, reader.read(text))) + b"\n")
    sys.stdout.buffer.flush()


def as_line(text: str, reading: Reading) -> dict[str, Any]:
    """Return a reading as a line that goes out."""
    return {
        "text": text,
        "danger": reading.danger,
        "kind": reading.kind,
        "said": list(reading.said),
        "accusation": reading.accusation,
        "private": reading.private,
        "want": reading.want,
        "elsewhere": reading.elsewhere,
        "wishes": {wish.name: wish.likely for wish in reading.wishes},
    }

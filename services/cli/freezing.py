"""`sandan docs freeze`: the published shape of a message, put down once and never written again.

`docs/schemas/messages.json` follows the code; what lies in `docs/schemas/frozen/` holds the code to what was
published. Tests let optional fields be added to a frozen kind and nothing else.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from services.cli import gateway
from services.cli.docs import DOCS, write
from services.contracts.catalogue import KINDS
from services.contracts.words import Message

FROZEN = DOCS / "schemas" / "frozen"

app = typer.Typer(help="Documents made from the code.", hidden=True)


@app.callback(invoke_without_command=True)
def docs(context: typer.Context) -> None:
    """Write the generated documents again: messages, settings, states, API, the gateway's part."""
    if context.invoked_subcommand is None:
        write()
        gateway.write()


@app.command()
def freeze(
    kinds: Annotated[
        list[str] | None, typer.Argument(help="as order.settled.v2; none: every new one")
    ] = None,
) -> None:
    """Put down the schema and an example of message kinds that have none yet; never change one."""
    unknown = [kind for kind in kinds or () if kind not in KINDS]
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}: no such kind in services/contracts/catalogue.py")
    frozen = [kind for kind in kinds or () if frozen_path(kind).exists()]
    if frozen:
        raise typer.BadParameter(f"{', '.join(frozen)}: published already; what differs is a new version")
    for kind in kinds or KINDS:
        if not frozen_path(kind).exists():
            freeze_kind(kind)
            typer.echo(f"docs/schemas/frozen/{kind}.json")


def frozen_path(kind: str) -> Path:
    """Return where the frozen shape of a kind lies."""
    return FROZEN / f"{kind}.json"


def freeze_kind(kind: str) -> None:
    """Write the frozen shape of a kind."""
    model = KINDS[kind]
    held = {"kind": kind, "schema": model.model_json_schema(), "example": example_of(model)}
    FROZEN.mkdir(parents=True, exist_ok=True)
    text = json.dumps(held, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    frozen_path(kind).write_text(text, encoding="utf-8")


def example_of(model: type[Message]) -> dict[str, Any]:
    """Return a body with every field filled in, as it goes over the wire."""
    schema = model.model_json_schema()
    read = model.model_validate(_example(schema, schema.get("$defs", {}), "body"))
    written: dict[str, Any] = orjson.loads(read.model_dump_json())
    return written


_BY_FORMAT = {"date-time": "2026-03-02T02:00:00Z", "date": "2026-03-02", "time": "08:00:00"}


def _example(part: dict[str, Any], named: dict[str, Any], name: str) -> Any:
    """Return a made-up value of a schema; a text is the name of its field."""
    if "$ref" in part or "anyOf" in part:
        meant = part["anyOf"][0] if "anyOf" in part else named[part["$ref"].rsplit("/", 1)[1]]
        return _example(meant, named, name)
    if "const" in part or "enum" in part:
        return part.get("const", part.get("enum", [None])[0])
    if part.get("type") == "object":
        return _example_object(part, named, name)
    if part.get("type") == "array":
        return [_example(part["items"], named, name)]
    if part.get("type") == "string":
        return _BY_FORMAT.get(part.get("format", ""), "Asia/Shanghai" if name == "timezone" else name)
    return {"integer": 1, "number": 0.5, "boolean": True}.get(part.get("type", ""))


def _example_object(part: dict[str, Any], named: dict[str, Any], name: str) -> dict[str, Any]:
    if "properties" in part:
        return {key: _example(of, named, key) for key, of in part["properties"].items()}
    return {name: _example(part["additionalProperties"], named, name)}

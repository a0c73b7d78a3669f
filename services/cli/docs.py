"""`sandan docs`: the documents that are made from the code, so that they cannot be out of date."""

import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import typer

from services.composition import SPECS, Settings, built_of, reference, routes_of
from services.contracts.catalogue import KINDS, PUBLISHERS, SUBSCRIPTIONS
from services.intake.domain import lifecycle as demand
from services.matching.domain import lifecycle as order
from services.matching.domain.affairs import county_affairs
from services.matching.domain.lexicon import field_lexicon
from services.matching.domain.taxonomy.affairs import FIELDS

DOCS = Path(__file__).resolve().parents[2] / "docs"
_MADE = "<!-- made by `sandan docs`; change the code instead -->\n\n"


def messages() -> str:
    """Return docs/messages.md: every message, who says it, who hears it, and its fields."""
    parts = [
        "# Messages\n\n" + _MADE,
        "On the wire a message is a JSON array of envelopes that the same services hear; an envelope is\n"
        "`{id, kind, community, stream, version, at, actor: {subject, role}, correlation, cause, body}`.\n"
        "`version` counts the facts of a `stream` from one without gaps. The routing key is\n"
        "`p{partition}.{kind}`, the partition `crc32(community) % SANDAN_PARTITIONS`; a header `community`\n"
        "repeats the envelopes' community. Readers ignore fields they do not know; a field is never taken\n"
        "away or given another meaning: that makes a new kind, `.v2`. What was published lies in\n"
        "[schemas/frozen](schemas/frozen), an example of each kind beside its schema; tests let optional\n"
        "fields come and nothing else change. `sandan docs freeze` puts down kinds that are new.\n",
        "\n| kind | said by | heard by |\n|---|---|---|\n",
    ]
    for kind in KINDS:
        hearers = ", ".join(name for name, patterns in SUBSCRIPTIONS.items() if _hears(patterns, kind))
        parts.append(
            f"| [`{kind}`](#{kind.replace('.', '')}) | {PUBLISHERS[kind.split('.')[0]]} | {hearers} |\n"
        )
    for kind, model in KINDS.items():
        parts.append(f"\n## {kind}\n\n{inspect.getdoc(model)}\n\n")
        parts.append(_fields(model.model_json_schema()))
    return "".join(parts)


def _hears(patterns: Iterable[str], kind: str) -> bool:
    return any(kind.startswith(pattern.rstrip("#*")) for pattern in patterns)


def _fields(schema: dict[str, Any]) -> str:
    rows = ["| field | type | |\n|---|---|---|\n"]
    required = set(schema.get("required", ()))
    for name, part in schema.get("properties", {}).items():
        note = part.get("description", "") or ("" if name in required else "may be missing")
        rows.append(f"| `{name}` | {_type(part)} | {note} |\n")
    return "".join(rows)


def _type(part: dict[str, Any]) -> str:
    if "$ref" in part:
        return str(part["$ref"].rsplit("/", 1)[1])
    if "anyOf" in part:
        return " or ".join(_type(option) for option in part["anyOf"])
    if "enum" in part:
        return ", ".join(f"`{value}`" for value in part["enum"])
    if part.get("type") == "array":
        return f"list of {_type(part.get('items', {}))}"
    return str(part.get("format") or part.get("type") or "any")


def message_schemas() -> str:
    """Return docs/schemas/messages.json: the JSON Schema of every message that was ever published."""
    schemas = {kind: model.model_json_schema() for kind, model in KINDS.items()}
    return json.dumps(schemas, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def settings() -> str:
    """Return docs/settings.md: every setting, its default and what it does."""
    rows = ["# Settings\n\n" + _MADE, "| variable | default | |\n|---|---|---|\n"]
    for name, field in Settings.model_fields.items():
        default = field.get_default()
        shown = getattr(default, "get_secret_value", lambda value=default: value)()
        if isinstance(shown, tuple):
            shown = ",".join(f"{value:g}" for value in shown)
        text = f"`{shown}`" if shown not in (None, "") else ""
        rows.append(f"| `SANDAN_{name.upper()}` | {text} | {field.description or ''} |\n")
    return "".join(rows)


def states() -> str:
    """Return docs/states.md: both state machines, drawn from the tables that the code goes by."""
    parts = ["# The life of a demand and of an order\n\n" + _MADE]
    parts.append("## Demand (诉求)\n\n")
    parts.append(_machine(demand.STEPS, demand.NAMES, demand.DemandStatus.SUBMITTED))
    parts.append("\n## Order (工单)\n\n")
    parts.append(_machine(order.STEPS, order.NAMES, order.OrderStatus.PROPOSED))
    parts.append("\n")
    parts.append(
        "A declined order is proposed again, and at once dispatched to the next if the router is sure of\n"
    )
    parts.append("it. A demand follows its order; one that is over keeps its status.\n\n")
    parts.append(
        "Some steps nobody takes: `be_rated_well`, `settle`, `recall`, `leave_unrated` and an answered\n"
        "`go_on` follow the demand, "
    )
    parts.append("`miss_signing`, `lapse_handover` and a `go_on` without an answer follow the clock\n")
    parts.append("([decision 0014](decisions/0014-deadlines-stand-on-the-orders.md)).\n")
    return "".join(parts)


def _machine(steps: Mapping[Any, Any], names: Mapping[Any, str], start: Any) -> str:
    arrows: dict[tuple[str, str], list[str]] = {}
    for step, (sources, target) in steps.items():
        for source in sources:
            arrows.setdefault((source, target or source), []).append(step.value)
    lines = ["```mermaid\nstateDiagram-v2\n"]
    lines += [f'    state "{name} {status.value}" as {status.value}\n' for status, name in names.items()]
    lines.append(f"    [*] --> {start.value}\n")
    lines += [f"    {a} --> {b}: {', '.join(labels)}\n" for (a, b), labels in arrows.items()]
    lines.append("```\n\n| step | from | to |\n|---|---|---|\n")
    for step, (sources, target) in steps.items():
        froms = ", ".join(f"{names[source]} `{source.value}`" for source in sources)
        to = f"{names[target]} `{target.value}`" if target else "stays"
        lines.append(f"| `{step.value}` | {froms} | {to} |\n")
    return "".join(lines)


def api() -> str:
    """Return docs/api.md: every route, who may use it, and what it may refuse."""
    parts = [
        "# HTTP interface\n\n" + _MADE,
        "All addresses begin with `/api/v1/communities/{community}`. Every field is described in\n"
        "OpenAPI 3.1: `GET /api/openapi.json` of a running system, or `sandan openapi`. Every write takes\n"
        "`Idempotency-Key` (same key and body: same answer; other body: 422) and, for a change,\n"
        "`If-Match` with the ETag last seen (409 when somebody was faster). Refusals are `problem+json`\n"
        "(RFC 9457) with a stable `code`.\n",
    ]
    for name, spec in SPECS.items():
        parts.append(f"\n## {name}\n\n| | who | what | may be refused as |\n|---|---|---|---|\n")
        for route in routes_of(spec):
            who = ", ".join(sorted(role.value for role in route.audience))
            codes = ", ".join(sorted({f"`{refusal.slug}`" for refusal in route.refusals}))
            parts.append(f"| `{route.method} {route.path or '/'}` | {who} | {route.summary} | {codes} |\n")
    return "".join(parts)


def openapi() -> str:
    """Return docs/openapi.json."""
    return json.dumps(reference(), ensure_ascii=False, indent=1) + "\n"


def taxonomy() -> str:
    """Return docs/taxonomy.md: the affairs of the county, and the categories of the catalogue's words."""
    affairs, lexicon = county_affairs(), field_lexicon()
    parts = ["# What demands are about\n\n" + _MADE, "## Affairs of the county (领域 → 事项 → 要点)\n"]
    for field, written in FIELDS.items():
        parts.append(f"\n### {field}\n\n")
        for affair in written.split():
            names = [affairs.themes[theme].name for theme in affairs.by_affair[affair]]
            parts.append(f"- **{affair}**: {'、'.join(name for name in names if name != '=')}\n")
    parts.append("\n## Categories of what units and partners do (类别 → 要点)\n\n")
    for category in lexicon.categories:
        names = [one.name for one in lexicon.concepts if one.category == category and not one.general]
        parts.append(f"- **{category}**: {'、'.join(names)}\n")
    return "".join(parts)


def way_map() -> str:
    """Return docs/map.md: who says what to whom, drawn from the tables of messages and subscriptions."""
    parts = ["# Who says what to whom\n\n" + _MADE, "```mermaid\nflowchart LR\n"]
    heard: dict[tuple[str, str, str], int] = {}
    for kind in KINDS:
        family = kind.split(".")[0]
        for hearer, patterns in SUBSCRIPTIONS.items():
            if _hears(patterns, kind):
                key = (PUBLISHERS[family], family, hearer)
                heard[key] = heard.get(key, 0) + 1
    parts += [
        f"    {sayer} -- {family} ({count}) --> {hearer}\n"
        for (sayer, family, hearer), count in heard.items()
    ]
    parts.append("```\n\nIn brackets: how many kinds of message.\n")
    for name, spec in SPECS.items():
        built = built_of(spec)
        kinds = ", ".join(f"`{kind}`" for kind in built.effects)
        kept = ", ".join(f"`{collection.name}`" for collection in spec.collections)
        parts.append(f"\n## {name}\n\n{len(built.routes)} routes ([api.md](api.md)). Keeps {kept}.\n\n")
        parts.append(f"Acts on {kinds}.\n")
    return "".join(parts)


MADE: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "map.md": way_map,
        "messages.md": messages,
        "schemas/messages.json": message_schemas,
        "settings.md": settings,
        "states.md": states,
        "taxonomy.md": taxonomy,
        "api.md": api,
        "openapi.json": openapi,
    }
)
"""Path below docs/ → what it holds."""


def write() -> None:
    """Write the generated documents again: messages, settings, states, API."""
    for name, make in MADE.items():
        path = DOCS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(make(), encoding="utf-8")
        typer.echo(f"docs/{name}")

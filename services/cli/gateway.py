"""What the gateway has to know of the services, as nginx reads it: which path is whose, and our limits.

`sandan docs` writes it to deploy/gateway/made.conf, which is included at the level of `http`.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import typer

from services.chassis.http.limits import TooManyRequests
from services.chassis.http.once import problem
from services.chassis.http.rejections import BodyTooLarge, Unavailable
from services.chassis.http.web import PREFIX
from services.composition import SPECS, Settings, reference, routes_of
from services.contracts.refusal import Refused

FILE = Path(__file__).resolve().parents[2] / "deploy" / "gateway" / "made.conf"
DEFAULT_SERVICE = "intake"
MARGIN_SECONDS = 5.0
"""The gateway waits longer than a service takes to say itself that it took too long."""

_HEAD = "# Made by `sandan docs` from the OpenAPI document and the settings; change the code instead.\n\n"


class Divided(Exception):
    """The same first word of a path belongs to two services, so the gateway could not tell them apart."""


def write() -> None:
    """Write the gateway's part again."""
    FILE.write_text(gateway(), encoding="utf-8")
    typer.echo(f"deploy/gateway/{FILE.name}")


def gateway() -> str:
    """Return deploy/gateway/made.conf."""
    return "\n".join((_HEAD + _limits(Settings.model_construct()), _map(owners(reference())), _refusals()))


def _limits(settings: Settings) -> str:
    times = {
        "client_header_timeout": settings.http_header_seconds,
        "client_body_timeout": settings.http_body_seconds,
        "send_timeout": settings.http_request_seconds,
        "keepalive_timeout": settings.http_idle_seconds,
        "proxy_send_timeout": settings.http_request_seconds,
        "proxy_read_timeout": settings.http_request_seconds + MARGIN_SECONDS,
    }
    lines = [f"client_max_body_size {body_bytes_max(settings)};"]
    lines += [f"{name} {round(seconds * 1000)}ms;" for name, seconds in times.items()]
    return "\n".join(lines) + "\n"


def body_bytes_max(settings: Settings) -> int:
    """Return the size of the largest body that any route takes; the others refuse more by themselves."""
    routes = (route for spec in SPECS.values() for route in routes_of(spec))
    return max(route.body_bytes_max or settings.http_body_bytes_max for route in routes)


def owners(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the first word of a path below the community's → the service that has it.

    Arguments:
        document: OpenAPI, with the service as each operation's tag.

    Raises:
        Divided: a word belongs to two services.
    """
    found: dict[str, str] = {}
    for path, operations in document["paths"].items():
        word = path.removeprefix(PREFIX).strip("/").partition("/")[0]
        for operation in operations.values():
            (service,) = operation["tags"]
            if found.setdefault(word, service) != service:
                raise Divided(f"{path} is of {service}, others below {word!r} of {found[word]}")
    return found


def _map(found: Mapping[str, str]) -> str:
    if found[""] != DEFAULT_SERVICE:
        raise Divided(f"the community itself is of {found['']}, what nobody has goes to {DEFAULT_SERVICE}")
    lines = []
    for service in dict.fromkeys(found.values()):
        if service != DEFAULT_SERVICE:
            words = "|".join(_words(found, service))
            lines.append(f"    ~^/api/v1/communities/[^/]+/({words})(/|$) {service};\n")
    return f"map $uri $service {{\n{''.join(lines)}    default {DEFAULT_SERVICE};\n}}\n"


def _words(found: Mapping[str, str], service: str) -> Iterable[str]:
    return sorted(word for word, owner in found.items() if owner == service)


def _refusals() -> str:
    """The gateway's own refusals in the services' words; they name the request as the services' do."""
    most = body_bytes_max(Settings.model_construct())
    said = {
        "unavailable": Unavailable(),
        "too_large": BodyTooLarge(most_bytes=most),
        "too_many": TooManyRequests(),
    }
    return "".join(f"map '' ${name} {{ default '{_problem(refusal)}'; }}\n" for name, refusal in said.items())


def _problem(refusal: Refused) -> str:
    body = json.loads(problem(refusal).body) | {"request_id": "$request_id"}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))

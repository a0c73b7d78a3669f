"""The API reference: OpenAPI 3.1 made from the routes and their models, so it cannot be out of date."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from services.chassis.http.once import IdempotencyKeyReused
from services.chassis.http.web import PREFIX, Route

_REF = "#/components/schemas/{model}"
_PARAMETER = re.compile(r"\{(\w+)\}")
_ID = {"type": "string", "minLength": 1, "maxLength": 64}
_COMMUNITY = {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,47}$"}


def document(routes_by_service: Iterable[tuple[str, Sequence[Route]]]) -> dict[str, Any]:
    """Return the OpenAPI document of all routes given.

    Arguments:
        routes_by_service: name of the service, which becomes the tag, and its routes.
    """
    pairs = [(service, route) for service, routes in routes_by_service for route in routes]
    paths: dict[str, dict[str, Any]] = {}
    for service, route in pairs:
        paths.setdefault(PREFIX + route.path, {})[route.method.lower()] = _operation(service, route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sandan 三单",
            "version": "1",
            "description": "点单 · 下单 · 接单 · 评单: what residents ask for, and who gets it done.",
        },
        "paths": paths,
        "components": {
            "schemas": _schemas([route for _, route in pairs]),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
        "security": [{"token": []}],
    }


def _schemas(routes: Sequence[Route]) -> dict[str, Any]:
    bodies = {route.body for route in routes if route.body is not None}
    answers = {route.answer for route in routes if route.answer is not None}
    wanted: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = []
    wanted += [(model, "validation") for model in sorted(bodies, key=lambda m: m.__name__)]
    wanted += [(model, "serialization") for model in sorted(answers, key=lambda m: m.__name__)]
    _, schema = models_json_schema(wanted, ref_template=_REF)
    return {"Problem": _PROBLEM, **schema.get("$defs", {})}


def _operation(service: str, route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "tags": [service],
        "operationId": f"{route.method.lower()}{_camel(route.path)}",
        "summary": route.summary,
        "description": "可用角色: " + ", ".join(sorted(role.value for role in route.audience)),
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_header_parameters(route)],
        "responses": _responses(route),
    }
    if route.body is not None:
        schema: dict[str, Any] = {"$ref": _REF.format(model=route.body.__name__)}
        operation["requestBody"] = {"required": True, "content": {route.body_media: {"schema": schema}}}
    elif route.body_media != "application/json":
        operation["requestBody"] = {
            "required": True,
            "content": {route.body_media: {"schema": {"type": "string"}}},
        }
    return operation


def _camel(path: str) -> str:
    words = re.findall(r"\w+", path) or ["community"]
    return "".join(part.capitalize() for word in words for part in word.split("_"))


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    names = _PARAMETER.findall(PREFIX + route.path)
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": _COMMUNITY if name == "community" else _ID,
        }
        for name in names
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = route.query.model_json_schema(ref_template=_REF)
    return [
        {"name": name, "in": "query", "required": False, "schema": _inline(part, schema)}
        for name, part in schema.get("properties", {}).items()
    ]


def _inline(part: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Query models are no components, so what they refer to is written out; null means left out."""
    if "$ref" in part:
        inlined: dict[str, Any] = schema["$defs"][part["$ref"].rsplit("/", 1)[1]]
        return inlined
    if "anyOf" in part:
        some = [_inline(option, schema) for option in part["anyOf"] if option.get("type") != "null"]
        return some[0] if len(some) == 1 else {"anyOf": some}
    return part


def _header_parameters(route: Route) -> list[dict[str, Any]]:
    if not route.writes:
        return []
    key = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"}
    version = {"type": "string", "pattern": '^((W/)?"[0-9]{1,11}"|\\*)$'}
    parameters = [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": key,
            "description": "同一个键和同样的内容得到同样的答复；内容不同则 422",
        },
        {
            "name": "If-Match",
            "in": "header",
            "required": False,
            "schema": version,
            "description": "读取时的 ETag；已被别人更改则 409",
        },
    ]
    return parameters if route.conditional else parameters[:1]


def _responses(route: Route) -> dict[str, Any]:
    model = route.answer
    schema = {"type": "string"} if model is None else {"$ref": _REF.format(model=model.__name__)}
    media = route.answer_media.partition(";")[0]
    responses: dict[str, Any] = {
        str(route.status): {"description": "成功", "content": {media: {"schema": schema}}}
    }
    for status, slugs in _refusals(route).items():
        responses[str(status)] = {
            "description": " / ".join(sorted(slugs)),
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return responses


def _refusals(route: Route) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {
        401: {"token_missing", "token_invalid", "token_expired"},
        403: {"forbidden"},
        404: {"not_found"},
        422: {"invalid_query"},
        429: {"too_many_requests"},
        500: {"internal_error"},
        503: {"temporarily_unavailable"},
    }
    if route.method != "GET":
        found[400] = {"malformed_json", "unreadable_body"}
        found[408] = {"request_timeout"}
        found[413] = {"body_too_large"}
        found[415] = {"unsupported_media_type", "content_encoding_refused"}
        found[422] |= {"invalid_body"}
    if route.writes:
        found[400] |= {"invalid_header"}
        found[409] = {"changed_meanwhile"}
        found[422] |= {IdempotencyKeyReused.slug}
        found[429] |= {"too_many_waiting"}
    for refusal in route.refusals:
        found.setdefault(refusal.status, set()).add(refusal.slug)
    return found


_PROBLEM = {
    "title": "Problem",
    "type": "object",
    "description": "RFC 9457. `code` is stable; `detail` is a sentence for people.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "request_id": {"type": "string", "description": "X-Request-Id，查日志用"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}

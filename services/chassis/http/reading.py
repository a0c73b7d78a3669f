"""What a request says, read within bounds: its body in bytes, parts and seconds, its query, its headers."""

import asyncio
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from services.chassis.http.once import KEY_CHARS_MAX, KEY_PATTERN
from services.chassis.http.plain_words import in_plain_words
from services.chassis.http.rejections import (
    BodyTooLarge,
    BodyTooSlow,
    EncodingRefused,
    InvalidBody,
    InvalidHeader,
    InvalidQuery,
    MalformedJson,
    UnreadableBody,
    WrongMedia,
)

if TYPE_CHECKING:
    from services.chassis.http.web import Route


PARTS_MAX = 10_000
"""Fields and items of a JSON body; the largest that anybody needs has a few hundred.

Each may be a mistake to be told of, and a megabyte of them takes the loop seconds.
"""
_KEY = re.compile(KEY_PATTERN)
_ETAG = re.compile(r'(?:W/)?"([0-9]{1,11})"|([0-9]{1,11})')


async def body_bytes(route: "Route", request: web.Request, bytes_max: int, seconds: float) -> bytes:
    """Return the body as it was sent.

    Arguments:
        bytes_max: a larger one is refused as soon as that is known.
        seconds: for the whole of it.

    Raises:
        BodyTooLarge, EncodingRefused, WrongMedia: before anything of it is read, where the headers tell.
        BodyTooSlow: it did not come in time.
        UnreadableBody: the connection broke, or its framing is wrong.
    """
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", ""}:
        raise EncodingRefused
    if request.content_length is not None and request.content_length > bytes_max:
        raise BodyTooLarge(most_bytes=bytes_max)
    if route.body is not None and request.content_type != route.body_media:
        raise WrongMedia(f"这里只接受 {route.body_media}", accepted=[route.body_media])
    try:
        if request.content.is_eof():
            return await _at_most(bytes_max, request)
        async with asyncio.timeout(seconds):
            return await _at_most(bytes_max, request)
    except TimeoutError as error:
        raise BodyTooSlow from error
    except (web.RequestPayloadError, ConnectionError) as error:
        raise UnreadableBody from error


async def _at_most(most: int, request: web.Request) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.content.iter_any():
        size += len(part)
        if size > most:
            raise BodyTooLarge(most_bytes=most)
        parts.append(part)
    return b"".join(parts)


def parsed_body(model: type[BaseModel], raw: bytes) -> BaseModel:
    """Return a JSON body as its model.

    Raises:
        BodyTooLarge: it has too many parts; they are counted before any of them is looked at.
        MalformedJson: it is not JSON.
        InvalidBody: it is not what the model wants.
    """
    if raw.count(b",") > PARTS_MAX:
        raise BodyTooLarge(f"请求内容的项目太多，最多 {PARTS_MAX} 项", most_parts=PARTS_MAX)
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        errors = in_plain_words(error)
        if errors[0]["rule"] == "json_invalid":
            raise MalformedJson from error
        raise InvalidBody(errors=errors) from error


class NoQuery(BaseModel):
    """A route that takes no query string."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def parsed_query(model: type[BaseModel] | None, query: Mapping[str, str]) -> BaseModel:
    """Return the query string as its model.

    Raises:
        InvalidQuery: it is not what the model wants.
    """
    try:
        return (model or NoQuery).model_validate(dict(query))
    except ValidationError as error:
        raise InvalidQuery(errors=in_plain_words(error)) from error


def idempotency_key(headers: Mapping[str, str]) -> str | None:
    """Return the key under which a write is done once, if it has one.

    Raises:
        InvalidHeader: it is not of the published form.
    """
    key = headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidHeader(f"Idempotency-Key 须为 1 到 {KEY_CHARS_MAX} 个可见的 ASCII 字符，不含空格")
    return key


def if_match(headers: Mapping[str, str]) -> int | None:
    """Return the revision that must still hold; None where any will do.

    A weak tag (`W/"3"`) is taken as well: proxies that pack answers weaken ours on the way.

    Raises:
        InvalidHeader: it is no ETag of ours.
    """
    given = headers.get("If-Match")
    if given is None or given.strip() == "*":
        return None
    found = _ETAG.fullmatch(given.strip())
    if found is None:
        raise InvalidHeader("If-Match 须为读取时得到的 ETag")
    return int(found[1] or found[2])

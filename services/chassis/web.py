"""HTTP: routes as data, each with its audience; every answer to a mistake is problem+json (RFC 9457)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Generic, Protocol, TypeVar

import orjson
import structlog
from aiohttp import web
from multidict import CIMultiDict
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.chassis import metrics
from services.chassis.clock import now
from services.chassis.desk import Origin, Work
from services.chassis.failures import Away, Stale
from services.chassis.front import FrontOffice
from services.chassis.identity import Identity, TokenMissing, Tokens
from services.chassis.once import OnceKey, Reply, answered, once, problem
from services.chassis.plain_words import in_plain_words
from services.contracts.refusal import Forbidden, Invalid, NotFound, Refused
from services.contracts.words import Role, ThingId

log = structlog.get_logger()

T = TypeVar("T")
V = TypeVar("V", bound="Listed")
B = TypeVar("B", bound=BaseModel | None)
PREFIX = "/api/v1/communities/{community}"
ID_CHARS_MAX = 64
KEY_CHARS_MAX = 200


class Command(BaseModel):
    """The body of a write: a field nobody knows is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class MalformedJson(Refused):
    """The body is not JSON."""

    slug = "malformed_json"
    status = 400
    title = "请求内容不是有效的 JSON"


class UnreadableBody(Refused):
    """The body does not arrive whole, or is not packed as its encoding says."""

    slug = "unreadable_body"
    status = 400
    title = "请求内容没有完整送达，或与声明的编码不符"


class InvalidBody(Invalid):
    """Fields are missing, of the wrong type, out of bounds or unknown; `errors` lists all of them."""

    slug = "invalid_body"
    title = "填写的内容不符合要求"


class InvalidQuery(Invalid):
    """The query string is wrong; `errors` lists all of it."""

    slug = "invalid_query"
    title = "查询条件不符合要求"


class InvalidHeader(Invalid):
    """A header that steers the request is wrong."""

    slug = "invalid_header"
    status = 400
    title = "请求头不符合要求"


class BodyTooLarge(Refused):
    """The body is larger than anybody needs."""

    slug = "body_too_large"
    status = 413
    title = "请求内容太大"


class WrongMedia(Refused):
    """The body is not of the media type that the route takes."""

    slug = "unsupported_media_type"
    status = 415
    title = "不支持这种内容类型"


class MethodNotAllowed(Refused):
    """The address exists, this method does not."""

    slug = "method_not_allowed"
    status = 405
    title = "不支持这种请求方法"


class Unavailable(Refused):
    """A server behind us does not answer; what was asked may have been done: repeat it with the same key."""

    slug = "temporarily_unavailable"
    status = 503
    title = "系统暂时繁忙，请稍后用同一个幂等键重试"


class InternalError(Refused):
    """Our fault; it is in the log."""

    slug = "internal_error"
    status = 500
    title = "系统出错了，我们已经记下"


class PageQuery(BaseModel):
    """Which part of a list, newest first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: ThingId | None = Field(default=None, description="`next` of the page before")
    limit: int = Field(default=20, ge=1, le=100)


class Listed(Protocol):
    """What a list shows of a thing: at least its id."""

    @property
    def id(self) -> str: ...


def listed(found: Sequence[T], limit: int, view: Callable[[T], V]) -> tuple[list[V], str | None]:
    """Return a page of views, and the id to go on after if there is more.

    Arguments:
        found: newest first, looked for with one more than the limit.
    """
    items = [view(kept) for kept in found[:limit]]
    return items, items[-1].id if len(found) > limit else None


@dataclass(frozen=True, slots=True)
class Ask(Generic[B]):
    """One request, understood: who asks for which community, with which words."""

    identity: Identity
    community: str
    path: dict[str, str]
    query: Any
    body: B
    if_match: int | None
    raw: bytes = b""

    def origin(self, correlation: str | None = None) -> Origin:
        """Return where the works of this request come from."""
        return Origin(self.community, self.identity.actor, correlation or self.community)


Deed = Callable[[Ask[Any]], Work[Reply]]
Look = Callable[[Ask[Any]], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Route:
    """An address.

    Arguments:
        method: GET, POST, PUT or DELETE.
        path: below the community's, beginning with a slash, or "" for the community itself.
        audience: roles that may ask; there is no default, and none is a mistake.
        handler: for GET a coroutine function, otherwise a function that returns the work to be done.
        summary: one sentence for the reference.
        answer: model of the answer's body.
        body: model of the request's body; None where there is none.
        query: model of the query string.
        status: of success.
        body_media: of the request's body; other than JSON it comes raw.
        refusals: slugs of the rules that may say no, beside those that every route has.
        only_looks: a POST that asks with a body and changes nothing; its handler is a coroutine function.
    """

    method: str
    path: str
    audience: frozenset[Role]
    handler: Deed | Look
    summary: str
    answer: type[BaseModel]
    body: type[Command] | None = None
    query: type[BaseModel] | None = None
    status: int = 200
    body_media: str = "application/json"
    body_bytes_max: int | None = None
    refusals: tuple[type[Refused], ...] = ()
    only_looks: bool = False

    def __post_init__(self) -> None:
        if not self.audience:
            raise ValueError(f"{self.method} {self.path} declares no audience")

    @property
    def name(self) -> str:
        """Return method and path, as in the metrics."""
        return f"{self.method} {PREFIX}{self.path}"

    @property
    def writes(self) -> bool:
        """Return whether the route changes something."""
        return self.method != "GET" and not self.only_looks


def show(body: BaseModel, *, status: int = 200, revision: int | None = None) -> Reply:
    """Return a model as a reply, with its revision as the ETag."""
    etag = f'"{revision}"' if revision is not None else None
    return Reply(status, body.__pydantic_serializer__.to_json(body), etag=etag)


@dataclass
class Door:
    """Serves the routes of one service.

    Arguments:
        service: label of the metrics.
        tokens: verifies who asks.
        front: does the writes.
        idempotency_hours: how long an answer is remembered.
    """

    service: str
    tokens: Tokens
    front: FrontOffice
    idempotency_hours: int
    body_bytes_max: int
    is_open: Callable[[], bool] = field(default=lambda: True)

    def add(self, app: web.Application, routes: Sequence[Route]) -> None:
        """Add the routes to an application."""
        for route in routes:
            app.router.add_route(route.method, PREFIX + route.path, self._serve(route))

    def _serve(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            began = monotonic()
            reply = await self._answer(route, request)
            metrics.REQUESTS.labels(self.service, route.name, reply.status).inc()
            metrics.REQUEST_SECONDS.labels(self.service).observe(monotonic() - began)
            response = respond(reply)
            if request.content.exception() is not None:
                response.force_close()  # nobody knows where in the connection the next request begins
            return response

        return serve

    async def _answer(self, route: Route, request: web.Request) -> Reply:
        try:
            if not self.is_open():
                raise Unavailable
            ask = await self._understand(route, request)
            if not route.writes:
                look: Any = route.handler
                reply: Reply = await look(ask)
                return reply
            deed: Any = route.handler
            return await self.front.do(self._once(request, ask, deed(ask)))
        except Refused as refusal:
            return problem(refusal)
        except (Away, Stale) as away:
            log.warning("unavailable", service=self.service, because=str(away))
            return problem(Unavailable())
        except Exception as error:
            log.error("internal_error", service=self.service, route=route.name, exc_info=error)
            return problem(InternalError())

    def _once(self, request: web.Request, ask: Ask[Any], work: Work[Reply]) -> Work[Reply]:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return Work(work.origin, work.reads, lambda desk: answered(desk, work), work.then_reads)
        if not 0 < len(key) <= KEY_CHARS_MAX or not key.isprintable():
            raise InvalidHeader(f"Idempotency-Key 须为 1 到 {KEY_CHARS_MAX} 个可见字符")
        parts = (request.method, request.path_qs, request.headers.get("If-Match", ""))
        whole = "\0".join(parts).encode() + b"\0" + ask.raw
        return once(work, OnceKey(ask.identity.subject, key, whole, self.idempotency_hours))

    async def _understand(self, route: Route, request: web.Request) -> Ask[Any]:
        identity = self._identify(request)
        path = dict(request.match_info)
        community = path.pop("community")
        # A foreign community answers like one that does not exist.
        if not identity.belongs_to(community):
            raise NotFound
        if identity.role not in route.audience:
            raise Forbidden
        if any(len(part) > ID_CHARS_MAX or not part.isprintable() for part in path.values()):
            raise NotFound
        query = _parse_query(route, request)
        raw = await self._read(route, request) if route.method != "GET" else b""
        body = _parse_body(route, raw) if route.method != "GET" else None
        return Ask(identity, community, path, query, body, _if_match(request), raw)

    def _identify(self, request: web.Request) -> Identity:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if not token:
            raise TokenMissing
        if scheme.lower() != "bearer":
            raise TokenMissing
        return self.tokens.verify(token.strip(), now())

    async def _read(self, route: Route, request: web.Request) -> bytes:
        most = route.body_bytes_max or self.body_bytes_max
        if request.content_length is not None and request.content_length > most:
            raise BodyTooLarge(most_bytes=most)
        if route.body is not None and request.content_type != route.body_media:
            raise WrongMedia(f"这里只接受 {route.body_media}", accepted=[route.body_media])
        try:
            return await _at_most(most, request)
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


def _parse_body(route: Route, raw: bytes) -> BaseModel | None:
    if route.body is None:
        return None
    try:
        return route.body.model_validate_json(raw)
    except ValidationError as error:
        if error.errors(include_url=False, include_input=False)[0]["type"] == "json_invalid":
            raise MalformedJson from error
        raise InvalidBody(errors=in_plain_words(error)) from error


def _parse_query(route: Route, request: web.Request) -> BaseModel | None:
    model = route.query or NoQuery
    try:
        return model.model_validate(dict(request.query))
    except ValidationError as error:
        raise InvalidQuery(errors=in_plain_words(error)) from error


class NoQuery(BaseModel):
    """A route that takes no query string."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _if_match(request: web.Request) -> int | None:
    given = request.headers.get("If-Match")
    if given is None or given.strip() == "*":
        return None
    number = given.strip().strip('"')
    if not (number.isascii() and number.isdigit() and len(number) < 12):
        raise InvalidHeader("If-Match 须为读取时得到的 ETag")
    return int(number)


def respond(reply: Reply) -> web.Response:
    """Return a reply as aiohttp wants it."""
    headers = CIMultiDict({"Content-Type": reply.media, "Cache-Control": "no-store"})
    if reply.etag:
        headers["ETag"] = reply.etag
    if reply.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="sandan"'
    if reply.status in {429, 503}:
        headers["Retry-After"] = "1"
    return web.Response(status=reply.status, body=reply.body, headers=headers)


@web.middleware
async def problems(request: web.Request, handler: Any) -> web.StreamResponse:
    """Answer what aiohttp itself refuses in our form, too."""
    try:
        response: web.StreamResponse = await handler(request)
    except web.HTTPMethodNotAllowed as error:
        answer = respond(problem(MethodNotAllowed(allowed=sorted(error.allowed_methods))))
        answer.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
        return answer
    except web.HTTPNotFound:
        return respond(problem(NotFound()))
    except web.HTTPRequestEntityTooLarge:
        return respond(problem(BodyTooLarge()))
    return response


def json_response(body: object) -> web.Response:
    """Return plain data as JSON."""
    return web.Response(body=orjson.dumps(body), content_type="application/json")

"""HTTP: routes as data, each with its audience; every answer to a mistake is problem+json (RFC 9457)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from time import monotonic
from typing import Any, Generic, TypeVar

import structlog
from aiohttp import web
from pydantic import BaseModel

from services.chassis import metrics
from services.chassis.clock import now
from services.chassis.failures import Away, Stale
from services.chassis.http import reading
from services.chassis.http.addresses import Addresses, networks
from services.chassis.http.answers import respond
from services.chassis.http.bodies import Command
from services.chassis.http.identity import Identity, TokenExpired, TokenMissing, TokenRefused, Tokens
from services.chassis.http.limits import Limits, rates_of
from services.chassis.http.once import OnceKey, Reply, answered, once, problem
from services.chassis.http.readers import Readers
from services.chassis.http.rejections import InternalError, InvalidHeader, Unavailable
from services.chassis.masking import hidden
from services.chassis.settings import Settings
from services.chassis.work import Origin, Work
from services.chassis.write_queue import WriteQueue
from services.contracts.refusal import Forbidden, NotFound, Refused
from services.contracts.words import Role

log = structlog.get_logger()
B = TypeVar("B")
PREFIX = "/api/v1/communities/{community}"
ID_CHARS_MAX = 64


@dataclass(frozen=True, slots=True)
class ApiRequest(Generic[B]):
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


WriteHandler = Callable[[ApiRequest[Any]], Work[Reply]]
ReadHandler = Callable[[ApiRequest[Any]], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Route:
    """An address.

    Arguments:
        method: GET, POST, PUT or DELETE.
        path: below the community's, beginning with a slash, or "" for the community itself.
        audience: roles that may ask; there is no default, and none is a mistake.
        handler: for GET a coroutine function, otherwise a function that returns the work to be done.
        summary: one sentence for the reference.
        answer: model of the answer's body; None where it is not JSON.
        body: model of the request's body; None where there is none.
        query: model of the query string.
        status: of success.
        body_media: of the request's body; other than JSON it comes raw.
        answer_media: of the answer's body.
        refusals: slugs of the rules that may say no, beside those that every route has.
        only_looks: a POST that asks with a body and changes nothing; its handler is a coroutine function.
        conditional: whether there is something to compare with If-Match; where not, it is refused.
        remembered: whether its answer may be kept for a repetition; where not, an Idempotency-Key is refused.
        reads: makes the body of its bytes and the community's id, in a thread, where that can be dear.
    """

    method: str
    path: str
    audience: frozenset[Role]
    handler: WriteHandler | ReadHandler
    summary: str
    answer: type[BaseModel] | None
    body: type[Command] | None = None
    query: type[BaseModel] | None = None
    status: int = 200
    body_media: str = "application/json"
    answer_media: str = "application/json"
    body_bytes_max: int | None = None
    refusals: tuple[type[Refused], ...] = ()
    only_looks: bool = False
    conditional: bool = True
    remembered: bool = True
    reads: Callable[[bytes, str], Any] | None = None

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


def post(
    path: str,
    audience: frozenset[Role],
    handler: WriteHandler,
    summary: str,
    *,
    takes: type[Command],
    answers: type[BaseModel],
    refuses: tuple[type[Refused], ...] = (),
) -> Route:
    """Return the route of a step: `takes` is its body, `answers` what it shows, `refuses` what may say no."""
    return Route("POST", path, audience, handler, summary, answers, body=takes, refusals=refuses)


def show(
    body: BaseModel,
    *,
    status: int = 200,
    revision: int | None = None,
    public: frozenset[str] = frozenset(),
) -> Reply:
    """Return a model as a reply, with its revision as the ETag; numbers of people are masked in it.

    Arguments:
        public: telephone numbers that are meant to be called, digits alone; they stay.
    """
    etag = f'"{revision}"' if revision is not None else None
    body = hidden(body, public)
    return Reply(status, body.__pydantic_serializer__.to_json(body), etag=etag)


@dataclass(frozen=True, slots=True)
class ApiLimits:
    """What the API lets through, and how long it waits.

    Arguments:
        limits: say no to who asks too often.
        addresses: find out where a request comes from.
        body_bytes_max: of a request's body, where its route says nothing else.
        body_seconds: until a body has arrived.
        request_seconds: until a request is answered.
        idempotency_hours: how long an answer is remembered.
    """

    limits: Limits
    addresses: Addresses
    body_bytes_max: int
    body_seconds: float
    request_seconds: float
    idempotency_hours: int


def api_limits_of(
    settings: Settings, replicas: Callable[[], int], clock: Callable[[], float] = monotonic
) -> ApiLimits:
    """Return the limits that a deployment has set.

    Arguments:
        replicas: how many processes share the limits.
        clock: of the limits; seconds, monotonic.
    """
    return ApiLimits(
        limits=Limits(rates_of(settings), replicas, clock),
        addresses=Addresses(networks(settings.http_trusted_proxies)),
        body_bytes_max=settings.http_body_bytes_max,
        body_seconds=settings.http_body_seconds,
        request_seconds=settings.http_request_seconds,
        idempotency_hours=settings.idempotency_hours,
    )


@dataclass
class HttpApi:
    """Serves the routes of one service.

    Arguments:
        service: label of the metrics.
        tokens: verifies who asks.
        writes: does the writes.
        api_limits: what is let through.
        readers: read what is dear to read, apart from the loop.
        is_open: whether it takes requests just now.
    """

    service: str
    tokens: Tokens
    writes: WriteQueue
    api_limits: ApiLimits
    readers: Readers
    is_open: Callable[[], bool] = field(default=lambda: True)

    def add(self, app: web.Application, routes: Sequence[Route]) -> None:
        """Add the routes to an application."""
        for route in routes:
            app.router.add_route(route.method, PREFIX + route.path, self._serve(route))

    def _serve(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        answered_with = cache(partial(metrics.REQUESTS.labels, self.service, route.name))
        seconds = metrics.REQUEST_SECONDS.labels(self.service)

        async def serve(request: web.Request) -> web.StreamResponse:
            began, wait = monotonic(), 1
            try:
                async with asyncio.timeout(self.api_limits.request_seconds):
                    reply = await self._answer(route, request)
            except TimeoutError:
                log.warning("request_too_long", service=self.service, route=route.name)
                reply = problem(Unavailable("处理超时，是否办成还不知道；请用同一个幂等键重试"))
            except Refused as refusal:
                reply, wait = problem(refusal), _seconds_to_wait(refusal)
            answered_with(reply.status).inc()
            seconds.observe(monotonic() - began)
            return respond(reply, wait)

        return serve

    async def _answer(self, route: Route, request: web.Request) -> Reply:
        """Return the answer.

        Raises:
            Refused: the answer is no.
        """
        try:
            if not self.is_open():
                raise Unavailable
            ask = await self._understand(route, request)
            if not route.writes:
                look: Any = route.handler
                reply: Reply = await look(ask)
                return reply
            handler: Any = route.handler
            return await self.writes.do(self._once(route, request, ask, handler(ask)))
        except (Away, Stale) as away:
            log.warning("unavailable", service=self.service, because=str(away))
            raise Unavailable from away
        except (Refused, TimeoutError):
            raise
        except Exception as error:
            log.error("internal_error", service=self.service, route=route.name, exc_info=error)
            raise InternalError from error

    def _once(
        self, route: Route, request: web.Request, ask: ApiRequest[Any], work: Work[Reply]
    ) -> Work[Reply]:
        key = reading.idempotency_key(request.headers)
        if key is not None and not route.remembered:
            raise InvalidHeader("这里的回答不保存，请去掉 Idempotency-Key")
        if key is None:
            return Work(work.origin, work.reads, lambda uow: answered(uow, work), work.more_reads, work.ahead)
        parts = (request.method, request.path_qs, request.headers.get("If-Match", ""))
        whole = "\0".join(parts).encode() + b"\0" + ask.raw
        hours = self.api_limits.idempotency_hours
        return once(work, OnceKey(ask.identity.subject, ask.identity.role, key, whole, hours))

    async def _understand(self, route: Route, request: web.Request) -> ApiRequest[Any]:
        """Return what is asked. What is cheap to find out comes first, the body last."""
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
        query = reading.parsed_query(route.query, request.query)
        if route.method == "GET":
            return ApiRequest(identity, community, path, query, None, None)
        if route.writes:
            self.api_limits.limits.check_write(community, identity.role, identity.subject)
        seen = _seen(route, request)
        most = route.body_bytes_max or self.api_limits.body_bytes_max
        raw = await reading.body_bytes(route, request, most, self.api_limits.body_seconds)
        body = await self._body(route, raw, community)
        return ApiRequest(identity, community, path, query, body, seen, raw)

    def _identify(self, request: web.Request) -> Identity:
        """Return who asks; their address pays for the request, and more for a token that is not believed."""
        forwarded = request.headers.getall("X-Forwarded-For", [])
        address = self.api_limits.addresses.of(request.remote or "", forwarded)
        self.api_limits.limits.check_address(address)
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if not token or scheme.lower() != "bearer":
            raise TokenMissing
        try:
            return self.tokens.verify(token.strip(), now())
        except TokenExpired:
            raise
        except TokenRefused:
            self.api_limits.limits.count_bad_token(address)
            raise

    async def _body(self, route: Route, raw: bytes, community: str) -> Any:
        if route.reads is not None:
            return await self.readers.read(route.reads, raw, community)
        return reading.parsed_body(route.body, raw) if route.body is not None else None


def _seen(route: Route, request: web.Request) -> int | None:
    """Return the revision that the one who asks has seen; where there is none to compare, it is refused."""
    if not route.writes:
        return None
    if not route.conditional and "If-Match" in request.headers:
        raise InvalidHeader("这里没有可以比对的版本，请去掉 If-Match")
    return reading.if_match(request.headers)


def _seconds_to_wait(refusal: Refused) -> int:
    seconds = refusal.facts.get("retry_after_seconds", 1)
    return seconds if isinstance(seconds, int) else 1

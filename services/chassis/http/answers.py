"""How answers go out: replies with their headers, what aiohttp refuses in our form, a request id on each."""

import re
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from time import monotonic

import orjson
import structlog
from aiohttp import web
from multidict import CIMultiDict

from services.chassis.clock import new_id
from services.chassis.http.listening import guard_of
from services.chassis.http.once import MEDIA_PROBLEM, Reply, problem
from services.chassis.http.rejections import BodyTooLarge, MethodNotAllowed
from services.contracts.refusal import NotFound

log = structlog.get_logger()
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,64}")
_FAILED = 500


def respond(reply: Reply, retry_after_seconds: int = 1) -> web.Response:
    """Return a reply as aiohttp wants it.

    Arguments:
        retry_after_seconds: told with 429 and 503.
    """
    headers = CIMultiDict({"Content-Type": reply.media, "Cache-Control": "no-store"})
    body = reply.body
    if reply.media == MEDIA_PROBLEM:
        # A refusal may be one that was remembered: the request it is told to is another.
        body = body[:-1] + b',"request_id":' + orjson.dumps(_REQUEST_ID.get()) + b"}"
    if reply.etag:
        headers["ETag"] = reply.etag
    if reply.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="sandan"'
    if reply.status in {429, 503}:
        headers["Retry-After"] = str(retry_after_seconds)
    return web.Response(status=reply.status, body=body, headers=headers)


@web.middleware
async def entrance(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let every request in with its id, and out with an answer in our form.

    A body that was not read to its end ends the connection: what is left of it is neither read nor unpacked.
    """
    guard = guard_of(request)
    if guard is not None:
        guard.request_begins()
    began, request_id = monotonic(), _id_of(request)
    _REQUEST_ID.set(request_id)
    structlog.contextvars.bind_contextvars(request_id=request_id)
    response = await _answered(request, handler)
    response.headers["X-Request-Id"] = request_id
    unread = not request.content.is_eof() or request.content.exception() is not None
    if unread:
        response.force_close()
    if guard is not None:
        guard.request_ends(unread=unread)
    _log_failure(request, response, monotonic() - began)
    return response


def _id_of(request: web.Request) -> str:
    """Return the id that the gateway gave the request, or one of our own."""
    given = request.headers.get("X-Request-Id", "")
    return given if _WELL_FORMED.fullmatch(given) else new_id()


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPMethodNotAllowed as error:
        answer = respond(problem(MethodNotAllowed(allowed=sorted(error.allowed_methods))))
        answer.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
        return answer
    except web.HTTPNotFound:
        return respond(problem(NotFound()))
    except web.HTTPRequestEntityTooLarge:
        return respond(problem(BodyTooLarge()))


def _log_failure(request: web.Request, response: web.StreamResponse, seconds: float) -> None:
    """Log what failed on our side, by its route: an address would name the demand it is about."""
    if response.status >= _FAILED and request.path.startswith("/api/"):
        resource = request.match_info.route.resource
        route = resource.canonical if resource is not None else ""
        log.warning(
            "request_failed",
            method=request.method,
            route=route,
            status=response.status,
            seconds=round(seconds, 3),
        )


def json_response(body: object) -> web.Response:
    """Return plain data as JSON."""
    return web.Response(body=orjson.dumps(body), content_type="application/json")

"""A small HTTP client: a visitor is somebody with a token, and an answer says what came back."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

import aiohttp
import orjson
from multidict import CIMultiDict


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        """Return the body, which is JSON in whatever form."""
        return orjson.loads(self.raw)

    @property
    def code(self) -> str:
        """Return the stable code of a refusal."""
        return str(self.body["code"])

    def ok(self) -> Any:
        """Return the body of a success; anything else fails the test with what was said."""
        assert 200 <= self.status < 300, f"{self.status} {self.raw.decode(errors='replace')[:500]}"
        return self.body

    def refused(self, status: int, code: str) -> Any:
        """Return the body of just this refusal, in the form of RFC 9457, without the id of the request."""
        said = f"{self.status} {self.raw.decode(errors='replace')[:500]}"
        assert self.status == status, said
        assert self.headers["Content-Type"] == "application/problem+json", said
        assert self.body["code"] == code, said
        assert self.body["status"] == status
        assert self.body["type"] == f"urn:sandan:problem:{code}"
        assert self.body["title"]
        assert self.body["detail"]
        assert self.body["request_id"] == self.headers["X-Request-Id"]
        return {name: value for name, value in self.body.items() if name != "request_id"}


@dataclass(frozen=True)
class Visitor:
    """Somebody who asks, for one community."""

    session: aiohttp.ClientSession
    origin: str
    community: str
    token: str | None

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: dict[str, str] | None = None,
        data: Any = None,
    ) -> Answer:
        """Send one request below the community's address; `data` goes out as it is."""
        return await self.ask_at(
            method, f"/api/v1/communities/{self.community}{path}", body, headers=headers, data=data
        )

    async def ask_at(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: dict[str, str] | None = None,
        data: Any = None,
    ) -> Answer:
        """Send one request to any address."""
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None:
            data = orjson.dumps(body)
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        async with self.session.request(method, self.origin + path, data=data, headers=sent) as response:
            raw = await response.read()
            return Answer(response.status, CIMultiDict(response.headers), raw)

    async def get(self, path: str, **headers: str) -> Answer:
        """Look at something."""
        return await self.ask("GET", path, headers=headers)

    async def post(self, path: str, body: object = None, **headers: str) -> Answer:
        """Do something; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.ask("POST", path, {} if body is None else body, headers=named)

    async def until(self, path: str, seen: Callable[[Any], object], seconds: float = 15.0) -> Any:
        """Look until it is as wanted; fail with what was there instead."""
        end = monotonic() + seconds
        while True:
            answer = await self.get(path)
            if answer.status == 200 and seen(answer.body):
                return answer.body
            assert monotonic() < end, f"{path} is still {answer.raw.decode()[:800]}"
            await asyncio.sleep(0.02)

"""Sandan's HTTP interface as the command line uses it."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import aiohttp

TRIES_MAX = 5


class Refusal(Exception):
    """The service said no; `problem` is its problem+json."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('code')}: {problem.get('detail')}")
        self.status = status
        self.problem = problem


class Client:
    """One community over HTTP.

    Arguments:
        session: to use.
        base_url: of the deployment, as http://127.0.0.1:8080.
        community: whose.
        others: first part of a path, as orders → where it is served, without a gateway in front.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        community: str,
        others: Mapping[str, str] | None = None,
    ) -> None:
        self._session = session
        self._base_url = base_url
        self._community = community
        self._others = others or {}

    async def get(self, path: str, token: str) -> dict[str, Any]:
        """Return what a GET answers."""
        return await self._call("GET", path, token, {}, None)

    async def post(self, path: str, token: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what a POST answers; it carries a key of its own, so a repetition is harmless."""
        headers = {"Idempotency-Key": str(uuid4())}
        return await self._call("POST", path, token, headers, body or {})

    async def load(self, text: str, token: str, *, dry_run: bool = False) -> dict[str, Any]:
        """Return what loading a community file answers."""
        headers = {"Idempotency-Key": str(uuid4()), "Content-Type": "application/yaml"}
        path = "?dry_run=true" if dry_run else ""
        return await self._call("PUT", path, token, headers, text)

    async def until(
        self, path: str, token: str, holds: Callable[[dict[str, Any]], bool], *, seconds: float = 20.0
    ) -> dict[str, Any]:
        """Return what a GET answers once it holds.

        Raises:
            TimeoutError: it did not within the time.
        """
        async with asyncio.timeout(seconds):
            while True:
                try:
                    seen = await self.get(path, token)
                    if holds(seen):
                        return seen
                except Refusal as refusal:
                    if refusal.status != 404:
                        raise
                await asyncio.sleep(0.03)

    def _address(self, path: str) -> str:
        base_url = self._others.get(path.strip("/").split("/")[0].split("?")[0], self._base_url)
        return f"{base_url}/api/v1/communities/{self._community}{path}"

    async def _call(
        self, method: str, path: str, token: str, headers: dict[str, str], body: Any
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}", **headers}
        content = {"data": body.encode()} if isinstance(body, str) else {"json": body}
        for attempt in range(TRIES_MAX):
            async with self._session.request(
                method, self._address(path), headers=headers, **(content if body is not None else {})
            ) as response:
                answer: dict[str, Any] = await response.json(content_type=None)
                if response.status == 503 and attempt + 1 < TRIES_MAX:
                    await asyncio.sleep(0.3 * (attempt + 1))
                    continue
                if response.status >= 400:
                    raise Refusal(response.status, answer)
                return answer
        raise AssertionError("the loop ends by returning or raising")

"""A flood is told when to come back, and nobody else notices it."""

from typing import Any

import pytest

from services.chassis.http.limits import BAD_TOKEN_COST
from services.contracts.words import Role
from tests.support.client import Answer, Visitor
from tests.support.deployment import Deployments, Keys
from tests.support.running import running_house
from tests.support.threshold import threshold


class Clock:
    """Seconds, as they are set."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def knocked(visitor: Visitor, times: int) -> list[int]:
    """Return the statuses of writes, one after the other."""
    return [(await visitor.post("/words", {"text": str(n)})).status for n in range(times)]


def told_to_wait(answer: Answer, whose: str, seconds: int) -> None:
    """Make sure of one refusal, with the time to wait in body and header alike."""
    body = answer.refused(429, "too_many_requests")
    assert (body["limit"], body["retry_after_seconds"]) == (whose, seconds)
    assert answer.headers["Retry-After"] == str(seconds)
    assert "秒后再试" in body["detail"]


async def test_a_resident_writes_ten_times_a_minute_and_is_told_when_to_come_back(keys: Keys) -> None:
    clock = Clock()
    async with threshold(keys, clock=clock, limit_resident_per_minute=10) as door:
        resident = door.visitor()
        assert await knocked(resident, 12) == [200] * 10 + [429] * 2
        told_to_wait(await resident.post("/words"), "person", 6)
        assert door.writes.done == 10
        clock.now += 6
        assert await knocked(resident, 2) == [200, 429]


async def test_a_neighbour_another_role_and_whoever_reads_go_on(keys: Keys) -> None:
    async with threshold(keys, clock=Clock(), limit_resident_per_minute=3) as door:
        loud = door.visitor()
        assert await knocked(loud, 5) == [200] * 3 + [429] * 2
        assert await knocked(door.visitor("resident-2"), 3) == [200] * 3
        assert await knocked(door.visitor(role=Role.STAFF), 5) == [200] * 5
        assert [(await loud.get("/words")).status for _ in range(20)] == [200] * 20


async def test_a_community_is_bounded_whoever_writes_in_it(keys: Keys) -> None:
    narrow: dict[str, Any] = {"limit_community_per_second": 2.0, "limit_community_burst": 4}
    clock = Clock()
    async with threshold(keys, clock=clock, **narrow) as door:
        people = [door.visitor(f"resident-{n}") for n in range(6)]
        assert [(await one.post("/words")).status for one in people] == [200] * 4 + [429] * 2
        told_to_wait(await people[0].post("/words"), "community", 1)
        assert await knocked(door.visitor(at="fenwan"), 4) == [200] * 4
        clock.now += 1.0
        assert await knocked(people[5], 3) == [200, 200, 429]


async def test_an_address_is_bounded_reads_included_whoever_asks(keys: Keys) -> None:
    clock = Clock()
    async with threshold(keys, clock=clock, limit_address_per_minute=6) as door:
        asked = [await door.visitor(f"resident-{n}").get("/words") for n in range(8)]
        assert [answer.status for answer in asked] == [200] * 6 + [429] * 2
        told_to_wait(asked[-1], "address", 10)
        clock.now += 10
        assert (await door.visitor().get("/words")).status == 200


async def test_behind_a_trusted_gateway_each_client_has_an_address_of_its_own(keys: Keys) -> None:
    trusted: dict[str, Any] = {"limit_address_per_minute": 3, "http_trusted_proxies": "127.0.0.0/8"}
    async with threshold(keys, clock=Clock(), **trusted) as door:
        visitor = door.visitor()

        async def ask(forwarded: str) -> int:
            return (await visitor.ask("GET", "/words", headers={"X-Forwarded-For": forwarded})).status

        assert [await ask("198.51.100.1") for _ in range(5)] == [200] * 3 + [429] * 2
        assert [await ask("198.51.100.2") for _ in range(3)] == [200] * 3
        # What stands left of it was written by the client, and opens nothing.
        assert [await ask(f"6.6.6.{n}, 198.51.100.1") for n in range(3)] == [429] * 3


async def test_without_a_trusted_gateway_the_header_opens_nothing(keys: Keys) -> None:
    async with threshold(keys, clock=Clock(), limit_address_per_minute=3) as door:
        asked = [
            await door.visitor().ask("GET", "/words", headers={"X-Forwarded-For": f"6.6.6.{n}"})
            for n in range(5)
        ]
        assert [answer.status for answer in asked] == [200] * 3 + [429] * 2


@pytest.mark.parametrize("token", ["nonsense", "a.b.c"])
async def test_guessing_tokens_is_ten_times_slower_than_asking(keys: Keys, token: str) -> None:
    async with threshold(keys, clock=Clock(), limit_address_per_minute=60) as door:
        guesser = door.stranger(token)
        seen = [(await guesser.get("/words")).status for _ in range(20)]
        assert seen == [401] * (60 // BAD_TOKEN_COST) + [429] * (20 - 60 // BAD_TOKEN_COST)


async def test_a_token_that_has_run_out_is_no_guess(keys: Keys) -> None:
    async with threshold(keys, clock=Clock(), limit_address_per_minute=30) as door:
        asked = [await door.stranger().get("/words") for _ in range(20)]
        assert [answer.status for answer in asked] == [401] * 20


async def test_two_replicas_that_know_of_each_other_let_through_half_each(keys: Keys) -> None:
    async with threshold(keys, clock=Clock(), replicas=lambda: 2, limit_resident_per_minute=10) as door:
        assert (await knocked(door.visitor(), 10)).count(200) == 5


async def test_a_house_of_many_replicas_counts_them_by_their_signs_of_life(
    deployments: Deployments, keys: Keys
) -> None:
    settings = deployments.new(limit_resident_per_minute=10)
    async with running_house(settings, keys) as running:
        resident = running.resident("fast")
        seen = [(await resident.post("/demands", {"text": f"路灯不亮 {n}"})).status for n in range(12)]
        assert seen == [201] * 10 + [429] * 2
        assert all(service.members.living == 1 for service in running.process.services)
        kept = await running.stores["intake"].plain("demands").count({})
        assert kept == 10

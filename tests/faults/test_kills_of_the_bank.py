"""kill -9 of points, broker and database while points move: books are equal, nothing is lost or doubled."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from services.chassis.batches import Batches
from services.chassis.clock import now
from services.chassis.work import Origin
from services.contracts.ids import OrderId
from services.contracts.words import Actor, Role
from services.points.commands.verifying import verify
from services.points.domain.approvals import Approval
from services.points.domain.transfers import Cause
from services.points.domain.waiting import Award
from services.points.handlers.awards import pay_or_wait
from services.points.handlers.funding import approve
from tests.support.deployment import Keys
from tests.support.savers import LeftToTheHouse
from tests.support.scene import BLOWS, SETTLE_SECONDS_MAX, TRY_SECONDS, Scene, scene
from tests.support.stories import OPTICIAN

POINTS, CLIENTS, PAUSE_SECONDS = 10_000, 8, 0.1
STRUCK = ("points", "rabbitmq", "mongod")
PRICE = 3
HOLD = {"amount_points": PRICE, "because": "兑换宣传栏位置", "until": "2100-01-01T00:00:00Z"}


@dataclass
class Savers:
    """People who insist: every request is repeated with its key until it is answered."""

    scene: Scene
    ends: Counter[str] = field(default_factory=Counter)
    numbers: "count[int]" = field(default_factory=count)

    async def move(self) -> None:
        """Set points aside, and spend them, give them back, or leave them."""
        call, number = self.scene.town.call, next(self.numbers)
        hold = (await call("POST", "/points/holds", OPTICIAN, Role.PARTNER, HOLD))["id"]
        end = ("captured", "released", "open")[number % 3]
        path = f"/points/holds/{hold}"
        if end == "captured":
            await call("POST", f"{path}/capture", "staff-1", Role.STAFF, {})
        elif end == "released":
            await call("POST", f"{path}/release", OPTICIAN, Role.PARTNER, {})
        self.ends[end] += 1

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Let points move for as long as the body lasts, then wait until each has its answer."""
        over = asyncio.Event()

        async def saver() -> None:
            while not over.is_set():
                await self.move()
                await asyncio.sleep(PAUSE_SECONDS)

        async with asyncio.TaskGroup() as savers:
            for _ in range(CLIENTS):
                savers.create_task(saver())
            try:
                yield
            finally:
                over.set()


async def _endowed(scene: Scene) -> None:
    """Give the optician points to move."""
    order = OrderId("all-of-it")
    award = Award("a", OPTICIAN, POINTS, "完成服务", Cause("order", order), order, "", 1)
    origin = Origin("jiwang", Actor(subject="staff-1", role=Role.STAFF), "story")
    batches = Batches(scene.stores["points"], LeftToTheHouse(), 4, now)
    works = [approve(origin, Approval("a", POINTS, "核定")), pay_or_wait(origin, award)]
    outcomes = await batches.run(works)
    assert [one for one in outcomes if isinstance(one, Exception)] == []


async def _told(scene: Scene) -> None:
    """Wait until everything that was announced is sent, and heard."""
    async with asyncio.timeout(SETTLE_SECONDS_MAX):
        while True:
            rows = await scene.rows("points", "outbox")
            notices = await scene.rows("notify", "notices")
            resolved = [row for row in notices if row["kind"] in ("points.captured.v1", "points.released.v1")]
            holds = [row for row in await scene.rows("points", "holds") if row["state"] != "open"]
            if all(row.get("sent_at") for row in rows) and len(resolved) == len(holds):
                return
            await asyncio.sleep(TRY_SECONDS)


async def test_kill_9_while_points_move_loses_and_doubles_nothing(tmp_path: Path, keys: Keys) -> None:
    async with scene(tmp_path, keys) as town:
        await _endowed(town)
        savers = Savers(town)
        async with savers.at_work():
            await asyncio.sleep(1.0)
            for name in STRUCK:
                await BLOWS[name](town)
                await asyncio.sleep(1.0)
        await _told(town)
        holds = await town.rows("points", "holds")
        assert Counter(row["state"] for row in holds) == savers.ends
        accounts = {row["id"]: row for row in await town.rows("points", "accounts")}
        left = accounts[OPTICIAN]["credited_points"] - accounts[OPTICIAN]["debited_points"]
        assert left == POINTS - PRICE * (savers.ends["captured"] + savers.ends["open"])
        verified = await verify(town.stores, "jiwang", now())
        assert verified.wrong == []
        assert verified.lines > len(holds) > 50
        assert town.town.retried > 0, "the blows fell on nobody"
        assert await town.rows("points", "parked") == await town.rows("notify", "parked") == []

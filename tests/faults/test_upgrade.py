"""An upgrade and the way back, two releases side by side, under load: nothing lost, nothing put aside.

In `make chaos` only: the release before is taken out of the repository's history.
"""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from services.composition import SERVICES
from tests.support.deployment import Keys
from tests.support.processes import ROOT, ChildProcess
from tests.support.scene import SETTLE_SECONDS_MAX, Scene, assert_nothing_lost_and_nothing_doubled, scene

WHOLE = os.environ.get("WHOLE") == "1"
RELEASE_BEFORE = "02d5e30"
READERS_FIRST = ("notify", "points", "matching", "intake")
TOGETHER_SECONDS = 3.0

pytestmark = pytest.mark.skipif(not WHOLE, reason="make chaos plays upgrades")


async def checked_out(revision: str, where: Path) -> Path:
    """Return a directory with the code of a revision, with its history left in ours."""
    await asyncio.to_thread(where.mkdir)
    archive = await asyncio.create_subprocess_exec(
        "git", "archive", "--format=tar", revision, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert archive.stdout is not None
    tar, _ = await archive.communicate()
    assert archive.returncode == 0, f"{revision} is not in this repository's history"
    unpack = await asyncio.create_subprocess_exec("tar", "-x", cwd=where, stdin=asyncio.subprocess.PIPE)
    await unpack.communicate(tar)
    assert unpack.returncode == 0
    return where


async def replace(stage: Scene, service: str, checkout: Path, log: Path) -> None:
    """Run a replica of another release beside the present one, then end that one."""
    town = stage.town
    before = town.processes[service]
    after = ChildProcess(before.settings, (service,), log, checkout=checkout)
    await after.start()
    await asyncio.sleep(TOGETHER_SECONDS)
    town.processes[service] = after
    assert await before.stop() == 0


async def change(stage: Scene, order: Sequence[str], checkout: Path, logs: Path) -> None:
    """Bring one service after the other to another release."""
    for service in order:
        await replace(stage, service, checkout, logs / f"{service}-{checkout.name}.log")
        await asyncio.sleep(TOGETHER_SECONDS)


async def rest(stage: Scene) -> None:
    """Wait until every announcement is sent and every closed demand's people are told.

    What a release keeps after it was sent (`sent_at`) and what one has not sent yet look different.
    """
    async with asyncio.timeout(SETTLE_SECONDS_MAX):
        while True:
            rows = [row for service in SERVICES for row in await stage.rows(service, "outbox")]
            told = {
                row["demand"]
                for row in await stage.rows("notify", "notices")
                if row["kind"] == "order.settled.v1"
            }
            unsent = [row for row in rows if row.get("sent_at") is None]
            if not unsent and told == set(stage.town.closed):
                return
            await asyncio.sleep(0.2)


async def test_there_and_back_under_load_nothing_is_lost_doubled_or_put_aside(
    tmp_path: Path, keys: Keys
) -> None:
    old = await checked_out(RELEASE_BEFORE, tmp_path / "old")
    async with scene(tmp_path, keys, old, may_go_back=True) as stage:
        async with stage.town.load():
            await asyncio.sleep(TOGETHER_SECONDS)
            await change(stage, READERS_FIRST, ROOT, tmp_path)
            there = len(stage.town.closed)
            await change(stage, tuple(reversed(READERS_FIRST)), old, tmp_path)
            await change(stage, READERS_FIRST, ROOT, tmp_path)
        assert there > 0, "the load went on while it was upgraded"
        await rest(stage)
        await assert_nothing_lost_and_nothing_doubled(stage)
        for process in stage.town.processes.values():
            assert await process.stop() == 0

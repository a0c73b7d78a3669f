"""An order that nobody takes, through all four services and in real time; the hours are seconds here."""

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp

from services.chassis.clock import now
from services.composition import SERVICES
from services.contracts.community_file import CommunityFile, Deadlines, WorkingSpan
from services.contracts.words import Role
from services.intake.community_file import parse_community_file
from tests.support.client import Visitor
from tests.support.deployment import Deployments, Keys, jiwang, roomy
from tests.support.processes import ChildProcess, service_processes
from tests.support.running import Running, eventually, running_house

TABLE = "院里能不能放张乒乓球台，老人锻炼，孩子也能玩"
CHARGING = "电动车充电飞线，存在火灾隐患，希望建充电桩"
NPC, COOPERATIVE, SPORTS = "jishan-npc-standing-committee", "jishan-supply-cooperative", "dongli-sports"
DONE = {"summary": "装好了", "proof": [{"kind": "photo", "ref": "a.jpg"}]}
SECOND_HOURS = 1 / 3600
SETTLE_SECONDS_MAX = 120.0
"""What a killed process was writing is held by the database for a while."""


def hurried(seconds: float) -> CommunityFile:
    """Return Jiwang with as many seconds to sign, working at every hour of today and the days after."""
    midnight = parse_community_file(_HOURS, "hours.yaml").deadlines.hours
    today = now().astimezone(ZoneInfo("Asia/Shanghai")).date()
    deadlines = Deadlines(
        hours=midnight,
        workdays=tuple(today + timedelta(days=number) for number in range(-1, 3)),
        sign_hours=seconds * SECOND_HOURS,
        staff_hours=seconds * SECOND_HOURS,
    )
    return roomy(jiwang()).model_copy(update={"deadlines": deadlines})


_HOURS = """
community: {id: jiwang, name: 稷王社区, county: 稷山县, province: 山西省}
deadlines: {hours: [{opens: 00:00, closes: 23:59:59}]}
"""


def test_the_hurried_file_is_one_that_a_community_may_write() -> None:
    assert hurried(1).deadlines.hours == (
        WorkingSpan.model_validate({"opens": "00:00", "closes": "23:59:59"}),
    )


async def test_from_candidate_to_candidate_to_staff_to_the_supervisor_and_to_a_good_end(
    deployments: Deployments, keys: Keys
) -> None:
    async with running_house(deployments.new(), keys, file=hurried(0.5)) as running:
        resident, staff = running.resident(), running.staff()
        demand = await running.submitted(TABLE, "yuxiuyuan", by=resident)
        one, order = f"/demands/{demand['id']}", f"/orders/{demand['order']}"
        seen = await staff.until(order, lambda seen: seen["supervised"], 30)
        assert seen["unsigned"] == [NPC, COOPERATIVE, SPORTS]
        assert (seen["status"], seen["level"], seen["provider"]) == ("proposed", "supervisor", None)
        assert demand["order"] in [
            item["id"] for item in (await staff.get("/orders?supervised=true")).ok()["items"]
        ]

        told = await resident.until(one, lambda seen: seen["supervised"])
        by_clock = [line["what"] for line in told["timeline"] if line["by"] == "clock"]
        assert by_clock == ["unsigned"] * 3 + ["escalated"] * 2 + ["supervised"]
        await running.unit(NPC).until("/notices", lambda seen: _kinds(seen)["order.unsigned.v1"] == 1)
        await staff.until("/notices?limit=100", lambda seen: _kinds(seen)["order.escalated.v1"] == 2)

        # The community finds somebody, under its usual deadlines, and it ends well.
        await _reload(running, roomy(jiwang()))
        (await staff.post(f"{order}/dispatch", {"provider": NPC})).ok()
        unit = running.unit(NPC)
        (await unit.post(f"{order}/accept")).ok()
        (await unit.post(f"{order}/question", {"question": "放在哪里？"})).ok()
        await resident.until(one, lambda seen: seen["question"])
        (await resident.post(f"{one}/supplement", {"text": "三号楼前"})).ok()
        await unit.until(order, lambda seen: seen["pauses"][0]["answer"] == "三号楼前")
        (await unit.post(f"{order}/extension", {"days": 3, "reason": "等厂家送货"})).ok()
        (await staff.post(f"{order}/extension/grant")).ok()
        await resident.until("/notices", lambda seen: "等厂家送货" in str(seen))
        (await unit.post(f"{order}/complete", DONE)).ok()
        await resident.until(one, lambda seen: seen["status"] == "completed")
        (await resident.post(f"{one}/rate", {"solved": "solved", "satisfaction": "satisfied"})).ok()
        (await staff.post(f"{order}/verify")).ok()
        await resident.until(one, lambda seen: seen["status"] == "closed")
        await running.drained()
        assert [await running.parked(service) for service in SERVICES] == [[], [], [], []]


def _kinds(page: dict[str, list[dict[str, str]]]) -> Counter[str]:
    return Counter(item["kind"] for item in page["items"])


async def _reload(running: Running, file: CommunityFile) -> None:
    catalogues = running.stores["matching"].plain("catalogues")
    (await running.operator().ask("PUT", "", data=file.model_dump_json().encode())).ok()

    async def heard() -> bool:
        return await catalogues.count({"_rev": 2}) == 1

    await eventually(heard)


async def test_with_two_replicas_and_one_killed_in_between_every_level_comes_once(
    deployments: Deployments, keys: Keys, tmp_path: Path
) -> None:
    settings = deployments.new()
    second = ChildProcess(settings, ("matching",), tmp_path / "second.log")
    groups = (("intake", "points", "notify"), ("matching",))
    async with (
        service_processes(settings, groups, tmp_path) as processes,
        aiohttp.ClientSession() as session,
    ):
        await second.start()
        try:

            def visitor(subject: str, role: Role) -> Visitor:
                token = keys.token(subject, role, "jiwang")
                return Visitor(session, processes["intake"].origin, "jiwang", token)

            operator = visitor("operator-1", Role.OPERATOR)
            (await operator.ask("PUT", "", data=hurried(2).model_dump_json().encode())).ok()
            resident = visitor("resident-1", Role.RESIDENT)
            demands = [
                (await resident.post("/demands", {"text": CHARGING, "compound": "jindu"})).ok()["id"]
                for _ in range(20)
            ]
            await resident.until(f"/demands/{demands[-1]}", lambda seen: seen["order"], 30)
            await resident.until(f"/demands/{demands[0]}", lambda seen: "escalated" in str(seen), 30)
            await processes["matching"].kill()
            await asyncio.sleep(1)
            await processes["matching"].start()
            for demand in demands:
                seen = await resident.until(
                    f"/demands/{demand}", lambda seen: seen["supervised"], SETTLE_SECONDS_MAX
                )
                what = [line["what"] for line in seen["timeline"] if line["by"] == "clock"]
                assert what == ["escalated", "escalated", "supervised"]
        finally:
            await second.stop()

"""What the stories of a town have in common: who asks what, whose office it is, what was told to whom."""

import asyncio
from typing import Any

from services.chassis.work import Work
from services.contracts.envelope import open_parcel, read_envelope
from services.contracts.ids import DemandId
from services.contracts.words import Role
from services.intake.domain.demands import Demand
from services.intake.domain.duplicates import Similar
from services.intake.domain.issues import Issue
from services.intake.handlers import demands, merging
from services.intake.store.issues import issue_ref, similar_ref
from services.notify.domain.notices import Notice
from services.notify.store.notices import notice_ref
from tests.support.town import Town

TABLE_TENNIS = "院里能不能放张乒乓球台，老人锻炼，孩子也能玩"


NPC = "jishan-npc-standing-committee"


COOPERATIVE = "jishan-supply-cooperative"


SPORTS = "dongli-sports"


EYES = "孩子看黑板看不清，能不能组织一次视力筛查"


OPTICIAN = "yiming-optical"


CHARGING = "电动车充电飞线，存在火灾隐患，希望建充电桩"


async def notices(town: Town, recipient: str) -> list[Notice]:
    """Return what was put into an inbox, in the order it was said."""
    ids = [
        notice_ref(town.community, f"{letter.id}.{n}")
        for parcel in town.post.sent
        for letter in map(read_envelope, open_parcel(parcel.body))
        for n in range(4)
    ]
    found = await town.documents["notify"].load(ids)
    told = [kept.value for kept in found.values() if kept.value is not None]
    return [notice for notice in told if notice.recipient == recipient]


async def endorse(town: Town, demand: str, subject: str) -> None:
    who = town.origin(subject, Role.RESIDENT)
    await town.do("intake", demands.endorse_demand(who, DemandId(demand), subject))


MIXER = "小区旁边澜岸搅拌站白天晚上噪音不停，粉尘很大，孩子没法睡觉"


MIXER_AGAIN = "澜岸搅拌站又在夜里开工，罐车轰隆隆，灰尘落了一阳台"


async def kin_of(town: Town, demand: Demand) -> Similar:
    return await town.find("intake", similar_ref(town.community, demand.id)) or Similar()


async def issue_of(town: Town, demand: Demand) -> Issue:
    issue = (await kin_of(town, demand)).issue
    assert issue is not None
    found = await town.find("intake", issue_ref(town.community, issue))
    assert found is not None
    return found


REPLICAS = 4


async def race(town: Town, service: str, works: list[Work[Any]], portion: int = 5) -> list[Any]:
    """Run works over several writers at once, a few together each time; return their outcomes."""
    writers = [town.more_batches(service) for _ in range(REPLICAS)]
    portions = [works[at : at + portion] for at in range(0, len(works), portion)]

    async def write(number: int) -> list[Any]:
        outcomes: list[Any] = []
        for mine in portions[number::REPLICAS]:
            outcomes.extend(await writers[number].run(mine))
        return outcomes

    return [outcome for some in await asyncio.gather(*map(write, range(REPLICAS))) for outcome in some]


MIXER_ONCE_MORE = "请管管澜岸搅拌站，噪音大，粉尘污染，老人咳嗽"


async def merge(town: Town, demand: Demand, into: Demand) -> None:
    await town.do("intake", merging.merge_demand(town.staff(), demand.id, into.id))


async def unmerge(town: Town, demand: Demand) -> Demand:
    await town.do("intake", merging.unmerge_demand(town.staff(), demand.id, "不是一回事"))
    return await town.demand(demand.id)

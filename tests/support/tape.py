"""The story that says nearly everything that can be said, recorded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aio_pika

from services.chassis.topology import SERVICES, Names
from services.contracts.envelope import open_parcel
from services.contracts.words import Role
from tests.support.client import Visitor
from tests.support.rooms import a_room, booked
from tests.support.routes import BODIES, RULE
from tests.support.running import Running, broker
from tests.support.savers import someone_with
from tests.support.stories import OPTICIAN

PROOF = [{"kind": "photo", "ref": "p1.jpg"}]


WELL = {"solved": "solved", "satisfaction": "satisfied"}


FULL_PURSE = "jiejing-laundry"
"""A partner whom nobody asks in the story."""
BADLY = {"solved": "unsolved", "satisfaction": "dissatisfied", "comment": "还是漏水"}


@dataclass
class Tape:
    """What went over the events exchange: routing key, community header and body of each message."""

    messages: list[tuple[str, str, bytes]] = field(default_factory=list)

    async def keep(self, message: aio_pika.abc.AbstractIncomingMessage) -> None:
        """Keep one message."""
        self.messages.append(
            (message.routing_key or "", str(message.headers.get("community", "")), message.body)
        )
        await message.ack()

    @property
    def envelopes(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Return every envelope with the key it went under."""
        return [(key, who, row) for key, who, body in self.messages for row in open_parcel(body)]


@asynccontextmanager
async def recorded(running: Running) -> AsyncIterator[Tape]:
    """Record whatever is announced."""
    tape = Tape()
    async with broker(running.settings) as channel:
        queue = await channel.declare_queue(exclusive=True)
        for service in SERVICES:
            # Four words: a partition and a kind. What is said about what was said has three.
            await queue.bind(Names(running.settings.bus_prefix).events(service), "*.*.*.*")
        tag = await queue.consume(tape.keep)
        yield tape
        await queue.cancel(tag)


class Story:
    """People of Jiwang, doing everything that can be done."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.resident = running.resident("r1")
        self.neighbour = running.resident("r2")
        self.staff = running.staff()

    async def play(self) -> None:
        """Play every thread of the story, all at once."""
        await asyncio.gather(
            self.saved_and_spent(),
            self.spent_and_sent_back(),
            self.ruled(),
            self.went_to_the_shop(),
            self.shared_and_used(),
            self.settled_by_a_unit_as_a_project(),
            self.reopened(),
            self.declined_to_the_end(),
            self.handed_over(),
            self.withdrawn(),
            self.merged(),
            self.turned_hot(),
            self.refused_and_cancelled(),
            self.never_taken(),
            self.taken_and_never_done(),
            self.in_danger(),
            self.perhaps_in_danger(),
            self.accused(),
            self.praised(),
            self.never_rated(),
            self.starred(),
        )

    async def _submit(self, text: str, compound: str | None = None, **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = await self.running.submitted(text, compound, self.resident, **more)
        return found

    async def _has(self, demand: dict[str, Any], *statuses: str) -> dict[str, Any]:
        seen: dict[str, Any] = await self.resident.until(
            f"/demands/{demand['id']}", lambda demand: demand["status"] in statuses
        )
        return seen

    def _doer(self, demand: dict[str, Any]) -> Visitor:
        handler = demand["handler"]
        return self.running.visitor(handler["id"], Role(handler["kind"]))

    async def _done(self, demand: dict[str, Any], rating: dict[str, Any] = WELL) -> None:
        doer, order = self._doer(demand), demand["order"]
        (await doer.post(f"/orders/{order}/complete", {"summary": "办好了", "proof": PROOF})).ok()
        await self._has(demand, "completed")
        (await self.resident.post(f"/demands/{demand['id']}/rate", rating)).ok()

    async def saved_and_spent(self) -> None:
        """A partner earns twice, spends some of it, and gives back what was a mistake."""
        await self.settled_by_a_partner("孩子看黑板看不清，能不能组织一次视力筛查")
        await self.settled_by_a_partner("老人看报纸看不清，想在社区里验验光配副眼镜")
        partner, path = self.running.partner(OPTICIAN), f"/points/accounts/{OPTICIAN}"
        account = await partner.until(path, lambda seen: seen["transfers"] >= 2)
        assert account["balance_points"] >= 20
        given = {"amount_points": 5, "because": "兑换宣传栏位置", "until": "2100-01-01T00:00:00Z"}
        for how, who in (("capture", self.staff), ("release", partner)):
            hold = (await partner.post("/points/holds", given)).ok()
            (await who.post(f"/points/holds/{hold['id']}/{how}", {})).ok()
        lines = (await partner.get(f"{path}/transfers")).ok()["items"]
        award = next(line for line in lines if line["kind"] == "award")
        (await self.staff.post(f"/points/transfers/{award['id']}/reverse", {"reason": "记错了"})).ok()
        approval = {"amount_points": 100, "because": "居委会追加"}
        (await self.staff.post("/points/approvals", approval)).ok()

    async def ruled(self) -> None:
        """Staff decide two rules for times to come, and take one of them back."""
        for year in (2098, 2099):
            given = {**RULE, "starts_on": f"{year}-01-01", "because": "居委会决定"}
            rules = (await self.staff.post("/points/rules", given)).ok()
        last = rules["items"][0]["version"]
        (await self.staff.post(f"/points/rules/{last}/withdraw")).ok()

    async def went_to_the_shop(self) -> None:
        """A partner orders what points buy: one is fulfilled and reported on, one waits in vain."""
        staff, partner = self.staff, self.running.partner(FULL_PURSE)
        await someone_with(self.running, 100, FULL_PURSE)
        await staff.post("/points/fairs", BODIES["AnnounceFair"])
        offer = (await staff.post("/points/offers", {**BODIES["PutUpOffer"], "stock": 1})).ok()["id"]
        ordered = (await partner.post(f"/points/offers/{offer}/redeem", {})).ok()
        waits = (await partner.post(f"/points/offers/{offer}/redeem", {})).ok()
        assert (ordered["state"], waits["state"]) == ("ordered", "waiting")
        (await staff.post(f"/points/redemptions/{ordered['id']}/fulfil", BODIES["FulfilRedemption"])).ok()
        (await partner.post(f"/points/redemptions/{ordered['id']}/effect", BODIES["ReportEffect"])).ok()
        (await partner.post(f"/points/redemptions/{waits['id']}/withdraw", BODIES["EndRedemption"])).ok()
        await self._gave(partner)

    async def _gave(self, partner: Visitor) -> None:
        """A partner gives points to a good cause, which are used, and a service, which is done."""
        staff = self.staff
        cause = (await staff.post("/points/causes", BODIES["FoundCause"])).ok()["id"]
        step = f"/points/causes/{cause}"
        (await partner.post(f"{step}/pledge", {"amount_points": 5})).ok()
        pledge = (await partner.post(f"{step}/pledge", {"service": "洗窗帘"})).ok()["id"]
        (await staff.post(f"/points/pledges/{pledge}/deliver")).ok()
        (await staff.post(f"{step}/spend", BODIES["SpendOfCause"])).ok()

    async def spent_and_sent_back(self) -> None:
        """A partner has spent what it earned when the work has to be done again."""
        demand = await self._submit("家里想请人打扫卫生，擦玻璃")
        (await self._doer(demand).post(f"/orders/{demand['order']}/accept")).ok()
        await self._done(demand)
        (await self.staff.post(f"/orders/{demand['order']}/verify")).ok()
        partner = self._doer(demand)
        account = await partner.until(
            f"/points/accounts/{demand['handler']['id']}", lambda seen: seen["balance_points"]
        )
        given = {
            "amount_points": account["balance_points"],
            "because": "兑换",
            "until": "2100-01-01T00:00:00Z",
        }
        (await partner.post("/points/holds", given)).ok()
        (await self.staff.post(f"/orders/{demand['order']}/return", {"reason": "又脏了"})).ok()
        await self._has(demand, "in_progress")

    async def shared_and_used(self) -> None:
        """A partner shares a room; it is used as its booker says, and not as the partner says."""
        partner, room = self.running.partner(OPTICIAN), await a_room(self.running)
        path = f"/points/rooms/{room['id']}"
        (await partner.post(f"{path}/change", {"name": "大厅", "seats": 12})).ok()
        for who, minutes in ((self.resident, 10), (partner, 15), (None, 20)):
            made = (await booked(self.resident, room["id"], minutes / 60, 1 / 60)).ok()
            one = f"/points/bookings/{made['items'][0]['id']}"
            if who is None:
                (await self.staff.post(f"{one}/cancel", {"reason": "停电"})).ok()
                continue
            (await who.post(f"{one}/check-in", {})).ok()
            (await who.post(f"{one}/check-out", {})).ok()
            if who is partner:
                (await self.resident.post(f"{one}/dispute", {"reason": "我没有去"})).ok()
                (await self.staff.post(f"{one}/reject", {"reason": "没有人来过"})).ok()
        (await partner.post(f"{path}/withdraw", {"reason": "装修"})).ok()

    async def settled_by_a_partner(self, words: str) -> None:
        demand = await self._submit(words, "binhe-jiayuan", private=False)
        (await self.neighbour.post(f"/demands/{demand['id']}/endorse")).ok()
        (await self.resident.post(f"/demands/{demand['id']}/urge", {"note": "快开学了"})).ok()
        (await self._doer(demand).post(f"/orders/{demand['order']}/accept")).ok()
        await self._done(demand)
        (await self.staff.post(f"/orders/{demand['order']}/verify")).ok()
        await self._has(demand, "closed")

    async def settled_by_a_unit_as_a_project(self) -> None:
        demand = await self._submit("巷子里路坑坑洼洼，下雨积水", "lutianxiang")
        doer, order = self._doer(demand), f"/orders/{demand['order']}"
        (await doer.post(f"{order}/accept")).ok()
        await self._called_to_the_lamps(order)
        stages = [{"id": "m1", "title": "雨污分流"}, {"id": "m2", "title": "铺路", "due_on": "2027-03-01"}]
        (await doer.post(f"{order}/milestones", {"milestones": stages})).ok()
        for stage in ("m1", "m2"):
            report = {"note": "好了", "figures": {"米": 500}, "proof": PROOF}
            (await doer.post(f"{order}/milestones/{stage}/done", report)).ok()
        await self._done(demand)
        (await self.staff.post(f"{order}/verify")).ok()
        await self._has(demand, "closed")

    async def _called_to_the_lamps(self, order: str) -> None:
        lamps = {"provider": "jishan-transport-centre", "part": "路灯"}
        (called,) = (await self.staff.post(f"{order}/call", lamps)).ok()["called"]
        companion = self.running.unit("jishan-transport-centre")
        (await companion.post(f"/orders/{called['order']}/accept")).ok()
        report = {"summary": "装好了", "proof": PROOF}
        (await companion.post(f"/orders/{called['order']}/complete", report)).ok()

    async def reopened(self) -> None:
        demand = await self._submit("家里下水道堵了，想找人疏通")
        (await self._doer(demand).post(f"/orders/{demand['order']}/accept")).ok()
        await self._done(demand, BADLY)
        await self._has(demand, "in_progress")
        await self._done(demand)
        (await self.staff.post(f"/orders/{demand['order']}/verify")).ok()
        await self._has(demand, "closed")

    async def declined_to_the_end(self) -> None:
        demand = await self._submit("院里能不能放张乒乓球台，老人锻炼，孩子也能玩", "yuxiuyuan")
        for _ in range(9):
            order = (await self.staff.get(f"/orders/{demand['order']}")).ok()
            if order["provider"] is None:
                break
            doer = self.running.visitor(order["provider"]["id"], Role(order["provider"]["kind"]))
            (await doer.post(f"/orders/{demand['order']}/decline", {"reason": "没有了"})).ok()
        await self._has(demand, "in_review")
        (await self.staff.post(f"/orders/{demand['order']}/dispatch", {"provider": "community"})).ok()
        (await self.staff.post(f"/orders/{demand['order']}/accept")).ok()
        await self._has(demand, "accepted")

    async def handed_over(self) -> None:
        demand = await self._submit("晚上院里太黑，想装几盏路灯", "xinhe-dasha")
        doer, order = self._doer(demand), f"/orders/{demand['order']}"
        receiver = self.running.unit("jishan-housing-bureau")
        words = {"to": "jishan-housing-bureau", "reason": "线路归他们管"}
        (await doer.post(f"{order}/accept")).ok()
        (await doer.post(f"{order}/handover", words)).ok()
        (await receiver.post(f"{order}/handover/refuse", {"reason": "先看看"})).ok()
        (await doer.post(f"{order}/handover", words)).ok()
        (await receiver.post(f"{order}/handover/consent")).ok()
        (await self.staff.post(f"{order}/urge", {"note": "居民又问了"})).ok()

    async def withdrawn(self) -> None:
        demand = await self._submit("想给老人送餐上门")
        (await self.resident.post(f"/demands/{demand['id']}/withdraw", {"reason": "搬走了"})).ok()
        supported = await self._submit("院里的健身器材松了，来个人紧一紧", private=False)
        (await self.neighbour.post(f"/demands/{supported['id']}/endorse")).ok()
        (await self.resident.post(f"/demands/{supported['id']}/withdraw", {"reason": "搬走了"})).ok()

    async def merged(self) -> None:
        kept, same = await self._submit("广场的凳子坏了"), await self._submit("小区广场的凳子又坏了")
        (await self.neighbour.post(f"/demands/{same['id']}/endorse")).ok()
        (await self.staff.post(f"/demands/{same['id']}/merge", {"into": kept["id"]})).ok()
        (await self.neighbour.post(f"/demands/{kept['id']}/opt-out")).ok()
        (await self.staff.post(f"/demands/{same['id']}/unmerge", {"reason": "两回事"})).ok()
        await self.staff.until(f"/demands/{same['id']}", lambda seen: seen["order"] == f"{same['id']}-2")

    async def turned_hot(self) -> None:
        for words in (
            "夜里噪音不停，粉尘很大",
            "夜里罐车轰隆隆，噪音大，灰尘大",
            "噪音太吵，粉尘污染，没法开窗",
        ):
            await self._submit(f"荷塘搅拌站{words}", "jindu")
        hot = await self.staff.until("/issues?hot=true", lambda seen: seen["items"])
        (await self.staff.post(f"/issues/{hot['items'][0]['id']}/topic", {"decision": "accept"})).ok()

    async def refused_and_cancelled(self) -> None:
        demand = await self._submit("电动车充电飞线，存在火灾隐患，希望建充电桩", "jindu")
        (await self.staff.post(f"/orders/{demand['order']}/cancel", {"reason": "已在别处办"})).ok()
        await self._has(demand, "closed")

    async def never_taken(self) -> None:
        demand = await self._submit("孩子看黑板看不清，想查视力", "binhe-jiayuan")
        order = f"/orders/{demand['order']}"
        for _ in range(9):
            before = (await self.staff.get(order)).ok()
            if before["supervised"]:
                break
            await self.running.month_goes_by(demand["order"], "sign_due_at")
            await self._moves_on(order, before["version"])
        await self._has(demand, "in_review")

    async def _moves_on(self, order: str, version: int) -> None:
        await self.staff.until(order, lambda seen: seen["version"] > version)

    async def taken_and_never_done(self) -> None:
        demand = await self._submit("门口的路灯坏了一盏，晚上看不见", "xinhe-dasha")
        doer, order = self._doer(demand), f"/orders/{demand['order']}"
        (await doer.post(f"{order}/accept")).ok()
        (await doer.post(f"{order}/question", {"question": "哪一盏？"})).ok()
        await self.resident.until(f"/demands/{demand['id']}", lambda seen: seen["question"])
        (await self.resident.post(f"/demands/{demand['id']}/supplement", {"text": "大门左手"})).ok()
        await doer.until(order, lambda seen: not seen["waiting"])
        for answer, words in (("grant", {}), ("refuse", {"reason": "请抓紧"})):
            (await doer.post(f"{order}/extension", {"days": 1, "reason": "等灯"})).ok()
            (await self.staff.post(f"{order}/extension/{answer}", words)).ok()
        words = {"to": "jishan-housing-bureau", "reason": "线路归他们管"}
        (await doer.post(f"{order}/handover", words)).ok()
        await self.running.month_goes_by(demand["order"], "handover.due_at")
        await doer.until(order, lambda seen: not seen["handover"])
        await self.running.month_goes_by(demand["order"], "finish_due_at")
        await doer.until(order, lambda seen: seen["supervised"])

    async def in_danger(self) -> None:
        demand = await self._submit("三号楼车棚着火了，快来人", "yuxiuyuan")
        await self.running.demand_waits_no_more(demand["id"], "alarm_due_at")
        one = f"/demands/{demand['id']}"
        await self.staff.until(one, lambda seen: any(line["what"] == "alarmed" for line in seen["timeline"]))
        (await self.staff.post(f"{one}/take")).ok()
        await self.staff.until(f"/orders/{demand['order']}", lambda seen: seen["taken"])

    async def perhaps_in_danger(self) -> None:
        demand = await self._submit("水管爆了，家里都是水，快来人")
        assert demand["asks"]["about"] == "danger"
        answer = {"about": "danger", "yes": False}
        (await self.resident.post(f"/demands/{demand['id']}/answer", answer)).ok()
        await self.staff.until(f"/orders/{demand['order']}", lambda seen: not seen["held"])

    async def accused(self) -> None:
        await self._submit("举报仁和诊所无证行医，打针打坏了人", about="report")

    async def praised(self) -> None:
        await self._submit("感谢医明眼镜店的师傅，态度真好，谢谢你们")

    async def never_rated(self) -> None:
        demand = await self._submit("家里下水道堵了，想找人疏通一下")
        (await self._doer(demand).post(f"/orders/{demand['order']}/accept")).ok()
        order = demand["order"]
        done = {"summary": "办好了", "proof": PROOF}
        (await self._doer(demand).post(f"/orders/{order}/complete", done)).ok()
        await self._has(demand, "completed")
        one = f"/demands/{demand['id']}"
        await self.running.demand_waits_no_more(demand["id"], "rating_due_at")
        await self.resident.until(one, lambda seen: seen["call_back"])
        await self.running.demand_waits_no_more(demand["id"], "rating_due_at")
        await self._has(demand, "unrated")
        await self.running.demand_waits_no_more(demand["id"], "rating_due_at")
        await self._has(demand, "closed")
        await self.staff.until(f"/orders/{order}", lambda seen: seen["status"] == "unrated")

    async def starred(self) -> None:
        """Somebody who rates is of the partner's own circle; the partner appeals, and is named."""
        staff, partner = self.staff, self.running.partner(OPTICIAN)
        await staff.until(f"/points/ratings?partner={OPTICIAN}", lambda seen: seen["items"])
        mark = {"partner": OPTICIAN, "subject": "r1", "reason": "店主的妹妹"}
        related = (await staff.post("/points/related", mark)).ok()
        await staff.until("/points/ratings?is_open=true", lambda seen: seen["items"])
        (await staff.post(f"/points/related/{related['id']}/take-back", {"reason": "看错了"})).ok()
        month = (await staff.post("/points/star-requests", {})).ok()["month"]
        own = f"/points/stars/{OPTICIAN}"
        await partner.until("/points/stars?limit=100", lambda seen: _has_star(seen, month))
        appeal = (await partner.post(f"{own}/{month}/appeal", {"words": "请复核"})).ok()
        answer = {"upheld": True, "reason": "复核无误"}
        (await staff.post(f"/points/appeals/{appeal['id']}/decide", answer)).ok()
        given = {"partner": OPTICIAN, "year": int(month[:4]), "reason": "居民议事会推荐"}
        named = (await staff.post("/points/outstanding", given)).ok()
        await staff.post(f"/points/outstanding/{named['id']}/take-back", {"reason": "评错了"})


def _has_star(seen: dict[str, Any], month: str) -> bool:
    return any(one["partner"] == OPTICIAN and one["month"] == month for one in seen["items"])

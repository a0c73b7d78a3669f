"""The story of the optician: a year of a partner, from the convention to being named, as it happened.

Eye screening for twenty children, premises shared in the evening for double points, the quarterly fair, the
gold promotion place, and a fifth more customers afterwards.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from services.chassis.clock import LOOKED_AT_SECONDS, now
from services.cli.client import Client
from services.contracts.words import Role
from services.worktime.state_calendar import is_state_holiday

OPTICIAN = "yiming-optical"
CHILDREN, FAMILIES, GIVEN = 20, 5, 15
ASKED = "孩子看黑板看不清，想请人来小区给孩子们做一次视力筛查"
HERE = ZoneInfo("Asia/Shanghai")
Say = Callable[[str], None]
Token = Callable[[str, Role], str]


@dataclass(slots=True)
class Calendar:
    """Lets time pass at once, in a deployment whose clock may run ahead.

    Arguments:
        path: the file that says by how many seconds the clock is ahead.
    """

    path: Path
    _ahead: timedelta = field(default_factory=timedelta)

    async def until(self, moment: datetime) -> None:
        """Let it be a moment, or a little later; what is past already is not waited for."""
        left = moment - now()
        if left <= timedelta():
            return
        self._ahead += left
        self.path.write_text(str(self._ahead.total_seconds()), encoding="utf-8")
        await asyncio.sleep(1.5 * LOOKED_AT_SECONDS)

    def evening(self, hour: int, minute: int = 0) -> datetime:
        """Return the next moment of that time on a day that is no holiday, tomorrow at the earliest."""
        day = now().astimezone(HERE).date() + timedelta(days=1)
        while is_state_holiday(day):
            day += timedelta(days=1)
        return datetime.combine(day, time(hour, minute), HERE)


@dataclass(frozen=True, slots=True)
class OpticianStory:
    """Plays the story over HTTP, as each of its people would.

    Arguments:
        client: of the community.
        token: makes a token for a subject and a role.
        calendar: lets time pass.
        say: tells what happens, a line each.
    """

    client: Client
    token: Token
    calendar: Calendar
    say: Say

    @property
    def staff(self) -> str:
        """Return a token of the staff's; tokens are made anew, since months pass."""
        return self.token("staff-1", Role.STAFF)

    @property
    def partner(self) -> str:
        """Return a token of the optician's."""
        return self.token(OPTICIAN, Role.PARTNER)

    async def play(self) -> dict[str, Any]:
        """Play all of it; return the figures that it came to."""
        before = await self._balance()
        await self.rule()
        screened = await self.screen()
        rechecked = await self.check_again()
        year = now().astimezone(HERE).year
        shared = await self.share()
        given = await self.give()
        promotion = await self.fair()
        effect = await self.report(promotion)
        passbook = await self._balance()
        star = await self.star(year)
        return {
            "screened": screened,
            "rechecked": rechecked,
            "shared": shared,
            "promotion": promotion,
            "effect": effect,
            "given": given,
            "earned": passbook - before,
            "star": star,
            "outstanding": await self.name(star),
        }

    async def rule(self) -> None:
        """Staff decide that screening counts by child, after they have seen what it would have paid."""
        begins = self.calendar.evening(0)
        rule = {
            "default_points": 10,
            "rates": [{"category": "视力健康", "points": 2, "per": "person"}],
            "per_cause_max": 200,
            "per_day_max": 500,
        }
        today = now().astimezone(HERE).date()
        quarter = {"from_on": str(today - timedelta(days=90)), "until_on": str(today + timedelta(days=1))}
        tried = await self.client.post("/points/rules/try", self.staff, {**rule, **quarter})
        self.say(
            f"积分规则试算：上季度 {tried['services']} 件服务，现行规则 {tried['earned_points']} 分，"
            f"新规则 {tried['would_earn_points']} 分"
        )
        decided = {**rule, "starts_on": str(begins.date()), "because": "居委会会议决定"}
        await self.client.post("/points/rules", self.staff, decided)
        await self.calendar.until(begins)

    async def screen(self) -> int:
        """Children are screened on a morning; return what the optician earned by it."""
        before = await self._balance()
        await self._served(
            "parent-1", self.calendar.evening(9), {"minutes": 150, "persons": CHILDREN, "sessions": 1}
        )
        earned = await self._balance(more_than=before) - before
        self.say(f"视力筛查：服务 {CHILDREN} 名孩子，得 {earned} 分")
        return earned

    async def check_again(self) -> int:
        """Families come for the re-check, one after the other; return what the optician earned by it."""
        before = await self._balance()
        for number in range(2, FAMILIES + 2):
            effort = {"minutes": 20, "persons": 1}
            await self._served(f"parent-{number}", self.calendar.evening(10), effort)
        earned = await self._balance(more_than=before + 2 * FAMILIES - 1) - before
        self.say(f"定期复查：{FAMILIES} 户，得 {earned} 分")
        return earned

    async def _served(self, asker: str, at: datetime, effort: dict[str, int]) -> None:
        resident = self.token(asker, Role.RESIDENT)
        body = {"text": ASKED, "compound": "binhe-jiayuan"}
        asked = await self.client.post("/demands", resident, body)
        path = f"/demands/{asked['id']}"
        seen = await self.client.until(path, self.staff, lambda found: bool(found["order"]))
        order = f"/orders/{seen['order']}"
        if seen["status"] == "in_review":
            await self.client.post(f"{order}/dispatch", self.staff, {"provider": OPTICIAN})
        await self.client.post(f"{order}/accept", self.partner)
        await self.calendar.until(at + timedelta(minutes=effort["minutes"]))
        done = {
            "summary": "筛查完毕，结果已告知家长",
            "proof": [{"kind": "photo", "ref": "筛查现场.jpg"}],
            "served_at": at.isoformat(),
            **effort,
        }
        await self.client.post(f"{order}/complete", self.partner, done)
        resident = self.token(asker, Role.RESIDENT)
        await self.client.until(path, resident, lambda found: bool(found["status"] == "completed"))
        opinion = {"solved": "solved", "satisfaction": "satisfied"}
        await self.client.post(f"{path}/rate", resident, opinion)
        await self.client.post(f"{order}/verify", self.staff)

    async def share(self) -> int:
        """The shop's hall is lent to a reading group, half an hour of it before closing, the rest after."""
        before = await self._balance()
        room = await self.client.post(
            "/points/rooms", self.partner, {"name": "验光室外厅", "seats": 12, "equipment": "桌椅、投影"}
        )
        begins = self.calendar.evening(19, 30)
        ends = begins + timedelta(hours=2)
        body = {
            "begins_at": begins.isoformat(),
            "ends_at": ends.isoformat(),
            "people": 10,
            "purpose": "亲子阅读会",
        }
        group = self.token("grid-1", Role.GRID_WORKER)
        made = await self.client.post(f"/points/rooms/{room['id']}/bookings", group, body)
        booking = f"/points/bookings/{made['items'][0]['id']}"
        await self.calendar.until(begins)
        await self.client.post(f"{booking}/check-in", self.token("grid-1", Role.GRID_WORKER))
        await self.calendar.until(ends)
        await self.client.post(f"{booking}/check-out", self.token("grid-1", Role.GRID_WORKER))
        used = (await self.client.get(booking, self.staff))["use"]
        earned = await self._balance(more_than=before) - before
        inside, outside = used["inside_minutes"], used["outside_minutes"]
        self.say(f"空间共享：营业时间内 {inside} 分钟，以外 {outside} 分钟按 2 倍，得 {earned} 分")
        return earned

    async def fair(self) -> dict[str, Any]:
        """The quarter's fair opens, and the gold promotion place goes to the optician."""
        opens = self.calendar.evening(9) + timedelta(days=30)
        closes = opens + timedelta(hours=3)
        hours = {"opens_at": opens.isoformat(), "closes_at": closes.isoformat()}
        fair = await self.client.post("/points/fairs", self.staff, {"title": "季度合伙人集市", **hours})
        offer = await self.client.post(
            "/points/offers",
            self.staff,
            {
                "title": "金牌推广位一个月",
                "kind": "gold_promotion",
                "price_points": 50,
                "stock": 1,
                "fair": fair["id"],
                "slots": ["社区大门公告栏一号位"],
            },
        )
        await self.calendar.until(opens)
        step = f"/points/offers/{offer['id']}/redeem"
        ordered = await self.client.post(step, self.partner)
        first = opens.date() + timedelta(days=1)
        shown = {
            "slot": "社区大门公告栏一号位",
            "from_on": str(first),
            "until_on": str(first + timedelta(days=29)),
            "because": "已上墙",
        }
        path = f"/points/redemptions/{ordered['id']}"
        done = await self.client.post(f"{path}/fulfil", self.staff, shown)
        self.say(
            f"合伙人集市：{done['title']}（{done['price_points']} 分）归医明眼镜店，{first} 起公示一个月"
        )
        return done

    async def report(self, promotion: dict[str, Any]) -> dict[str, Any]:
        """The month is over, and there were a fifth more customers."""
        over = datetime.fromisoformat(promotion["promotion"]["until_on"]).replace(tzinfo=HERE)
        await self.calendar.until(over + timedelta(days=1))
        path = f"/points/redemptions/{promotion['id']}/effect"
        customers = {"customers_before": 150, "customers_after": 180, "note": "推广前后各一个月"}
        effect: dict[str, Any] = (await self.client.post(path, self.partner, customers))["effect"]
        self.say(f"推广效果：顾客增加 {effect['change_percent']} %")
        return effect

    async def give(self) -> int:
        """Some of the points go to a good cause."""
        cause = await self.client.post(
            "/points/causes", self.staff, {"title": "四点半课堂护眼灯", "goal_points": 100}
        )
        path = f"/points/causes/{cause['id']}"
        await self.client.post(f"{path}/pledge", self.partner, {"amount_points": GIVEN})
        seen = await self.client.get(path, self.staff)
        self.say(f"公益反哺：捐给“{seen['title']}” {seen['pledged_points']} 分")
        return int(seen["pledged_points"])

    async def star(self, year: int) -> dict[str, Any]:
        """The year is over, and stars are set from it."""
        month = f"{year}-12"
        await self.calendar.until(datetime(year + 1, 1, 1, 4, tzinfo=HERE))
        path = f"/points/stars/{OPTICIAN}"

        def is_set(seen: dict[str, Any]) -> bool:
            return bool(seen["month"] == month and seen["stars"])

        await self.client.until(f"{path}/history", self.staff, lambda seen: any(map(is_set, seen["items"])))
        months = (await self.client.get(f"{path}/history", self.staff))["items"]
        star: dict[str, Any] = next(one for one in months if is_set(one))
        self.say(f"星级评定：{star['because']}")
        return star

    async def name(self, star: dict[str, Any]) -> dict[str, Any]:
        """Staff are shown the evidence, and name the outstanding partners of the year."""
        year = int(star["month"][:4])
        seen = await self.client.get(f"/points/outstanding?year={year}", self.staff)
        proposed = [one["partner"] for one in seen["proposed"]]
        assert OPTICIAN in proposed, proposed
        given = {"partner": OPTICIAN, "year": year, "reason": "居民议事会推荐，星级和反哺都在前列"}
        named = await self.client.post("/points/outstanding", self.staff, given)
        self.say(f"优秀社区合伙人：医明眼镜店，{year} 年度")
        return named

    async def _balance(self, more_than: int | None = None) -> int:
        """Return what stands on the passbook; where it is to have grown, once it has."""
        path = f"/points/accounts/{OPTICIAN}"
        if more_than is None:
            items = (await self.client.get("/points/accounts?limit=100", self.staff))["items"]
            return next((int(one["balance_points"]) for one in items if one["id"] == OPTICIAN), 0)
        seen = await self.client.until(
            path, self.staff, lambda found: bool(found["balance_points"] > more_than)
        )
        return int(seen["balance_points"])

"""The points bank under load: transfers handed to it in batches, redemptions over HTTP, a ledger verified.

Batches: half of the transfers are awards from the issuing account, half are holds of a thousand partners;
seals, lots and announcements included, until the broker has confirmed the last of them.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import uuid4

import aiohttp
import psutil

from services.chassis.clock import new_id, now
from services.chassis.service import Service
from services.chassis.work import Origin, Work
from services.cli.client import Client, Refusal
from services.cli.local import Deployment
from services.composition import process_of
from services.contracts.communities import CommunityLoaded
from services.contracts.ids import OrderId
from services.contracts.words import Actor, Role
from services.points.commands.verifying import verify
from services.points.domain.approvals import Approval
from services.points.domain.transfers import Cause
from services.points.domain.waiting import Award
from services.points.handlers.awards import pay_or_wait
from services.points.handlers.funding import approve
from services.points.handlers.holds import HoldRequest, place_hold
from services.points.handlers.rules import keep_rule
from tests.support.deployment import jiwang

COMMUNITY = "bench-0"
LIMITS = {
    "limit_address_per_minute": 0,
    "limit_provider_per_minute": 0,
    "limit_community_per_second": 0.0,
}
PARTNERS = 1_000
WARM_UP = 2_000
TRANSFERS = 24_000
BATCH = 400
HTTP_COUNT = 3_000
HTTP_AT_ONCE = 64
HALF = 2
HTTP_WANTED_PER_SECOND = 400.0
FAIR_STOCK, FAIR_CONNECTIONS, FAIR_OPENS_SECONDS = 100, 500, 3.0
FAR = now().replace(year=2100)
Figures = dict[str, float]


class Bank:
    """A points bank of its own, in this process.

    Arguments:
        service: points, running.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._dice = random.Random(4_711)
        self.origin = Origin(COMMUNITY, Actor(subject="staff-1", role=Role.STAFF), COMMUNITY)

    def partner(self) -> str:
        """Return one of the partners."""
        return f"partner-{self._dice.randrange(PARTNERS)}"

    def award(self, partner: str, points: int) -> Work[Any]:
        """Return the work that pays an award."""
        order = OrderId(new_id())
        cause, because = Cause("order", order), "完成“视力健康”服务"
        award = Award(new_id(), partner, points, because, cause, order, "settled", 1)
        return pay_or_wait(self.origin, award)

    def hold(self) -> Work[Any]:
        """Return the work that sets a point aside."""
        hold = new_id()
        setting = HoldRequest(hold, self.partner(), 1, "兑换宣传栏位置", Cause("shop", hold), FAR)
        return place_hold(self.origin, setting)

    async def run(self, works: Sequence[Work[Any]]) -> None:
        """Hand works to the ledger in batches, and wait until all they announce is confirmed."""
        for at in range(0, len(works), BATCH):
            outcomes = await self._service.batches.run(works[at : at + BATCH])
            failed = [one for one in outcomes if isinstance(one, Exception)]
            if failed:
                raise failed[0]
        outbox = self._service.store.plain("outbox")
        while await outbox.count({"sent_at": None}):  # noqa: ASYNC110 - the broker confirms it
            await asyncio.sleep(0.02)


async def measure(place: Deployment) -> Figures:
    """Return the figures: transfers a second, seconds, ratios."""
    prefix = f"bench_{uuid4().hex[:6]}"
    named = {"database_prefix": prefix, "bus_prefix": prefix, "http_port": 0}
    process = process_of(place.settings.model_copy(update={**named, **LIMITS}), ("points", "notify"))
    await process.start()
    try:
        points = next(service for service in process.services if service.name == "points")
        bank = Bank(points)
        await bank.run([approve(bank.origin, Approval("bench", 500_000_000, "年度核定"))])
        await bank.run([bank.award(f"partner-{n % PARTNERS}", 500) for n in range(WARM_UP)])
        figures = await _batches(place, bank)
        figures |= await _over_http(place, process.port)
        figures |= await _fair(place, process.port, bank)
        stores = {service.name: service.store for service in process.services} | {"matching": points.store}
        figures |= await _verified(stores)
    finally:
        await process.stop()
    return figures


async def _batches(place: Deployment, bank: Bank) -> Figures:
    works = [bank.award(bank.partner(), 20) if n % HALF else bank.hold() for n in range(TRANSFERS)]
    servers = [server for server in (place.servers.broker, place.servers.mongo) if server is not None]
    pids = [pid for server in servers for pid in server.pids]
    processes = [psutil.Process(), *map(psutil.Process, pids)]
    before = _cpu_seconds(processes)
    began = monotonic()
    await bank.run(works)
    seconds = monotonic() - began
    return {
        "transfers_per_second": TRANSFERS / seconds,
        "transfers_1000_cpu_seconds": 1_000 * (_cpu_seconds(processes) - before) / TRANSFERS,
    }


def _cpu_seconds(processes: Sequence[psutil.Process]) -> float:
    return float(sum(sum(process.cpu_times()[:2]) for process in processes))


async def _over_http(place: Deployment, port: int) -> Figures:
    """Redeem over HTTP: flat out, then at half of what is wanted at least."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=HTTP_AT_ONCE)) as session:
        client = Client(session, f"http://127.0.0.1:{port}", COMMUNITY)
        names = [f"partner-{n}" for n in range(PARTNERS)]
        tokens = [place.keys.token(name, Role.PARTNER, COMMUNITY) for name in names]
        flat = await _redeemed(client, tokens, 0.0)
        half = await _redeemed(client, tokens, HTTP_WANTED_PER_SECOND / HALF)
    return {
        "redeemed_http_per_second": flat["per_second"],
        "redeemed_http_half_p99_seconds": half["p99"],
        "redeemed_http_half_p50_seconds": half["p50"],
    }


async def _redeemed(client: Client, tokens: Sequence[str], per_second: float) -> Figures:
    numbers, waits = iter(range(HTTP_COUNT)), list[float]()
    body = {"amount_points": 1, "because": "兑换宣传栏位置", "until": FAR.isoformat()}
    began = monotonic()

    async def one() -> None:
        for number in numbers:
            if per_second:
                await asyncio.sleep(max(0.0, began + number / per_second - monotonic()))
            start = monotonic()
            try:
                await client.post("/points/holds", tokens[number % len(tokens)], body)
            except Refusal as refusal:
                raise RuntimeError(f"a redemption was refused: {refusal}") from refusal
            waits.append(monotonic() - start)

    await asyncio.gather(*(one() for _ in range(HTTP_AT_ONCE)))
    waits.sort()
    return {
        "per_second": HTTP_COUNT / (monotonic() - began),
        "p50": waits[len(waits) // 2],
        "p99": waits[int(len(waits) * 0.99)],
    }


async def _fair(place: Deployment, port: int, bank: Bank) -> Figures:
    """Let a fair open, and every partner press at that second; as many get one as there are."""
    file = jiwang(COMMUNITY)
    one = file.partners[0]
    partners = tuple(
        one.model_copy(update={"id": f"partner-{n}", "name": f"合伙人 {n}"}) for n in range(PARTNERS)
    )
    loaded = CommunityLoaded(file=file.model_copy(update={"partners": partners}))
    await bank.run([keep_rule(bank.origin, loaded)])
    names = [f"partner-{n}" for n in range(PARTNERS)]
    tokens = [place.keys.token(name, Role.PARTNER, COMMUNITY) for name in names]
    staff = place.keys.token("staff-1", Role.STAFF, COMMUNITY)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=FAIR_CONNECTIONS)) as session:
        client = Client(session, f"http://127.0.0.1:{port}", COMMUNITY)
        opens = now() + timedelta(seconds=FAIR_OPENS_SECONDS)
        hours = {"opens_at": opens.isoformat(), "closes_at": (opens + timedelta(hours=1)).isoformat()}
        fair = await client.post("/points/fairs", staff, {"title": "集市", "per_partner_max": 1, **hours})
        offer = {"title": "政策咨询", "kind": "policy_advice", "price_points": 1, "stock": FAIR_STOCK}
        put_up = await client.post("/points/offers", staff, {**offer, "fair": fair["id"]})
        step = f"/points/offers/{put_up['id']}/redeem"
        await asyncio.sleep((opens - now()).total_seconds() + 0.01)
        answers = await asyncio.gather(*(_pressed(client, step, token) for token in tokens))
    waits = sorted(seconds for seconds, _ in answers)
    got = [state for _, state in answers]
    if got.count("ordered") != FAIR_STOCK or len(got) != PARTNERS:
        raise RuntimeError(f"{got.count('ordered')} were sold, of {FAIR_STOCK}")
    return {"fair_p50_seconds": waits[PARTNERS // 2], "fair_p99_seconds": waits[int(PARTNERS * 0.99)]}


async def _pressed(client: Client, step: str, token: str) -> tuple[float, str]:
    """Return how long an answer took, and what it said."""
    start = monotonic()
    try:
        answer = await client.post(step, token)
    except Refusal as refusal:
        return monotonic() - start, str(refusal.problem["code"])
    return monotonic() - start, str(answer["state"])


async def _verified(stores: Mapping[str, Any]) -> Figures:
    began = monotonic()
    verified = await verify(stores, COMMUNITY, now())
    if verified.wrong:
        raise RuntimeError(f"the ledger is not what was posted: {verified.wrong[0]}")
    seconds = monotonic() - began
    return {"verified_lines": float(verified.lines), "verified_lines_per_second": verified.lines / seconds}

"""`sandan demo`: the whole system with throw-away data, and the real cases played through it."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from uuid import uuid4

import aiohttp
from rich.console import Console
from rich.table import Table

from services.chassis.bus import BrokerConnection
from services.chassis.runner import ServiceProcess
from services.chassis.ways import purge
from services.cli.cases import CASES
from services.cli.client import Client, Refusal
from services.cli.local import DATA_DIR, Deployment, deployment
from services.cli.optician import Calendar, OpticianStory
from services.cli.story import Storyteller, Told
from services.composition import process_of
from services.contracts.words import Role

COMMUNITIES = Path(__file__).resolve().parents[2] / "deploy" / "communities"
COMMUNITY = "jiwang"
PREFERRED_PORT = 8080
IN_A_HURRY = {"limit_resident_per_minute": 1_000, "limit_address_per_minute": 60_000}
"""One resident asks everything in the story, in a few seconds and from one address."""
MONTHS_PASS = {"development": True, "http_host": "127.0.0.1"}
"""The clock may run ahead, so that a year can be shown."""
SHARED_UNIT = "yuncheng-legal-aid-centre"
NEIGHBOURS = {"jiwang": "xinhua", "fenwan": "longxing"}
FIRE = "三号楼车棚着火了，快来人"
REPORT = "举报仁和诊所无证行医，打针打坏了人"
WAGES = "家里困难，打官司请不起律师，想申请法律援助"


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demonstration: where it prints, and what runs."""

    console: Console
    place: Deployment
    process: ServiceProcess

    @property
    def base_url(self) -> str:
        """Return where the system is reached."""
        return f"http://127.0.0.1:{self.process.port}"

    def token(self, subject: str, role: Role) -> str:
        """Return a token of the community's."""
        return self.place.keys.token(subject, role, COMMUNITY)

    async def load_communities(self, session: aiohttp.ClientSession) -> None:
        """Load every community file that comes with the project."""
        operator = self.place.keys.token("operator-1", Role.OPERATOR)
        for path in sorted(COMMUNITIES.glob("*.yaml")):
            answer = await Client(session, self.base_url, path.stem).load(path.read_text(), operator)
            self.console.print(f"  已载入 {path.stem}：{len(answer['changes'])} 项")

    async def tell(self, session: aiohttp.ClientSession) -> list[Told]:
        """Play every case, one after the other, and print how it goes."""
        teller = Storyteller(Client(session, self.base_url, COMMUNITY), self.token)
        told: list[Told] = []
        for case in CASES:
            told.append(await teller.play(case))
            mark = "[green]✓[/]" if told[-1].right else "[red]✗[/]"
            self.console.print(f"  {mark} {case.name} → {told[-1].name}")
        return told

    async def show_neighbours(self, session: aiohttp.ClientSession) -> bool:
        """Ask the same in two communities: the unit they share has both orders, neither sees the other's."""
        orders: list[str] = []
        for community, compound in NEIGHBOURS.items():
            client = Client(session, self.base_url, community)
            resident = self.place.keys.token("resident-1", Role.RESIDENT, community)
            asked = await client.post("/demands", resident, {"text": WAGES, "compound": compound})
            path = f"/demands/{asked['id']}"
            seen = await client.until(path, resident, lambda found: bool(found["handler"]))
            orders.append(seen["handler"]["id"])
            self.console.print(f"  {community}：{WAGES} → {seen['handler']['name']}")
            other = self.place.keys.token("resident-2", Role.RESIDENT, *(NEIGHBOURS.keys() - {community}))
            if not await _is_hidden(client, path, other):
                return False
        self.console.print("  两个社区共用一个单位，彼此看不到对方的诉求")
        return set(orders) == {SHARED_UNIT}

    async def show_care(self, session: aiohttp.ClientSession) -> bool:
        """Ask what no router may decide: an emergency and an accusation; people have both first."""
        client, held = Client(session, self.base_url, COMMUNITY), True
        resident, staff = self.token("resident-5", Role.RESIDENT), self.token("staff-1", Role.STAFF)
        for text in (FIRE, REPORT):
            asked = await client.post("/demands", resident, {"text": text, "compound": "yuxiuyuan"})
            seen = await client.until(f"/demands/{asked['id']}", resident, lambda found: bool(found["order"]))
            order = await client.get(f"/orders/{seen['order']}", staff)
            held = held and order["held"] and order["provider"] is None
            self.console.print(f"  {text}", markup=False)
            emergency = asked["emergency"]
            told = emergency["advice"] if emergency else asked["who_sees"]
            self.console.print(f"    居民看到：{told}", markup=False)
            self.console.print(f"    工作人员看到：{order['because']}", markup=False)
            if emergency:
                await client.post(f"/demands/{asked['id']}/take", staff)
        return held

    async def show_a_partner_s_year(self, session: aiohttp.ClientSession, ahead: Path) -> bool:
        """Play a year of the optician; months pass at once."""
        client = Client(session, self.base_url, COMMUNITY)
        story = OpticianStory(
            client, self.token, Calendar(ahead), lambda line: self.console.print(f"  {line}", markup=False)
        )
        figures = await story.play()
        return bool(figures["effect"]["change_percent"] == 20)

    async def show_points(self, session: aiohttp.ClientSession, partner: str) -> None:
        """Print what a partner earned."""
        client = Client(session, self.base_url, COMMUNITY)
        account = await client.until(f"/points/accounts/{partner}", self.token("staff-1", Role.STAFF), bool)
        self.console.print(f"  合伙人 {partner} 积分余额 [bold]{account['balance_points']}[/]")


async def run_demo(console: Console, *, once: bool) -> int:
    """Run the demonstration; return 0 only if every case went to who really did it.

    Arguments:
        console: where it prints.
        once: end after the story; otherwise serve until a signal.
    """
    prefix = f"demo_{uuid4().hex[:8]}"
    began = monotonic()
    console.print("[bold]1[/] 启动 RabbitMQ 与 MongoDB（临时数据） starting broker and database …")
    own = {"database_prefix": prefix, "bus_prefix": prefix, "http_port": _free_port(), **IN_A_HURRY}
    async with (
        _clock_file() as ahead,
        deployment(DATA_DIR, keep=False, **own, **MONTHS_PASS, clock_file=str(ahead)) as place,
    ):
        console.print(f"  就绪 ready（{monotonic() - began:.1f} s）")
        demo = Demo(console, place, process_of(place.settings))
        try:
            await demo.process.start()
            console.print(f"[bold]2[/] 四个服务已启动 four services at {demo.base_url}")
            return await _play(demo, began, ahead, once=once)
        finally:
            await demo.process.stop()
            if place.servers.broker is None:
                await _clean_up(place, demo.process)


async def _play(demo: Demo, began: float, ahead: Path, *, once: bool) -> int:
    console = demo.console
    async with aiohttp.ClientSession() as session:
        console.print("[bold]3[/] 载入社区 loading communities")
        await demo.load_communities(session)
        console.print("[bold]4[/] 真实的诉求 the real cases")
        told = await demo.tell(session)
        console.print("[bold]5[/] 结果 what happened")
        console.print(_table(told))
        _print_timeline(console, next(t for t in told if t.case.compound == "lutianxiang"))
        await demo.show_points(session, "yiming-optical")
        console.print("[bold]6[/] 险情与举报，由人决定 what a person decides")
        held = await demo.show_care(session)
        console.print("[bold]7[/] 两个社区，一个系统 two communities, one deployment")
        apart = await demo.show_neighbours(session)
        console.print("[bold]8[/] 社区合伙人的一年（时钟快进） a partner's year, months pass at once")
        year = await demo.show_a_partner_s_year(session, ahead)
    right = sum(t.right for t in told)
    console.print(f"[bold]{right}/{len(told)}[/] 件到了真正办事的人手里，用时 {monotonic() - began:.1f} s")
    if not once:
        await _serve(demo)
    return 0 if right == len(told) and apart and held and year else 1


@asynccontextmanager
async def _clock_file() -> AsyncIterator[Path]:
    """Provide the file that says by how much the clock is ahead; it is gone at the end."""
    with TemporaryDirectory(prefix="sandan-demo-") as directory:
        yield Path(directory) / "ahead"


async def _serve(demo: Demo) -> None:
    console = demo.console
    console.print(f"\n系统仍在运行 serving at {demo.base_url} (Ctrl-C to end). 试试 try:")
    console.print(f"  export SANDAN_URL={demo.base_url}", soft_wrap=True)
    console.print(f"  export TOKEN={demo.token('resident-9', Role.RESIDENT)}", soft_wrap=True)
    console.print(
        "  curl -s -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' "
        f"$SANDAN_URL/api/v1/communities/{COMMUNITY}/demands "
        '-d \'{"text":"路灯坏了，晚上看不见","compound":"xinhua"}\'',
        soft_wrap=True,
        markup=False,
    )
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


async def _clean_up(place: Deployment, running: ServiceProcess) -> None:
    """Leave nothing on servers that are not ours."""
    link = BrokerConnection(place.settings, "sandan cleans up")
    try:
        await purge(link, place.settings)
    finally:
        await link.close()
    await running.drop_databases()


async def _is_hidden(client: Client, path: str, token: str) -> bool:
    try:
        await client.get(path, token)
    except Refusal as refusal:
        return refusal.status == 404
    return False


def _table(told: list[Told]) -> Table:
    table = Table(show_lines=True)
    for column in ("诉求", "谁来办", "为什么", "状态"):
        table.add_column(column, overflow="fold")
    for t in told:
        table.add_row(t.case.name, t.name, t.because, t.demand["status_name"])
    return table


def _print_timeline(console: Console, told: Told) -> None:
    console.print(f"\n“{told.case.name}”的经过 timeline:")
    for line in told.demand["timeline"]:
        console.print(f"  {line['at'][11:19]}  {line['text']}")


def _free_port() -> int:
    """Return the usual port if nobody has it, otherwise 0, which takes any free one."""
    with socket.socket() as probe:
        return PREFERRED_PORT if probe.connect_ex(("127.0.0.1", PREFERRED_PORT)) else 0

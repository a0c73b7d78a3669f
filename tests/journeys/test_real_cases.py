"""The real cases, from a resident's words to a closed demand, through all four services."""

import asyncio
from pathlib import Path

import aiohttp

from services.cli.cases import CASES
from services.cli.client import Client
from services.cli.story import Storyteller, Told
from services.composition import SERVICES
from services.contracts.words import Role
from tests.support.deployment import Deployments, Keys, jiwang_text
from tests.support.processes import service_processes
from tests.support.running import running_house

PREFIXES = {"orders": "matching", "providers": "matching", "points": "points", "notices": "notify"}


def teller(client: Client, keys: Keys) -> Storyteller:
    return Storyteller(client, lambda subject, role: keys.token(subject, role, "jiwang"))


async def play_all(client: Client, keys: Keys) -> list[Told]:
    storyteller = teller(client, keys)
    return [await storyteller.play(case) for case in CASES]


def assert_all_right(told: list[Told]) -> None:
    for case in told:
        assert case.right, f"{case.case.name} went to {case.name} ({case.because})"
        assert case.demand["status"] == "closed"
        assert case.demand["supporters"] == len(case.case.endorsed_by)


async def test_every_real_case_reaches_who_really_did_it_in_one_process(
    deployments: Deployments, keys: Keys
) -> None:
    async with running_house(deployments.new(), keys) as running:
        told = await play_all(Client(running.session, running.origin, "jiwang"), keys)
    assert_all_right(told)


async def test_every_real_case_reaches_who_really_did_it_as_four_processes(
    deployments: Deployments, keys: Keys, tmp_path: Path
) -> None:
    settings = deployments.new()
    groups = tuple((name,) for name in SERVICES)
    async with (
        service_processes(settings, groups, tmp_path) as processes,
        aiohttp.ClientSession() as session,
    ):
        others = {part: processes[service].origin for part, service in PREFIXES.items()}
        client = Client(session, processes["intake"].origin, "jiwang", others)
        operator = keys.token("operator-1", Role.OPERATOR, "*")
        await client.load(jiwang_text(), operator)
        told = await play_all(client, keys)
    assert_all_right(told)


async def test_everybody_concerned_hears_of_every_step_once(deployments: Deployments, keys: Keys) -> None:
    async with running_house(deployments.new(), keys) as running:
        client = Client(running.session, running.origin, "jiwang")
        optician = next(case for case in CASES if case.compound == "binhe-jiayuan")
        await teller(client, keys).play(optician)
        await running.drained()

        async def heard(subject: str, role: Role) -> list[str]:
            notices = await client.get("/notices?limit=100", keys.token(subject, role, "jiwang"))
            return [item["kind"].split(".")[1] for item in reversed(notices["items"])]

        resident = await heard(optician.asked_by[0], Role.RESIDENT)
        partner = await heard("yiming-optical", Role.PARTNER)
        staff = await heard("staff-1", Role.STAFF)
    assert resident == [
        "dispatched",
        "accepted",
        "planned",
        "milestone_done",
        "milestone_done",
        "completed",
        "settled",
    ]
    assert sorted(partner) == sorted(["dispatched", "verified", "settled", "posted"])
    assert staff == ["approved", "rule_decided", "completed"], "two when the community's file was loaded"


async def test_a_partner_earns_points_once_and_a_unit_none(deployments: Deployments, keys: Keys) -> None:
    async with running_house(deployments.new(), keys) as running:
        client = Client(running.session, running.origin, "jiwang")
        told = await play_all(client, keys)
        await running.drained()
        staff = keys.token("staff-1", Role.STAFF, "jiwang")
        accounts = (await client.get("/points/accounts?limit=100", staff))["items"]
        transfers = (await client.get("/points/accounts/budget/transfers", staff))["items"]
    partners = [t.provider for t in told if t.provider == "yiming-optical"]
    assert {account["id"] for account in accounts} == {"@equity", "budget", "yiming-optical"}
    assert [transfer["credit"] for transfer in transfers] == [*partners, "budget"]
    earned = next(a["balance_points"] for a in accounts if a["id"] == "yiming-optical")
    spent = next(a["debited_points"] for a in accounts if a["id"] == "budget")
    assert earned == spent == sum(line["amount_points"] for line in transfers if line["kind"] == "award") > 0


async def test_a_demand_is_followed_by_its_id_through_the_logs_of_all_services(
    deployments: Deployments, keys: Keys, tmp_path: Path
) -> None:
    settings = deployments.new(log_level="INFO")
    groups = tuple((name,) for name in SERVICES)
    case = CASES[0]
    async with (
        service_processes(settings, groups, tmp_path) as processes,
        aiohttp.ClientSession() as session,
    ):
        others = {part: processes[service].origin for part, service in PREFIXES.items()}
        client = Client(session, processes["intake"].origin, "jiwang", others)
        await client.load(jiwang_text(), keys.token("operator-1", Role.OPERATOR, "*"))
        told = await teller(client, keys).play(case)
        await asyncio.sleep(0.5)
    logs = {name: (tmp_path / f"{name}.log").read_text() for name in SERVICES}
    for name in ("intake", "matching", "notify"):
        assert told.demand["id"] in logs[name], name
    for text in logs.values():
        assert case.text not in text

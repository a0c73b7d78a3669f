"""`sandan ledger verify`: what is in order is said in a line, what is not ends it with status 1."""

import asyncio

from typer.testing import CliRunner

from services.cli.main import app
from tests.support.running import Running

runner = CliRunner()


def environment(running: Running) -> dict[str, str]:
    settings = running.settings
    return {
        "SANDAN_AMQP_URL": settings.amqp_urls[0],
        "SANDAN_MONGO_URL": settings.mongo_url or "",
        "SANDAN_DATABASE_PREFIX": settings.database_prefix,
        "SANDAN_BUS_PREFIX": settings.bus_prefix,
    }


async def verified(running: Running, *words: str) -> tuple[int, str]:
    env = environment(running)
    done = await asyncio.to_thread(runner.invoke, app, ["ledger", "verify", *words], env=env)
    return done.exit_code, done.output


async def test_a_ledger_is_verified_and_what_was_altered_is_named(own_house: Running) -> None:
    staff = own_house.staff()
    given = {"amount_points": 500, "because": "居委会追加"}
    for _ in range(3):
        (await staff.post("/points/approvals", given)).ok()
    await own_house.drained()
    code, said = await verified(own_house)
    assert (code, said.count("jiwang: 4 transfers in 2 accounts")) == (0, 1), said
    assert "5 lines with what was told" in said
    rows = own_house.stores["points"].plain("transfers")
    await rows.update({"number": 3}, {"$set": {"amount_points": 5_000}})
    code, said = await verified(own_house, "jiwang")
    assert code == 1
    assert "WRONG" in said
    assert "transfer 3, budget: its seal is another" in said

"""`sandan points`: every door of the bank by name, with the token of whoever asks."""

import asyncio
import json
from typing import Any

from typer.testing import CliRunner

from services.cli.main import app
from services.cli.points import doors_of
from services.contracts.words import Role
from tests.support.running import Running
from tests.support.savers import someone_with

runner = CliRunner()


async def said(
    running: Running, *words: str, role: Role = Role.STAFF, who: str = "staff-1"
) -> tuple[int, str]:
    env = {"SANDAN_URL": running.origin, "SANDAN_TOKEN": running.keys.token(who, role, "jiwang")}
    done = await asyncio.to_thread(runner.invoke, app, ["points", *words], env=env)
    return done.exit_code, done.output


async def answered(running: Running, *words: str, **more: Any) -> Any:
    code, output = await said(running, *words, **more)
    assert code == 0, output
    return json.loads(output)


def test_every_door_of_the_bank_is_listed() -> None:
    output = runner.invoke(app, ["points", "doors"]).output
    found = list(doors_of())
    assert len(found) > 60
    for path in ("rules/try", "offers/{offer}/redeem", "rooms/{room}/week", "board", "stars", "series"):
        assert path in [one[1] for one in found]
        assert path.split("/", maxsplit=1)[0] in output
    assert "rooms" not in runner.invoke(app, ["points", "doors", "fair"]).output


async def test_staff_approve_and_offer_and_a_partner_redeems(running: Running) -> None:
    name, _ = await someone_with(running, 50)
    own: dict[str, Any] = {"role": Role.PARTNER, "who": name}
    given = ("amount_points=500", "because=居委会追加")
    approved = await answered(running, "do", "jiwang", "approvals", *given)
    assert approved["amount_points"] == 500
    words = ("title=政策咨询", "kind=policy_advice", "price_points=10")
    offer = await answered(running, "do", "jiwang", "points/offers", *words, "slots=[]")
    assert offer["title"] == "政策咨询"
    account = await answered(running, "ask", "jiwang", f"accounts/{name}", **own)
    assert account["balance_points"] == 50
    code, output = await said(running, "do", "jiwang", f"offers/{offer['id']}/redeem", **own)
    assert (code, "partner_gone" in output) == (1, True)
    seen = await answered(running, "ask", "jiwang", "offers", "limit=1", "fair=shop")
    assert len(seen["items"]) == 1


async def test_what_is_refused_and_what_is_no_word_is_said(running: Running) -> None:
    assert (await said(running, "ask", "jiwang", "nothing/of/the/kind"))[0] == 1
    code, output = await said(running, "do", "jiwang", "approvals", "amount_points")
    assert (code, "name=value" in output) == (2, True)
    env = {"SANDAN_URL": "http://127.0.0.1:1", "SANDAN_TOKEN": "x"}
    done = await asyncio.to_thread(runner.invoke, app, ["points", "ask", "jiwang", "board"], env=env)
    assert done.exit_code == 2

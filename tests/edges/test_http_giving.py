"""Give-back over HTTP: who may give, who may spend, and what everybody sees."""

from typing import Any

import pytest

from services.contracts.words import Role
from tests.support.client import Visitor
from tests.support.running import Running
from tests.support.savers import someone_with

OTHER = "another-partner"


async def a_cause(running: Running, **more: Any) -> str:
    body = {"title": "四点半课堂添置图书", "goal_points": 500, **more}
    return str((await running.staff().post("/points/causes", body)).ok()["id"])


@pytest.fixture
async def giver(running: Running) -> tuple[str, Visitor]:
    return await someone_with(running, 100)


async def test_points_are_given_shown_and_used(running: Running, giver: tuple[str, Visitor]) -> None:
    name, partner = giver
    cause, staff = await a_cause(running), running.staff()
    step = f"/points/causes/{cause}"
    given = (await partner.post(f"{step}/pledge", {"amount_points": 60})).ok()
    assert (given["partner"], given["amount_points"]) == (name, 60)
    seen = (await running.resident().get(step)).ok()
    assert (seen["pledged_points"], seen["balance_points"]) == (60, 60)
    (await staff.post(f"{step}/spend", {"amount_points": 61, "because": "书"})).refused(
        409, "insufficient_points"
    )
    (await staff.post(f"{step}/spend", {"amount_points": 25, "because": "买图书 5 册"})).ok()
    seen = (await staff.get(step)).ok()
    assert (seen["spent_points"], seen["balance_points"]) == (25, 35)
    lines = (await staff.get(f"/points/accounts/{seen['account']}/transfers")).ok()["items"]
    assert [line["kind_name"] for line in lines] == ["公益支出", "公益捐赠"]
    (await partner.get(f"/points/accounts/{seen['account']}")).refused(404, "not_found")
    (await partner.post(f"{step}/spend", {"amount_points": 1, "because": "x"})).refused(403, "forbidden")
    (await staff.post(f"{step}/close")).ok()
    (await partner.post(f"{step}/pledge", {"amount_points": 1})).refused(409, "cause_closed")


async def test_pledges_are_their_partners_and_staff_s(running: Running, giver: tuple[str, Visitor]) -> None:
    name, partner = giver
    step = f"/points/causes/{await a_cause(running)}/pledge"
    (await partner.post(step, {"service": "免费验光 20 人次，电话 13800138000"})).ok()
    listed = (await partner.get("/points/pledges")).ok()["items"]
    assert [one["partner"] for one in listed] == [name]
    assert "13800138000" not in listed[0]["service"]
    other, foreign = running.partner(OTHER), running.visitor(name, Role.PARTNER, "fenwan")
    assert (await other.get("/points/pledges")).ok()["items"] == []
    (await other.get(f"/points/pledges?partner={name}")).refused(404, "not_found")
    (await other.post(step, {"partner": name, "amount_points": 1})).refused(404, "not_found")
    (await other.post(step, {"amount_points": 1})).refused(404, "not_found")  # it has no passbook
    (await foreign.post(step, {"amount_points": 1})).refused(404, "not_found")
    delivered = f"/points/pledges/{listed[0]['id']}/deliver"
    (await partner.post(delivered)).refused(403, "forbidden")
    assert (await running.staff().post(delivered)).ok()["delivered_at"]
    (await running.staff().post(delivered)).refused(409, "pledge_delivered")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "pledge_nothing"),
        ({"amount_points": 1, "service": "洗窗帘"}, 422, "pledge_nothing"),
        ({"amount_points": 0}, 422, "invalid_body"),
        ({"amount_points": -1}, 422, "invalid_body"),
        ({"amount_points": 1.5}, 422, "invalid_body"),
        ({"amount_points": 10**10}, 422, "invalid_body"),
        ({"amount_points": 101}, 409, "insufficient_points"),
    ],
)
async def test_what_cannot_be_given_is_refused_and_changes_nothing(
    running: Running, giver: tuple[str, Visitor], body: dict[str, Any], status: int, code: str
) -> None:
    name, partner = giver
    cause = await a_cause(running)
    (await partner.post(f"/points/causes/{cause}/pledge", body)).refused(status, code)
    assert (await partner.get(f"/points/accounts/{name}")).ok()["balance_points"] == 100
    assert (await partner.get(f"/points/causes/{cause}")).ok()["pledges"] == 0

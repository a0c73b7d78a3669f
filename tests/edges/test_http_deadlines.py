"""Deadlines over HTTP: asking for more time, waiting for the resident, and who may see and do what."""

from typing import Any

import pytest

from tests.support.client import Visitor
from tests.support.running import Running

EYES = "孩子看黑板看不清，能不能组织一次视力筛查"
CHARGING = "电动车充电飞线，存在火灾隐患，希望建充电桩"
OPTICIAN = "yiming-optical"


async def accepted(running: Running) -> tuple[str, dict[str, Any]]:
    """Return the path of an order that the optician has accepted, and its demand."""
    demand = await running.submitted(EYES, "binhe-jiayuan")
    path = f"/orders/{demand['order']}"
    (await running.partner(OPTICIAN).post(f"{path}/accept")).ok()
    seen = await running.resident().until(
        f"/demands/{demand['id']}", lambda seen: seen["status"] == "accepted"
    )
    return path, seen


async def test_an_order_says_until_when_and_who_is_answerable(running: Running) -> None:
    demand = await running.submitted(EYES, "binhe-jiayuan")
    order = (await running.staff().get(f"/orders/{demand['order']}")).ok()
    assert order["sign_due_at"] > order["created_at"]
    assert order["finish_due_at"] == demand["finish_due_at"]
    assert (order["about"], order["urgent"], order["overdue"]) == ("help", False, False)
    assert (order["answerable"], order["level"], order["supervised"]) == (None, "candidate", None)
    taken = (await running.partner(OPTICIAN).post(f"/orders/{demand['order']}/accept")).ok()
    assert taken["answerable"]["id"] == OPTICIAN
    assert taken["sign_due_at"] is None
    assert {"ask_resident", "request_extension", "supervise"} <= set(taken["allowed"])
    assert not {"go_on", "miss_signing", "lapse_handover"} & set(taken["allowed"])


async def test_the_resident_is_asked_and_answers(running: Running) -> None:
    path, demand = await accepted(running)
    resident, optician = running.resident(), running.partner(OPTICIAN)
    asked = (await optician.post(f"{path}/question", {"question": "在哪个班？"})).ok()
    assert asked["waiting"]
    (await optician.post(f"{path}/question", {"question": "还有？"})).refused(409, "already_waiting")

    one = f"/demands/{demand['id']}"
    await resident.until(one, lambda seen: seen["question"] == "在哪个班？")
    stranger = running.resident("resident-9")
    (await stranger.post(f"{one}/supplement", {"text": "二年级"})).refused(404, "not_found")
    (await resident.post(f"{one}/supplement", {"text": "😀"})).refused(422, "no_words")
    (await resident.post(f"{one}/supplement", {"text": "二年级三班"})).ok()
    (await resident.post(f"{one}/supplement", {"text": "二年级三班"})).refused(409, "nothing_asked")
    order = await optician.until(path, lambda seen: not seen["waiting"])
    assert order["pauses"][0]["answer"] == "二年级三班"


async def test_more_time_is_asked_for_and_allowed(running: Running) -> None:
    path, demand = await accepted(running)
    staff, optician = running.staff(), running.partner(OPTICIAN)
    before = (await optician.get(path)).ok()["finish_due_at"]
    (await staff.post(f"{path}/extension/grant")).refused(409, "no_extension_asked")
    too_long = {"days": 11, "reason": "验光仪在修"}
    assert (await optician.post(f"{path}/extension", too_long)).refused(422, "extension_too_long")[
        "most"
    ] == 10
    (await optician.post(f"{path}/extension", {"days": 2, "reason": "验光仪在修"})).ok()
    (await optician.post(f"{path}/extension", {"days": 2, "reason": "再要"})).refused(
        409, "extension_pending"
    )
    (await optician.post(f"{path}/extension/grant")).refused(403, "forbidden")
    (await staff.post(f"{path}/extension/grant")).ok()
    after = (await optician.get(path)).ok()
    assert after["finish_due_at"] > before
    seen = await running.resident().until(
        f"/demands/{demand['id']}", lambda seen: seen["finish_due_at"] == after["finish_due_at"]
    )
    assert "验光仪在修" in seen["timeline"][-1]["text"]
    (await optician.post(f"{path}/extension", {"days": 2, "reason": "再要"})).ok()
    (await staff.post(f"{path}/extension/refuse", {"reason": "请抓紧"})).ok()
    assert (await optician.get(path)).ok()["finish_due_at"] == after["finish_due_at"]


@pytest.mark.parametrize("days", [0, -1, 251, "x", None])
async def test_more_time_is_a_number_of_days(running: Running, days: object) -> None:
    path, _ = await accepted(running)
    (await running.partner(OPTICIAN).post(f"{path}/extension", {"days": days, "reason": "忙"})).refused(
        422, "invalid_body"
    )


async def test_nobody_elses_provider_asks_for_anything(running: Running) -> None:
    path, _ = await accepted(running)
    stranger = running.unit("jishan-housing-bureau")
    (await stranger.post(f"{path}/extension", {"days": 2, "reason": "忙"})).refused(404, "not_found")
    (await stranger.post(f"{path}/question", {"question": "谁？"})).refused(404, "not_found")
    (await running.partner(OPTICIAN).post(f"{path}/supervise", {"reason": "急"})).refused(403, "forbidden")


async def test_staff_supervise_and_find_what_they_supervise(running: Running) -> None:
    path, demand = await accepted(running)
    staff = running.staff()
    watched = (await staff.post(f"{path}/supervise", {"reason": "书记批示"})).ok()
    assert watched["supervised"]["reason"] == "书记批示"
    (await staff.post(f"{path}/supervise", {"reason": "再批"})).refused(409, "already_supervised")
    found = await listed(staff, "supervised=true")
    assert watched["id"] in found
    for order in found:
        assert (await staff.get(f"/orders/{order}")).ok()["supervised"]
    await running.resident().until(f"/demands/{demand['id']}", lambda seen: seen["supervised"])
    own = await listed(running.partner(OPTICIAN), "supervised=true")
    assert watched["id"] in own
    assert await listed(running.unit("jishan-housing-bureau"), "supervised=true") == []


async def listed(visitor: Visitor, query: str) -> list[str]:
    """Return the ids of the orders that a query finds."""
    return [order["id"] for order in (await visitor.get(f"/orders?limit=100&{query}")).ok()["items"]]


async def test_what_is_overdue_is_listed_said_and_supervised_in_time(running: Running) -> None:
    path, demand = await accepted(running)
    other, _ = await accepted(running)
    order, staff = path.removeprefix("/orders/"), running.staff()
    assert order not in await listed(staff, "overdue=true")
    await running.month_goes_by(order, "finish_due_at")
    seen = await staff.until(path, lambda seen: seen["supervised"])
    assert seen["overdue"]
    assert order in await listed(staff, "overdue=true")
    assert order in await listed(staff, f"overdue=true&supervised=true&provider={OPTICIAN}")
    assert other.removeprefix("/orders/") not in await listed(staff, "overdue=true")
    lines = (await running.resident().until(f"/demands/{demand['id']}", lambda seen: seen["supervised"]))[
        "timeline"
    ]
    assert [line["what"] for line in lines if line["by"] == "clock"] == ["overdue", "supervised"]
    (await running.partner(OPTICIAN).post(f"{path}/extension", {"days": 1, "reason": "忙"})).refused(
        409, "deadline_passed"
    )


async def test_what_nobody_was_found_for_is_listed_by_its_level(running: Running) -> None:
    demand = await running.submitted(CHARGING, "jindu")
    staff = running.staff()
    assert demand["order"] in await listed(staff, "level=candidate&status=proposed")
    (await staff.get("/orders?level=top")).refused(422, "invalid_query")
    await running.month_goes_by(demand["order"], "sign_due_at")
    await staff.until(f"/orders/{demand['order']}", lambda seen: seen["level"] == "staff")
    assert demand["order"] in await listed(staff, "level=staff")

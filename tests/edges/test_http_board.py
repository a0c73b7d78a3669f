"""The public board and the series over HTTP: who is shown, who is not, and what days looked like."""

from datetime import timedelta
from typing import Any

from services.chassis.clock import now
from services.points.domain.days import day_of
from services.points.domain.waiting import Waiting
from services.points.store.accounts import ACCOUNTS
from services.points.store.days import DAYS
from tests.support.running import Running
from tests.support.savers import someone_with
from tests.support.stories import OPTICIAN

LAUNDRY = "jiejing-laundry"


async def board(running: Running) -> Any:
    return (await running.resident().get("/points/board")).ok()


async def test_who_gave_most_stands_first_and_who_does_not_want_to_stands_nowhere(running: Running) -> None:
    _, optician = await someone_with(running, 100, OPTICIAN)
    _, laundry = await someone_with(running, 100, LAUNDRY)
    staff = running.staff()
    cause = (await staff.post("/points/causes", {"title": "图书角"})).ok()["id"]
    (await optician.post(f"/points/causes/{cause}/pledge", {"amount_points": 30})).ok()
    (await laundry.post(f"/points/causes/{cause}/pledge", {"amount_points": 20})).ok()
    seen = await board(running)
    first, second = seen["partners"][:2]
    assert (first["partner"], first["name"], first["given_points"]) == (OPTICIAN, "医明眼镜店", 30)
    assert second["partner"] == LAUNDRY
    assert cause in [one["id"] for one in seen["causes"]]
    (await optician.post("/points/board/choice", {"shown": False})).ok()
    seen = await board(running)
    assert OPTICIAN not in [one["partner"] for one in seen["partners"]]
    assert seen["hidden"] == 1
    (await laundry.post("/points/board/choice", {"partner": OPTICIAN, "shown": True})).refused(
        404, "not_found"
    )
    assert (await optician.post("/points/board/choice", {"shown": True})).ok()["shown"]
    (await running.partner("nobody").post("/points/board/choice", {"shown": True})).refused(404, "not_found")


async def test_promotions_that_are_over_are_not_shown_any_more(running: Running) -> None:
    _, optician = await someone_with(running, 100, OPTICIAN)
    offer = {"title": "金牌推广位", "kind": "gold_promotion", "price_points": 10, "slots": ["一号位"]}
    offered = (await running.staff().post("/points/offers", offer)).ok()["id"]
    today = now().date()
    for first, last in ((today - timedelta(days=90), -60), (today, 5)):
        ordered = (await optician.post(f"/points/offers/{offered}/redeem", {})).ok()["id"]
        until = today + timedelta(days=last)
        shown = {"slot": "一号位", "from_on": str(first), "until_on": str(until)}
        (await running.staff().post(f"/points/redemptions/{ordered}/fulfil", shown)).ok()
    (one,) = (await board(running))["promotions"]
    assert (one["name"], one["slot"], one["from_on"]) == ("医明眼镜店", "一号位", str(today))


async def test_a_community_sees_its_own_board(running: Running) -> None:
    foreign = running.resident("r1", "fenwan")
    (await foreign.get("/points/board")).refused(404, "not_found")


async def test_series_show_the_days_that_were_closed(own_house: Running) -> None:
    staff = own_house.staff()
    (await staff.post("/points/approvals", {"amount_points": 500, "because": "追加"})).ok()
    rows = await own_house.stores["points"].plain(ACCOUNTS.name).find({"community": "jiwang"})
    accounts = {row["id"]: ACCOUNTS.decode(row) for row in rows}
    for number, name in enumerate(("2026-03-01", "2026-03-04"), 1):
        day = day_of(name, number, now(), accounts, Waiting())
        row = {"_id": f"jiwang/{name}", "community": "jiwang", "_rev": 1, "_facts": 0, **DAYS.encode(day)}
        await own_house.stores["points"].plain(DAYS.name).put(row)
    span = "from_on=2026-02-27&until_on=2026-03-06"
    shown = (await staff.get(f"/points/series?{span}")).ok()["items"]
    days = ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05"]
    assert [one["day"] for one in shown] == days
    assert {one["budget_points"] for one in shown} == {20_500}
    for wrong in (
        "from_on=2026-03-06&until_on=2026-03-06",
        "from_on=2020-01-01&until_on=2026-01-01",
        "x=1",
        "from_on=9999-12-31",
        "from_on=0001-01-01",
    ):
        (await staff.get(f"/points/series?{wrong}")).refused(422, "invalid_query")
    (await own_house.resident().get("/points/series")).refused(403, "forbidden")


async def test_an_account_s_balance_is_shown_from_day_to_day(running: Running) -> None:
    name, partner = await someone_with(running, 40)
    hold = (
        await partner.post(
            "/points/holds", {"amount_points": 15, "because": "兑换", "until": "2100-01-01T00:00:00Z"}
        )
    ).ok()
    assert hold["state"] == "open"
    seen = (await partner.get(f"/points/accounts/{name}/series")).ok()
    assert seen["complete"]
    (today,) = seen["items"]
    assert (today["balance_points"], today["earned_points"], today["spent_points"]) == (25, 40, 15)
    (await running.partner("another").get(f"/points/accounts/{name}/series")).refused(404, "not_found")

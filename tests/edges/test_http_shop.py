"""The shop, the fair and the rules over HTTP: who may, what is refused, and what each sees."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.chassis.clock import now
from services.contracts.words import Role
from tests.support.client import Visitor
from tests.support.routes import RULE
from tests.support.running import Running
from tests.support.savers import someone_with
from tests.support.stories import OPTICIAN

OTHER = "anxin-housekeeping"
GOLD = {"title": "金牌推广位", "kind": "gold_promotion", "price_points": 40, "slots": ["一号位"]}
SHOWN = {"slot": "一号位", "from_on": "2026-04-01", "until_on": "2026-04-30"}


@pytest.fixture
async def optician(running: Running) -> Visitor:
    _, partner = await someone_with(running, 100, OPTICIAN)
    return partner


async def put_up(running: Running, **more: Any) -> str:
    usual = {"title": "政策咨询一次", "kind": "policy_advice", "price_points": 10}
    return str((await running.staff().post("/points/offers", {**usual, **more})).ok()["id"])


async def redeemed(partner: Visitor, offer: str, **more: Any) -> Any:
    return (await partner.post(f"/points/offers/{offer}/redeem", more)).ok()


class TestAPromotion:
    async def test_is_ordered_shown_and_reported_on(self, running: Running, optician: Visitor) -> None:
        staff, offer = running.staff(), await put_up(running, **GOLD)
        before = (await optician.get(f"/points/accounts/{OPTICIAN}")).ok()["balance_points"]
        ordered = await redeemed(optician, offer)
        assert (ordered["state_name"], ordered["kind_name"]) == ("待办理", "金牌推广位")
        path = f"/points/redemptions/{ordered['id']}"
        (await staff.post(f"{path}/fulfil", {})).refused(422, "promotion_missing")
        wrong = {**SHOWN, "slot": "九号位"}
        (await staff.post(f"{path}/fulfil", wrong)).refused(422, "slot_unknown")
        done = (await staff.post(f"{path}/fulfil", {**SHOWN, "because": "已上墙"})).ok()
        assert done["promotion"] == SHOWN
        (await optician.post(f"{path}/effect", {"customers_before": 50, "customers_after": 60})).ok()
        seen = (await staff.get(path)).ok()
        assert seen["effect"]["change_percent"] == 20
        after = (await optician.get(f"/points/accounts/{OPTICIAN}")).ok()["balance_points"]
        assert before - after == 40
        again = await redeemed(optician, offer)
        again_path = f"/points/redemptions/{again['id']}"
        (await staff.post(f"{again_path}/fulfil", SHOWN)).refused(409, "slot_taken")
        (await optician.post(f"{again_path}/withdraw", {"reason": "不要了"})).ok()
        (await staff.post(f"{again_path}/fulfil", SHOWN)).refused(409, "redemption_over")

    async def test_is_told_to_staff_and_to_the_partner(self, running: Running, optician: Visitor) -> None:
        offer = await put_up(running, title="公告栏一周")
        ordered = await redeemed(optician, offer)
        path = f"/points/redemptions/{ordered['id']}"
        (await running.staff().post(f"{path}/decline", {"reason": "公告栏在修"})).ok()

        def told(text: str) -> Any:
            return lambda seen: any(text in one["text"] for one in seen["items"])

        await running.staff().until("/notices?limit=100", told("兑换“公告栏一周”（10 积分），请在"))
        await optician.until("/notices?limit=100", told("您兑换的“公告栏一周”没有办成：公告栏在修"))


class TestWhoMay:
    async def test_partners_see_their_own_and_nobody_of_another_place_anything(
        self, running: Running, optician: Visitor
    ) -> None:
        offer = await put_up(running)
        ordered = (await redeemed(optician, offer))["id"]
        other, foreign = running.partner(OTHER), running.visitor(OPTICIAN, Role.PARTNER, "fenwan")
        for visitor in (other, foreign):
            (await visitor.get(f"/points/redemptions/{ordered}")).refused(404, "not_found")
            step = f"/points/redemptions/{ordered}/withdraw"
            (await visitor.post(step, {"reason": "x"})).refused(404, "not_found")
        assert (await other.get("/points/redemptions")).ok()["items"] == []
        (await other.get(f"/points/redemptions?partner={OPTICIAN}")).refused(404, "not_found")
        (await foreign.get(f"/points/offers/{offer}")).refused(404, "not_found")
        (await foreign.post(f"/points/offers/{offer}/redeem", {})).refused(404, "not_found")
        step = f"/points/offers/{offer}/redeem"
        (await other.post(step, {"partner": OPTICIAN})).refused(404, "not_found")
        (await optician.post(f"/points/redemptions/{ordered}/fulfil", {})).refused(403, "forbidden")
        for path in ("/points/offers", "/points/fairs", "/points/rules"):
            (await running.resident().get(path)).refused(403, "forbidden")

    async def test_who_has_no_passbook_redeems_nothing(self, running: Running) -> None:
        offer = await put_up(running)
        stranger = running.partner("nobody-knows-me")
        (await stranger.post(f"/points/offers/{offer}/redeem", {})).refused(404, "not_found")
        name, left = await someone_with(running, 50)
        (await left.post(f"/points/offers/{offer}/redeem", {})).refused(409, "partner_gone")
        assert (await left.get(f"/points/accounts/{name}")).ok()["balance_points"] == 50


class TestAHoldOfARedemption:
    async def test_is_resolved_with_it_and_nowhere_else(self, running: Running, optician: Visitor) -> None:
        offer = await put_up(running, stock=1)
        ordered = await redeemed(optician, offer)
        hold = f"/points/holds/{ordered['hold']}"
        for who in (running.staff(), optician):
            (await who.post(f"{hold}/release", {})).refused(409, "not_your_hold")
        (await running.staff().post(f"{hold}/capture", {})).refused(409, "not_your_hold")
        path = f"/points/redemptions/{ordered['id']}"
        (await running.staff().post(f"{path}/decline", {"reason": "办不了"})).ok()
        assert (await running.staff().get(f"/points/offers/{offer}")).ok()["left"] == 1


class TestTheSameAgain:
    async def test_by_its_key_is_the_same_redemption(self, running: Running, optician: Visitor) -> None:
        step = f"/points/offers/{await put_up(running)}/redeem"
        answers = await asyncio.gather(
            *(optician.post(step, {}, Idempotency_Key="one-order-1") for _ in range(8))
        )
        assert len({answer.ok()["id"] for answer in answers if answer.status < 300}) == 1
        assert {answer.status for answer in answers} <= {201, 409}
        another = await optician.post(step, {"wait": False}, Idempotency_Key="one-order-1")
        assert another.status in {409, 422}

    async def test_with_old_knowledge_is_refused(self, running: Running, optician: Visitor) -> None:
        offer = await put_up(running, stock=3)
        seen = (await running.staff().get(f"/points/offers/{offer}")).headers["ETag"]
        await redeemed(optician, offer)
        step = f"/points/offers/{offer}/restock"
        (await running.staff().post(step, {"more": 1}, If_Match=seen)).refused(409, "changed_meanwhile")


@pytest.mark.parametrize(
    "body",
    [
        {"price_points": 0},
        {"price_points": -5},
        {"price_points": 1.5},
        {"price_points": 10**10},
        {"price_points": "10"},
        {"stock": -1},
        {"per_partner_max": 0},
        {"fulfil_days": 0},
        {"kind": "bribe"},
        {"title": " "},
        {"kind": "gold_promotion"},
        {"slots": ["一号位"]},
        {"kind": "gold_promotion", "slots": ["一号位", "一号位"]},
        {"opens_at": "2026-01-01T00:00:00"},
        {"opens_at": "0001-01-01T00:00:00+14:00"},
        {"closes_at": "9999-12-31T23:59:59-12:00"},
    ],
)
async def test_what_is_no_offer_is_refused(running: Running, body: dict[str, Any]) -> None:
    usual = {"title": "政策咨询一次", "kind": "policy_advice", "price_points": 10}
    (await running.staff().post("/points/offers", {**usual, **body})).refused(422, "invalid_body")


class TestAFair:
    async def test_counts_down_opens_and_closes(self, running: Running, optician: Visitor) -> None:
        opens, closes = now() + timedelta(seconds=2), now() + timedelta(hours=1)
        body = {"title": "春季集市", "opens_at": opens.isoformat(), "closes_at": closes.isoformat()}
        fair = (await running.staff().post("/points/fairs", body)).ok()
        assert (fair["state"], fair["seconds_left"]) in [("ahead", 1), ("ahead", 2)]
        offer = await put_up(running, fair=fair["id"], stock=5)
        step = f"/points/offers/{offer}/redeem"
        refused = (await optician.post(step, {})).refused(409, "offer_not_open")
        assert refused["opens_at"][:19] == opens.isoformat()[:19]
        await optician.until(f"/points/fairs/{fair['id']}", lambda seen: seen["state"] == "open")
        assert (await optician.post(step, {})).ok()["state"] == "ordered"
        listed = (await optician.get(f"/points/offers?fair={fair['id']}")).ok()["items"]
        assert [one["id"] for one in listed] == [offer]
        assert offer not in [
            one["id"] for one in (await optician.get("/points/offers?fair=shop")).ok()["items"]
        ]

    async def test_that_is_over_before_it_begins_is_refused(self, running: Running) -> None:
        opens, closes = now() + timedelta(hours=2), now() + timedelta(hours=1)
        body = {"title": "集市", "opens_at": opens.isoformat(), "closes_at": closes.isoformat()}
        (await running.staff().post("/points/fairs", body)).refused(422, "offer_hours")


class TestRules:
    async def test_are_listed_decided_and_withdrawn(self, own_house: Running) -> None:
        staff = own_house.staff()
        first = (await staff.get("/points/rules")).ok()
        assert [one["state"] for one in first["items"]] == ["in_force"]
        eyes = {"category": "视力健康", "points": 20, "per": "service", "per_name": "次"}
        assert eyes in first["items"][0]["rates"]
        rates = [{"category": "视力健康", "points": 2, "per": "person"}]
        given = {**RULE, "rates": rates, "starts_on": "2098-03-01", "because": "居委会三月一日决定"}
        decided = (await staff.post("/points/rules", given)).ok()
        assert [one["state"] for one in decided["items"]] == ["ahead", "in_force"]
        assert decided["items"][0]["starts_at"] == "2098-02-28T16:00:00Z"
        (await staff.post("/points/rules", given)).refused(409, "rule_day_taken")
        version = decided["items"][0]["version"]
        gone = (await staff.post(f"/points/rules/{version}/withdraw")).ok()
        assert gone["items"][0]["state"] == "withdrawn"
        (await staff.post(f"/points/rules/{version}/withdraw")).refused(404, "not_found")
        (await staff.post("/points/rules/1/withdraw")).refused(409, "rule_in_force")
        for nonsense in ("x", "-1", "9" * 30, "１"):
            (await staff.post(f"/points/rules/{nonsense}/withdraw")).refused(404, "not_found")
        assert (await own_house.partner(OPTICIAN).get("/points/rules")).ok()["in_force"] == 1

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"starts_on": "2026-01-01"}, 422, "rule_not_ahead"),
            ({"ends_on": "2097-01-01"}, 422, "rule_over"),
            ({"ends_on": "2098-01-01"}, 422, "rule_over"),
            ({"per_day_max": 99}, 422, "invalid_body"),
            ({"per_cause_max": 0}, 422, "invalid_body"),
            ({"per_cause_max": None}, 422, "invalid_body"),
            ({"default_points": -1}, 422, "invalid_body"),
            ({"default_points": 1.5}, 422, "invalid_body"),
            ({"off_hours_factor": 0}, 422, "invalid_body"),
            ({"rates": [{"category": "视力健康", "points": 1}] * 2}, 422, "invalid_body"),
            ({"rates": [{"category": "视力健康", "points": 1, "per": "smile"}]}, 422, "invalid_body"),
            ({"starts_on": "2098-02-30"}, 422, "invalid_body"),
            ({"starts_on": "0001-01-01"}, 422, "invalid_body"),
            ({"ends_on": "9999-12-31"}, 422, "invalid_body"),
        ],
    )
    async def test_that_are_none_are_refused(
        self, running: Running, body: dict[str, Any], status: int, code: str
    ) -> None:
        given = {**RULE, "starts_on": "2098-01-01", "because": "决定", **body}
        (await running.staff().post("/points/rules", given)).refused(status, code)
        capless = {name: value for name, value in given.items() if name != "per_day_max"}
        (await running.staff().post("/points/rules", capless)).refused(422, "invalid_body")

    async def test_are_tried_out_on_what_was_done(self, own_house: Running) -> None:
        staff = own_house.staff()
        demand = await own_house.settled("孩子看黑板看不清，能不能组织一次视力筛查", "binhe-jiayuan")
        partner = demand["handler"]["id"]
        await staff.until(f"/points/accounts/{partner}", lambda seen: seen["balance_points"])
        today = now().date()
        span = {"from_on": str(today - timedelta(days=30)), "until_on": str(today + timedelta(days=2))}
        tried = (await staff.post("/points/rules/try", {**RULE, "default_points": 50, **span})).ok()
        assert (tried["services"], tried["earned_points"], tried["would_earn_points"]) == (1, 20, 50)
        assert tried["partners"][0]["difference_points"] == 30
        assert tried["complete"]
        assert (await staff.get("/points/rules")).ok()["in_force"] == 1
        long_ago = {"from_on": "2020-01-01", "until_on": "2020-04-01"}
        assert (await staff.post("/points/rules/try", {**RULE, **long_ago})).ok()["services"] == 0
        backwards = {"from_on": "2020-04-01", "until_on": "2020-01-01"}
        (await staff.post("/points/rules/try", {**RULE, **backwards})).refused(422, "invalid_body")
        (await own_house.partner(partner).post("/points/rules/try", {**RULE, **span})).refused(
            403, "forbidden"
        )

"""The same request twice, two people at once, steps out of turn, and lists page by page."""

import asyncio
from typing import Any

import pytest

from services.contracts.words import Role
from tests.support.client import Visitor
from tests.support.orders import accepted_order, nothing_changes
from tests.support.running import Running

EYES = "孩子看黑板看不清，能不能组织一次视力筛查"


async def test_the_same_request_a_hundred_times_at_once_is_one_deed_with_equal_answers(
    running: Running,
) -> None:
    resident = running.resident("impatient")
    words = {"text": "下水道堵了，急", "contact": {"name": "王先生", "phone": "13812345678"}}
    answers = await asyncio.gather(
        *(resident.post("/demands", words, Idempotency_Key="tapped-again") for _ in range(100))
    )
    assert {answer.status for answer in answers} == {201}
    assert len({(answer.raw, answer.headers["ETag"]) for answer in answers}) == 1
    assert len((await resident.get("/demands?mine=true")).ok()["items"]) == 1
    await running.drained()
    (row,) = (await resident.get("/demands?mine=true")).ok()["items"]
    demand = (await resident.get(f"/demands/{row['id']}")).ok()
    assert [line["what"] for line in demand["timeline"]] == ["submitted", "dispatched"]
    again = await resident.post("/demands", words, Idempotency_Key="tapped-again")
    assert again.raw == answers[0].raw


async def test_the_same_key_with_other_words_is_refused_and_changes_nothing(running: Running) -> None:
    resident = running.resident("careless")
    (await resident.post("/demands", {"text": "路灯不亮"}, Idempotency_Key="k1")).ok()
    async with nothing_changes(running):
        answer = await resident.post("/demands", {"text": "路灯又不亮"}, Idempotency_Key="k1")
        answer.refused(422, "idempotency_key_reused")
        other_address = await resident.post("/demands/x/urge", {}, Idempotency_Key="k1")
        other_address.refused(422, "idempotency_key_reused")


async def test_the_same_key_of_another_person_or_community_is_another_key(running: Running) -> None:
    from tests.support.deployment import jiwang

    await running.load(jiwang("fenwan"))
    made = []
    for visitor in (running.resident("a"), running.resident("b"), running.resident("a", at="fenwan")):
        made.append((await visitor.post("/demands", {"text": "路灯不亮"}, Idempotency_Key="k2")).ok()["id"])
    assert len(set(made)) == 3


async def test_a_refusal_is_remembered_as_well(running: Running) -> None:
    optician, order = await accepted_order(running)
    first = await optician.post(f"/orders/{order}/accept", Idempotency_Key="k3")
    body = first.refused(409, "step_not_allowed")
    assert (await optician.post(f"/orders/{order}/complete", COMPLETE)).ok()
    again = await optician.post(f"/orders/{order}/accept", Idempotency_Key="k3")
    assert again.refused(409, "step_not_allowed") == body


COMPLETE = {"summary": "查好了", "proof": [{"kind": "photo", "ref": "p1.jpg"}]}


async def test_a_hundred_people_accepting_at_once_accept_once(running: Running) -> None:
    demand = await running.submitted("孩子近视，想查视力", "binhe-jiayuan")
    optician = running.partner("yiming-optical")
    answers = await asyncio.gather(*(optician.post(f"/orders/{demand['order']}/accept") for _ in range(100)))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 99
    seen = await optician.get(f"/orders/{demand['order']}")
    assert seen.headers["ETag"] == '"3"'


class TestStepsOutOfTurn:
    async def test_each_says_what_is_allowed_instead(self, running: Running) -> None:
        demand = await running.submitted(EYES, "binhe-jiayuan")
        order, optician, staff = demand["order"], running.partner("yiming-optical"), running.staff()
        before = (await optician.get(f"/orders/{order}")).ok()
        proof = {"summary": "x", "proof": [{"kind": "photo", "ref": "x"}]}
        steps: list[tuple[Visitor, str, Any]] = [
            (optician, "complete", proof),
            (optician, "milestones", {"milestones": [{"id": "m", "title": "x"}]}),
            (optician, "milestones/m/done", {}),
            (optician, "handover", {"to": "anxin-housekeeping", "reason": "x"}),
            (staff, "verify", {}),
            (staff, "return", {"reason": "x"}),
            (staff, "dispatch", {"provider": "anxin-housekeeping"}),
        ]
        for who, step, words in steps:
            said = (await who.post(f"/orders/{order}/{step}", words)).refused(409, "step_not_allowed")
            assert said["present_status"] == "dispatched"
            assert set(said["allowed"]) == {"accept", "decline", "urge", "cancel", "supervise", "call"}
            assert set(said["allowed"]) == set(before["allowed"])
        assert (await optician.get(f"/orders/{order}")).ok() == before

    async def test_a_resident_cannot_rate_what_is_not_done(self, running: Running) -> None:
        demand = await running.submitted(EYES, "binhe-jiayuan")
        words = {"solved": "solved", "satisfaction": "satisfied"}
        said = (await running.resident().post(f"/demands/{demand['id']}/rate", words)).refused(
            409, "step_not_allowed"
        )
        assert "withdraw" in said["allowed"]
        assert "rate_well" not in said["allowed"]

    async def test_without_proof_nothing_is_done(self, running: Running) -> None:
        optician, order = await accepted_order(running)
        (await optician.post(f"/orders/{order}/complete", {"summary": "好了"})).refused(422, "proof_missing")
        assert (await optician.get(f"/orders/{order}")).ok()["status"] == "accepted"


class TestTwoPeople:
    async def test_the_second_is_told_that_it_changed(self, running: Running) -> None:
        optician, order = await accepted_order(running)
        staff = running.staff()
        seen = (await staff.get(f"/orders/{order}")).headers["ETag"]
        (await optician.post(f"/orders/{order}/complete", COMPLETE, If_Match=seen)).ok()
        refused = await staff.post(f"/orders/{order}/cancel", {"reason": "重复"}, If_Match=seen)
        said = refused.refused(409, "changed_meanwhile")
        assert (said["seen_version"], said["present_version"]) == (3, 4)
        assert (await staff.get(f"/orders/{order}")).ok()["status"] == "completed"

    async def test_of_two_at_the_very_same_time_one_wins(self, running: Running) -> None:
        demand = await running.submitted(EYES, "binhe-jiayuan")
        staff, optician = running.staff(), running.partner("yiming-optical")
        order = demand["order"]
        seen = (await staff.get(f"/orders/{order}")).headers["ETag"]
        answers = await asyncio.gather(
            staff.post(f"/orders/{order}/cancel", {"reason": "重复"}, If_Match=seen),
            optician.post(f"/orders/{order}/accept", If_Match=seen),
        )
        assert sorted(answer.status for answer in answers) == [200, 409]

    async def test_a_star_matches_whatever_is_there(self, running: Running) -> None:
        demand = await running.submitted(EYES, "binhe-jiayuan")
        answer = await running.partner("yiming-optical").post(
            f"/orders/{demand['order']}/accept", If_Match="*"
        )
        answer.ok()


class TestPages:
    @pytest.mark.parametrize("limit", [1, 7, 100])
    async def test_walking_the_pages_meets_everything_exactly_once(
        self, running: Running, limit: int
    ) -> None:
        resident = running.resident(f"walker-{limit}")
        made = [(await resident.post("/demands", {"text": f"第 {n} 件事"})).ok()["id"] for n in range(23)]
        assert await self._walk(resident, "/demands?mine=true", limit) == made[::-1]

    async def _walk(self, visitor: Visitor, path: str, limit: int) -> list[str]:
        met: list[str] = []
        after = ""
        for _ in range(200):
            page = (await visitor.get(f"{path}&limit={limit}{after}")).ok()
            assert len(page["items"]) <= limit
            met += [item["id"] for item in page["items"]]
            if page["next"] is None:
                return met
            after = f"&after={page['next']}"
        raise AssertionError("the pages do not end")

    async def test_what_is_added_meanwhile_moves_nothing(self, running: Running) -> None:
        resident = running.resident("walker")
        made = [(await resident.post("/demands", {"text": f"第 {n} 件"})).ok()["id"] for n in range(6)]
        first = (await resident.get("/demands?mine=true&limit=3")).ok()
        (await resident.post("/demands", {"text": "又一件"})).ok()
        second = (await resident.get(f"/demands?mine=true&limit=3&after={first['next']}")).ok()
        assert [item["id"] for item in first["items"] + second["items"]] == made[::-1]

    async def test_every_list_can_be_walked(self, running: Running) -> None:
        await running.drained()
        lists = [
            (running.staff(), "/orders?"),
            (running.staff(), "/demands?"),
            (running.resident(), "/notices?"),
            (running.staff(), "/points/accounts?"),
            (running.staff(), "/points/accounts/budget/transfers?"),
        ]
        for visitor, path in lists:
            whole = await self._walk(visitor, path, 100)
            assert await self._walk(visitor, path, 3) == whole
            assert len(set(whole)) == len(whole)

    async def test_filters_find_what_they_say(self, running: Running) -> None:
        optician, order = await accepted_order(running)
        items = (await optician.get("/orders?status=accepted&limit=100")).ok()["items"]
        assert order in {item["id"] for item in items}
        assert {item["status"] for item in items} == {"accepted"}
        mine = (await optician.get("/orders?provider=jishan-housing-bureau")).ok()["items"]
        assert mine == []  # a filter opens nothing that the role does not see


async def test_a_contact_is_shown_to_those_who_need_it_and_kept_sealed(running: Running) -> None:
    resident = running.resident("with-phone")
    words = {
        "text": EYES,
        "compound": "binhe-jiayuan",
        "contact": {"name": "赵大娘", "phone": "139 8765 4321"},
    }
    demand = (await resident.post("/demands", words)).ok()["id"]
    await resident.until(f"/demands/{demand}", lambda seen: seen["handler"])
    for visitor in (running.staff(), running.grid_worker(), running.partner("yiming-optical")):
        assert (await visitor.get(f"/demands/{demand}/contact")).ok() == words["contact"]
    (await running.resident("other").get(f"/demands/{demand}/contact")).refused(404, "not_found")
    (await running.unit("jishan-housing-bureau").get(f"/demands/{demand}/contact")).refused(404, "not_found")
    await running.drained()
    kept = str(await running.rows()).encode()
    assert "赵大娘".encode() not in kept
    # The number whole: four digits of it turn up by chance in the ids of a busy database.
    assert b"139 8765 4321" not in kept
    assert b"13987654321" not in kept


async def test_numbers_in_free_text_are_masked_for_everybody_who_does_not_need_them(running: Running) -> None:
    text = "张师傅 13812345678，身份证 140824196001011234，下水道堵了"
    resident = running.resident("talkative")
    demand = (await resident.post("/demands", {"text": text})).ok()
    assert demand["text"] == text
    seen = (await running.resident("other").get(f"/demands/{demand['id']}")).ok()
    assert seen["text"] == "张师傅 138****5678，身份证 140824********1234，下水道堵了"
    (await running.visitor("g", Role.GRID_WORKER).get(f"/demands/{demand['id']}")).ok()

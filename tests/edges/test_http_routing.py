"""The router over HTTP: danger is answered at once, lessons are shown and taken back, several are called."""

import asyncio
from typing import Any

import pytest

from tests.support.client import Visitor
from tests.support.deployment import jiwang, roomy
from tests.support.running import Running

FIRE = "家里着火了"
CHARGING = "电动车充电飞线，存在火灾隐患，希望建充电桩"
EYES = "孩子看黑板看不清，能不能组织一次视力筛查"
HOUSING = "jishan-housing-bureau"
TRANSPORT = "jishan-transport-centre"
SANITATION = "jishan-sanitation-centre"
POLICE = "jishan-town-police-station"
DONE = {"summary": "办好了", "proof": [{"kind": "photo", "ref": "p1.jpg"}]}
LAMPS = {"provider": TRANSPORT, "part": "路灯"}
SWEEPING = {"provider": SANITATION, "part": "清扫"}


async def led(running: Running, *calls: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """Return the path of an order that the housing bureau leads with others, and the order."""
    demand = await running.submitted(CHARGING, "jindu")
    path = f"/orders/{demand['order']}"
    order = (await running.staff().post(f"{path}/dispatch", {"provider": HOUSING, "call": list(calls)})).ok()
    return path, order


async def timeline(running: Running, demand: str, *words: str) -> dict[str, Any]:
    """Return a demand once every word is on its timeline."""

    def told(seen: dict[str, Any]) -> bool:
        text = "\n".join(line["text"] for line in seen["timeline"])
        return all(word in text for word in words)

    seen: dict[str, Any] = await running.resident().until(f"/demands/{demand}", told)
    return seen


async def finished(visitor: Visitor, path: str) -> dict[str, Any]:
    """Let a provider accept an order and report it as done."""
    (await visitor.post(f"{path}/accept")).ok()
    done: dict[str, Any] = (await visitor.post(f"{path}/complete", DONE)).ok()
    return done


class TestUnderstanding:
    async def test_who_is_in_danger_is_told_at_once_whom_to_call(self, running: Running) -> None:
        demand = (await running.resident().post("/demands", {"text": FIRE})).ok()
        assert demand["emergency"]["call"] == ["119"]
        assert "撤到安全的地方" in demand["emergency"]["advice"]
        again = (await running.resident().get(f"/demands/{demand['id']}")).ok()
        assert again["emergency"] == demand["emergency"]

    async def test_it_is_urgent_to_whoever_decides_on_it(self, running: Running) -> None:
        demand = await running.submitted(FIRE)
        order = (await running.staff().get(f"/orders/{demand['order']}")).ok()
        assert order["urgent"]

    async def test_danger_is_told_before_anything_is_submitted(self, running: Running) -> None:
        before = (await running.resident().get("/demands?mine=true")).ok()["items"]
        like = (await running.resident().post("/demands/like", {"text": FIRE})).ok()
        assert like["emergency"]["call"] == ["119"]
        after = (await running.resident().get("/demands?mine=true")).ok()["items"]
        assert [one["id"] for one in after] == [one["id"] for one in before]

    @pytest.mark.parametrize("text", [EYES, CHARGING, "怕着火，希望讲讲消防知识"])
    async def test_where_nobody_is_in_danger_nobody_is_called(self, running: Running, text: str) -> None:
        demand = (await running.resident().post("/demands", {"text": text})).ok()
        assert demand["emergency"] is None
        assert (await running.resident().post("/demands/like", {"text": text})).ok()["emergency"] is None

    @pytest.mark.parametrize(
        ("text", "about"),
        [
            ("请问居住证怎么办理？", "enquiry"),
            ("建议小区加装几条长椅", "suggestion"),
            ("投诉物业乱收费，态度恶劣", "complaint"),
            ("家里水管漏水，请帮忙修一下", "help"),
        ],
    )
    async def test_what_is_left_out_is_heard_from_the_words(
        self, running: Running, text: str, about: str
    ) -> None:
        resident = running.resident()
        assert (await resident.post("/demands", {"text": text})).ok()["about"] == about

    async def test_what_is_said_is_not_heard_otherwise(self, running: Running) -> None:
        said = {"text": "请问居住证怎么办理？", "about": "complaint"}
        assert (await running.resident().post("/demands", said)).ok()["about"] == "complaint"


class TestRouting:
    async def test_the_reasons_of_every_candidate_add_up_to_its_score(self, running: Running) -> None:
        for text in (CHARGING, EYES, "巷子路面破损，路灯也不亮"):
            demand = await running.submitted(text, "binhe-jiayuan")
            order = (await running.staff().get(f"/orders/{demand['order']}")).ok()
            assert order["candidates"]
            for candidate in order["candidates"]:
                assert all(reason["because"] for reason in candidate["reasons"])
                total = sum(reason["value"] for reason in candidate["reasons"])
                assert candidate["score"] == pytest.approx(total, abs=1e-6)
            scores = [candidate["score"] for candidate in order["candidates"]]
            assert scores == sorted(scores, reverse=True)

    async def test_who_else_was_thought_of_is_the_communitys_business(self, running: Running) -> None:
        path, _ = await led(running)
        assert (await running.staff().get(path)).ok()["candidates"]
        assert (await running.unit(HOUSING).get(path)).ok()["candidates"] == []

    async def test_staff_see_what_the_router_rests_on(self, running: Running) -> None:
        before = (await running.staff().get("/routing")).ok()
        assert before["wanted_precision"] == 0.98
        await led(running)
        taught = before["lessons"] + 1
        after = await running.staff().until(
            "/routing", lambda seen: seen["lessons"] >= taught and seen["learnt"] == seen["lessons"]
        )
        assert 0 < after["sure_from"] <= 1
        (record,) = [one for one in after["records"] if one["provider"] == HOUSING]
        assert record["name"] == "稷山县住房和城乡建设局"
        assert record["offered"] >= 1


class TestLessons:
    async def test_what_staff_chose_is_listed_and_can_be_taken_back(self, running: Running) -> None:
        _, order = await led(running)
        staff = running.staff()
        newest = (await staff.get("/lessons?limit=1")).ok()["items"][0]
        assert newest["id"] == order["id"]
        wanted = (CHARGING, "jindu", HOUSING, "chosen", False)
        assert tuple(newest[n] for n in ("text", "compound", "provider", "teaching", "undone")) == wanted
        once = (await staff.post(f"/lessons/{order['id']}/undo")).ok()
        assert once == {**newest, "undone": True}
        lessons = (await staff.get("/routing")).ok()["lessons"]
        assert (await staff.post(f"/lessons/{order['id']}/undo")).ok() == once
        assert (await staff.get("/routing")).ok()["lessons"] == lessons
        assert (await staff.get("/lessons?limit=1")).ok()["items"][0]["undone"]

    async def test_pages_follow_one_another(self, running: Running) -> None:
        for _ in range(3):
            await led(running)
        staff = running.staff()
        first = (await staff.get("/lessons?limit=2")).ok()
        second = (await staff.get(f"/lessons?limit=2&after={first['next']}")).ok()
        ids = [one["id"] for one in (*first["items"], *second["items"])]
        assert len(first["items"]) == 2
        assert len(set(ids)) == len(ids) >= 3

    async def test_what_taught_nothing_cannot_be_taken_back(self, running: Running) -> None:
        demand = await running.submitted(CHARGING, "jindu")
        for order in (demand["order"], "nothing-1"):
            (await running.staff().post(f"/lessons/{order}/undo")).refused(404, "not_found")

    @pytest.mark.parametrize("who", ["resident", "grid_worker", "lead", "operator"])
    async def test_only_staff_see_lessons_and_take_them_back(self, running: Running, who: str) -> None:
        _, order = await led(running)
        everybody = {
            "resident": running.resident(),
            "grid_worker": running.grid_worker(),
            "lead": running.unit(HOUSING),
            "operator": running.operator(),
        }
        visitor = everybody[who]
        (await visitor.get("/routing")).refused(403, "forbidden")
        (await visitor.get("/lessons")).refused(403, "forbidden")
        (await visitor.post(f"/lessons/{order['id']}/undo")).refused(403, "forbidden")
        assert not (await running.staff().get("/lessons?limit=1")).ok()["items"][0]["undone"]

    async def test_for_another_communitys_staff_there_is_nothing(self, running: Running) -> None:
        _, order = await led(running)
        await running.load(roomy(jiwang("houji")))
        stranger = Visitor(running.session, running.origin, "jiwang", running.staff(at="houji").token)
        undo = f"/lessons/{order['id']}/undo"
        (await stranger.get("/routing")).refused(404, "not_found")
        (await stranger.get("/lessons")).refused(404, "not_found")
        (await stranger.post(undo)).refused(404, "not_found")
        (await running.staff(at="houji").post(undo)).refused(404, "not_found")
        assert (await running.staff(at="houji").get("/lessons")).ok()["items"] == []
        assert not (await running.staff().get("/lessons?limit=1")).ok()["items"][0]["undone"]


class TestCalling:
    async def test_staff_choose_who_leads_and_who_helps_in_one_click(self, running: Running) -> None:
        _, order = await led(running, LAMPS, SWEEPING)
        assert order["provider"]["id"] == HOUSING
        called = [(c["order"], c["provider"], c["part"], c["over"]) for c in order["called"]]
        assert called == [
            (f"{order['id']}.1", TRANSPORT, "路灯", False),
            (f"{order['id']}.2", SANITATION, "清扫", False),
        ]
        companion = (await running.unit(TRANSPORT).get(f"/orders/{order['id']}.1")).ok()
        assert (companion["lead"], companion["part"], companion["status"]) == (
            order["id"],
            "路灯",
            "dispatched",
        )
        assert companion["finish_due_at"] == order["finish_due_at"]
        demand = await timeline(running, order["demand"], f"【路灯】已下单给{companion['provider']['name']}")
        assert demand["status"] == "dispatched"
        assert demand["handler"]["id"] == HOUSING

    async def test_when_one_of_them_cannot_be_called_nobody_is(self, running: Running) -> None:
        demand = await running.submitted(CHARGING, "jindu")
        path = f"/orders/{demand['order']}"
        choice = {"provider": HOUSING, "call": [LAMPS, {"provider": "nobody", "part": "清扫"}]}
        (await running.staff().post(f"{path}/dispatch", choice)).refused(422, "cannot_receive")
        order = (await running.staff().get(path)).ok()
        assert (order["status"], order["called"]) == ("proposed", [])
        (await running.staff().get(f"{path}.1")).refused(404, "not_found")

    async def test_staff_and_the_lead_may_call_others(self, running: Running) -> None:
        path, _ = await led(running)
        (await running.staff().post(f"{path}/call", LAMPS)).ok()
        (await running.unit(HOUSING).post(f"{path}/accept")).ok()
        order = (await running.unit(HOUSING).post(f"{path}/call", SWEEPING)).ok()
        assert [one["provider"] for one in order["called"]] == [TRANSPORT, SANITATION]
        for number, by in ((1, "staff"), (2, "lead")):
            assert (await running.staff().get(f"{path}.{number}")).ok()["chosen_by"] == by

    async def test_for_strangers_there_is_nothing_to_call_anybody_to(self, running: Running) -> None:
        path, _ = await led(running, SWEEPING)
        (await running.unit(POLICE).post(f"{path}/call", LAMPS)).refused(404, "not_found")
        (await running.unit(SANITATION).post(f"{path}/call", LAMPS)).refused(404, "not_found")
        (await running.resident().post(f"{path}/call", LAMPS)).refused(403, "forbidden")
        (await running.grid_worker().post(f"{path}/call", LAMPS)).refused(403, "forbidden")
        assert len((await running.staff().get(path)).ok()["called"]) == 1

    @pytest.mark.parametrize("whom", [TRANSPORT, HOUSING, "nobody"])
    async def test_who_has_it_already_or_is_nobody_is_not_called(self, running: Running, whom: str) -> None:
        path, _ = await led(running, LAMPS)
        again = {"provider": whom, "part": "信号灯"}
        (await running.staff().post(f"{path}/call", again)).refused(422, "cannot_receive")
        (await running.unit(HOUSING).post(f"{path}/call", again)).refused(422, "cannot_receive")
        assert len((await running.staff().get(path)).ok()["called"]) == 1

    async def test_nobody_is_called_before_somebody_leads(self, running: Running) -> None:
        demand = await running.submitted(CHARGING, "jindu")
        answer = await running.staff().post(f"/orders/{demand['order']}/call", LAMPS)
        assert "dispatch" in answer.refused(409, "step_not_allowed")["allowed"]

    @pytest.mark.parametrize("body", [{}, {"provider": TRANSPORT}, {**LAMPS, "part": ""}, {**LAMPS, "x": 1}])
    async def test_a_call_says_whom_and_to_what(self, running: Running, body: dict[str, Any]) -> None:
        path, _ = await led(running)
        (await running.staff().post(f"{path}/call", body)).refused(422, "invalid_body")

    async def test_called_twice_at_once_it_comes_once(self, running: Running) -> None:
        path, _ = await led(running)
        answers = await asyncio.gather(*(running.staff().post(f"{path}/call", LAMPS) for _ in range(5)))
        assert sorted(answer.status for answer in answers) == [200, 422, 422, 422, 422]
        assert len((await running.staff().get(path)).ok()["called"]) == 1


class TestCompanions:
    async def test_the_lead_waits_for_its_companions(self, running: Running) -> None:
        path, _ = await led(running, LAMPS, SWEEPING)
        lead = running.unit(HOUSING)
        (await lead.post(f"{path}/accept")).ok()
        refused = (await lead.post(f"{path}/complete", DONE)).refused(409, "companions_open")
        assert refused["open"] == ["路灯", "清扫"]
        await finished(running.unit(TRANSPORT), f"{path}.1")
        refused = (await lead.post(f"{path}/complete", DONE)).refused(409, "companions_open")
        assert refused["open"] == ["清扫"]
        await finished(running.unit(SANITATION), f"{path}.2")
        assert all(one["over"] for one in (await lead.get(path)).ok()["called"])
        assert (await lead.post(f"{path}/complete", DONE)).ok()["status"] == "completed"

    async def test_what_a_companion_does_is_told_and_moves_nothing(self, running: Running) -> None:
        path, order = await led(running, LAMPS)
        await finished(running.unit(TRANSPORT), f"{path}.1")
        words = (
            "【路灯】已下单给",
            "【路灯】稷山县交通运输事业发展中心已接单",
            "【路灯】稷山县交通运输事业发展中心办结",
        )
        demand = await timeline(running, order["demand"], *words)
        assert (demand["status"], demand["handler"]["id"]) == ("dispatched", HOUSING)
        assert demand["order"] == order["id"]
        (await running.unit(HOUSING).post(f"{path}/accept")).ok()
        after = await running.resident().until(
            f"/demands/{order['demand']}", lambda seen: seen["status"] == "accepted"
        )
        assert not after["timeline"][-1]["text"].startswith("【")

    async def test_a_companion_that_declines_goes_back_to_staff_who_send_another(
        self, running: Running
    ) -> None:
        path, order = await led(running, LAMPS)
        (await running.unit(TRANSPORT).post(f"{path}.1/decline", {"reason": "没有灯"})).ok()
        demand = await timeline(running, order["demand"], "【路灯】稷山县交通运输事业发展中心退单：没有灯")
        assert (demand["status"], demand["handler"]["id"]) == ("dispatched", HOUSING)
        (await running.staff().post(f"{path}.1/dispatch", {"provider": SANITATION})).ok()
        (entry,) = (await running.staff().get(path)).ok()["called"]
        assert (entry["provider"], entry["over"]) == (SANITATION, False)

    async def test_when_the_matter_is_given_up_so_are_its_parts(self, running: Running) -> None:
        path, order = await led(running, LAMPS, SWEEPING)
        await finished(running.unit(TRANSPORT), f"{path}.1")
        (await running.staff().post(f"{path}/cancel", {"reason": "误报"})).ok()
        ends = [(await running.staff().get(f"{path}.{n}")).ok() for n in (1, 2)]
        assert [end["status"] for end in ends] == ["cancelled", "cancelled"]
        assert ends[1]["ended_because"] == "误报"
        demand = await running.resident().until(
            f"/demands/{order['demand']}", lambda seen: seen["status"] == "closed"
        )
        assert demand["handler"] is None

    async def test_when_the_resident_takes_it_back_nobody_works_on_it(self, running: Running) -> None:
        path, order = await led(running, LAMPS)
        (await running.resident().post(f"/demands/{order['demand']}/withdraw", {"reason": "好了"})).ok()
        companion = await running.staff().until(f"{path}.1", lambda seen: seen["status"] == "cancelled")
        assert "好了" in companion["ended_because"]
        (await running.unit(TRANSPORT).post(f"{path}.1/accept")).refused(409, "step_not_allowed")

    async def test_one_that_is_cancelled_by_itself_is_waited_for_no_more(self, running: Running) -> None:
        path, order = await led(running, LAMPS)
        (await running.staff().post(f"{path}.1/cancel", {"reason": "不用了"})).ok()
        await finished(running.unit(HOUSING), path)
        demand = await running.resident().until(
            f"/demands/{order['demand']}", lambda seen: seen["status"] == "completed"
        )
        assert "【路灯】不再办理：不用了" in [line["text"] for line in demand["timeline"]]

    async def test_with_the_residents_word_all_of_it_is_settled(self, running: Running) -> None:
        path, order = await led(running, LAMPS)
        await finished(running.unit(TRANSPORT), f"{path}.1")
        await finished(running.unit(HOUSING), path)
        (await running.staff().post(f"{path}.1/verify")).ok()
        (await running.staff().post(f"{path}/verify")).ok()
        one = f"/demands/{order['demand']}"
        await running.resident().until(one, lambda seen: seen["status"] == "completed")
        (await running.resident().post(f"{one}/rate", {"solved": "solved", "satisfaction": "satisfied"})).ok()
        await running.resident().until(one, lambda seen: seen["status"] == "closed")
        for its in (path, f"{path}.1"):
            await running.staff().until(its, lambda seen: seen["status"] == "settled")

    async def test_the_resident_is_asked_by_the_one_who_leads(self, running: Running) -> None:
        path, _ = await led(running, LAMPS)
        companion = running.unit(TRANSPORT)
        (await companion.post(f"{path}.1/accept")).ok()
        asked = await companion.post(f"{path}.1/question", {"question": "哪盏灯？"})
        asked.refused(409, "lead_asks")
        assert not (await companion.get(f"{path}.1")).ok()["waiting"]

"""Danger, accusations and private matters through the front door: who is told, who sees, and who may not."""

from typing import Any

import pytest

from services.contracts.words import Role
from tests.support.client import Visitor
from tests.support.running import Running, eventually

FIRE = "三号楼车棚着火了，快来人"
PERHAPS = "水管爆了，家里都是水，快来人"
REPORT = "举报仁和诊所无证行医，打针打坏了人，我是三号楼的，电话13812345678"
CLINIC = "renhe-clinic"
AGAINST_STAFF = "举报社区书记克扣低保，居委会的人收了钱才给办"
LAMP = "院里的路灯坏了一盏，晚上看不见路"
BADLY_DONE = "医明眼镜店给我配的镜片花了，找了三回都不给换，太不像话"
CONTACT = {"name": "赵大娘", "phone": "13987654321"}


async def submit(running: Running, text: str, by: str = "asker", **more: Any) -> Any:
    words = {"text": text, **more}
    return (await running.resident(by).post("/demands", words)).ok()


async def order_of(running: Running, demand: Any, viewer: Visitor | None = None) -> Any:
    seen = await running.resident("asker").until(f"/demands/{demand['id']}", lambda seen: seen["order"])
    return (await (viewer or running.staff()).get(f"/orders/{seen['order']}")).ok()


def notices(page: Any, demand: Any, kind: str) -> list[str]:
    return [n["text"] for n in page["items"] if n["demand"] == demand["id"] and n["kind"] == kind]


class TestDanger:
    async def test_who_asks_is_told_first_what_to_do_and_whom_to_call(self, running: Running) -> None:
        demand = await submit(running, FIRE, compound="yuxiuyuan")
        emergency = demand["emergency"]
        assert (emergency["danger"], emergency["call"], emergency["sure"]) == ("火情", ["119"], True)
        assert emergency["advice"].startswith("请先拨打 119")
        assert "着火" in "".join(emergency["said"])
        assert demand["asks"] is None

    async def test_the_communitys_own_lines_are_named(self, running: Running) -> None:
        demand = await submit(running, "厨房一股煤气味，头晕得站不住")
        assert demand["emergency"]["call"] == ["119", "燃气抢修 0359-5520119"]

    async def test_it_is_never_dispatched_and_stands_first_until_somebody_has_it(
        self, running: Running
    ) -> None:
        demand = await submit(running, FIRE, compound="yuxiuyuan")
        order = await order_of(running, demand)
        assert (order["status"], order["held"], order["urgent"], order["danger"]) == (
            "proposed",
            True,
            True,
            "now",
        )
        await submit(running, LAMP)
        await running.drained()
        staff = running.staff()
        first = (await staff.get("/demands?limit=100")).ok()["items"]
        pressing = [one["id"] for one in first if one["emergency"] and not one["emergency"]["taken"]]
        assert demand["id"] in pressing
        assert {one["id"] for one in first[: len(pressing)]} >= {demand["id"]}
        (await staff.post(f"/demands/{demand['id']}/take")).ok()
        await staff.until(f"/orders/{order['id']}", lambda seen: seen["taken"])
        alarms = (await staff.get("/demands?alarm=true&limit=100")).ok()["items"]
        assert demand["id"] not in {one["id"] for one in alarms}

    async def test_staff_the_grid_worker_and_the_first_on_duty_read_what_where_and_whom_to_call(
        self, running: Running
    ) -> None:
        demand = await submit(running, FIRE, compound="yuxiuyuan")
        duty = running.visitor("duty-1", Role.GRID_WORKER)
        for reader in (running.staff(), running.grid_worker(), duty):
            told = await reader.until(
                "/notices?limit=100", lambda page: notices(page, demand, "demand.alarmed.v1")
            )
            (text,) = notices(told, demand, "demand.alarmed.v1")
            assert text.startswith("【紧急·火情】毓秀苑小区：“三号楼车棚着火了，快来人”")
            assert "119" in text
        second = (await running.visitor("duty-2", Role.GRID_WORKER).get("/notices")).ok()
        assert not notices(second, demand, "demand.alarmed.v1")

    async def test_one_takes_it_the_second_is_told_so_and_again_changes_nothing(
        self, running: Running
    ) -> None:
        demand = await submit(running, FIRE)
        path = f"/demands/{demand['id']}/take"
        taken = (await running.staff().post(path)).ok()
        assert taken["emergency"]["taken"]
        assert (await running.staff().post(path)).ok()["version"] == taken["version"]
        other = running.visitor("staff-2", Role.STAFF)
        (await other.post(path)).refused(409, "alarm_taken")
        (await running.resident("asker").post(path)).refused(403, "forbidden")
        lamp = await submit(running, LAMP)
        (await running.staff().post(f"/demands/{lamp['id']}/take")).refused(409, "no_alarm")

    async def test_who_takes_it_opens_the_contact_which_is_recorded(self, running: Running) -> None:
        demand = await submit(running, FIRE, compound="yuxiuyuan", contact=CONTACT)
        path = f"/demands/{demand['id']}/contact"
        assert (await running.staff().post(path)).ok() == CONTACT
        rows = await running.stores["intake"].plain("demands").find({"_id": f"jiwang/{demand['id']}"})
        assert [(read["by"], read["role"]) for read in rows[0]["contact_reads"]] == [("staff-1", "staff")]
        (await running.staff().post(path, Idempotency_Key="k")).refused(400, "invalid_header")
        await running.drained()
        assert CONTACT["phone"] not in str(await running.rows())

    async def test_staff_send_somebody_to_it_all_the_same(self, running: Running) -> None:
        demand = await submit(running, FIRE, compound="yuxiuyuan")
        order = await order_of(running, demand)
        sent = (await running.staff().post(f"/orders/{order['id']}/dispatch", {"provider": "community"})).ok()
        assert (sent["status"], sent["chosen_by"]) == ("dispatched", "staff")


class TestAQuestionThatOneTapAnswers:
    async def test_no_lets_it_go_its_way(self, running: Running) -> None:
        demand = await submit(running, PERHAPS)
        assert (demand["asks"]["about"], demand["asks"]["text"]) == ("danger", "现在有人有危险吗？")
        assert demand["emergency"]["sure"] is False
        order = await order_of(running, demand)
        assert (order["held"], order["urgent"]) == (True, False)
        answer = {"about": "danger", "yes": False}
        after = (await running.resident("asker").post(f"/demands/{demand['id']}/answer", answer)).ok()
        assert (after["asks"], after["emergency"]) == (None, None)
        await running.staff().until(f"/orders/{order['id']}", lambda seen: not seen["held"])
        again = await running.resident("asker").post(f"/demands/{demand['id']}/answer", answer)
        again.refused(409, "nothing_to_answer")

    async def test_yes_raises_the_alarm(self, running: Running) -> None:
        demand = await submit(running, PERHAPS)
        answer = {"about": "danger", "yes": True}
        after = (await running.staff().post(f"/demands/{demand['id']}/answer", answer)).ok()
        assert after["emergency"]["sure"]
        await running.staff().until(
            "/notices?limit=100", lambda page: notices(page, demand, "demand.alarmed.v1")
        )
        order = await order_of(running, demand)
        await running.staff().until(f"/orders/{order['id']}", lambda seen: seen["urgent"])

    async def test_a_neighbour_is_not_asked_and_does_not_answer(self, running: Running) -> None:
        demand = await submit(running, PERHAPS)
        answer = {"about": "danger", "yes": False}
        other = running.resident("somebody-else")
        (await other.post(f"/demands/{demand['id']}/answer", answer)).refused(404, "not_found")

    async def test_staff_correct_what_was_read_and_the_asker_sees_why(self, running: Running) -> None:
        demand = await submit(running, FIRE)
        order = await order_of(running, demand)
        change = {"danger": "none", "reason": "电话核实，是烧秸秆的演习"}
        after = (await running.staff().post(f"/demands/{demand['id']}/reading", change)).ok()
        assert after["emergency"] is None
        seen = (await running.resident("asker").get(f"/demands/{demand['id']}")).ok()
        assert seen["timeline"][-1]["text"] == "社区更正研判：电话核实，是烧秸秆的演习"
        assert seen["reading"] is None
        await running.staff().until(f"/orders/{order['id']}", lambda seen: not seen["held"])
        (await running.resident("asker").post(f"/demands/{demand['id']}/reading", change)).refused(
            403, "forbidden"
        )


class TestAccusations:
    async def test_the_accused_is_no_candidate_and_gets_it_from_nobody(self, running: Running) -> None:
        demand = await submit(running, REPORT, contact=CONTACT)
        order = await order_of(running, demand)
        assert (order["status"], order["held"], order["accusation"]) == ("proposed", True, "wrongdoing")
        assert CLINIC in order["accused"]
        assert CLINIC not in {one["provider"]["id"] for one in order["candidates"]}
        staff, path = running.staff(), f"/orders/{order['id']}"
        (await staff.post(f"{path}/dispatch", {"provider": CLINIC})).refused(409, "accused")
        (await staff.post(f"{path}/dispatch", {"provider": "community"})).ok()
        (await staff.post(f"{path}/call", {"provider": CLINIC, "part": "核实"})).refused(409, "accused")
        (await staff.post(f"{path}/accept")).ok()
        words = {"to": CLINIC, "reason": "你们自己看看"}
        (await staff.post(f"{path}/handover", words)).refused(409, "accused")

    async def test_nothing_of_it_reaches_the_accused(self, running: Running) -> None:
        demand = await submit(running, REPORT, contact=CONTACT)
        order = await order_of(running, demand)
        await running.drained()
        clinic = running.partner(CLINIC)
        for path in (
            f"/demands/{demand['id']}",
            f"/demands/{demand['id']}/contact",
            f"/orders/{order['id']}",
        ):
            (await clinic.get(path)).refused(404, "not_found")
        for listed in ("/demands?limit=100", "/orders?limit=100", "/notices?limit=100"):
            assert demand["id"] not in str((await clinic.get(listed)).ok())

    async def test_whose_word_it_is_confidential_readers_open_alone_and_on_record(
        self, running: Running
    ) -> None:
        demand = await submit(running, REPORT, contact=CONTACT, compound="yuxiuyuan")
        path = f"/demands/{demand['id']}/contact"
        (await running.staff().get(path)).refused(403, "forbidden")
        (await running.staff().post(path)).refused(403, "forbidden")
        (await running.grid_worker().post(path)).refused(404, "not_found")
        confidant = running.visitor("confidant-1", Role.STAFF)
        (await confidant.get(path)).refused(403, "must_be_recorded")
        assert (await confidant.post(path)).ok() == CONTACT
        seen = (await running.staff().get(f"/demands/{demand['id']}")).ok()
        assert "138****5678" in seen["text"]

    async def test_neighbours_find_it_nowhere(self, running: Running) -> None:
        demand = await submit(running, REPORT)
        await running.drained()
        other = running.resident("neighbour")
        (await other.get(f"/demands/{demand['id']}")).refused(404, "not_found")
        (await other.post(f"/demands/{demand['id']}/endorse")).refused(404, "not_found")
        like = (await other.post("/demands/like", {"text": REPORT})).ok()["items"]
        assert demand["id"] not in str(like)
        assert demand["id"] not in str((await other.get("/demands?limit=100")).ok())

    async def test_of_the_community_itself_the_supervisor_hears_and_staff_do_not(
        self, running: Running
    ) -> None:
        demand = await submit(running, AGAINST_STAFF)
        supervisor = running.visitor("supervisor-1", Role.STAFF)
        order = await order_of(running, demand, supervisor)
        assert order["held"]
        await supervisor.until("/notices", lambda page: notices(page, demand, "demand.accuses.v1"))
        await running.drained()
        (await running.staff().get(f"/demands/{demand['id']}")).refused(404, "not_found")
        (await running.staff().get(f"/orders/{order['id']}")).refused(404, "not_found")
        assert demand["id"] not in str((await running.staff().get("/orders?limit=100")).ok())
        texts = notices((await running.staff().get("/notices?limit=100")).ok(), demand, "order.proposed.v1")
        assert not any("克扣" in text for text in texts)

    async def test_dissatisfaction_is_decided_by_a_person_and_sent_without_name_and_phone(
        self, running: Running
    ) -> None:
        demand = await submit(running, BADLY_DONE, contact=CONTACT, compound="yuxiuyuan")
        order = await order_of(running, demand)
        assert order["held"]
        change = {"accusation": "complaint", "accused": ["yiming-optical"], "reason": "是对服务不满意"}
        (await running.staff().post(f"/demands/{demand['id']}/reading", change)).ok()
        await running.staff().until(f"/orders/{order['id']}", lambda seen: seen["accusation"] == "complaint")
        sent = await running.staff().post(f"/orders/{order['id']}/dispatch", {"provider": "yiming-optical"})
        sent.ok()
        optician = running.partner("yiming-optical")
        await optician.until(f"/demands/{demand['id']}", lambda seen: seen["handler"])
        (await optician.get(f"/demands/{demand['id']}/contact")).refused(403, "forbidden")
        (await optician.post(f"/demands/{demand['id']}/contact")).refused(403, "forbidden")

    async def test_staff_say_who_is_not_accused_and_may_send_it_there(self, running: Running) -> None:
        demand = await submit(running, REPORT)
        order = await order_of(running, demand)
        change = {"accused": [], "reason": "被举报的不是这家"}
        (await running.staff().post(f"/demands/{demand['id']}/reading", change)).ok()
        await running.staff().until(f"/orders/{order['id']}", lambda seen: not seen["accused"])
        (await running.staff().post(f"/orders/{order['id']}/dispatch", {"provider": CLINIC})).ok()


class TestPrivateMatters:
    PRIVATE = "老伴走了三年，一个人闷得慌，夜里睡不着，想找人说说话"

    async def test_who_asks_is_told_who_sees_it(self, running: Running) -> None:
        demand = await submit(running, self.PRIVATE)
        assert demand["private"]
        assert demand["who_sees"].startswith("只有您、社区工作人员")
        lamp = await submit(running, LAMP)
        assert (lamp["private"], lamp["who_sees"][:2]) == (False, "邻居")

    async def test_neighbours_see_public_matters_and_no_private_ones(self, running: Running) -> None:
        private, public = await submit(running, self.PRIVATE), await submit(running, LAMP)
        other = running.resident("neighbour")
        (await other.get(f"/demands/{private['id']}")).refused(404, "not_found")
        (await other.get(f"/demands/{public['id']}")).ok()
        listed = {one["id"] for one in (await other.get("/demands?limit=100")).ok()["items"]}
        assert public["id"] in listed
        assert private["id"] not in listed

    async def test_what_the_asker_says_of_it_holds(self, running: Running) -> None:
        hidden = await submit(running, LAMP, private=True)
        shown = await submit(running, self.PRIVATE, private=False)
        other = running.resident("neighbour")
        (await other.get(f"/demands/{hidden['id']}")).refused(404, "not_found")
        (await other.get(f"/demands/{shown['id']}")).ok()

    async def test_staff_change_it_with_a_reason(self, running: Running) -> None:
        demand = await submit(running, LAMP)
        change = {"private": True, "reason": "里面写了家里情况"}
        (await running.staff().post(f"/demands/{demand['id']}/reading", change)).ok()
        (await running.resident("neighbour").get(f"/demands/{demand['id']}")).refused(404, "not_found")
        no_reason = {"private": False}
        (await running.staff().post(f"/demands/{demand['id']}/reading", no_reason)).refused(
            422, "invalid_body"
        )

    async def test_grid_workers_see_private_matters_of_their_compounds_alone(self, running: Running) -> None:
        theirs = await submit(running, self.PRIVATE, compound="yuxiuyuan")
        nowhere = await submit(running, self.PRIVATE + "。")
        (await running.grid_worker().get(f"/demands/{theirs['id']}")).ok()
        (await running.grid_worker().get(f"/demands/{nowhere['id']}")).refused(404, "not_found")
        stranger = running.visitor("grid-of-nowhere", Role.GRID_WORKER)
        (await stranger.get(f"/demands/{theirs['id']}")).refused(404, "not_found")

    async def test_they_are_merged_with_nobody_elses(self, running: Running) -> None:
        private = await submit(running, self.PRIVATE)
        public = await submit(running, LAMP, by="other")
        merge = await running.staff().post(f"/demands/{private['id']}/merge", {"into": public["id"]})
        merge.refused(409, "private_matter")


class TestWhatAsksForNothing:
    @pytest.mark.parametrize(
        "text",
        ["路灯没坏，是我看错了，不用来了", "修路灯的师傅态度真好，谢谢你们", "临汾市的路灯不亮，晚上没法走"],
    )
    async def test_it_is_not_dispatched_and_a_person_looks(self, running: Running, text: str) -> None:
        demand = await submit(running, text)
        order = await order_of(running, demand)
        assert (order["status"], order["held"]) == ("proposed", True)
        assert demand["hint"]

    async def test_a_place_elsewhere_is_asked_about_and_yes_sends_it_on(self, running: Running) -> None:
        demand = await submit(running, "临汾市的路灯不亮，晚上没法走")
        assert demand["asks"]["about"] == "place"
        order = await order_of(running, demand)
        answer = {"about": "place", "yes": True}
        (await running.resident("asker").post(f"/demands/{demand['id']}/answer", answer)).ok()
        await running.staff().until(f"/orders/{order['id']}", lambda seen: not seen["held"])


class TestLists:
    async def test_they_filter_by_danger_kind_compound_and_time(self, running: Running) -> None:
        fire = await submit(running, FIRE, compound="yuxiuyuan")
        await running.drained()
        staff = running.staff()
        for query, found in (
            ("danger=now", True),
            ("danger_kind=fire", True),
            ("danger_kind=gas", False),
            ("about=report", False),
            ("compound=yuxiuyuan", True),
            ("since=2000-01-01T00:00:00Z", True),
            ("until=2000-01-01T00:00:00Z", False),
        ):
            items = (await staff.get(f"/demands?{query}&limit=100")).ok()["items"]
            assert (fire["id"] in {one["id"] for one in items}) == found, query
        orders = (await staff.get("/orders?urgent=true&danger=now&held=true&limit=100")).ok()["items"]
        assert fire["id"] in {one["demand"] for one in orders}
        (await staff.get("/demands?danger=rather")).refused(422, "invalid_query")

    async def test_pages_go_through_the_pressing_and_then_the_newest_each_once(
        self, running: Running
    ) -> None:
        for text in (LAMP, FIRE, LAMP, PERHAPS, LAMP):
            await submit(running, text)
        await running.drained()
        staff = running.staff()
        whole: list[str] = []
        after = ""
        while True:
            page = (await staff.get(f"/demands?limit=2{after}")).ok()
            whole += [one["id"] for one in page["items"]]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert len(whole) == len(set(whole))
        every = (await staff.get("/demands?limit=100")).ok()["items"]
        assert whole[: len(every)] == [one["id"] for one in every]


async def test_withdrawing_what_others_support_leaves_it_to_them(running: Running) -> None:
    demand = await submit(running, LAMP)
    (await running.resident("supporter").post(f"/demands/{demand['id']}/endorse")).ok()
    await order_of(running, demand)
    left = await running.resident("asker").post(f"/demands/{demand['id']}/withdraw", {"reason": "搬走了"})
    left.ok()
    seen = (await running.resident("supporter").get(f"/demands/{demand['id']}")).ok()
    assert (seen["mine"], seen["status"] != "withdrawn") == (True, True)
    await running.resident("supporter").until(
        "/notices", lambda page: notices(page, demand, "demand.passed_on.v1")
    )

    async def follows() -> bool:
        rows = await running.stores["matching"].plain("orders").find({"demand": demand["id"]})
        return bool(rows[0]["asked_by"] == "supporter")

    await eventually(follows)

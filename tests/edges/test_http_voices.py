"""Many voices over HTTP: who may look, who may decide, and what is refused."""

import asyncio
import secrets
from pathlib import Path
from typing import Any

import pytest

from services import language
from services.contracts.words import Role
from services.intake.domain.crowds import BY_NAME_MAX
from tests.support.client import Visitor
from tests.support.running import Running


def mixer(name: str) -> tuple[str, str, str]:
    """Return three tellings of one matter, about a place that no other test speaks of."""
    return (
        f"{name}小区旁边的搅拌站白天晚上噪音不停，粉尘很大，没法开窗",
        f"{name}小区旁边的搅拌站白天噪音也大，粉尘也大，窗台落一层灰",
        f"请管管{name}小区旁边的搅拌站，噪音大，粉尘污染，没法晒衣服",
    )


RARE = "".join(chr(0x9CE5 + nth) for nth in range(0x139))
"""The traditional names of birds: in no sentence that the reader has learnt from.

With a character that it knows (陷, 险, 闯), one name in forty made a danger of the same matter."""


@pytest.fixture
def place() -> str:
    """A place's name of the test's own, which says nothing to the reader."""
    return "".join(secrets.choice(RARE) for _ in range(3))


def test_the_place_says_nothing_to_the_reader() -> None:
    data = Path(language.__file__).parent / "data"
    learnt = list(data.rglob("*.tsv"))
    assert learnt
    assert not any(set(RARE) & set(file.read_text("utf-8")) for file in learnt)


async def submitted(running: Running, text: str, by: str, compound: str | None = None) -> str:
    demand = await running.submitted(text, compound, running.resident(by), private=False)
    return str(demand["id"])


async def like(visitor: Visitor, text: str, compound: str | None = None) -> Any:
    return (await visitor.post("/demands/like", {"text": text, "compound": compound})).ok()["items"]


async def pair(running: Running, place: str) -> tuple[str, str]:
    one, two, _ = mixer(place)
    first = await submitted(running, one, "r1")
    await running.drained()
    second = await submitted(running, two, "r2")
    await running.drained()
    return first, second


class TestBeforeSubmitting:
    async def test_like_demands_are_shown_masked_and_the_same_compound_first(
        self, running: Running, place: str
    ) -> None:
        one, two, three = mixer(place)
        far = await submitted(running, one, "r1", "xinhua")
        near = await submitted(running, two + "，电话13812345678", "r2", "jindu")
        await running.drained()
        found = await like(running.resident("r9"), three, "jindu")
        assert [item["id"] for item in found] == [near, far]
        assert [item["same_compound"] for item in found] == [True, False]
        assert "13812345678" not in found[0]["text"]
        assert place in found[0]["because"]
        assert (found[0]["supporters"], found[0]["mine"], found[0]["endorsed"]) == (0, False, False)
        (await running.resident("r9").post(f"/demands/{near}/endorse")).ok()
        assert (await like(running.resident("r9"), three, "jindu"))[0]["endorsed"]

    async def test_nothing_of_it_is_stored(self, running: Running, place: str) -> None:
        await running.drained()
        before = await running.rows()
        await like(running.resident(), mixer(place)[0])
        await running.drained()
        assert await running.rows() == before

    async def test_confidential_reports_are_not_shown_to_others(self, running: Running, place: str) -> None:
        one, two, _ = mixer(place)
        report = {"text": one, "about": "report"}
        demand = (await running.resident("r1").post("/demands", report)).ok()["id"]
        await running.drained()
        assert await like(running.resident("r2"), two) == []
        assert [item["id"] for item in await like(running.resident("r1"), two)] == [demand]

    async def test_what_is_over_is_not_shown(self, running: Running, place: str) -> None:
        one, two, _ = mixer(place)
        demand = await submitted(running, one, "r1")
        await running.drained()
        (await running.resident("r1").post(f"/demands/{demand}/withdraw", {})).ok()
        assert await like(running.resident("r2"), two) == []

    @pytest.mark.parametrize(
        ("words", "code"),
        [
            ({"text": ""}, "invalid_body"),
            ({"text": "😀"}, "no_words"),
            ({"text": "路灯\x00"}, "control_characters"),
            ({"text": "路灯", "compound": "nowhere"}, "unknown_compound"),
            ({"text": "路灯", "about": "help"}, "invalid_body"),
        ],
        ids=str,
    )
    async def test_words_that_say_nothing_are_refused(
        self, running: Running, words: dict[str, Any], code: str
    ) -> None:
        (await running.resident().post("/demands/like", words)).refused(422, code)


class TestDuplicates:
    async def test_are_listed_merged_and_taken_back(self, running: Running, place: str) -> None:
        first, second = await pair(running, place)
        staff = running.staff()
        (offered,) = (await staff.get(f"/demands/{second}/duplicates")).ok()["items"]
        assert (offered["demand"]["id"], offered["state"]) == (first, "offered")
        assert place in offered["demand"]["because"]
        (await staff.post(f"/demands/{second}/merge", {"into": first})).ok()
        (offered,) = (await staff.get(f"/demands/{first}/duplicates")).ok()["items"]
        assert offered["state"] == "merged"
        alive = (await staff.post(f"/demands/{second}/unmerge", {"reason": "两处不同"})).ok()
        assert (alive["status"], alive["merged_into"]) == ("submitted", None)
        placed = await staff.until(f"/demands/{second}", lambda seen: seen["order"])
        assert placed["order"] == f"{second}-2"
        (await staff.post(f"/demands/{second}/unmerge", {})).refused(409, "step_not_allowed")

    async def test_are_dismissed_once(self, running: Running, place: str) -> None:
        first, second = await pair(running, place)
        staff = running.staff()
        (await staff.post(f"/demands/{second}/duplicates/dismiss", {"demand": first})).ok()
        (offered,) = (await staff.get(f"/demands/{second}/duplicates")).ok()["items"]
        assert offered["state"] == "dismissed"
        again = await staff.post(f"/demands/{second}/duplicates/dismiss", {})
        again.refused(409, "nothing_offered")

    async def test_are_for_the_communitys_own_people(self, running: Running, place: str) -> None:
        first, second = await pair(running, place)
        resident = running.resident("r2")
        (await resident.get(f"/demands/{second}/duplicates")).refused(403, "forbidden")
        (await resident.post(f"/demands/{second}/duplicates/dismiss", {})).refused(403, "forbidden")
        (await resident.post(f"/demands/{second}/merge", {"into": first})).refused(403, "forbidden")
        (await resident.post(f"/demands/{second}/unmerge", {})).refused(403, "forbidden")
        (await running.grid_worker().get(f"/demands/{second}/duplicates")).ok()


class TestOptingOut:
    async def test_is_ones_own_matter_or_that_of_the_community_for_one(
        self, running: Running, place: str
    ) -> None:
        first, second = await pair(running, place)
        grid = running.grid_worker()
        (await grid.post(f"/demands/{second}/endorse", {"on_behalf_of": "old-wang"})).ok()
        (await running.staff().post(f"/demands/{second}/merge", {"into": first})).ok()
        stranger = running.resident("r7")
        (await stranger.post(f"/demands/{first}/opt-out", {})).refused(409, "not_carried")
        named = await stranger.post(f"/demands/{first}/opt-out", {"on_behalf_of": "old-wang"})
        named.refused(403, "forbidden")
        after = await running.staff().post(f"/demands/{first}/opt-out", {"on_behalf_of": "old-wang"})
        assert after.ok()["supporters"] == 1
        assert (await running.resident("r2").post(f"/demands/{first}/opt-out", {})).ok()["supporters"] == 0
        alive = (await running.resident("r2").get(f"/demands/{second}")).ok()
        assert (alive["status"] != "merged", alive["supporters"]) == (True, 1)


class TestManySupporters:
    async def test_each_of_many_sees_that_they_stand_behind_it_wherever_it_is_shown(
        self, running: Running, place: str
    ) -> None:
        one, _, three = mixer(place)
        demand = await submitted(running, one, "r1")
        behind = [f"v{n}" for n in range(BY_NAME_MAX + 20)]
        for at in range(0, len(behind), 40):
            posts = [
                running.staff().post(f"/demands/{demand}/endorse", {"on_behalf_of": who})
                for who in behind[at : at + 40]
            ]
            assert all(answer.status == 200 for answer in await asyncio.gather(*posts))
        again = await running.resident("v7").post(f"/demands/{demand}/endorse")
        assert (again.ok()["supporters"], again.ok()["endorsed"]) == (len(behind), True)
        for who, endorsed in (("v0", True), ("v119", True), ("r1", False), ("stranger", False)):
            visitor = running.resident(who)
            shown = (await visitor.get(f"/demands/{demand}")).ok()
            rows = (await visitor.get("/demands?limit=100")).ok()["items"]
            (row,) = [row for row in rows if row["id"] == demand]
            found = [item for item in await like(visitor, three) if item["id"] == demand]
            for view in (shown, row, *found):
                assert (view["supporters"], view["endorsed"]) == (len(behind), endorsed)
        lines = [line["text"] for line in shown["timeline"] if line["what"] == "endorsed"]
        assert lines == [f"有居民附议，共 {len(behind)} 人"]
        assert (await running.resident("v3").post(f"/demands/{demand}/urge")).ok()["urged"] == 1
        (await running.resident("stranger").post(f"/demands/{demand}/urge")).refused(403, "not_your_demand")


class TestIssues:
    async def test_are_listed_with_members_voices_and_reasons_and_their_topic_is_decided_once(
        self, running: Running, place: str
    ) -> None:
        demands = [await submitted(running, text, f"r{n}") for n, text in enumerate(mixer(place))]
        await running.drained()
        staff = running.staff()
        hot = (await staff.get("/issues?hot=true&limit=100")).ok()["items"]
        assert [issue["heat"] for issue in hot] == sorted((i["heat"] for i in hot), reverse=True)
        (issue,) = [i for i in hot if {m["demand"] for m in i["demands"]} == set(demands)]
        assert (issue["voices"], issue["compounds"], issue["days"]) == (3, [], 1)
        assert place in issue["because"]
        assert issue["topic"]["state"] == "proposed"
        assert all(not i["hot"] for i in (await staff.get("/issues?hot=false")).ok()["items"])
        path = f"/issues/{issue['id']}/topic"
        (await staff.post(path, {"decision": "decline"})).refused(422, "reason_missing")
        (await staff.post(path, {"decision": "maybe"})).refused(422, "invalid_body")
        taken = (await staff.post(path, {"decision": "accept"})).ok()
        assert taken["topic"]["state"] == "accepted"
        (await staff.post(path, {"decision": "decline", "reason": "x"})).refused(409, "topic_decided")
        assert (await staff.get(f"/issues/{issue['id']}")).ok() == taken
        told = await running.resident("r0").until(
            "/notices", lambda seen: any(n["kind"] == "issue.topic_decided.v1" for n in seen["items"])
        )
        assert any("小板凳议事会" in notice["text"] for notice in told["items"])

    async def test_are_for_the_communitys_own_people(self, running: Running) -> None:
        (await running.resident().get("/issues")).refused(403, "forbidden")
        (await running.grid_worker().get("/issues")).ok()
        grid = await running.grid_worker().post("/issues/nothing/topic", {"decision": "accept"})
        grid.refused(403, "forbidden")
        (await running.staff().get("/issues/nothing")).refused(404, "not_found")
        nothing = await running.staff().post("/issues/nothing/topic", {"decision": "accept"})
        nothing.refused(404, "not_found")


async def test_another_communitys_token_finds_nothing_anywhere(running: Running, place: str) -> None:
    first, second = await pair(running, place)
    foreign = running.visitor("staff-1", Role.STAFF, "fenwan")
    looks = [f"/demands/{second}/duplicates", "/issues", f"/issues/{first}"]
    for path in looks:
        (await foreign.get(path)).refused(404, "not_found")
    deeds: dict[str, dict[str, str]] = {
        "/demands/like": {"text": mixer(place)[2]},
        f"/demands/{second}/merge": {"into": first},
        f"/demands/{second}/unmerge": {},
        f"/demands/{second}/opt-out": {},
        f"/demands/{second}/duplicates/dismiss": {},
        f"/issues/{second}/topic": {"decision": "accept"},
    }
    for path, body in deeds.items():
        (await foreign.post(path, body)).refused(404, "not_found")

"""Stars over HTTP: who sees what, what staff decide, appeals, outstanding partners, and what is refused."""

from uuid import uuid4

import pytest

from services.chassis.clock import now
from services.contracts.words import Role
from tests.support.rated import OWN, STARS, heard, reckoned, served, told, with_star
from tests.support.running import Running
from tests.support.stories import OPTICIAN


@pytest.fixture(scope="module")
async def rated(running: Running) -> Running:
    """A house in which five people have rated the optician, and one of its own has."""
    staff = running.staff()
    mark = {"partner": OPTICIAN, "subject": "sister", "reason": "店主的妹妹，电话 13912345678"}
    (await staff.post("/points/related", mark)).ok()
    people = ("a1", "a2", "a3", "a4", "a5", "sister")
    await served(running, *people)
    await heard(running, *people)
    return running


class TestEverybody:
    async def test_sees_stars_and_why_and_no_parts(self, rated: Running) -> None:
        await reckoned(rated)
        visitors = (rated.resident(), rated.grid_worker(), rated.staff(), rated.unit("u"), rated.partner("p"))
        for visitor in visitors:
            page = (await visitor.get(f"{STARS}?limit=2")).ok()
            assert [set(one) for one in page["items"]] == [
                {"partner", "name", "stars", "month", "because"}
            ] * 2
            rest = (await visitor.get(f"{STARS}?limit=100&after={page['next']}")).ok()
            names = [one["partner"] for one in (*page["items"], *rest["items"])]
            assert names == sorted(names)
            assert OPTICIAN in names
            assert rest["next"] is None
        (await rated.operator().get(STARS)).refused(403, "forbidden")

    async def test_but_its_partner_and_staff_sees_no_parts_of_it(self, rated: Running) -> None:
        await reckoned(rated)
        for path in (OWN, f"{OWN}/history"):
            (await rated.partner(OPTICIAN).get(path)).ok()
            (await rated.staff().get(path)).ok()
            (await rated.partner("another-partner").get(path)).refused(404, "not_found")
            (await rated.resident().get(path)).refused(403, "forbidden")
            foreign = rated.visitor(OPTICIAN, Role.PARTNER, "fenwan")
            (await foreign.get(path)).refused(404, "not_found")
        (await rated.staff().get(f"{STARS}/nobody")).refused(404, "not_found")
        (await rated.staff().get(f"{STARS}/nobody/history")).refused(404, "not_found")


class TestRatings:
    async def test_are_seen_with_who_rated_by_staff_alone(self, rated: Running) -> None:
        for path in (
            "/points/ratings",
            "/points/related",
            "/points/star-outlook",
            "/points/outstanding?year=2026",
        ):
            (await rated.partner(OPTICIAN).get(path)).refused(403, "forbidden")
            (await rated.resident().get(path)).refused(403, "forbidden")
        marks = (await rated.staff().get(f"/points/related?partner={OPTICIAN}")).ok()["items"]
        assert ["sister" in one["subject"] for one in marks] == [True]
        assert "139****5678" in marks[0]["because"] or "13912345678" not in marks[0]["because"]

    async def test_look_odd_are_kept_out_and_what_staff_decide_counts(self, rated: Running) -> None:
        staff, partner = rated.staff(), rated.partner(OPTICIAN)
        await reckoned(rated)
        (odd,) = await heard(rated, "sister")
        path = f"/points/ratings?partner={OPTICIAN}&is_open=true"
        opened = await staff.until(path, lambda seen: seen["items"])
        assert [(one["id"], one["finding"]["kind"]) for one in opened["items"]] == [(odd["id"], "related")]
        outlook = (await staff.get("/points/star-outlook")).ok()
        own = next(one for one in outlook["items"] if one["partner"] == OPTICIAN)
        assert (own["raters"], [one["why"] for one in own["kept_out"]]) == (5, ["related"])
        assert own["stars"] >= 1
        assert sum(part["score"] for part in own["parts"]) == own["score"]
        # Nobody tells the partner whose word it was.
        answers = [await partner.get(path) for path in (OWN, f"{OWN}/history", "/notices?limit=100", STARS)]
        for person in ("sister", "a1", "a5"):
            assert not any(f'"{person}"'.encode() in answer.raw for answer in answers)
        decide = f"/points/ratings/{odd['id']}/decide"
        (await staff.post(decide, {"counts": True})).refused(422, "invalid_body")
        (await staff.post(decide, {"counts": True, "reason": " "})).refused(422, "invalid_body")
        (await partner.post(decide, {"counts": True, "reason": "是顾客"})).refused(403, "forbidden")
        done = (await staff.post(decide, {"counts": True, "reason": "确是顾客"})).ok()
        assert (done["is_open"], done["decision"]["counts"]) == (False, True)
        again = (await staff.get("/points/star-outlook")).ok()
        own = next(one for one in again["items"] if one["partner"] == OPTICIAN)
        assert (own["raters"], own["kept_out"]) == (6, [])
        assert (await staff.get(path)).ok()["items"] == []
        back = (await staff.post(decide, {"counts": False, "reason": "还是算了"})).ok()
        assert back["decision"]["counts"] is False
        (await staff.post("/points/ratings/nothing/decide", {"counts": True, "reason": "x"})).refused(
            404, "not_found"
        )

    async def test_are_odd_of_whom_staff_mark_once_and_take_back_once(self, rated: Running) -> None:
        staff = rated.staff()
        mark = {"partner": OPTICIAN, "subject": f"cousin-{uuid4().hex[:6]}", "reason": "店主表弟"}
        kept = (await staff.post("/points/related", mark)).ok()
        (await staff.post("/points/related", mark)).refused(409, "already_related")
        (await staff.post("/points/related", {**mark, "partner": "nobody"})).refused(404, "not_found")
        (await staff.post("/points/related", {**mark, "subject": "有 空格"})).refused(422, "invalid_body")
        path = f"/points/related/{kept['id']}/take-back"
        assert (await staff.post(path, {"reason": "登记有误"})).ok()["stands"] is False
        (await staff.post(path, {"reason": "登记有误"})).refused(409, "not_related")
        (await staff.post("/points/related", mark)).ok()


class TestStars:
    async def test_are_reckoned_for_months_that_are_over(self, rated: Running) -> None:
        staff = rated.staff()
        this_month = f"{now().astimezone():%Y-%m}"
        for month, code in (("2099-01", "month_not_finished"), ("2020-01", "month_not_finished")):
            (await staff.post("/points/star-requests", {"month": month})).refused(422, code)
            (await staff.get(f"/points/star-outlook?month={month}")).refused(422, code)
        for month in ("2026-13", "2026-1", "1999-01", "x"):
            (await staff.post("/points/star-requests", {"month": month})).refused(422, "invalid_body")
            (await staff.get(f"/points/star-outlook?month={month}")).refused(422, "invalid_query")
        assert (await staff.get("/points/star-outlook")).ok()["month"] >= this_month[:4]
        set_ = await reckoned(rated)
        assert (set_["stars"], set_["raters"]) == (0, 0), "all of it was said this month"
        assert set_["because"].startswith("暂不评星")
        assert sum(part["score"] for part in set_["parts"]) == set_["score"]
        text = (await told(rated.partner(OPTICIAN), "points.star_set.v1"))["text"]
        assert text == f"{set_['month']} 星级评定——{set_['because']}"

    async def test_are_appealed_against_once_and_staff_decide_once(self, rated: Running) -> None:
        staff, partner = rated.staff(), rated.partner(OPTICIAN)
        month = (await reckoned(rated))["month"]
        path = f"{OWN}/{month}/appeal"
        (await staff.post(path, {"words": "x"})).refused(403, "forbidden")
        (await rated.partner("another-partner").post(path, {"words": "x"})).refused(404, "not_found")
        (await partner.post(f"{OWN}/2020-01/appeal", {"words": "x"})).refused(404, "not_found")
        (await partner.post(path, {"words": ""})).refused(422, "invalid_body")
        filed = (await partner.post(path, {"words": "装修停业，请复核"})).ok()
        assert (filed["state"], filed["id"]) == ("open", f"{OPTICIAN}.{month}")
        (await partner.post(path, {"words": "再来一次"})).refused(409, "already_appealed")
        assert [one["id"] for one in (await staff.get("/points/appeals?state=open")).ok()["items"]] == [
            filed["id"]
        ]
        assert (await rated.partner("another-partner").get("/points/appeals")).ok()["items"] == []
        assert (await rated.resident().get("/points/appeals")).refused(403, "forbidden")
        decide = f"/points/appeals/{filed['id']}/decide"
        ratings = [one["id"] for one in await heard(rated, "a1", "a2")]
        both = {"upheld": False, "reason": "x", "include": ratings[:1], "exclude": ratings[:1]}
        (await staff.post(decide, both)).refused(422, "invalid_body")
        (await staff.post(decide, {"upheld": True, "reason": "x", "include": ratings})).refused(
            422, "invalid_body"
        )
        (await staff.post(decide, {"upheld": False, "reason": "x", "exclude": ["none"]})).refused(
            422, "not_of_this_partner"
        )
        (await partner.post(decide, {"upheld": False, "reason": "x"})).refused(403, "forbidden")
        done = (await staff.post(decide, {"upheld": False, "reason": "已复核", "include": ratings})).ok()
        assert done["state"] == "revised"
        (await staff.post(decide, {"upheld": True, "reason": "x"})).refused(409, "appeal_decided")
        assert [one["state"] for one in (await partner.get("/points/appeals")).ok()["items"]] == ["revised"]
        for visitor, kind in (
            (staff, "points.star_appealed.v1"),
            (partner, "points.appeal_decided.v1"),
            (staff, "points.ratings_held.v1"),
        ):
            await told(visitor, kind)


class TestOutstanding:
    async def test_are_named_by_staff_whoever_is_proposed_and_taken_back(self, rated: Running) -> None:
        staff, partner = rated.staff(), rated.partner(OPTICIAN)
        year = now().year
        await reckoned(rated)
        seen = (await staff.get(f"/points/outstanding?year={year}")).ok()
        assert (seen["year"], seen["proposed"], seen["named"]) == (year, [], [])
        given = {"partner": OPTICIAN, "year": year, "reason": "居民议事会推荐"}
        (await partner.post("/points/outstanding", given)).refused(403, "forbidden")
        (await staff.post("/points/outstanding", {**given, "partner": "nobody"})).refused(404, "not_found")
        (await staff.post("/points/outstanding", {**given, "year": 2098})).refused(422, "year_ahead")
        (await staff.post("/points/outstanding", {**given, "year": 1})).refused(422, "invalid_body")
        named = (await staff.post("/points/outstanding", given)).ok()
        (await staff.post("/points/outstanding", given)).refused(409, "already_named")
        seen = (await staff.get(f"/points/outstanding?year={year}")).ok()
        assert [one["partner"] for one in seen["named"]] == [OPTICIAN]
        path = f"/points/outstanding/{named['id']}/take-back"
        assert (await staff.post(path, {"reason": "评错了"})).ok()["stands"] is False
        (await staff.post(path, {"reason": "评错了"})).refused(409, "not_named")
        (await staff.post("/points/outstanding/2026/take-back", {"reason": "x"})).refused(404, "not_found")
        (await staff.post("/points/outstanding", given)).ok()
        for kind in ("points.outstanding_named.v1", "points.outstanding_taken_back.v1"):
            await told(partner, kind)
        for query in ("", "?year=1", "?year=x"):
            (await staff.get(f"/points/outstanding{query}")).refused(422, "invalid_query")

    async def test_are_proposed_with_the_evidence_of_the_whole_year(self, rated: Running) -> None:
        staff, year = rated.staff(), now().year - 1
        partners = [one["partner"] for one in (await staff.get(f"{STARS}?limit=100")).ok()["items"]]
        for number, partner in enumerate(partners):
            await with_star(rated, partner, f"{year}-12", people=4 + number)
        seen = (await staff.get(f"/points/outstanding?year={year}")).ok()
        assert (seen["month"], seen["is_whole"]) == (f"{year}-12", True)
        best = seen["proposed"]
        assert [one["partner"] for one in best] == partners[:-4:-1], "one in five, the best first"
        assert all(sum(part["score"] for part in one["parts"]) == one["score"] for one in best)
        assert all(one["stars"] == 5 and one["because"] for one in best)

"""Neighbours find each other before asking, staff merge, somebody disagrees, the matter turns hot."""

from tests.support.running import Running


async def test_many_voices_about_one_matter_become_one_and_stay_many(own_house: Running) -> None:
    town, staff = own_house, own_house.staff()
    first = await town.submitted("荷塘搅拌站夜里噪音大，粉尘落一阳台", "jindu", town.resident("li"))
    await town.drained()

    # Before asking, a neighbour finds what has been asked already, and endorses it.
    ask = {"text": "荷塘搅拌站噪音太大了，粉尘也大，没法开窗", "compound": "jindu"}
    (found,) = (await town.resident("wang").post("/demands/like", ask)).ok()["items"]
    assert found["id"] == first["id"]
    (await town.resident("wang").post(f"/demands/{found['id']}/endorse")).ok()

    # Another asks all the same: staff are told, and merge.
    words = "荷塘搅拌站夜里罐车轰隆隆，噪音大，粉尘大"
    second = await town.submitted(words, "xinhua", town.resident("zhao"))
    (await town.resident("sun").post(f"/demands/{second['id']}/endorse")).ok()
    kind = "demand.likely_duplicate.v1"
    told = await staff.until("/notices", lambda seen: any(n["kind"] == kind for n in seen["items"]))
    (notice,) = [n for n in told["items"] if n["kind"] == kind]
    (offered,) = (await staff.get(f"/demands/{notice['demand']}/duplicates")).ok()["items"]
    merge = {"into": offered["demand"]["id"]}
    (await staff.post(f"/demands/{second['id']}/merge", merge)).ok()

    # Everybody carried is told where to opt out; one does, and keeps the voice they gave.
    heard = await town.resident("sun").until(
        "/notices", lambda seen: any(n["kind"] == "demand.joined.v1" for n in seen["items"])
    )
    (carried,) = [n for n in heard["items"] if n["kind"] == "demand.joined.v1"]
    (await town.resident("sun").post(f"/demands/{carried['demand']}/opt-out", {})).ok()
    kept = (await staff.get(f"/demands/{first['id']}")).ok()
    assert kept["supporters"] == 2  # wang, and zhao who asked the other

    # The merge is taken back: both are as they would have been, and both are handled.
    (await staff.post(f"/demands/{second['id']}/unmerge", {"reason": "要分别处理"})).ok()
    alone = await staff.until(f"/demands/{second['id']}", lambda seen: seen["order"])
    assert (alone["supporters"], alone["order"]) == (1, f"{second['id']}-2")
    assert (await staff.get(f"/demands/{first['id']}")).ok()["supporters"] == 1

    # A third makes it hot; the bench council will talk about it, and those who asked are told.
    third = "请管管荷塘搅拌站，夜里噪音大，粉尘污染"
    await town.submitted(third, "yucai", town.resident("qian"))
    hot = await staff.until("/issues?hot=true", lambda seen: seen["items"])
    (issue,) = hot["items"]
    assert (len(issue["demands"]), issue["voices"], len(issue["compounds"])) == (3, 5, 3)
    (await staff.post(f"/issues/{issue['id']}/topic", {"decision": "accept"})).ok()
    for person in ("li", "zhao", "qian"):
        await town.resident(person).until(
            "/notices", lambda seen: any(n["kind"] == "issue.topic_decided.v1" for n in seen["items"])
        )
    await town.drained()
    for service in ("intake", "matching", "points", "notify"):
        assert await town.parked(service) == []

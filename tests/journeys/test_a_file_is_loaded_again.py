"""Another file while work is going on: nobody's order is orphaned, and the new file counts at once."""

from services.contracts.community_file import CommunityFile
from services.contracts.words import Role
from tests.support.deployment import jiwang, roomy
from tests.support.running import Running

RATING = {"solved": "solved", "satisfaction": "mostly"}
TABLE = "院里能不能放一张乒乓球台，老人锻炼身体，孩子放学也能玩"
NPC = "jishan-npc-standing-committee"
DONE = {"summary": "装好了", "proof": [{"kind": "photo", "ref": "a.jpg"}]}


def without(file: CommunityFile, unit: str, compound: str) -> CommunityFile:
    """Return the file without a unit, its contracts and a compound."""
    plain = file.model_dump()
    plain["units"] = [each for each in plain["units"] if each["id"] != unit]
    plain["compounds"] = [each for each in plain["compounds"] if each["id"] != compound]
    plain["contracts"] = [
        each for each in plain["contracts"] if each["unit"] != unit and compound not in each["compounds"]
    ]
    for worker in plain["grid_workers"]:
        worker["compounds"] = [each for each in worker["compounds"] if each != compound]
    return CommunityFile.model_validate(plain)


async def test_a_provider_that_is_gone_finishes_what_it_has_and_gets_nothing_new(own_house: Running) -> None:
    resident, staff = own_house.resident(), own_house.staff()
    unit = own_house.visitor(NPC, Role.UNIT)
    demand = await own_house.submitted(TABLE, "yuxiuyuan", by=resident)
    assert demand["handler"]["id"] == NPC
    (await unit.post(f"/orders/{demand['order']}/accept")).ok()

    await own_house.load(without(jiwang(), NPC, "yuxiuyuan"))
    await staff.until("/providers", lambda seen: NPC not in {each["id"] for each in seen["items"]})

    order = f"/orders/{demand['order']}"
    (await unit.post(f"{order}/complete", DONE)).ok()
    await resident.until(f"/demands/{demand['id']}", lambda seen: seen["status"] == "completed")
    (await resident.post(f"/demands/{demand['id']}/rate", RATING)).ok()
    (await staff.post(f"{order}/verify")).ok()
    await resident.until(f"/demands/{demand['id']}", lambda seen: seen["status"] == "closed")

    again = await own_house.submitted(TABLE, "activity-room", by=resident)
    assert (again["handler"] or {}).get("id") != NPC
    (await resident.post("/demands", {"text": TABLE, "compound": "yuxiuyuan"})).refused(
        422, "unknown_compound"
    )
    waiting = f"/orders/{again['order']}"
    if again["status"] == "in_review":
        (await staff.post(f"{waiting}/dispatch", {"provider": NPC})).refused(422, "cannot_receive")


async def test_what_a_provider_that_is_gone_has_not_answered_goes_to_staff_with_the_reason(
    own_house: Running,
) -> None:
    resident, staff = own_house.resident(), own_house.staff()
    demand = await own_house.submitted(TABLE, "yuxiuyuan", by=resident)
    assert demand["handler"]["id"] == NPC
    await own_house.load(without(jiwang(), NPC, "none"))
    taken_back = await staff.until(f"/orders/{demand['order']}", lambda seen: seen["status"] == "proposed")
    assert "已不在名单上" in taken_back["because"]
    seen = await resident.until(f"/demands/{demand['id']}", lambda seen: seen["status"] == "in_review")
    assert seen["handler"] is None
    (await own_house.visitor(NPC, Role.UNIT).get(f"/orders/{demand['order']}")).refused(404, "not_found")


async def test_the_same_file_again_changes_nothing_and_says_so(own_house: Running) -> None:
    operator = own_house.operator()
    before = (await operator.get("/file")).ok()
    again = (await operator.ask("PUT", "", data=roomy(jiwang()).model_dump_json().encode())).ok()
    assert (again["changed"], again["changes"], again["version"]) == (False, [], before["version"])
    assert (await operator.get("/file")).ok() == before


async def test_a_dry_run_tells_and_does_nothing(own_house: Running) -> None:
    operator = own_house.operator()
    file = without(jiwang(), NPC, "yuxiuyuan").model_dump_json().encode()
    told = (await operator.ask("PUT", "?dry_run=true", data=file)).ok()
    assert told["dry_run"]
    assert {"units", "compounds", "contracts"} <= {change["section"] for change in told["changes"]}
    (await own_house.resident().post("/demands", {"text": TABLE, "compound": "yuxiuyuan"})).ok()


async def test_a_wrong_file_is_refused_as_a_whole_with_every_place(own_house: Running) -> None:
    operator = own_house.operator()
    wrong = "community: {id: jiwang}\ncompounds:\n  - {id: A B, name: 甲, households: -1}\n"
    said = (await operator.ask("PUT", "", data=wrong.encode())).refused(422, "community_file_invalid")
    places = {(problem["line"], problem["field"]) for problem in said["problems"]}
    assert (3, "compounds[0].id") in places
    assert (3, "compounds[0].households") in places
    assert any(field == "community.name" for _, field in places)
    assert (await operator.get("/file")).ok()["version"] == 1

"""If-Match holds on every write that has something to compare; elsewhere it is refused, never passed over."""

from typing import Any

import pytest

from services.chassis.http.web import PREFIX, Route
from services.composition import reference
from services.contracts.words import Role
from tests.support.client import Answer, Visitor
from tests.support.rated import OWN, heard, reckoned, served
from tests.support.rooms import a_room, booked
from tests.support.routes import BODIES, RULE, body_of, routes
from tests.support.running import Running
from tests.support.savers import someone_with
from tests.support.stories import OPTICIAN

WRITES = [route for _, route in routes() if route.writes]
COMPARING = [route for route in WRITES if route.conditional]
CREATING = [route for route in WRITES if not route.conditional]
MIXER = ("小区旁边澜岸搅拌站白天晚上噪音不停，粉尘很大", "澜岸搅拌站又在夜里开工，噪音不停，粉尘很大")
NOBODY_SAW = '"99999999999"'


@pytest.fixture(scope="module")
async def ids(running: Running) -> dict[str, str]:
    """Real ids for every name in an address."""
    first, _ = [await running.submitted(text) for text in MIXER]
    issues = await running.staff().until("/issues", lambda seen: seen["items"])
    return {
        "demand": first["id"],
        "order": first["order"],
        "issue": issues["items"][0]["id"],
        "milestone": "m1",
        "notice": "n1",
        "hold": await a_hold(running),
        "transfer": "t1",
        "award": "a1",
        "version": await a_rule(running),
        **await a_redemption(running),
        **await a_pledge(running),
        **await a_booking(running),
        **await of_stars(running),
    }


async def a_redemption(running: Running) -> dict[str, str]:
    """Return an offer, and what a partner ordered of it."""
    staff = running.staff()
    offer = (await staff.post("/points/offers", {**BODIES["PutUpOffer"], "stock": 9})).ok()["id"]
    _, partner = await someone_with(running, 50, OPTICIAN)
    redemption = (await partner.post(f"/points/offers/{offer}/redeem", {})).ok()["id"]
    return {"offer": offer, "redemption": redemption}


async def a_pledge(running: Running) -> dict[str, str]:
    """Return a good cause, and what was pledged to it."""
    cause = (await running.staff().post("/points/causes", BODIES["FoundCause"])).ok()["id"]
    step = f"/points/causes/{cause}/pledge"
    pledge = (await running.staff().post(step, BODIES["PledgeToCause"])).ok()["id"]
    return {"cause": cause, "pledge": pledge}


async def of_stars(running: Running) -> dict[str, str]:
    """Return ids of what has to do with stars."""
    staff, partner = running.staff(), running.partner(OPTICIAN)
    await served(running, "asker-of-stars")
    (rating,) = await heard(running, "asker-of-stars")
    month = str((await reckoned(running))["month"])
    appeal = (await partner.post(f"{OWN}/{month}/appeal", {"words": "请复核"})).ok()
    mark = {"partner": OPTICIAN, "subject": "sister", "reason": "店主的妹妹"}
    related = (await staff.post("/points/related", mark)).ok()
    given = {"partner": OPTICIAN, "year": 2026, "reason": "居民议事会推荐"}
    naming = (await staff.post("/points/outstanding", given)).ok()
    own = {"rating": rating, "appeal": appeal, "related": related, "naming": naming}
    return {"partner": OPTICIAN, "month": month, **{name: str(one["id"]) for name, one in own.items()}}


async def a_rule(running: Running) -> str:
    """Return the version of a rule that has not begun."""
    given = {**RULE, "starts_on": "2099-01-01", "because": "居委会决定"}
    rules = (await running.staff().post("/points/rules", given)).ok()
    return str(rules["items"][0]["version"])


async def a_hold(running: Running) -> str:
    _, partner = await someone_with(running, 5)
    given = {"amount_points": 5, "because": "兑换", "until": "2100-01-01T00:00:00Z"}
    return str((await partner.post("/points/holds", given)).ok()["id"])


async def a_booking(running: Running) -> dict[str, str]:
    room = await a_room(running)
    booking = (await booked(running.resident(), room["id"])).ok()["items"][0]
    return {"room": room["id"], "booking": booking["id"]}


def by(running: Running, route: Route) -> Visitor:
    """Return somebody who may ask, and sees everything."""
    if route.audience == {Role.PARTNER}:
        return running.partner(OPTICIAN)
    role = next(role for role in (Role.STAFF, Role.RESIDENT, Role.OPERATOR) if role in route.audience)
    return running.visitor("staff-1", role)


async def send(running: Running, route: Route, ids: dict[str, str], if_match: str) -> Answer:
    """Send what the route takes, under a condition."""
    path = route.path.format(**ids)
    body: Any = body_of(route)
    given = {"data": body} if isinstance(body, bytes) else {"body": body}
    return await by(running, route).ask(route.method, path, headers={"If-Match": if_match}, **given)


@pytest.fixture(scope="module")
async def untouched(running: Running, ids: dict[str, str]) -> Any:
    """All that is kept before anything is refused; since nothing changes, for each door."""
    await running.drained()
    return await running.rows()


@pytest.mark.parametrize("route", COMPARING, ids=[route.name for route in COMPARING])
async def test_what_was_changed_since_it_was_seen_is_left_as_it_is(
    running: Running, ids: dict[str, str], untouched: Any, route: Route
) -> None:
    body = (await send(running, route, ids, NOBODY_SAW)).refused(409, "changed_meanwhile")
    assert body["seen_version"] == 99_999_999_999
    assert body["present_version"] > 0
    await running.drained()
    assert await running.rows() == untouched


@pytest.mark.parametrize("route", COMPARING, ids=[route.name for route in COMPARING])
async def test_what_is_not_there_is_not_said_to_have_changed(
    running: Running, ids: dict[str, str], route: Route
) -> None:
    if not route.path.count("{"):
        (await send(running, route, ids, NOBODY_SAW)).refused(409, "changed_meanwhile")
        return
    nowhere = {name: value if name == "community" else "nothing-of-that-id" for name, value in ids.items()}
    (await send(running, route, nowhere, NOBODY_SAW)).refused(404, "not_found")


@pytest.mark.parametrize("route", CREATING, ids=[route.name for route in CREATING])
async def test_where_there_is_nothing_to_compare_it_is_refused(
    running: Running, ids: dict[str, str], route: Route
) -> None:
    for given in (NOBODY_SAW, "*"):
        (await send(running, route, ids, given)).refused(400, "invalid_header")


def test_the_reference_offers_it_just_where_it_holds() -> None:
    paths = reference()["paths"]
    for route in WRITES:
        operation = paths[PREFIX + route.path][route.method.lower()]
        names = {parameter["name"] for parameter in operation["parameters"]}
        assert ("If-Match" in names) is route.conditional, route.name
        assert "Idempotency-Key" in names
        assert "400" in operation["responses"]


def test_most_writes_compare() -> None:
    """What does not is named here, so that a new route does not slip in among them."""
    assert sorted(route.path for route in CREATING) == [
        "/demands",
        "/demands/{demand}/contact",
        "/lessons/{order}/undo",
        "/notices/{notice}/read",
        "/points/approvals",
        "/points/board/choice",
        "/points/causes",
        "/points/causes/{cause}/pledge",
        "/points/causes/{cause}/spend",
        "/points/fairs",
        "/points/holds",
        "/points/offers",
        "/points/offers/{offer}/redeem",
        "/points/outstanding",
        "/points/related",
        "/points/rooms",
        "/points/rooms/{room}/bookings",
        "/points/star-requests",
        "/points/transfers/{transfer}/reverse",
        "/points/waiting/{award}/drop",
    ]


@pytest.mark.parametrize("form", ['"{}"', 'W/"{}"', "{}"], ids=["strong", "weak", "bare"])
async def test_what_was_seen_and_still_holds_is_done(running: Running, form: str) -> None:
    resident = running.resident("asker")
    demand = await running.submitted("楼道灯坏了，晚上看不见", by=resident)
    path = f"/demands/{demand['id']}"
    seen = (await resident.get(path)).headers["ETag"].strip('"')
    urged = await resident.post(f"{path}/urge", {"note": "急"}, If_Match=form.format(seen))
    assert urged.ok()["id"] == demand["id"]
    again = await resident.post(f"{path}/urge", {"note": "急"}, If_Match=form.format(seen))
    again.refused(409, "changed_meanwhile")


async def test_an_order_that_was_urged_meanwhile_is_not_urged_on_old_knowledge(running: Running) -> None:
    demand = await running.submitted("路灯不亮，老人摔跤")
    path = f"/orders/{demand['order']}"
    staff = running.staff()
    seen = (await staff.get(path)).headers["ETag"]
    (await staff.post(f"{path}/urge", {"note": "急"}, If_Match=seen)).ok()
    (await staff.post(f"{path}/urge", {"note": "急"}, If_Match=seen)).refused(409, "changed_meanwhile")


async def test_the_same_key_in_another_role_is_another_deed(running: Running) -> None:
    body = {"text": "楼道里堆满杂物"}
    as_resident = running.visitor("two-hats", Role.RESIDENT)
    as_staff = running.visitor("two-hats", Role.STAFF)
    first = (await as_staff.post("/demands", body, Idempotency_Key="same")).ok()
    second = (await as_resident.post("/demands", body, Idempotency_Key="same")).ok()
    assert first["id"] != second["id"]
    assert (await as_resident.post("/demands", body, Idempotency_Key="same")).ok() == second
    assert (await as_staff.post("/demands", body, Idempotency_Key="same")).ok() == first


async def test_asking_for_like_demands_documents_how_it_refuses(running: Running) -> None:
    operation = reference()["paths"][f"{PREFIX}/demands/like"]["post"]
    resident = running.resident()
    sent: list[tuple[int, str, dict[str, Any]]] = [
        (400, "malformed_json", {"data": b"{", "headers": {"Content-Type": "application/json"}}),
        (415, "unsupported_media_type", {"data": b"{}", "headers": {"Content-Type": "text/plain"}}),
        (422, "invalid_body", {"body": {"text": 1}}),
    ]
    for status, code, given in sent:
        (await resident.ask("POST", "/demands/like", **given)).refused(status, code)
        assert code in operation["responses"][str(status)]["description"]
    assert {"408", "413", "429"} <= set(operation["responses"])

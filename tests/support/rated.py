"""Partners whose work was rated, for tests that look at their stars over HTTP."""

from typing import Any
from uuid import uuid4

from services.chassis.batches import Batches
from services.chassis.clock import now
from services.chassis.work import Origin
from services.contracts.words import Actor, Role
from services.points.domain.standings import Standing
from services.points.domain.stars import Deeds, Means, Voice, star_of
from services.points.handlers.stars import set_star
from services.points.store.stars import star_clock_ref
from tests.support.client import Visitor
from tests.support.running import Running, eventually
from tests.support.savers import LeftToTheHouse
from tests.support.stories import EYES, OPTICIAN
from tests.support.tape import PROOF, WELL

STARS = "/points/stars"
OWN = f"{STARS}/{OPTICIAN}"


async def served(running: Running, *people: str) -> None:
    """Let the optician serve people, each of whom is content."""
    partner, staff = running.partner(OPTICIAN), running.staff()
    for person in people:
        resident = running.resident(person)
        demand = await running.submitted(f"{EYES}（{uuid4().hex[:4]}）", "binhe-jiayuan", resident)
        order = f"/orders/{demand['order']}"
        assert demand["handler"]["id"] == OPTICIAN
        (await partner.post(f"{order}/accept")).ok()
        (await partner.post(f"{order}/complete", {"summary": "办好了", "proof": PROOF})).ok()
        await resident.until(f"/demands/{demand['id']}", lambda seen: seen["status"] == "completed")
        (await resident.post(f"/demands/{demand['id']}/rate", WELL)).ok()
        (await staff.post(f"{order}/verify")).ok()
        await resident.until(f"/demands/{demand['id']}", lambda seen: seen["status"] == "closed")


async def heard(running: Running, *people: str) -> list[dict[str, Any]]:
    """Return the ratings of people, once the points bank has heard them; staff ask for it."""

    def all_of_them(seen: dict[str, Any]) -> bool:
        return set(people) <= {one["asked_by"] for one in seen["items"]}

    found = await running.staff().until(f"/points/ratings?partner={OPTICIAN}&limit=100", all_of_them)
    return [one for one in found["items"] if one["asked_by"] in people]


async def reckoned(running: Running) -> dict[str, Any]:
    """Let stars be set for the last month, and return the optician's."""
    staff = running.staff()
    asked = (await staff.post("/points/star-requests", {})).ok()
    seen = await _there(staff, OWN)
    assert seen["month"] == asked["month"]
    return seen


async def _there(visitor: Visitor, path: str) -> dict[str, Any]:
    async def found() -> Any:
        answer = await visitor.get(path)
        return answer.body if answer.status == 200 else None

    return dict(await eventually(found))


async def told(visitor: Visitor, kind: str) -> dict[str, Any]:
    """Return the notice of a kind that somebody got last, once there is one."""

    def of_it(seen: dict[str, Any]) -> list[dict[str, Any]]:
        return [one for one in seen["items"] if one["kind"] == kind]

    return of_it(await visitor.until("/notices?limit=100", of_it))[0]


async def with_star(running: Running, partner: str, month: str, people: int) -> None:
    """Let a partner have the star of a month that so many content people make."""
    store = running.stores["points"]
    voices = tuple(Voice(f"r{number}", month, 1000) for number in range(people))
    standing = Standing(star_of(Deeds(voices, people, people), Means()))
    origin = Origin("jiwang", Actor(subject="staff-1", role=Role.STAFF), partner)
    batches = Batches(store, LeftToTheHouse(), running.settings.partitions, now)

    async def is_set() -> bool:
        clock = await store.find(star_clock_ref("jiwang"))  # the house's own job may wind it meanwhile
        return await batches.run([set_star(origin, partner, month, standing, clock.revision)]) == [True]

    await eventually(is_set)

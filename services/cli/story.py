"""Plays cases through the system, as residents, staff and providers would, and says who was chosen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.cli.cases import Case, Step
from services.cli.client import Client
from services.contracts.community_file import COMMUNITY_SELF
from services.contracts.words import Role

Token = Callable[[str, Role], str]


@dataclass(frozen=True, slots=True)
class Told:
    """How a case went.

    Arguments:
        case: the case.
        provider, name: of who did it.
        because: why the router or the staff chose it.
        reviewed: staff had to choose.
        demand: as it stands at the end.
    """

    case: Case
    provider: str
    name: str
    because: str
    reviewed: bool
    demand: dict[str, Any]

    @property
    def right(self) -> bool:
        """Return whether it went to who really did it, and to staff only where it should have."""
        return self.provider in self.case.done_by and self.reviewed == self.case.review


@dataclass(frozen=True, slots=True)
class Storyteller:
    """Plays cases.

    Arguments:
        client: of the community.
        token: makes a token for a subject and a role.
    """

    client: Client
    token: Token

    async def play(self, case: Case) -> Told:
        """Take a case from submission to its end."""
        staff = self.token("staff-1", Role.STAFF)
        demand = (await self._submit(case))["id"]
        placed = await self.client.until(
            f"/demands/{demand}", staff, lambda seen: seen["status"] not in {"submitted"}
        )
        reviewed = placed["status"] == "in_review"
        if reviewed:
            await self._lead(placed["order"], staff)
            await self._until(demand, staff, "dispatched")
        order = await self.client.get(f"/orders/{placed['order']}", staff)
        await self._work(case, order)
        await self._until(demand, staff, "completed")
        await self._conclude(case, demand, order["id"], staff)
        seen = await self._until(demand, staff, "closed")
        name = order["provider"]["name"]
        return Told(case, order["provider"]["id"], name, placed["timeline"][-1]["text"], reviewed, seen)

    async def _submit(self, case: Case) -> dict[str, Any]:
        subject, role = case.asked_by
        body = {"text": case.text, "compound": case.compound}
        demand = await self.client.post("/demands", self.token(subject, Role(role)), body)
        for supporter in case.endorsed_by:
            path = f"/demands/{demand['id']}/endorse"
            await self.client.post(path, self.token(supporter, Role.RESIDENT))
        return demand

    async def _lead(self, order: str, staff: str) -> None:
        """What nobody's contract or resources cover, the community leads itself."""
        await self.client.post(f"/orders/{order}/dispatch", staff, {"provider": COMMUNITY_SELF})

    async def _work(self, case: Case, order: dict[str, Any]) -> None:
        who = self._speaker(order["provider"])
        path = f"/orders/{order['id']}"
        await self.client.post(f"{path}/accept", who)
        if case.steps:
            await self._work_in_steps(path, who, case.steps)
        proof = [{"kind": "photo", "ref": "完工照片.jpg"}]
        await self.client.post(f"{path}/complete", who, {"summary": case.summary, "proof": proof})

    async def _work_in_steps(self, path: str, who: str, steps: tuple[Step, ...]) -> None:
        plan = [{"id": f"m{n}", "title": step.title} for n, step in enumerate(steps, 1)]
        await self.client.post(f"{path}/milestones", who, {"milestones": plan})
        for n, step in enumerate(steps, 1):
            proof = [{"kind": "document", "ref": step.proof}] if step.proof else []
            done = {"note": step.note, "figures": step.figures, "proof": proof}
            await self.client.post(f"{path}/milestones/m{n}/done", who, done)

    async def _conclude(self, case: Case, demand: str, order: str, staff: str) -> None:
        subject, role = case.asked_by
        opinion = {"solved": "solved", "satisfaction": "satisfied"}
        await self.client.post(f"/demands/{demand}/rate", self.token(subject, Role(role)), opinion)
        await self.client.post(f"/orders/{order}/verify", staff)

    def _speaker(self, provider: dict[str, Any]) -> str:
        if provider["kind"] == "community":
            return self.token("staff-1", Role.STAFF)
        return self.token(provider["id"], Role(provider["kind"]))

    async def _until(self, demand: str, staff: str, status: str) -> dict[str, Any]:
        return await self.client.until(
            f"/demands/{demand}", staff, lambda seen: bool(seen["status"] == status)
        )

"""Who of the community may see an order: as with the demand that it is of, and its provider besides."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.matching.domain.orders import Order

GRID_WORKER, STAFF = "grid_worker", "staff"
PROVIDERS = ("unit", "partner")
_WRONGDOING = "wrongdoing"


@dataclass(frozen=True, slots=True)
class Sight:
    """Who looks; the fields are those of intake's viewer.

    Arguments:
        subject, role: as the token says.
        places: a grid worker's compounds and venues.
        is_confidential, is_supervisor, has_supervisor: as the community file names people.
    """

    subject: str
    role: str
    places: frozenset[str] = frozenset()
    is_confidential: bool = False
    is_supervisor: bool = False
    has_supervisor: bool = False

    def may_see(self, order: Order) -> bool:
        """Return whether an order exists for them: a provider sees its own and what it is offered."""
        if self.role in PROVIDERS:
            receiver = order.handover.receiver.id if order.handover else None
            holder = order.provider.id if order.provider else None
            return self.subject in (holder, receiver) and not order.is_accused(self.subject)
        heard = order.heard
        if heard.is_wrongdoing:
            if self.is_confidential or self.is_supervisor:
                return True
            return self.role == STAFF and not (heard.against_community and self.has_supervisor)
        if self.role == STAFF:
            return True
        return not heard.private or order.compound in self.places

    def where(self) -> Mapping[str, object]:
        """Return the condition under which an order is listed for them; the same rule as `may_see`."""
        if self.role in PROVIDERS:
            theirs = [{"provider.id": self.subject}, {"handover.receiver.id": self.subject}]
            accused = {"heard.accusation": _WRONGDOING, "heard.accused": self.subject}
            return {"$or": theirs, "$nor": [accused]}
        trusted = self.is_confidential or self.is_supervisor
        wrong = {"heard.accusation": _WRONGDOING}
        if self.role == STAFF:
            if trusted or not self.has_supervisor:
                return {}
            return {"$nor": [{**wrong, "heard.against_community": True}]}
        public: list[object] = [{"heard.private": {"$ne": True}}, {"compound": {"$in": sorted(self.places)}}]
        seen: list[object] = [{"$nor": [wrong], "$or": public}]
        return {"$or": [*seen, wrong]} if trusted else {"$and": seen}

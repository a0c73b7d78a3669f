"""What every use case of matching works with: the communities' models, the solver, and the lane for sums."""

from dataclasses import dataclass, field
from typing import Any

from services.chassis.documents import Ref
from services.chassis.failures import NotYet
from services.chassis.work import Origin, UnitOfWork
from services.contracts.ids import OrderId, lead_of
from services.matching.domain.assignment import Solver
from services.matching.domain.load import Tally
from services.matching.routing.models import Guide, Guides
from services.matching.store.catalogues import catalogue_ref
from services.matching.store.lanes import Lane
from services.matching.store.lessons import lesson_ref
from services.matching.store.orders import order_ref
from services.matching.store.tallies import load_ref


@dataclass(frozen=True, slots=True)
class Matching:
    """What the use cases of matching work with.

    Arguments:
        guides: catalogues and rankers of the communities.
        solver: decides who gets scarce places.
        lane: where what steps add up to is kept, apart from what other processes do.
    """

    guides: Guides
    solver: Solver
    lane: Lane = field(default_factory=Lane)

    def reads(self, origin: Origin, order: OrderId) -> tuple[Ref[Any], ...]:
        """Return what a step of an order may need."""
        return (*reads_of(origin.community, order), self.lane.ref(origin))

    def tally(self, uow: UnitOfWork) -> Tally:
        """Return what the steps of this lane add up to."""
        return uow.find(self.lane.found(uow)) or Tally()

    def guide(self, uow: UnitOfWork) -> Guide:
        """Return what is known of the community.

        Raises:
            NotYet: its file was never loaded.
        """
        guide = self.guides.find(uow, uow.origin.community)
        if guide is None:
            raise NotYet(f"no file of community {uow.origin.community} has been loaded")
        return guide


def reads_of(community: str, order: OrderId) -> tuple[Ref[Any], ...]:
    """Return what a step of an order may need of the community's books."""
    lead = lead_of(order)
    return (
        order_ref(community, order),
        load_ref(community),
        catalogue_ref(community),
        lesson_ref(community, order),
        *((order_ref(community, lead),) if lead else ()),
    )

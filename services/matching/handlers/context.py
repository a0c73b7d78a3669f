"""What every use case of matching works with: the communities' models, the solver, and the shard for sums."""

from dataclasses import dataclass, field
from typing import Any

from services.chassis.documents import Ref
from services.chassis.failures import NotYet
from services.chassis.work import Origin, UnitOfWork
from services.contracts.ids import OrderId, lead_of
from services.contracts.words import Actor, Role
from services.matching.domain.assignment import Solver
from services.matching.domain.workload import Tally
from services.matching.routing.models import CommunityModel, CommunityModels
from services.matching.store.catalogues import catalogue_ref
from services.matching.store.lessons import lesson_ref
from services.matching.store.orders import order_ref
from services.matching.store.shards import TallyShard
from services.matching.store.tallies import workload_ref

BY_ROUTER = Actor(subject="router", role=Role.OPERATOR)
"""In whose name an order goes to whom nobody has chosen: nobody of the community."""


@dataclass(frozen=True, slots=True)
class Matching:
    """What the use cases of matching work with.

    Arguments:
        models: catalogues and rankers of the communities.
        solver: decides who gets scarce slots.
        shard: where what steps add up to is kept, apart from what other processes do.
    """

    models: CommunityModels
    solver: Solver
    shard: TallyShard = field(default_factory=TallyShard)

    def reads(self, origin: Origin, order: OrderId) -> tuple[Ref[Any], ...]:
        """Return what a step of an order may need."""
        return (*reads_of(origin.community, order), self.shard.ref(origin))

    def tally(self, uow: UnitOfWork) -> Tally:
        """Return what the steps of this shard add up to."""
        return uow.find(self.shard.found(uow)) or Tally()

    def model(self, uow: UnitOfWork) -> CommunityModel:
        """Return what is known of the community.

        Raises:
            NotYet: its file was never loaded.
        """
        model = self.models.find(uow, uow.origin.community)
        if model is None:
            raise NotYet(f"no file of community {uow.origin.community} has been loaded")
        return model


def reads_of(community: str, order: OrderId) -> tuple[Ref[Any], ...]:
    """Return what a step of an order may need of the community's books."""
    lead = lead_of(order)
    return (
        order_ref(community, order),
        workload_ref(community),
        catalogue_ref(community),
        lesson_ref(community, order),
        *((order_ref(community, lead),) if lead else ()),
    )

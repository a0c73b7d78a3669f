"""A community is loaded, a demand comes in, staff choose."""

from dataclasses import replace
from datetime import datetime

from services.chassis.desk import Desk, Origin, Work
from services.contracts.community_file import CommunityFile
from services.contracts.demands import DemandSubmitted
from services.matching.domain.lifecycle import OrderStatus
from services.matching.domain.order import Order
from services.matching.domain.ranking import Matter, Ranking
from services.matching.guides import Guide
from services.matching.handlers.steps import ROUTER, STAFF, KeptOrder, Steps, load_of, proposal
from services.matching.store import CatalogueOnRecord, catalogue_ref, load_ref, order_id, order_ref


class Placing(Steps):
    """From a demand to an order that somebody is asked to take."""

    __slots__ = ()

    def keep_catalogue(self, origin: Origin, file: CommunityFile) -> Work[None]:
        """Keep the catalogue; providers that are gone get no new orders and keep the ones they have."""
        ref = catalogue_ref(origin.community)

        def decide(desk: Desk) -> None:
            desk.put(ref, CatalogueOnRecord(file.model_dump_json()))
            # Compiled now, so that the first demand after a load does not wait for it.
            self.guides.find(desk, origin.community)

        return Work(origin, (ref,), decide)

    def place_order(
        self,
        origin: Origin,
        demand: DemandSubmitted,
        *,
        asked_at: datetime | None = None,
    ) -> Work[None]:
        """Make the order of a demand: dispatched when the router is sure, proposed to staff when not.

        Arguments:
            demand: when it is urgent, its deadlines are the short ones, round the clock.
            asked_at: when the resident asked, from which the deadline counts; None: just now.
        """
        ref = order_ref(origin.community, order_id(demand.demand, demand.round))
        reads = (catalogue_ref(origin.community), load_ref(origin.community))

        def decide(desk: Desk) -> None:
            guide = self.guide(desk)
            load = load_of(desk)
            matter = Matter(demand.text, demand.title, demand.compound)
            ranking = guide.rank(matter, load.open, desk.at)
            due = guide.limits.finish_due(demand.about, asked_at or desk.at, urgent=demand.urgent)
            order = _new_order(ref.id, demand, guide, ranking, desk.at)
            order = self.keep(desk, None, replace(order, finish_due_at=due))
            if ranking.decision == "dispatch":
                self.send(desk, order, order.candidates[0].provider, ROUTER, ranking.because)
            else:
                self.tell(desk, order, proposal(order))

        return Work(origin, reads, decide)

    def dispatch_order(
        self, origin: Origin, order: str, provider: str, expected: int | None
    ) -> Work[KeptOrder]:
        """Send a proposed order to whom staff choose; the community itself may take the lead."""

        def decide(desk: Desk, before: Order) -> None:
            guide = self.guide(desk)
            load_of(desk).must_have_room(provider, guide.capacity_of(provider, desk.at))
            self.send(desk, before, guide.who(provider), STAFF, "社区工作人员研判后确定")

        return self.step(origin, order, expected, decide)


def _new_order(order: str, demand: DemandSubmitted, guide: Guide, ranking: Ranking, at: datetime) -> Order:
    return Order(
        id=order,
        demand=demand.demand,
        text=demand.text,
        title=demand.title,
        compound=demand.compound,
        asked_by=demand.asked_by,
        category=ranking.category,
        confidence=ranking.confidence,
        because=ranking.because,
        candidates=guide.choices(ranking),
        status=OrderStatus.PROPOSED,
        created_at=at,
        about=demand.about,
        urgent=demand.urgent,
    )

"""How every step of a demand is asked for over HTTP, and shown: only to those who may see the demand."""

from collections.abc import Callable
from typing import Any

from services.chassis.desk import Desk, Work
from services.chassis.mongo import Store
from services.chassis.once import Reply
from services.chassis.shelf import Kept
from services.chassis.web import Ask, show
from services.contracts.refusal import NotFound
from services.intake import views
from services.intake.domain.demand import Demand
from services.intake.store import demand_ref


async def visible(store: Store, ask: Ask[Any]) -> Kept[Demand]:
    """Return the demand in the address, if it is there for the one who asks."""
    ref = demand_ref(ask.community, ask.path["demand"])
    kept = (await store.load([ref]))[ref]
    if kept.value is None or not views.may_see(kept.value, ask.identity):
        raise NotFound
    return kept


def only_if_seen(ask: Ask[Any], step: Callable[..., Work[Any]]) -> Work[Any]:
    """Return the work of a step; a demand that the one who asks may not see is not there for them.

    Nor is anything done when it was changed after they had seen it, where they say what they saw (If-Match).
    """
    demand = ask.path["demand"]
    ref = demand_ref(ask.community, demand)
    work = step(ask.origin(demand), demand)

    def decide(desk: Desk) -> Any:
        if not views.may_see(desk.get(ref, NotFound()), ask.identity):
            raise NotFound
        desk.expect(ref, ask.if_match)
        return work.decide(desk)

    return Work(work.origin, (ref, *work.reads), decide, work.then_reads)


def showing(ask: Ask[Any], work: Work[Kept[Demand]], *, status: int = 200) -> Work[Reply]:
    """Return the work that answers with the demand as it is afterwards."""

    def decide(desk: Desk) -> Reply:
        kept = work.decide(desk)
        return show(views.demand_view(kept, ask.identity), status=status, revision=kept.revision)

    return Work(work.origin, work.reads, decide, work.then_reads)

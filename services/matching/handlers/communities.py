"""A community is loaded; orders that nobody answered are taken back from providers that have left."""

from typing import Any

from services.chassis.documents import Ref
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.community_file import COMMUNITY_SELF, CommunityFile
from services.contracts.ids import OrderId
from services.contracts.values import replace
from services.matching.domain.lifecycle import OrderStatus
from services.matching.domain.refusals import NotYourOrder
from services.matching.handlers.context import Matching
from services.matching.handlers.keeping import keep
from services.matching.handlers.sending import propose
from services.matching.store.catalogues import CatalogueOnRecord, Departed, catalogue_ref, departed_ref
from services.matching.store.orders import order_ref


def keep_catalogue(matching: Matching, origin: Origin, file: CommunityFile) -> Work[None]:
    """Keep the catalogue; providers that are gone get no new orders and keep those that they have taken.

    What they have not answered is taken back soon after (`ReclaimOrders`).
    """
    ref = catalogue_ref(origin.community)
    present = {one.id for one in (*file.units, *file.partners)}

    def gone(uow: UnitOfWork) -> dict[str, str]:
        before = matching.models.find(uow, origin.community)
        known = before.providers if before else {}
        return {one.id: one.name for one in known.values() if one.id not in present}

    def more_reads(uow: UnitOfWork) -> list[Ref[Any]]:
        return [departed_ref(origin.community, provider) for provider in gone(uow)]

    def decide(uow: UnitOfWork) -> None:
        for provider, name in gone(uow).items():
            uow.put(departed_ref(origin.community, provider), Departed(name, uow.at))
        uow.put(ref, CatalogueOnRecord(file.model_dump_json()))

    return Work(origin, (ref,), decide, more_reads)


def recall_from_departed(matching: Matching, origin: Origin, order: OrderId) -> Work[bool]:
    """Take an order that nobody answered from a provider that left the catalogue; staff decide."""
    ref = order_ref(origin.community, order)

    def decide(uow: UnitOfWork) -> bool:
        before = uow.get(ref, NotYourOrder())
        gone = before.provider
        if before.status is not OrderStatus.DISPATCHED or gone is None:
            return False
        if gone.id in matching.model(uow).providers or gone.id == COMMUNITY_SELF:
            return False
        because = f"{gone.name}已不在名单上，请工作人员另行确定由谁来办"
        propose(matching, uow, keep(matching, uow, before, replace(before.recalled(), because=because)))
        return True

    return Work(origin, matching.reads(origin, order), decide)


def forget_departed(matching: Matching, origin: Origin, provider: str) -> Work[None]:
    """Note that nothing lies any more with a provider that has left."""
    ref = departed_ref(origin.community, provider)

    def decide(uow: UnitOfWork) -> None:
        before = uow.find(ref)
        if before is not None:
            uow.put(ref, replace(before, departed_at=None))

    return Work(origin, (ref,), decide)

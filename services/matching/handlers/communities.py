"""A community is loaded; orders that nobody answered are taken back from providers that have left."""

from typing import Any

from services.chassis.documents import Ref
from services.chassis.failures import NotYet
from services.chassis.streams import REPEATED, Repeated
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.community_file import COMMUNITY_SELF, CommunityFile
from services.contracts.ids import OrderId
from services.contracts.points import PointsStarSet
from services.contracts.values import replace
from services.matching.domain.lifecycle import OrderStatus
from services.matching.domain.refusals import NotYourOrder
from services.matching.handlers.context import Matching
from services.matching.handlers.keeping import keep
from services.matching.handlers.sending import propose
from services.matching.store.catalogues import (
    CatalogueOnRecord,
    Departed,
    StarHeard,
    catalogue_ref,
    departed_ref,
)
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
        before = uow.find(ref)
        stars = before.stars if before else ()
        uow.put(ref, CatalogueOnRecord(file.model_dump_json(), stars))

    return Work(origin, (ref,), decide, more_reads)


def keep_star(origin: Origin, fact: PointsStarSet, said: int) -> Work[Repeated | None]:
    """Rank a partner by its new star, unless a later one is known.

    Arguments:
        said: how often the star of that month has been said.
    """
    ref = catalogue_ref(origin.community)

    def decide(uow: UnitOfWork) -> Repeated | None:
        catalogue = uow.find(ref)
        if catalogue is None:
            raise NotYet(f"no file of community {origin.community} has been loaded")
        before = catalogue.star_of(fact.partner)
        heard = StarHeard(fact.partner, fact.stars, fact.month, said, fact.stars > 0)
        if before is not None:
            newest = max(before, heard, key=lambda one: (one.month, one.said))
            heard = replace(newest, is_rated=before.is_rated or heard.is_rated)
        if heard == before:
            return REPEATED
        others = [one for one in catalogue.stars if one.partner != fact.partner]
        stars = sorted((*others, heard), key=lambda one: one.partner)
        uow.put(ref, replace(catalogue, stars=tuple(stars)))
        return None

    return Work(origin, (ref,), decide)


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

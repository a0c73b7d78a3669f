"""Whose word an accusation is, is opened by a step that stands in the demand for ever."""

from collections.abc import Callable

from services.chassis.documents import Versioned
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.ids import DemandId
from services.contracts.refusal import Forbidden, NotFound
from services.intake.domain.sight import Viewer
from services.intake.store.communities import NO_PROFILE, CommunityProfile, profile_ref
from services.intake.store.demands import Contact, contact_ref, demand_ref


def open_contact(
    origin: Origin, demand: DemandId, viewer_in: Callable[[CommunityProfile], Viewer]
) -> Work[Versioned[Contact]]:
    """Return the sealed contact of a demand, and record who opened it and when.

    Arguments:
        viewer_in: who asks, as far as it decides what they may see in a community.
    """
    ref, contact = demand_ref(origin.community, demand), contact_ref(origin.community, demand)
    known = profile_ref(origin.community)

    def decide(uow: UnitOfWork) -> Versioned[Contact]:
        before = uow.get(ref, NotFound())
        viewer = viewer_in(uow.find(known) or NO_PROFILE)
        if not viewer.may_see(before):
            raise NotFound
        if not viewer.may_contact(before):
            raise Forbidden
        uow.get(contact, NotFound())
        uow.put(ref, before.contact_opened(origin.actor.subject, origin.actor.role.value, uow.at))
        return uow.versioned(contact)

    return Work(origin, (ref, known, contact), decide)

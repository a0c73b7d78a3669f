"""Whose passbook, and which bookings, somebody may look at, and use."""

from typing import Any

from services.chassis.documents import Versioned
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, show
from services.chassis.work import UnitOfWork, Work
from services.contracts.refusal import NotFound
from services.contracts.roles import RESIDENTS
from services.contracts.words import Role
from services.points.domain.bookings import Booking
from services.points.handlers.bookings import part_of
from services.points.store.rooms import booking_ref
from services.points.views.bookings import booking_view

BOOKING_PARTS = RESIDENTS | {Role.PARTNER}
"""Who books rooms, and whose rooms they are."""


def is_for(request: ApiRequest[Any], account: str) -> bool:
    """Return whether an account is there for the one who asks: a partner's own, every one for staff."""
    return request.identity.role is not Role.PARTNER or account == request.identity.subject


def whose(request: ApiRequest[Any], named: str | None) -> str | None:
    """Return of whom a list is: a partner's own, for staff whoever is named; None: of everybody.

    Raises:
        NotFound: a partner named another.
    """
    found = request.identity.subject if request.identity.role is Role.PARTNER else named
    if found is not None and not is_for(request, named or found):
        raise NotFound
    return found


def own(request: ApiRequest[Any], account: str | None) -> str:
    """Return the account that somebody names, or their own.

    Raises:
        NotFound: it is another partner's, or nobody named one who has none.
    """
    named = account or (request.identity.subject if request.identity.role is Role.PARTNER else "")
    if not named or not is_for(request, named):
        raise NotFound
    return named


def step_of_booking(request: ApiRequest[Any], work: Work[Versioned[Booking]]) -> Work[Reply]:
    """Return the reply to a step with a booking, of those who have a part in it and saw it as it is."""
    ref = booking_ref(request.community, request.path["booking"])

    def is_theirs(uow: UnitOfWork) -> None:
        part_of(request.origin(), uow.get(ref, NotFound()))
        uow.expect(ref, request.if_match)

    return work.only_if(is_theirs, ref).then(_shown)


def _shown(kept: Versioned[Booking], _: UnitOfWork) -> Reply:
    return show(booking_view(kept), revision=kept.revision)

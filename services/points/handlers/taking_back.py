"""What was earned is taken back where the work has to be done again; what is spent by then is owed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.chassis.documents import Ref
from services.chassis.streams import REPEATED, Repeated
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.orders import OrderReturned
from services.contracts.points import PointsClaimed
from services.points.domain.claims import Claim
from services.points.domain.services import Returns
from services.points.domain.transfers import Transfer, has_expired, id_of
from services.points.handlers.awards import drop
from services.points.handlers.corrections import reversal_ref, reverse
from services.points.handlers.days_earned import count_no_longer, counted_refs
from services.points.handlers.ledger import account, account_refs
from services.points.handlers.services import award_id_of, returned_times
from services.points.store.accounts import account_ref, transfer_ref, waiting_award_ref, waiting_ref
from services.points.store.services import claim_ref, returns_ref, service_ref

RETURNS_LOOKED_AT = 20
"""Of an order that was sent back more often, what it earned long ago is taken back already."""


@dataclass(frozen=True, slots=True)
class _Places:
    """Where it is kept what an award came to."""

    community: str
    award: str

    @property
    def transfers(self) -> tuple[Ref[Transfer], ...]:
        """Return by which transfers it may have been paid: its own, or a later one's where it waited long."""
        late = id_of(self.community, self.award, "late")
        return tuple(transfer_ref(self.community, one) for one in (self.award, late))

    @property
    def reads(self) -> tuple[Ref[Any], ...]:
        """Return all that is read."""
        more = (
            ref
            for paid in self.transfers
            for ref in (paid, reversal_ref(self.community, paid.id), claim_ref(self.community, paid.id))
        )
        own = (service_ref(self.community, self.award), waiting_award_ref(self.community, self.award))
        return (*own, *more)

    def paid(self, uow: UnitOfWork) -> Transfer | None:
        """Return the transfer that paid it."""
        found = (uow.find(ref) for ref in self.transfers)
        return next((one for one in found if one is not None and one.posted), None)


def take_back(origin: Origin, returned: OrderReturned) -> Work[Repeated | None]:
    """Take back what an order has earned that is sent back to be done again; nothing where it has not.

    Facts may be heard late, so all is taken back that it had earned before it was sent back so often.
    """
    back = returns_ref(origin.community, returned.order)
    times = (None, *range(max(0, returned.times - RETURNS_LOOKED_AT), returned.times))
    awards = [award_id_of(origin.community, returned.order, one) for one in times]
    places = [_Places(origin.community, award) for award in dict.fromkeys(awards)]
    because = f"发回重办，收回已入账的积分：{returned.reason}"

    def more(uow: UnitOfWork) -> Sequence[Ref[Any]]:
        found: list[Ref[Any]] = []
        for place in places:
            found += counted_refs(uow, place.award)
            paid = place.paid(uow)
            if paid is not None:
                found += account_refs(origin.community, paid.credit)
        return found

    def decide(uow: UnitOfWork) -> Repeated | None:
        known = returned_times(uow, returned.order)
        is_new = known < returned.times
        if is_new:
            uow.put(back, Returns(returned.times))
        # What an earlier release paid says not how often it had been sent back: only news take it back.
        taken = [_take(uow, place, because) for place in (places if is_new else places[1:])]
        return None if is_new or any(taken) else REPEATED

    reads: tuple[Ref[Any], ...] = (
        back,
        waiting_ref(origin.community),
        *(ref for place in places for ref in place.reads),
    )
    return Work(origin, reads, decide, more)


def _take(uow: UnitOfWork, place: _Places, because: str) -> bool:
    """Take an award back, unless there is none, or it was taken back before; return whether it was."""
    paid = place.paid(uow)
    waiting = uow.find(waiting_award_ref(uow.origin.community, place.award))
    service = uow.find(service_ref(uow.origin.community, place.award))
    if service is not None and not count_no_longer(uow, place.award):
        return False
    if paid is not None:
        return _take_or_claim(uow, paid, because)
    if waiting is not None and waiting.waits_since is not None:
        drop(uow, place.award, because)
        return True
    return service is not None


def _take_or_claim(uow: UnitOfWork, paid: Transfer, because: str) -> bool:
    """Reverse an award, or claim it where the points are spent; what has expired is gone already."""
    community = uow.origin.community
    ref = claim_ref(community, paid.id)
    if uow.find(reversal_ref(community, paid.id)) is not None or uow.find(ref) is not None:
        return False
    if has_expired(paid, uow.at):
        return False
    partner = account(uow, paid.credit)
    if partner.balance_points - partner.owed_points >= paid.amount_points:
        reverse(uow, paid, because)
        return True
    uow.put(ref, Claim(paid.id, paid.credit, paid.amount_points, because, uow.at, uow.at))
    uow.put(account_ref(community, paid.credit), partner.owing(paid.amount_points))
    fact = PointsClaimed(
        transfer=paid.id, partner=paid.credit, amount_points=paid.amount_points, because=because
    )
    uow.announce(ref, fact)
    return True


def settle_claim(origin: Origin, transfer: str) -> Work[bool]:
    """Take back what is owed, once there are as many points; answers whether it was."""
    ref, paid_at = claim_ref(origin.community, transfer), transfer_ref(origin.community, transfer)
    back = reversal_ref(origin.community, transfer)

    def accounts(uow: UnitOfWork) -> Sequence[Ref[Any]]:
        paid = uow.find(paid_at)
        return account_refs(origin.community, paid.credit) if paid is not None else ()

    def decide(uow: UnitOfWork) -> bool:
        claim, paid = uow.find(ref), uow.find(paid_at)
        if claim is None or paid is None or claim.look_at is None or claim.look_at > uow.at:
            return False
        is_done = uow.find(back) is not None  # staff took it back meanwhile
        partner = account(uow, claim.partner)
        if not is_done and partner.balance_points < claim.amount_points:
            uow.put(ref, claim.later(uow.at))
            return False
        uow.put(account_ref(origin.community, claim.partner), partner.owing(-claim.amount_points))
        if not is_done:
            reverse(uow, paid, claim.because)
        uow.put(ref, claim.settled())
        return True

    return Work(origin, (ref, paid_at, back), decide, accounts)

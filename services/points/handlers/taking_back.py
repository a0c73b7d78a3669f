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
from services.points.domain.services import EarnedDay, Returns
from services.points.domain.transfers import Transfer, id_of
from services.points.handlers.awards import drop
from services.points.handlers.corrections import reversal_ref, reverse
from services.points.handlers.ledger import account, account_refs
from services.points.handlers.services import award_id_of, returned_times
from services.points.store.accounts import account_ref, transfer_ref, waiting_award_ref, waiting_ref
from services.points.store.services import claim_ref, earned_day_ref, returns_ref, service_ref


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
    """Take back what an order has earned that is sent back to be done again; nothing where it has not."""
    back = returns_ref(origin.community, returned.order)
    times = (returned.times - 1, None)
    awards = {award_id_of(origin.community, returned.order, one) for one in times}
    places = [_Places(origin.community, award) for award in sorted(awards)]
    because = f"发回重办，收回已入账的积分：{returned.reason}"

    def more(uow: UnitOfWork) -> Sequence[Ref[Any]]:
        found: list[Ref[Any]] = []
        for place in places:
            service = uow.find(service_ref(origin.community, place.award))
            if service is not None:
                found.append(earned_day_ref(origin.community, service.partner, service.day))
            paid = place.paid(uow)
            if paid is not None:
                found += account_refs(origin.community, paid.credit)
        return found

    def decide(uow: UnitOfWork) -> Repeated | None:
        if returned_times(uow, returned.order) >= returned.times:
            return REPEATED
        uow.put(back, Returns(returned.times))
        for place in places:
            _take(uow, place, because)
        return None

    reads: tuple[Ref[Any], ...] = (
        back,
        waiting_ref(origin.community),
        *(ref for place in places for ref in place.reads),
    )
    return Work(origin, reads, decide, more)


def _take(uow: UnitOfWork, place: _Places, because: str) -> None:
    """Take an award back, unless there is none, or it was taken back before."""
    community = uow.origin.community
    ref = service_ref(community, place.award)
    service = uow.find(ref)
    if service is not None and service.taken_back_at is not None:
        return
    waiting = uow.find(waiting_award_ref(community, place.award))
    paid = place.paid(uow)
    if service is not None:
        uow.put(ref, service.taken_back(uow.at))
        that_day = earned_day_ref(community, service.partner, service.day)
        earned = uow.find(that_day)
        if earned is not None:
            uow.put(that_day, EarnedDay(max(0, earned.points - service.amount_points)))
    if paid is not None:
        _take_or_claim(uow, paid, because)
    elif waiting is not None and waiting.waits_since is not None:
        drop(uow, place.award, because)


def _take_or_claim(uow: UnitOfWork, paid: Transfer, because: str) -> None:
    community = uow.origin.community
    ref = claim_ref(community, paid.id)
    if uow.find(reversal_ref(community, paid.id)) is not None or uow.find(ref) is not None:
        return
    partner = account(uow, paid.credit)
    if partner.balance_points - partner.owed_points >= paid.amount_points:
        reverse(uow, paid, because)
        return
    uow.put(ref, Claim(paid.id, paid.credit, paid.amount_points, because, uow.at, uow.at))
    uow.put(account_ref(community, paid.credit), partner.owing(paid.amount_points))
    fact = PointsClaimed(
        transfer=paid.id, partner=paid.credit, amount_points=paid.amount_points, because=because
    )
    uow.announce(ref, fact)


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

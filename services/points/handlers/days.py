"""Days are closed: how the ledger stands is kept, sealed, and told to the staff, who keep it elsewhere."""

from collections.abc import Mapping

from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.points import PointsDayClosed
from services.points.domain.accounts import BUDGET, Account
from services.points.domain.days import Closing, day_of
from services.points.domain.rules import tomorrow_of
from services.points.domain.waiting import Waiting
from services.points.handlers.rules import rule_refs, rules_of
from services.points.store.days import closing_ref, day_ref
from services.points.store.rules import rule_ref


def begin_days(origin: Origin) -> Work[bool]:
    """Let a community's days be closed from today on; answers whether they were not yet."""
    ref = closing_ref(origin.community)

    def decide(uow: UnitOfWork) -> bool:
        if uow.find(ref) is not None or uow.find(rule_ref(origin.community)) is None:
            return False
        uow.put(ref, Closing(tomorrow_of(uow.at, rules_of(uow).zone)))
        return True

    return Work(origin, (ref, *rule_refs(origin.community)), decide)


def close_day(origin: Origin, day: str, accounts: Mapping[str, Account], waiting: Waiting) -> Work[bool]:
    """Keep how a day has ended, unless nothing moved since the last that was closed; answers whether it did.

    Arguments:
        day: that has ended.
        accounts: all of the community, as they stand at one moment.
    """
    ref, at = closing_ref(origin.community), day_ref(origin.community, day)

    def decide(uow: UnitOfWork) -> bool:
        closing = uow.find(ref)
        if closing is None or closing.due_at > uow.at:
            return False
        next_at = tomorrow_of(uow.at, rules_of(uow).zone)
        moved = accounts.get(BUDGET, Account(BUDGET)).transfers
        if moved == closing.transfers or uow.find(at) is not None:
            uow.put(ref, Closing(next_at, closing.closed, closing.transfers))
            return False
        closed = day_of(day, closing.closed + 1, uow.at, accounts, waiting)
        uow.put(at, closed)
        uow.put(ref, Closing(next_at, closed.number, moved))
        fact = PointsDayClosed(
            day=day,
            transfers=closed.transfers,
            budget_points=closed.budget_points,
            outstanding_points=closed.outstanding_points,
            line=closed.number,
            seal=closed.anchor,
        )
        uow.announce(at, fact)
        return True

    return Work(origin, (ref, at, *rule_refs(origin.community)), decide)

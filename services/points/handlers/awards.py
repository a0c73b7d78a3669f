"""What a settled order earns is posted, and the budget funded."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from services.chassis.failures import NotYet
from services.chassis.streams import REPEATED, Repeated
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.community_file import CommunityFile, Partner
from services.contracts.ids import OrderId
from services.contracts.orders import OrderSettled
from services.contracts.points import PointsPosted, PointsWithheld
from services.contracts.values import replace
from services.points.domain.accounts import BUDGET, Account, Transfer, seal, transfer_id
from services.points.domain.rules import Earning, Rule
from services.points.handlers.rules import file_of
from services.points.store.accounts import account_ref, transfer_ref
from services.points.store.rules import rule_ref
from services.worktime.hours import Opening

SETTLED = "order.settled"


@dataclass(frozen=True, slots=True)
class _Award:
    """What one settled order earns its partner."""

    partner: str
    order: OrderId
    earning: Earning


def award_points(origin: Origin, settled: OrderSettled) -> Work[Repeated | None]:
    """Post what a partner's settled order earns, once, as its transfer shows; units earn none."""
    transfer = transfer_ref(origin.community, transfer_id(origin.community, settled.order, SETTLED))
    partner = account_ref(origin.community, settled.provider.id)
    budget = account_ref(origin.community, BUDGET)
    record = rule_ref(origin.community)

    def decide(uow: UnitOfWork) -> Repeated | None:
        if uow.find(transfer) is not None:
            return REPEATED
        if settled.provider.kind != "partner":
            return None
        kept = uow.find(record)
        if kept is None:
            raise NotYet(f"no file of community {origin.community} has been loaded")
        file = file_of(kept.text)
        earning = _earning(file, settled)
        if earning.amount_points > 0:
            _post(uow, _Award(settled.provider.id, settled.order, earning))
        return None

    return Work(origin, (transfer, partner, budget, record), decide)


def _earning(file: CommunityFile, settled: OrderSettled) -> Earning:
    if file.points is None:
        return Earning(0, "本社区没有积分规则")
    rule = Rule(
        file.points.points_by_category,
        file.points.default_points,
        file.points.off_hours_factor,
        {partner.id: _hours(partner) for partner in file.partners},
    )
    local = settled.served_at.astimezone(ZoneInfo(file.community.timezone))
    return rule.earned(settled.provider.id, settled.category, local)


def _hours(partner: Partner) -> tuple[Opening, ...]:
    return tuple(Opening(hours.days, hours.opens, hours.closes) for hours in partner.hours)


def _post(uow: UnitOfWork, award: _Award) -> None:
    """Take from the budget what the partner gets; what the budget does not cover is withheld."""
    community = uow.origin.community
    amount = award.earning.amount_points
    budget = uow.find(account_ref(community, BUDGET)) or Account(BUDGET)
    transfer = Transfer(
        id=transfer_id(community, award.order, SETTLED),
        order=award.order,
        debit=BUDGET,
        credit=award.partner,
        amount_points=amount,
        because=award.earning.because,
        at=uow.at,
        posted=True,
        number=budget.transfers + 1,
    )
    ref = transfer_ref(community, transfer.id)
    if budget.balance_points < amount:
        uow.put(account_ref(community, BUDGET), budget.numbered())
        uow.put(ref, replace(transfer, posted=False))
        uow.announce(ref, _withheld(transfer))
        return
    partner = uow.find(account_ref(community, award.partner)) or Account(award.partner)
    chained = seal(partner.head, transfer)
    after = partner.credited(amount, chained)
    uow.put(account_ref(community, BUDGET), budget.debited(amount))
    uow.put(account_ref(community, award.partner), after)
    uow.put(ref, replace(transfer, chained=chained))
    uow.announce(ref, _posted(transfer, after))


def _posted(transfer: Transfer, account: Account) -> PointsPosted:
    return PointsPosted(
        transfer=transfer.id,
        partner=transfer.credit,
        order=transfer.order,
        amount_points=transfer.amount_points,
        balance_points=account.balance_points,
        because=transfer.because,
    )


def _withheld(transfer: Transfer) -> PointsWithheld:
    return PointsWithheld(
        transfer=transfer.id,
        partner=transfer.credit,
        order=transfer.order,
        amount_points=transfer.amount_points,
        because=f"{transfer.because}；已批预算不足",
    )

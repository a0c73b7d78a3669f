"""How the points bank stands, on one page, for staff."""

from collections.abc import Mapping

from pydantic import Field

from services.chassis.http.bodies import View
from services.points.domain.accounts import BUDGET, EQUITY, ESCROW, EXPIRED, REDEEMED, Account
from services.points.domain.waiting import Waiting


class SummaryView(View):
    """Where all points are. What is approved is what is left to issue and what was issued."""

    approved_points: int = Field(description="核定: less what was taken back or lapsed")
    budget_points: int = Field(description="可发放: approved and not issued yet")
    issued_points: int = Field(description="已发放: less what was reversed")
    outstanding_points: int = Field(description="在存折和公益账户上: not spent yet")
    held_points: int = Field(description="冻结")
    redeemed_points: int = Field(description="已兑换")
    expired_points: int = Field(description="已到期")
    waiting_awards: int = Field(description="等候预算的入账笔数")
    waiting_points: int
    transfers: int = Field(description="流水笔数")


def summary_view(accounts: Mapping[str, Account], waiting: Waiting) -> SummaryView:
    """Return how things stand, by the accounts that all others are the counterpart of.

    Arguments:
        accounts: the community's own, by id: every account but the passbooks.
    """
    balance = {name: account.balance_points for name, account in accounts.items()}
    budget = accounts.get(BUDGET, Account(BUDGET))
    # Before equity was entered, what had been approved stood on the issuing account alone.
    approved = -balance.get(EQUITY, 0) if EQUITY in accounts else budget.credited_points
    issued = approved - budget.balance_points
    held, redeemed, expired = (balance.get(name, 0) for name in (ESCROW, REDEEMED, EXPIRED))
    return SummaryView(
        approved_points=approved,
        budget_points=budget.balance_points,
        issued_points=issued,
        outstanding_points=issued - held - redeemed - expired,
        held_points=held,
        redeemed_points=redeemed,
        expired_points=expired,
        waiting_awards=waiting.awards,
        waiting_points=waiting.points,
        transfers=budget.transfers,
    )

"""Approvals (核定): what a community lets be issued, for a period or for good; how books are opened."""

from dataclasses import dataclass
from datetime import datetime

from services.contracts.refusal import Conflict, Invalid
from services.contracts.values import replace
from services.points.domain.accounts import BUDGET, EQUITY, Account
from services.points.domain.posting import Posted, Posting, post
from services.points.domain.transfers import Cause, id_of

BY_FILE = "community_file"
PERIODS_MAX = 100
"""Periods that run at once."""


class ApprovalOver(Invalid):
    """A period ends after it begins."""

    slug = "approval_over"
    title = "核定期限须在现在之后"


class TooManyPeriods(Conflict):
    """More periods run at once than an account keeps apart."""

    slug = "too_many_periods"
    title = "同时有效的核定期限过多"


@dataclass(frozen=True, slots=True)
class Approval:
    """Points that a community has approved.

    Arguments:
        id: of its cause.
        until: end of the period; what is not issued by then lapses. None: it stays.
    """

    id: str
    amount_points: int
    because: str
    until: datetime | None = None


def opening_id(community: str) -> str:
    """Return the id of the transfer by which a community's books are opened."""
    return id_of(community, BUDGET, "opening")


def opening(budget: Account, community: str, at: datetime) -> Posted:
    """Return the transfer that enters what was approved before there was equity, and both accounts after it.

    Arguments:
        budget: as an earlier release left it: credited without a transfer.
    """
    posting = Posting(
        opening_id(community),
        "opening",
        EQUITY,
        BUDGET,
        budget.credited_points,
        "启用新账簿时已核定的积分",
        Cause("approval", BY_FILE),
        actor="points",
    )
    before = replace(budget, credited_points=0)
    done = post(posting, {EQUITY: Account(EQUITY), BUDGET: before}, at)
    after = replace(done.accounts[BUDGET], lots=())  # the rest of its balance: points without a term
    return replace(done, accounts={**done.accounts, BUDGET: after})

"""What is shown of good causes, and of what was pledged to them."""

from datetime import datetime

from pydantic import Field

from services.chassis.documents import Versioned
from services.chassis.http.bodies import View
from services.points.domain.giving import GoodCause, Pledge


class CauseOfCommunityView(View):
    """A good cause (公益项目)."""

    id: str
    version: int = Field(description="also the ETag")
    title: str
    about: str
    account: str = Field(description="its account in the ledger")
    goal_points: int | None
    pledges: int
    pledged_points: int
    spent_points: int
    balance_points: int = Field(description="given and not used yet; less what was reversed")
    services: int = Field(description="services that were promised")
    delivered: int = Field(description="and done")
    created_at: datetime
    closed_at: datetime | None


class CausePage(View):
    """A page of good causes, newest first."""

    items: list[CauseOfCommunityView]
    next: str | None


class PledgeView(View):
    """What a partner gave or promised (公益反哺)."""

    id: str
    version: int = Field(description="also the ETag")
    cause: str
    partner: str
    amount_points: int = Field(description="0: a service")
    service: str = Field(description="empty: points")
    at: datetime
    delivered_at: datetime | None = Field(description="of a service: staff saw it done")
    taken_back_at: datetime | None = Field(description="it was a mistake, and its points went back")


class PledgePage(View):
    """A page of pledges, newest first."""

    items: list[PledgeView]
    next: str | None


def cause_view(kept: Versioned[GoodCause], balance_points: int) -> CauseOfCommunityView:
    """Return a good cause.

    Arguments:
        balance_points: of its account.
    """
    cause = kept.present
    derived = ("version", "balance_points")
    same = {name: getattr(cause, name) for name in CauseOfCommunityView.model_fields if name not in derived}
    return CauseOfCommunityView(**same, version=kept.revision, balance_points=balance_points)


def pledge_view(kept: Versioned[Pledge]) -> PledgeView:
    """Return a pledge."""
    pledge = kept.present
    same = {name: getattr(pledge, name) for name in PledgeView.model_fields if name != "version"}
    return PledgeView(**same, version=kept.revision)

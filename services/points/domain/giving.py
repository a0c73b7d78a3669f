"""Give-back (公益反哺): partners pledge points or services to a good cause, and its account shows it."""

from dataclasses import dataclass
from datetime import datetime

from services.contracts.refusal import Conflict, Invalid
from services.contracts.values import replace
from services.points.domain.accounts import CAUSE_PREFIX


class CauseClosed(Conflict):
    """It takes no pledges any more."""

    slug = "cause_closed"
    title = "这个公益项目已结束"


class PledgeNothing(Invalid):
    """Points or a service are pledged, one of them."""

    slug = "pledge_nothing"
    title = "请写明捐赠的积分或服务，二者选一"


class PledgeDelivered(Conflict):
    """It was delivered, or consists of points, which are given at once."""

    slug = "pledge_delivered"
    title = "这笔捐赠已经兑现"


SERVICE_WORTH_POINTS = 20
"""A service that was delivered counts as so many points given back, in a partner's star."""


@dataclass(frozen=True, slots=True)
class GoodCause:
    """What a community collects for (公益项目).

    Arguments:
        goal_points: that it hopes for; None: as many as come.
        pledged_points, spent_points: ever given to it, and used by it; the difference stands on its account.
        services: pledged, and delivered of these.
    """

    id: str
    title: str
    about: str
    goal_points: int | None
    created_at: datetime
    pledges: int = 0
    pledged_points: int = 0
    spent_points: int = 0
    services: int = 0
    delivered: int = 0
    closed_at: datetime | None = None

    @property
    def account(self) -> str:
        """Return the id of its account."""
        return f"{CAUSE_PREFIX}{self.id}"

    def must_take(self) -> None:
        """Make sure that it takes pledges.

        Raises:
            CauseClosed
        """
        if self.closed_at is not None:
            raise CauseClosed

    def given(self, pledge: "Pledge", *, taken_back: bool = False) -> "GoodCause":
        """Return the cause with one pledge more, or one that was taken back."""
        sign = -1 if taken_back else 1
        return replace(
            self,
            pledges=self.pledges + sign,
            pledged_points=self.pledged_points + sign * pledge.amount_points,
            services=self.services + sign * bool(pledge.service),
        )

    def spent(self, points: int) -> "GoodCause":
        """Return the cause after it used some of its points."""
        return replace(self, spent_points=self.spent_points + points)

    def closed(self, at: datetime) -> "GoodCause":
        """Return the cause as it takes no pledges any more.

        Raises:
            CauseClosed: it was before.
        """
        self.must_take()
        return replace(self, closed_at=at)


@dataclass(frozen=True, slots=True)
class Giver:
    """What a partner has given to all good causes, and whether it wants to stand on the public board.

    Arguments:
        services, delivered: promised, and done of these.
        hidden: it does not want to be shown.
    """

    points: int = 0
    services: int = 0
    delivered: int = 0
    hidden: bool = False

    def given(self, pledge: "Pledge", *, taken_back: bool = False) -> "Giver":
        """Return the giver with one pledge more, or one that was taken back."""
        sign = -1 if taken_back else 1
        return replace(
            self,
            points=self.points + sign * pledge.amount_points,
            services=self.services + sign * bool(pledge.service),
        )


@dataclass(frozen=True, slots=True)
class Pledge:
    """What a partner gives.

    Arguments:
        amount_points: given at once; 0 for a service.
        service: what it promises to do, in its words; empty for points.
        delivered_at: of a service: staff saw it done.
        taken_back_at: its points went back, since it was a mistake.
    """

    id: str
    cause: str
    partner: str
    amount_points: int
    service: str
    at: datetime
    delivered_at: datetime | None = None
    taken_back_at: datetime | None = None

    @property
    def worth_points(self) -> int:
        """Return what it counts as given back: points at once, a service when it was done."""
        if self.taken_back_at is not None:
            return 0
        return SERVICE_WORTH_POINTS if self.delivered_at is not None else self.amount_points

    def must_be_something(self) -> None:
        """Make sure that points or a service are pledged.

        Raises:
            PledgeNothing
        """
        if bool(self.amount_points) == bool(self.service):
            raise PledgeNothing

    def delivered(self, at: datetime) -> "Pledge":
        """Return the pledge after the service was done.

        Raises:
            PledgeDelivered
        """
        if not self.service or self.delivered_at is not None:
            raise PledgeDelivered
        return replace(self, delivered_at=at)

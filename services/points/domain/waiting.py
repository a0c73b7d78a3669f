"""Awards that wait: the budget does not cover them, or others wait already. They are paid in order."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from services.contracts.ids import OrderId
from services.contracts.refusal import Conflict
from services.contracts.values import replace
from services.points.domain.transfers import Cause


class NotWaiting(Conflict):
    """The award was paid, or given up, before."""

    slug = "not_waiting"
    title = "这笔积分已不在等候入账"


@dataclass(frozen=True, slots=True)
class Award:
    """What a partner has earned.

    Arguments:
        id: of its cause, and of the transfer that pays it.
        expires_at: when its points do; None: never.
        rule_version: of the rule that it was reckoned by.
    """

    id: str
    partner: str
    amount_points: int
    because: str
    cause: Cause
    order: OrderId
    rule: str
    rule_version: int
    expires_at: datetime | None = None


def digest_of(award: Award) -> str:
    """Return the hash of all that an award says."""
    expires = award.expires_at.isoformat() if award.expires_at else ""
    parts = (
        award.id,
        award.partner,
        str(award.amount_points),
        award.because,
        award.cause.kind,
        award.cause.id,
    )
    rule = (award.order, award.rule, str(award.rule_version), expires)
    return sha256("\0".join((*parts, *rule)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class WaitingAward:
    """An award that waits, or has waited.

    Arguments:
        number: in the community, in the order they came.
        waits_since: None once it is paid.
        paid_by: the transfer.
        dropped_at: it was given up, and is not paid.
    """

    award: Award
    number: int
    waits_since: datetime | None
    paid_by: str = ""
    dropped_at: datetime | None = None

    def dropped(self, at: datetime) -> "WaitingAward":
        """Return the award after it was given up.

        Raises:
            NotWaiting: it was paid, or given up before.
        """
        if self.waits_since is None:
            raise NotWaiting
        return replace(self, waits_since=None, dropped_at=at)

    def paid(self, transfer: str) -> "WaitingAward":
        """Return the award after it was paid."""
        return replace(self, waits_since=None, paid_by=transfer)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many awards wait in a community, what they come to, how many ever did, and since when some do."""

    awards: int = 0
    points: int = 0
    numbered: int = 0
    waits_since: datetime | None = None

    def joined_by(self, award: Award, at: datetime) -> "Waiting":
        """Return it with one award more."""
        points = self.points + award.amount_points
        return Waiting(self.awards + 1, points, self.numbered + 1, self.waits_since or at)

    def left_by(self, award: Award) -> "Waiting":
        """Return it with one award less."""
        left, points = self.awards - 1, self.points - award.amount_points
        return Waiting(left, points, self.numbered, self.waits_since if left else None)

"""What points says: facts about the partner points bank (合伙人积分银行)."""

from datetime import date, datetime

from services.contracts.ids import OrderId
from services.contracts.words import Message


class PointsPosted(Message):
    """A partner earned points; the stream is the transfer. Line and seal are those of its passbook."""

    kind = "points.posted.v1"
    transfer: str
    partner: str
    order: OrderId
    amount_points: int
    balance_points: int
    because: str
    line: int = 0
    seal: str = ""


class PointsWithheld(Message):
    """Points were earned but the approved budget does not cover them; they wait for one.

    Line and seal are those of the award among all that ever waited.
    """

    kind = "points.withheld.v1"
    transfer: str
    partner: str
    order: OrderId
    amount_points: int
    because: str
    line: int = 0
    seal: str = ""


class PointsRuleDecided(Message):
    """A version of the community's rule was decided (积分规则); the stream is its book of rules."""

    kind = "points.rule_decided.v1"
    version: int
    starts_on: date
    because: str
    seal: str


class PointsRuleWithdrawn(Message):
    """A version of the rule was taken back before it began."""

    kind = "points.rule_withdrawn.v1"
    version: int
    starts_on: date
    seal: str


class PointsClaimed(Message):
    """Points are to be taken back that are spent already (追回): they are taken once there are some."""

    kind = "points.claimed.v1"
    transfer: str
    partner: str
    amount_points: int
    because: str


class PointsDropped(Message):
    """An award that waited for a budget is not paid: what it was for has to be done again, or staff said so.

    Line and seal are those of the award among all that ever waited.
    """

    kind = "points.dropped.v1"
    transfer: str
    partner: str
    amount_points: int
    because: str
    line: int
    seal: str


class RedemptionFact(Message):
    """Something that happened to what a partner redeems (兑换); the stream is the redemption."""

    redemption: str
    offer: str
    title: str
    partner: str
    name: str
    price_points: int


class RedemptionOrdered(RedemptionFact):
    """Points are set aside for it, and staff are to fulfil it until a day."""

    kind = "points.redemption_ordered.v1"
    due_on: date
    waited: bool = False


class RedemptionWaits(RedemptionFact):
    """All are gone: it waits for its turn (候补), in this place."""

    kind = "points.redemption_waits.v1"
    place: int


class RedemptionFulfilled(RedemptionFact):
    """Staff did it; `shown` says where and when, of a promotion."""

    kind = "points.redemption_fulfilled.v1"
    because: str
    shown: str = ""


class RedemptionEnded(RedemptionFact):
    """It comes to nothing: declined, withdrawn, or its time is over; what was set aside goes back."""

    kind = "points.redemption_ended.v1"
    state: str
    because: str


class EffectReported(RedemptionFact):
    """A partner says what it brought."""

    kind = "points.effect_reported.v1"
    customers_before: int
    customers_after: int


class FairAnnounced(Message):
    """There will be a partner fair (合伙人集市); every partner is told."""

    kind = "points.fair_announced.v1"
    fair: str
    title: str
    opens: str
    closes: str
    partners: tuple[str, ...]


class PassbookFact(Message):
    """A line of a partner's passbook: its number and seal, by which a line that was cut off is missed.

    `amount_points` is below zero where points left the passbook.
    """

    transfer: str
    partner: str
    amount_points: int
    balance_points: int
    because: str
    line: int
    seal: str


class PointsHeld(PassbookFact):
    """Points were set aside for something that is not done yet; they go back at `until` at the latest."""

    kind = "points.held.v1"
    hold: str
    until: datetime


class PointsReleased(PassbookFact):
    """Points that were set aside came back: released, or their time was over."""

    kind = "points.released.v1"
    hold: str
    expired: bool


class PointsCaptured(Message):
    """Points that were set aside are spent; the passbook gave them when they were set aside.

    Line and seal are those of the escrow account.
    """

    kind = "points.captured.v1"
    transfer: str
    partner: str
    hold: str
    amount_points: int
    because: str
    line: int
    seal: str


class PointsExpired(PassbookFact):
    """Points expired by the community's term."""

    kind = "points.expired.v1"


class PointsReversed(PassbookFact):
    """A transfer was taken back by another (冲正); `reversed` is the one that was wrong."""

    kind = "points.reversed.v1"
    reversed: str


class PointsPledged(PassbookFact):
    """A partner gave points to a good cause (公益反哺)."""

    kind = "points.pledged.v1"
    cause: str
    title: str


class ServicePledged(Message):
    """A partner promised a good cause a service; the stream is the pledge."""

    kind = "points.service_pledged.v1"
    pledge: str
    cause: str
    title: str
    partner: str
    name: str
    service: str


class ServiceDelivered(Message):
    """A service was done that had been promised to a good cause."""

    kind = "points.service_delivered.v1"
    pledge: str
    cause: str
    title: str
    partner: str
    service: str


class CauseSpent(Message):
    """Points of a good cause were used for it. Line: the transfer's number; seal: of the cause's line."""

    kind = "points.cause_spent.v1"
    transfer: str
    cause: str
    title: str
    amount_points: int
    balance_points: int
    because: str
    line: int
    seal: str


class PointsDayClosed(Message):
    """A day of the ledger was closed (日结); line: the number of the closing, seal: over all accounts."""

    kind = "points.day_closed.v1"
    day: str
    transfers: int
    budget_points: int
    outstanding_points: int
    line: int
    seal: str


class PointsExpireSoon(Message):
    """A partner is told which points expire next, a month before."""

    kind = "points.expire_soon.v1"
    partner: str
    amount_points: int
    at: datetime


class PointsApproved(Message):
    """The community approved points to be issued; below zero where it took some back.

    Line and seal are those of the issuing account.
    """

    kind = "points.approved.v1"
    transfer: str
    amount_points: int
    budget_points: int
    because: str
    line: int
    seal: str


class PointsStarSet(Message):
    """A partner's star (星级评定) for a month; the stream is the partner's month, said anew where it changes.

    `stars`: 1 to 5; 0: too few people have rated it. `month`: ISO 8601, as 2026-03.
    """

    kind = "points.star_set.v1"
    partner: str
    stars: int
    month: str
    because: str


class PointsRatingsHeld(Message):
    """Ratings of a partner look odd and are kept out of its star until staff have looked. Nobody's name."""

    kind = "points.ratings_held.v1"
    partner: str
    ratings: int
    because: str


class PointsStarAppealed(Message):
    """A partner does not agree with its star of a month (申诉), and says why."""

    kind = "points.star_appealed.v1"
    partner: str
    month: str
    words: str


class PointsAppealDecided(Message):
    """Staff have decided about an appeal; where `upheld`, the star stays as it is."""

    kind = "points.appeal_decided.v1"
    partner: str
    month: str
    upheld: bool
    because: str


class PointsOutstandingNamed(Message):
    """A partner is one of the year's outstanding ones (优秀社区合伙人)."""

    kind = "points.outstanding_named.v1"
    partner: str
    year: int
    because: str


class PointsOutstandingTakenBack(Message):
    """A partner is not one of the year's outstanding ones after all."""

    kind = "points.outstanding_taken_back.v1"
    partner: str
    year: int
    because: str

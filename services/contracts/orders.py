"""What matching says: facts about orders (工单)."""

from datetime import date, datetime
from typing import ClassVar, Literal

from services.contracts.ids import DemandId, OrderId
from services.contracts.words import Effort, Message, Milestone, Proof, ProviderRef, Word


class OrderFact(Message):
    """Something that happened to one order; its stream is the order.

    `part`: the order is a companion, called to this part of the matter (吹哨报到).
    The demand follows its lead.
    """

    order: OrderId
    demand: DemandId
    asked_by: str
    part: str = ""


class ReasonPart(Word):
    """One part of a score, with a sentence a resident would accept, made of the catalogue's words."""

    in_full: ClassVar[bool] = True

    name: str
    value: float
    because: str


class CandidateRef(Word):
    """A provider that could do it, and why: the parts add up to the score."""

    provider: ProviderRef
    score: float
    parts: tuple[ReasonPart, ...]


class OrderProposed(OrderFact):
    """Staff have to choose: the router was not sure, or nobody is left (待研判).

    `text`, `place`: as far as all staff may read them. `escalated`: they were told by another fact.
    """

    kind = "order.proposed.v1"
    category: str
    confidence: float
    candidates: tuple[CandidateRef, ...]
    because: str
    finish_due_at: datetime | None = None
    text: str = ""
    place: str = ""
    finish_due_on: date | None = None
    escalated: bool = False


class OrderQueued(OrderFact):
    """Everybody who could do it is full: it waits for a place (排队等候), the oldest first."""

    kind = "order.queued.v1"
    category: str
    candidates: tuple[CandidateRef, ...]


class OrderDispatched(OrderFact):
    """The order went to a provider (下单). `chosen_by` is router or staff.

    `withheld`: the provider is the one complained of, so the asker's name and phone stay with the community.
    `soon`: what it will come to if nothing is done; empty where nothing is to be feared.
    """

    kind = "order.dispatched.v1"
    provider: ProviderRef
    category: str
    confidence: float
    chosen_by: str
    because: str
    sign_due_at: datetime | None = None
    withheld: bool = False
    soon: str = ""
    text: str = ""
    place: str = ""
    finish_due_on: date | None = None
    finish_due_at: datetime | None = None


class OrderCalled(OrderFact):
    """Another provider was called to the matter (吹哨报到): it has an order of its own, `companion`."""

    kind = "order.called.v1"
    provider: ProviderRef
    companion: str
    to: ProviderRef
    called_to: str


class OrderAccepted(OrderFact):
    """The provider took it (接单) and is answerable from now on."""

    kind = "order.accepted.v1"
    provider: ProviderRef


class OrderDeclined(OrderFact):
    """The provider cannot take it (退单), and says why."""

    kind = "order.declined.v1"
    provider: ProviderRef
    reason: str


class OrderHandoverOffered(OrderFact):
    """The provider asks another to take over (转办); it stays answerable until the other consents."""

    kind = "order.handover_offered.v1"
    provider: ProviderRef
    receiver: ProviderRef
    reason: str


class OrderHandoverRefused(OrderFact):
    """The other did not consent; nothing changes hands."""

    kind = "order.handover_refused.v1"
    provider: ProviderRef
    receiver: ProviderRef
    reason: str


class OrderHandedOver(OrderFact):
    """The receiver consented and is answerable from now on (首接负责制). `withheld`: as when dispatched."""

    kind = "order.handed_over.v1"
    provider: ProviderRef
    giver: ProviderRef
    withheld: bool = False


class OrderPlanned(OrderFact):
    """Milestones were planned ahead: the order is a project."""

    kind = "order.planned.v1"
    provider: ProviderRef
    milestones: tuple[Milestone, ...]


class OrderMilestoneDone(OrderFact):
    """A milestone was reached, with note, figures and proof."""

    kind = "order.milestone_done.v1"
    provider: ProviderRef
    milestone: Milestone


class OrderCompleted(OrderFact):
    """The provider says it is done (办结), with proof."""

    kind = "order.completed.v1"
    provider: ProviderRef
    summary: str
    proof: tuple[Proof, ...]


class OrderVerified(OrderFact):
    """The community looked and found it done."""

    kind = "order.verified.v1"
    provider: ProviderRef


class OrderReturned(OrderFact):
    """It has to be done again (发回重办), by the same provider; `times` counts from one."""

    kind = "order.returned.v1"
    provider: ProviderRef
    reason: str
    times: int
    finish_due_at: datetime | None = None


class OrderSettled(OrderFact):
    """Done, verified and well rated: what a partner earns is decided from this, once.

    `served_at`: when the work began, or when it was reported where nobody said; `times`: how often it had
    been sent back; None: a release said it that did not say so. `in_time`: reported done by its deadline;
    None: it had none.
    """

    kind = "order.settled.v1"
    provider: ProviderRef
    category: str
    served_at: datetime
    effort: Effort = Effort()
    times: int | None = None
    in_time: bool | None = None


class OrderLeftUnrated(OrderFact):
    """Done, and the resident never said how it went (未评价): it ends, and counts for and against nobody.

    `verified`: the community found it done; what a partner earns of it is decided then. `in_time`: as when
    settled.
    """

    kind = "order.left_unrated.v1"
    provider: ProviderRef
    verified: bool = False
    category: str = ""
    served_at: datetime | None = None
    effort: Effort = Effort()
    times: int | None = None
    in_time: bool | None = None


class OrderPraised(OrderFact):
    """A resident praises a provider by name; nothing is asked of it."""

    kind = "order.praised.v1"
    provider: ProviderRef
    text: str


class OrderUrged(OrderFact):
    """Somebody waits for it (催办); `times` counts from one."""

    kind = "order.urged.v1"
    provider: ProviderRef | None
    note: str
    times: int


class OrderCancelled(OrderFact):
    """Nobody has to do it any more. `by_demand`: it was withdrawn or merged, so its people know."""

    kind = "order.cancelled.v1"
    provider: ProviderRef | None
    reason: str
    by_demand: bool = False


class OrderUnsigned(OrderFact):
    """The provider did not answer in time (未在时限内签收); it is not asked again.

    `escalated`: staff are told by another fact that follows.
    """

    kind = "order.unsigned.v1"
    provider: ProviderRef
    due_at: datetime
    escalated: bool = False


Level = Literal["staff", "supervisor"]
STAFF: Literal["staff"] = "staff"
SUPERVISOR: Literal["supervisor"] = "supervisor"


class OrderEscalated(OrderFact):
    """Nobody took it in time: it came to staff, then to the supervisor, each once. `provider` missed it."""

    kind = "order.escalated.v1"
    level: Level
    provider: ProviderRef | None
    because: str
    text: str = ""
    place: str = ""


class OrderHandoverLapsed(OrderFact):
    """The other did not answer in time; the one who asked stays answerable."""

    kind = "order.handover_lapsed.v1"
    provider: ProviderRef
    receiver: ProviderRef


class OrderWaiting(OrderFact):
    """The resident is asked for more (待诉求人补充), and the deadline stands still, at most until `until`."""

    kind = "order.waiting.v1"
    provider: ProviderRef
    question: str
    until: datetime


class OrderResumed(OrderFact):
    """The resident answered, or did not in time: the deadline runs on, later by the time waited."""

    kind = "order.resumed.v1"
    provider: ProviderRef
    answered: bool
    because: str
    finish_due_at: datetime
    finish_due_on: date


class OrderExtensionRequested(OrderFact):
    """The provider asks for working days more (申请延期), before the deadline."""

    kind = "order.extension_requested.v1"
    provider: ProviderRef
    days: int
    reason: str


class OrderExtensionGranted(OrderFact):
    """Staff allowed it, and the resident is told until when and why."""

    kind = "order.extension_granted.v1"
    provider: ProviderRef
    days: int
    reason: str
    finish_due_at: datetime
    finish_due_on: date


class OrderExtensionRefused(OrderFact):
    """Staff did not allow it: the deadline stays."""

    kind = "order.extension_refused.v1"
    provider: ProviderRef
    reason: str


class OrderOverdue(OrderFact):
    """The deadline has passed and it is not done; said once, on the next working day."""

    kind = "order.overdue.v1"
    provider: ProviderRef | None
    due_at: datetime
    due_on: date


class OrderSupervised(OrderFact):
    """The community watches over it (督办). `by` is staff, or clock for a rule that said so."""

    kind = "order.supervised.v1"
    provider: ProviderRef | None
    reason: str
    by: Literal["staff", "clock"]

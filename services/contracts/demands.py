"""What intake says: facts about demands (诉求)."""

from pydantic import Field

from services.contracts.ids import DemandId, OrderId
from services.contracts.literals import DemandKind, Satisfaction, Solved
from services.contracts.words import Message, ProviderRef, Reading, Word


class DemandFact(Message):
    """Something that happened to one demand; its stream is the demand."""

    demand: DemandId


class OrderedFact(DemandFact):
    """A fact that the demand's order follows: the order `{demand}-{round}`."""

    round: int = Field(default=1, description="counts the demand's orders: the order is {demand}-{round}")


class DemandSubmitted(OrderedFact):
    """A resident asked, or a grid worker asked for them (点单). Phone and id numbers are masked in `text`.

    `urgent`: somebody is in danger now. `reading`: what the text says; absent from earlier releases.
    """

    kind = "demand.submitted.v1"
    text: str
    title: str | None = None
    compound: str | None = None
    about: DemandKind = "help"
    asked_by: str
    urgent: bool = False
    reading: Reading | None = None


class DemandReread(OrderedFact):
    """What a demand says is understood anew: its people answered or added something, or staff corrected it.

    `by_staff`: a person of the community decided.
    """

    kind = "demand.reread.v1"
    reading: Reading
    urgent: bool
    because: str
    by_staff: bool = False


class DemandAlarmed(DemandFact):
    """Somebody is in danger now, and nobody has said that they have it. `step` counts the times it is told.

    `to`: subjects who are told now; the staff always are. `call`: numbers, with what each is.
    Nobody's name and phone: whoever goes opens the contact at intake, which records it.
    """

    kind = "demand.alarmed.v1"
    danger: str
    danger_kind: str
    text: str
    place: str
    call: tuple[str, ...]
    first: str
    to: tuple[str, ...]
    step: int


class DemandAlarmTaken(OrderedFact):
    """Somebody has said that they have it, or it turned out to be none; `told` heard of it before."""

    kind = "demand.alarm_taken.v1"
    by: str
    role: str
    because: str
    told: tuple[str, ...]


class DemandToConfirm(DemandFact):
    """Somebody may be in danger: a person is asked whether it is so. Staff see it until it is answered."""

    kind = "demand.to_confirm.v1"
    text: str
    place: str
    danger: str
    to: tuple[str, ...]


class DemandAccuses(DemandFact):
    """Somebody did wrong, or the community itself is complained of: a person decides, who is told here.

    No words of the one who says so, and nobody's name.
    """

    kind = "demand.accuses.v1"
    accusation: str
    against_community: bool
    to: tuple[str, ...]


class DemandRatingWanted(DemandFact):
    """It is done and nobody says how it went: asked for again, for so many days, and to be called about."""

    kind = "demand.rating_wanted.v1"
    asked_by: str
    left_days: int


class DemandLeftUnrated(DemandFact):
    """Nobody said how it went in time (未评价), counts as neither; for so many days it can be reopened."""

    kind = "demand.left_unrated.v1"
    asked_by: str
    left_days: int


class DemandEndorsed(DemandFact):
    """Somebody else supports it (附议), counted once each."""

    kind = "demand.endorsed.v1"
    endorsed_by: str
    supporters: int


class DemandWithdrawn(OrderedFact):
    """The one who asked takes it back."""

    kind = "demand.withdrawn.v1"
    reason: str = ""


class DemandPassedOn(OrderedFact):
    """The one who asked takes it back and others stand behind it: the first of them asks from now on."""

    kind = "demand.passed_on.v1"
    asked_by: str
    left: str
    supporters: int


class DemandUrged(OrderedFact):
    """The resident presses for it (催办); `times` counts from one."""

    kind = "demand.urged.v1"
    note: str = ""
    times: int


class DemandRated(OrderedFact):
    """The resident's word on the result (评单). `good` is false when it has to be done again.

    `asked_by`: whose word it is, `provider`: on whose work; both are missing from earlier releases.
    `by_call_back`: the community asked them and rates for them (回访).
    """

    kind = "demand.rated.v1"
    order: OrderId
    solved: Solved
    satisfaction: Satisfaction
    comment: str = ""
    good: bool
    asked_by: str = ""
    provider: ProviderRef | None = None
    by_call_back: bool = False


class DemandReopened(OrderedFact):
    """A bad rating reopens the demand; `times` counts from one."""

    kind = "demand.reopened.v1"
    order: OrderId
    reason: str
    times: int


class DemandMerged(OrderedFact):
    """The demand is the same matter as another, which carries its supporters from now on."""

    kind = "demand.merged.v1"
    into: DemandId
    carried: tuple[str, ...]


class DemandJoined(DemandFact):
    """Another demand was merged into this one, and its supporters with it."""

    kind = "demand.joined.v1"
    merged: str
    carried: tuple[str, ...]
    supporters: int


class DemandUnmerged(DemandSubmitted):
    """A merged demand stands on its own again and needs a new order; it says what matching needs for one."""

    kind = "demand.unmerged.v1"
    parted_from: str
    because: str = ""


class DemandParted(DemandFact):
    """A demand that was merged into this one stands on its own again; `left` no longer support this one."""

    kind = "demand.parted.v1"
    unmerged: str
    left: tuple[str, ...]
    supporters: int


class DemandOptedOut(DemandFact):
    """Somebody whom a merge had carried does not agree to it; they support it no longer."""

    kind = "demand.opted_out.v1"
    left: tuple[str, ...]
    supporters: int


class AlikeRef(Word):
    """A demand that is probably about the same matter, and why; no words of a resident."""

    demand: DemandId
    score: float
    because: str


class DemandLikelyDuplicate(DemandFact):
    """Open demands are probably about the same matter: staff may merge or dismiss. Said once per demand."""

    kind = "demand.likely_duplicate.v1"
    alike: tuple[AlikeRef, ...]
    because: str


class DemandClosed(DemandFact):
    """Nothing more is to be done for it; `outcome` is settled, cancelled or unrated; `order` is the last."""

    kind = "demand.closed.v1"
    outcome: str
    order: OrderId = OrderId("")


class DemandSupplemented(DemandFact):
    """The resident answered what the provider asked (补充). Phone and id numbers are masked in `text`."""

    kind = "demand.supplemented.v1"
    order: OrderId
    text: str

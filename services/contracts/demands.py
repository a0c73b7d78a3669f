"""What intake says: facts about demands (诉求)."""

from services.contracts.words import DemandKind, Message, Satisfaction, Solved


class DemandFact(Message):
    """Something that happened to one demand; its stream is the demand."""

    demand: str


class DemandSubmitted(DemandFact):
    """A resident asked, or a grid worker asked for them (点单). Phone and id numbers are masked in `text`.

    `urgent`: somebody is in danger now.
    """

    kind = "demand.submitted.v1"
    text: str
    title: str | None = None
    compound: str | None = None
    about: DemandKind = "help"
    asked_by: str
    urgent: bool = False


class DemandEndorsed(DemandFact):
    """Somebody else supports it (附议), counted once each."""

    kind = "demand.endorsed.v1"
    endorsed_by: str
    supporters: int


class DemandWithdrawn(DemandFact):
    """The one who asked takes it back."""

    kind = "demand.withdrawn.v1"
    reason: str = ""


class DemandUrged(DemandFact):
    """The resident presses for it (催办); `times` counts from one."""

    kind = "demand.urged.v1"
    note: str = ""
    times: int


class DemandRated(DemandFact):
    """The resident's word on the result (评单). `good` is false when it has to be done again."""

    kind = "demand.rated.v1"
    order: str
    solved: Solved
    satisfaction: Satisfaction
    comment: str = ""
    good: bool


class DemandReopened(DemandFact):
    """A bad rating reopens the demand; `times` counts from one."""

    kind = "demand.reopened.v1"
    order: str
    reason: str
    times: int


class DemandMerged(DemandFact):
    """The demand is the same matter as another, which carries its supporters from now on."""

    kind = "demand.merged.v1"
    into: str
    carried: tuple[str, ...]


class DemandJoined(DemandFact):
    """Another demand was merged into this one, and its supporters with it."""

    kind = "demand.joined.v1"
    merged: str
    carried: tuple[str, ...]
    supporters: int


class DemandClosed(DemandFact):
    """Nothing more is to be done for it; `outcome` is settled or cancelled."""

    kind = "demand.closed.v1"
    outcome: str


class DemandSupplemented(DemandFact):
    """The resident answered what the provider asked (补充). Phone and id numbers are masked in `text`."""

    kind = "demand.supplemented.v1"
    order: str
    text: str

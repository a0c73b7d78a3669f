"""What may be sent to intake: the body of every write, and the query of every list."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.chassis.http.bodies import Command, PageQuery
from services.contracts.literals import AccusationKind, DangerLevel, DemandKind, Satisfaction, Solved
from services.contracts.words import TYPED, Note, Reason, ThingId
from services.intake.domain import words_of_residents as words
from services.intake.domain.lifecycle import DemandStatus
from services.language.words import DangerKind

Subject = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]


class FindLike(Command):
    """What somebody is about to submit (点单前看看有没有人已经提过)."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=words.TEXT_CHARS_MAX)]
    title: Annotated[str, StringConstraints(min_length=1, max_length=words.TITLE_CHARS_MAX)] | None = None
    compound: ThingId | None = Field(default=None, description="id of a compound or venue of the community")


class MergeDemand(Command):
    """合并."""

    into: ThingId


class UnmergeDemand(Command):
    """撤销合并."""

    reason: Note = ""


class OptOut(Command):
    """不同意合并，退出. The community may name the resident who said it aloud."""

    on_behalf_of: Subject | None = None


class DismissDuplicates(Command):
    """不是同一件事. Without a demand, all that were offered."""

    demand: ThingId | None = None


class DecideTopic(Command):
    """采纳或不采纳议题."""

    decision: Literal["accept", "decline"]
    reason: Note = ""


class IssueQuery(BaseModel):
    """Which issues, the hottest first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hot: bool | None = Field(default=None, description="true: only hot ones; false: only those that are not")
    limit: int = Field(default=50, ge=1, le=100)


class ContactGiven(Command):
    """How to reach the resident; kept sealed, shown only to the community and to who does the work."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=40, strip_whitespace=True, pattern=TYPED)]
    phone: Annotated[str, StringConstraints(pattern=r"^[0-9+ -]{5,20}$")]


class SubmitDemand(Command):
    """点单."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=words.TEXT_CHARS_MAX)]
    title: Annotated[str, StringConstraints(min_length=1, max_length=words.TITLE_CHARS_MAX)] | None = None
    compound: ThingId | None = Field(default=None, description="id of a compound or venue of the community")
    about: DemandKind | None = Field(default=None, description="heard from the words if left out")
    private: bool | None = Field(
        default=None, description="true: not for the neighbours; left out, the words decide"
    )
    contact: ContactGiven | None = None


class UrgeDemand(Command):
    """催办."""

    note: Note = ""


class SupplementDemand(Command):
    """补充."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=1_000)]


class AnswerQuestion(Command):
    """一键回答."""

    about: Literal["danger", "place"] = Field(description="`about` of what is asked (`asks`)")
    yes: bool = Field(description="danger: somebody is in danger now; place: it is here")


class CorrectReading(Command):
    """更正研判."""

    danger: Literal["now", "soon", "none"] | None = None
    danger_kind: DangerKind | None = None
    accusation: AccusationKind | None = None
    accused: Annotated[tuple[ThingId, ...], Field(max_length=20)] | None = Field(
        default=None, description="providers that are accused; an empty list: none of the community's"
    )
    private: bool | None = None
    reason: Reason


class WithdrawDemand(Command):
    """撤回."""

    reason: Note = ""


class RateDemand(Command):
    """评单."""

    solved: Solved
    satisfaction: Satisfaction
    comment: Note = ""


class EndorseDemand(Command):
    """附议. A grid worker may name the resident who said it aloud."""

    on_behalf_of: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}$")] | None = None


class DemandQuery(PageQuery):
    """Which demands."""

    status: DemandStatus | None = None
    compound: ThingId | None = None
    mine: bool = False
    about: DemandKind | None = Field(default=None, description="kind of the demand")
    danger: DangerLevel | None = Field(default=None, description="now, perhaps, soon or none")
    danger_kind: DangerKind | None = None
    accusation: AccusationKind | None = None
    alarm: bool = Field(default=False, description="only emergencies that nobody has taken yet")
    call_back: bool = Field(default=False, description="only what is done, not rated, and to be asked after")
    since: AwareDatetime | None = Field(default=None, description="submitted then or later")
    until: AwareDatetime | None = Field(default=None, description="submitted before then")
    sort: Literal["urgent", "newest"] = Field(
        default="urgent",
        description="urgent: what nobody has taken in hand and is or may be dangerous stands first",
    )
    after: Annotated[str, StringConstraints(pattern=r"^(?:[0-9]\.)?[A-Za-z0-9._-]{1,64}$")] | None = Field(
        default=None, description="`next` of the page before"
    )


class LoadQuery(BaseModel):
    """Whether to change anything."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dry_run: bool = False

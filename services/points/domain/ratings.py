"""What residents said of partners' work (评单), and whether partners kept their promises, one record each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Literal

from services.contracts.ids import OrderId
from services.contracts.literals import Satisfaction, Solved
from services.contracts.refusal import Conflict
from services.contracts.values import replace

FindingKind = Literal["own", "household", "related", "mutual", "burst", "repeat"]
FINDINGS: Mapping[FindingKind, str] = MappingProxyType(
    {
        "own": "本店人员自评",
        "household": "本店人员家里人的评价",
        "related": "与本店有关系的人的评价",
        "mutual": "合伙人之间互评",
        "burst": "短时间内集中评价",
        "repeat": "同一人频繁评价",
    }
)
"""Why a rating is kept out of the star → what people call it."""
Outcome = Literal["kept", "late", "unsigned", "again"]
"""Done in time, done late or not at all, never answered, or to be done again, which counts as nothing yet."""
DONE = frozenset({"kept", "late"})


class AlreadyRelated(Conflict):
    """The person is marked as related to the partner already."""

    slug = "already_related"
    title = "已登记过这项关系"


class NotRelated(Conflict):
    """The mark was taken back before."""

    slug = "not_related"
    title = "这项关系已经撤销"


@dataclass(frozen=True, slots=True)
class Finding:
    """What looks odd about a rating, in a sentence for staff."""

    kind: FindingKind
    because: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person of the staff decided about a rating; it goes before whatever looks odd."""

    counts: bool
    because: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RatingOnRecord:
    """A resident's word on a partner's work; of an order the last that was said.

    Arguments:
        rater: whose word it is.
        good: it did not have to be done again.
        said: number of the fact in its demand's stream; a later one takes its place.
        by_community: the community asked them and rated for them (回访), or speaks for who has no phone.
        held: what looks odd, as it was found last.
        is_open: it is held, and nobody has decided.
    """

    id: str
    order: OrderId
    partner: str
    rater: str
    satisfaction: Satisfaction
    solved: Solved
    good: bool
    at: datetime
    said: int
    by_community: bool = False
    held: Finding | None = None
    decision: Decision | None = None
    is_open: bool = False

    def instead_of(self, before: "RatingOnRecord") -> "RatingOnRecord":
        """Return what the same person says now; to say it again brings back nothing that was left out."""
        decision = before.decision
        return replace(self, decision=decision if decision is not None and not decision.counts else None)

    def found(self, finding: Finding | None) -> "RatingOnRecord":
        """Return the rating with what looks odd about it now."""
        return replace(self, held=finding, is_open=finding is not None and self.decision is None)

    def decided(self, decision: Decision) -> "RatingOnRecord":
        """Return the rating after staff looked."""
        return replace(self, decision=decision, is_open=False)


@dataclass(frozen=True, slots=True)
class Promise:
    """What became of an order that a partner had.

    Arguments:
        said: number of the fact in the order's stream; a later one takes its place.
    """

    id: str
    order: OrderId
    partner: str
    outcome: Outcome
    at: datetime
    said: int


@dataclass(frozen=True, slots=True)
class RelatedPerson:
    """Somebody of whom staff know that they belong to a partner.

    Arguments:
        taken_back_because: why it counts no more; empty while it does.
    """

    id: str
    partner: str
    subject: str
    because: str
    marked_by: str
    marked_at: datetime
    taken_back_because: str = ""

    @property
    def stands(self) -> bool:
        """Return whether it counts."""
        return not self.taken_back_because

    def taken_back(self, because: str) -> "RelatedPerson":
        """Return the mark after it was taken back.

        Raises:
            NotRelated: it was before.
        """
        if not self.stands:
            raise NotRelated
        return replace(self, taken_back_because=because)


def record_id(order: OrderId, partner: str) -> str:
    """Return the id of what is kept of a partner's work on an order; younger demands have later ids."""
    return f"{order}.{sha256(partner.encode()).hexdigest()[:8]}"


def related_id(partner: str, subject: str) -> str:
    """Return the id of a mark: there is one of each person for each partner."""
    return sha256(f"{partner}\0{subject}".encode()).hexdigest()[:32]

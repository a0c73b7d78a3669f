"""What staff see of ratings and of who belongs to a partner, of appeals, and of who is named outstanding."""

from datetime import datetime

from pydantic import Field

from services.chassis.documents import Versioned
from services.chassis.http.bodies import View
from services.points.domain.ratings import FINDINGS, RatingOnRecord, RelatedPerson
from services.points.domain.star_records import Appeal, Naming
from services.points.views.stars import StarView


class FindingView(View):
    """What looks odd about a rating."""

    kind: str
    kind_name: str
    because: str


class DecisionView(View):
    """What staff decided about a rating."""

    counts: bool
    because: str
    decided_by: str
    decided_at: datetime


class RatingRecordView(View):
    """A rating of a partner's work; staff alone see whose it is."""

    id: str
    version: int = Field(description="also the ETag")
    order: str
    partner: str
    asked_by: str = Field(description="whose word it is")
    satisfaction: str
    solved: str
    at: datetime
    by_community: bool
    finding: FindingView | None
    decision: DecisionView | None
    is_open: bool = Field(description="kept out of the star, and nobody has decided")


class RatingPage(View):
    """A page of ratings, of the youngest demands first."""

    items: list[RatingRecordView]
    next: str | None


class RelatedView(View):
    """Somebody of whom staff know that they belong to a partner."""

    id: str
    version: int = Field(description="also the ETag")
    partner: str
    subject: str
    because: str
    marked_by: str
    marked_at: datetime
    stands: bool
    taken_back_because: str


class RelatedPage(View):
    """A page of such marks."""

    items: list[RelatedView]
    next: str | None


class AppealView(View):
    """An appeal against a star (申诉); state is open, upheld or revised."""

    id: str
    version: int = Field(description="also the ETag")
    partner: str
    month: str
    words: str
    state: str
    because: str
    filed_at: datetime
    decided_at: datetime | None


class AppealPage(View):
    """A page of appeals."""

    items: list[AppealView]
    next: str | None


class NamingView(View):
    """A partner that is named outstanding for a year (优秀社区合伙人)."""

    id: str
    version: int = Field(description="also the ETag")
    partner: str
    year: int
    because: str
    named_by: str
    named_at: datetime
    stands: bool
    taken_back_because: str


class OutstandingView(View):
    """Who is proposed as outstanding for a year, with the evidence, and who is named."""

    year: int
    month: str | None = Field(description="last one of the year with stars; null: there is none")
    is_whole: bool = Field(description="false: the year is not over; the stars are of twelve months before")
    proposed: list[StarView] = Field(description="the best first")
    named: list[NamingView]


def rating_view(kept: Versioned[RatingOnRecord]) -> RatingRecordView:
    """Return a rating as staff see it."""
    one = kept.present
    held, decided = one.held, one.decision
    finding = (
        FindingView(kind=held.kind, kind_name=FINDINGS[held.kind], because=held.because) if held else None
    )
    decision = (
        DecisionView(
            counts=decided.counts, because=decided.because, decided_by=decided.by, decided_at=decided.at
        )
        if decided
        else None
    )
    return RatingRecordView(
        id=one.id,
        version=kept.revision,
        order=one.order,
        partner=one.partner,
        asked_by=one.rater,
        satisfaction=one.satisfaction,
        solved=one.solved,
        at=one.at,
        by_community=one.by_community,
        finding=finding,
        decision=decision,
        is_open=one.is_open,
    )


def related_view(kept: Versioned[RelatedPerson]) -> RelatedView:
    """Return a mark as staff see it."""
    same = {name: getattr(kept.present, name) for name in RelatedView.model_fields if name != "version"}
    return RelatedView(version=kept.revision, **same)


def appeal_view(kept: Versioned[Appeal]) -> AppealView:
    """Return an appeal."""
    same = {name: getattr(kept.present, name) for name in AppealView.model_fields if name != "version"}
    return AppealView(version=kept.revision, **same)


def naming_view(kept: Versioned[Naming]) -> NamingView:
    """Return a partner that is named."""
    same = {name: getattr(kept.present, name) for name in NamingView.model_fields if name != "version"}
    return NamingView(version=kept.revision, **same)

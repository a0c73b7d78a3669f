"""What may be asked about stars: to decide, to appeal, to name."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.chassis.http.bodies import Command, PageQuery
from services.contracts.community_file import Slug, Subject
from services.contracts.words import Reason, ThingId
from services.points.domain.star_records import AppealState

Month = Annotated[str, StringConstraints(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")]
Year = Annotated[int, Field(ge=2020, le=2099)]
YEAR_AND_PARTNER = r"^(20[2-9]\d)\.([a-z0-9][a-z0-9-]{0,47})$"
"""The id of a naming."""


class OutlookQuery(BaseModel):
    """For which month stars are looked at beforehand."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    month: Month | None = Field(default=None, description="unless said, the present one so far")


class YearQuery(BaseModel):
    """Which year."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    year: Year


class RatingQuery(PageQuery):
    """Which ratings."""

    partner: Slug | None = None
    is_open: bool | None = Field(default=None, description="true: kept out, and nobody has decided")


class RelatedQuery(PageQuery):
    """Whose people."""

    partner: Slug | None = None


class AppealQuery(PageQuery):
    """Which appeals; a partner sees its own alone."""

    state: AppealState | None = None


class AskForStars(Command):
    """Let stars be reckoned again."""

    month: Month | None = Field(default=None, description="from which on; unless said, the last that is over")


class DecideRating(Command):
    """Let a rating count, or not."""

    counts: bool
    reason: Reason


class MarkRelated(Command):
    """Note that somebody belongs to a partner."""

    partner: Slug
    subject: Subject
    reason: Reason


class TakeBack(Command):
    """Take something back."""

    reason: Reason


class AppealStar(Command):
    """Say why a star is not right."""

    words: Reason


class DecideAppeal(Command):
    """Decide an appeal: uphold the star, or let it be reckoned again with other ratings."""

    upheld: bool
    reason: Reason
    include: tuple[ThingId, ...] = Field(default=(), max_length=50, description="ratings that shall count")
    exclude: tuple[ThingId, ...] = Field(default=(), max_length=50, description="ratings that shall not")

    @model_validator(mode="after")
    def _is_clear(self) -> Self:
        named = (*self.include, *self.exclude)
        if len(set(named)) != len(named):
            raise ValueError("include, exclude: each rating once")
        if self.upheld and named:
            raise ValueError("upheld: no rating is changed where the star stays")
        return self


class NameOutstanding(Command):
    """Name a partner outstanding for a year."""

    partner: Slug
    year: Year
    reason: Reason

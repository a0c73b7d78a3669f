"""What may be asked of the points bank, and which part of a list."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.chassis.http.bodies import Command, PageQuery
from services.contracts.community_file import Subject
from services.points.domain.holds import HoldState
from services.points.domain.posting import AMOUNT_MAX

YEARS = range(2000, 2200)


def _of_our_time(given: AwareDatetime) -> AwareDatetime:
    """A moment that every zone knows: at the ends of the calendar some have no such day."""
    if given.year not in YEARS:
        raise PydanticCustomError("out_of_time", "the year is out of range")
    return given


Moment = Annotated[AwareDatetime, AfterValidator(_of_our_time)]
Day = Annotated[date, Field(ge=date(YEARS.start, 1, 1), le=date(YEARS.stop - 1, 12, 31))]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Amount = Annotated[int, Field(ge=1, le=AMOUNT_MAX, strict=True)]


class PassbookQuery(BaseModel):
    """Which part of a passbook, newest first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: int | None = Field(default=None, ge=1, le=2**53, description="`next` of the page before")
    limit: int = Field(default=20, ge=1, le=100)


class PassbookFileQuery(BaseModel):
    """Which part of a passbook, the first line first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: int | None = Field(default=None, ge=1, le=2**53, description="流水号 of the last line before")
    limit: int = Field(default=5_000, ge=1, le=5_000)


class PassbookPrintQuery(PassbookFileQuery):
    """Which part of a passbook is printed, the first line first."""

    limit: int = Field(default=500, ge=1, le=500)


class HoldQuery(PageQuery):
    """Which holds."""

    state: HoldState | None = None
    account: Subject | None = Field(default=None, description="whose; a partner sees its own alone")


class ApprovePoints(Command):
    """Let points be issued that the community has approved."""

    amount_points: Amount
    because: Reason = Field(description="who approved it, and when")
    until: Moment | None = Field(
        default=None, description="end of the period; what is not issued by then lapses"
    )


class PlaceHold(Command):
    """Set points aside."""

    account: Subject | None = Field(default=None, description="whose; partners: their own")
    amount_points: Amount
    because: Reason
    until: Moment = Field(description="when they go back by themselves")


class ResolveHold(Command):
    """Capture or release a hold."""

    because: Annotated[str, StringConstraints(max_length=200)] = ""


class ReverseTransfer(Command):
    """Take a transfer back."""

    reason: Reason

"""What is shown of stars: to everybody the star and its sentence, to its partner and staff the parts."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from pydantic import Field

from services.chassis.documents import Versioned
from services.chassis.http.bodies import View
from services.points.domain.ratings import FINDINGS
from services.points.domain.standings import LEFT_OUT, UNVERIFIED, KeptOut, Standing
from services.points.domain.star_records import APPEALS_WITHIN, StarOnRecord
from services.points.domain.stars import PART_NAMES, Part

OF_FILE = "社区文件登记的星级，尚未按评价评定"
NONE_YET = "尚未评星"
KEPT_OUT: Mapping[str, str] = MappingProxyType(
    {
        **{kind: f"{words}，不计入" for kind, words in FINDINGS.items() if kind != "burst"},
        "burst": "短时间内集中评价，等社区核实",
        "repeat": "同一人频繁评价，等社区核实",
        LEFT_OUT: "社区核实后决定不计入",
        UNVERIFIED: "办结还没有经社区核实，核实后计入",
    }
)
"""Why ratings do not count → a sentence that names nobody."""


class StarRow(View):
    """A partner's star (星级)."""

    partner: str
    name: str
    stars: int = Field(description="0: none yet")
    month: str | None = Field(description="that it was reckoned for; null: it stands in the community's file")
    because: str


class StarPage(View):
    """A page of stars, by the partners' ids."""

    items: list[StarRow]
    next: str | None


class PartView(View):
    """A part of a score; the parts add up to it."""

    name: str
    part_name: str
    value: int = Field(description="thousandths")
    weight: int = Field(description="hundredths")
    score: int = Field(description="value times weight: hundred-thousandths")
    because: str


class KeptOutView(View):
    """How many ratings do not count, and why; nobody is named."""

    why: str
    ratings: int
    because: str


class StarView(View):
    """A partner's star of a month, with what it is made of."""

    partner: str
    version: int = Field(description="also the ETag")
    month: str
    stars: int
    score: int = Field(description="hundred-thousandths")
    raters: int = Field(description="people whose word counts")
    parts: list[PartView]
    because: str
    kept_out: list[KeptOutView]
    set_at: datetime
    changed_at: datetime
    appeal_until: datetime = Field(description="a partner can appeal once until then")


class StarHistory(View):
    """A partner's stars by month, newest first."""

    items: list[StarView]
    next: str | None


class OutlookRow(View):
    """What a partner's star would be."""

    partner: str
    name: str
    stars: int
    present_stars: int
    score: int
    raters: int
    parts: list[PartView]
    because: str
    kept_out: list[KeptOutView]


class OutlookView(View):
    """What stars would be, as things stand; nothing is set."""

    month: str
    odd_ratings: int = Field(description="that look odd, of all partners")
    items: list[OutlookRow]


class StarsAskedView(View):
    """From which month on stars are reckoned again; it is done within moments."""

    month: str


def star_row(partner: str, name: str, of_file: int, kept: StarOnRecord | None) -> StarRow:
    """Return a partner's star as everybody may see it.

    Arguments:
        of_file: what stands in the community's file, which counts until a star is reckoned.
    """
    if kept is not None and (kept.stars or not of_file):
        return StarRow(partner=partner, name=name, stars=kept.stars, month=kept.month, because=kept.because)
    because = OF_FILE if of_file else NONE_YET
    return StarRow(partner=partner, name=name, stars=of_file, month=None, because=because)


def star_view(kept: Versioned[StarOnRecord]) -> StarView:
    """Return a star with what it is made of."""
    star = kept.present
    return StarView(
        partner=star.partner,
        version=kept.revision,
        month=star.month,
        stars=star.stars,
        score=star.score,
        raters=star.raters,
        parts=list(map(_part, star.parts)),
        because=star.because,
        kept_out=list(map(_kept_out, star.kept_out)),
        set_at=star.set_at,
        changed_at=star.changed_at,
        appeal_until=star.set_at + APPEALS_WITHIN,
    )


def outlook_row(partner: str, name: str, present_stars: int, standing: Standing) -> OutlookRow:
    """Return what a partner's star would be."""
    star = standing.star
    return OutlookRow(
        partner=partner,
        name=name,
        stars=star.stars,
        present_stars=present_stars,
        score=star.score,
        raters=star.raters,
        parts=list(map(_part, star.parts)),
        because=star.because,
        kept_out=list(map(_kept_out, standing.kept_out)),
    )


def _part(part: Part) -> PartView:
    return PartView(
        name=part.name,
        part_name=PART_NAMES[part.name],
        value=part.value,
        weight=part.weight,
        score=part.score,
        because=part.because,
    )


def _kept_out(one: KeptOut) -> KeptOutView:
    return KeptOutView(why=one.why, ratings=one.ratings, because=KEPT_OUT[one.why])

"""Stars as they were set, month by month; the clock that sets them; appeals; who is named outstanding."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from services.contracts.refusal import Conflict, Invalid
from services.contracts.values import replace
from services.points.domain.months import moved
from services.points.domain.standings import KeptOut, Standing
from services.points.domain.stars import MONTHS, Part

APPEALS_WITHIN = timedelta(days=30)
OUTSTANDING_SHARE = 5
"""One in so many partners is proposed, and one at least."""
OUTSTANDING_STARS = 4
AppealState = Literal["open", "upheld", "revised"]


class MonthNotFinished(Invalid):
    """A star is for a month that is over, and not longer ago than a year."""

    slug = "month_not_finished"
    title = "只能评定近 12 个月内已结束的月份"


class AppealTooLate(Conflict):
    """A star can be appealed against for thirty days."""

    slug = "appeal_too_late"
    title = "评定公布已超过 30 天，不能再申诉"


class AlreadyAppealed(Conflict):
    """A star can be appealed against once."""

    slug = "already_appealed"
    title = "这个月的星级已申诉过"


class AppealDecided(Conflict):
    """The appeal was decided before."""

    slug = "appeal_decided"
    title = "这项申诉已有结论"


class NotOfThisPartner(Invalid):
    """A rating is of somebody else's work, or there is none of that id."""

    slug = "not_of_this_partner"
    title = "列出的评价里有不属于该合伙人的"


class AlreadyNamed(Conflict):
    """The partner is named for that year."""

    slug = "already_named"
    title = "该合伙人已被评为这一年的优秀社区合伙人"


class NotNamed(Conflict):
    """That the partner is named was taken back before."""

    slug = "not_named"
    title = "该评选结果已经撤销"


class YearAhead(Invalid):
    """A year that has not begun has no outstanding partners."""

    slug = "year_ahead"
    title = "这一年还没有开始"


@dataclass(frozen=True, slots=True)
class StarOnRecord:
    """A partner's star for a month.

    Arguments:
        set_at: when it was told first; appeals are counted from then.
        changed_at: when it was reckoned to be what it is.
    """

    id: str
    partner: str
    month: str
    stars: int
    score: int
    raters: int
    parts: tuple[Part, ...]
    because: str
    kept_out: tuple[KeptOut, ...]
    set_at: datetime
    changed_at: datetime

    def says(self, standing: Standing) -> bool:
        """Return whether it is what was reckoned."""
        star = standing.star
        same = (self.stars, self.score, self.raters, self.parts, self.because)
        now = (star.stars, star.score, star.raters, star.parts, star.because)
        return same == now and self.kept_out == standing.kept_out


def star_on_record(
    partner: str, month: str, standing: Standing, before: StarOnRecord | None, at: datetime
) -> StarOnRecord:
    """Return a star as it is kept.

    Arguments:
        before: what was kept of the same month.
    """
    star = standing.star
    first = before.set_at if before else at
    return StarOnRecord(
        star_id(partner, month),
        partner,
        month,
        star.stars,
        star.score,
        star.raters,
        star.parts,
        star.because,
        standing.kept_out,
        first,
        at,
    )


def star_id(partner: str, month: str) -> str:
    """Return the id of a partner's star; later months have later ids."""
    return f"{partner}.{month}"


@dataclass(frozen=True, slots=True)
class StarClock:
    """When a community's ratings are looked over, and its stars set, by themselves.

    Arguments:
        due_at: next.
        done_through: the last month whose stars are set; empty before the first.
        again_from: from that month on they are to be reckoned again; empty: they are not.
    """

    due_at: datetime
    done_through: str = ""
    again_from: str = ""

    def months_due(self, last: str) -> tuple[str, ...]:
        """Return the months whose stars are to be set, in order, twelve at most.

        Months before anything was heard have none: they begin with the first that ends afterwards.

        Arguments:
            last: the last month that is over.
        """
        first = moved(self.done_through or last, 1)
        first = min(first, self.again_from) if self.again_from else first
        found = [month for back in range(MONTHS) if (month := moved(last, -back)) >= first]
        return tuple(reversed(found))

    def again(self, month: str, at: datetime) -> "StarClock":
        """Return the clock after it was asked to reckon a month, and those after it, again at once."""
        return replace(self, due_at=at, again_from=min(month, self.again_from or month))

    def done(self, last: str, due_at: datetime) -> "StarClock":
        """Return the clock after all stars are set through a month."""
        return StarClock(due_at, last)


@dataclass(frozen=True, slots=True)
class Appeal:
    """A partner does not agree with its star of a month (申诉); once each.

    Arguments:
        included, excluded: ratings that staff decided to count, and not to.
    """

    id: str
    partner: str
    month: str
    words: str
    filed_at: datetime
    state: AppealState = "open"
    because: str = ""
    decided_by: str = ""
    decided_at: datetime | None = None
    included: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    def decided(self, verdict: "Verdict", by: str, at: datetime) -> "Appeal":
        """Return the appeal with what staff decided.

        Raises:
            AppealDecided: it was decided before.
        """
        if self.state != "open":
            raise AppealDecided
        return replace(
            self,
            state="upheld" if verdict.upheld else "revised",
            because=verdict.because,
            decided_by=by,
            decided_at=at,
            included=tuple(verdict.include),
            excluded=tuple(verdict.exclude),
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What staff decide about an appeal: the star stays, or ratings count that did not, or the other way."""

    upheld: bool
    because: str
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()


def appeal(star: StarOnRecord, words: str, at: datetime) -> Appeal:
    """Return an appeal against a star.

    Raises:
        AppealTooLate: its time is over.
    """
    if at > star.set_at + APPEALS_WITHIN:
        raise AppealTooLate
    return Appeal(star.id, star.partner, star.month, words, at)


@dataclass(frozen=True, slots=True)
class Naming:
    """A partner is one of a year's outstanding ones (优秀社区合伙人).

    Arguments:
        taken_back_because: why it is not after all; empty while it is.
    """

    id: str
    partner: str
    year: int
    because: str
    named_by: str
    named_at: datetime
    taken_back_because: str = ""

    @property
    def stands(self) -> bool:
        """Return whether it is named."""
        return not self.taken_back_because

    def taken_back(self, because: str) -> "Naming":
        """Return it after it was taken back.

        Raises:
            NotNamed: it was before.
        """
        if not self.stands:
            raise NotNamed
        return replace(self, taken_back_because=because)


def proposed(stars: Sequence[StarOnRecord]) -> tuple[StarOnRecord, ...]:
    """Return who is proposed as outstanding, the best first.

    Arguments:
        stars: of all partners, for the year's last month: twelve months, which are the year.
    """
    most = max(1, len(stars) // OUTSTANDING_SHARE)
    good = [one for one in stars if one.stars >= OUTSTANDING_STARS]
    return tuple(sorted(good, key=lambda one: (-one.score, -one.raters, one.partner))[:most])

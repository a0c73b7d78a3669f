"""The door of the public board, and a partner's choice whether it stands there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import Field

from services.chassis.clock import now
from services.chassis.http.bodies import Command
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route, show
from services.chassis.mongo import Store
from services.chassis.work import Work
from services.contracts.community_file import Subject
from services.contracts.refusal import NotFound
from services.contracts.roles import EVERYBODY, HOLDERS
from services.points.domain.accounts import Account
from services.points.domain.months import last_finished
from services.points.domain.redemptions import Redemption
from services.points.handlers.giving import choose_to_be_shown
from services.points.handlers.rules import Rules, file_of, first_book
from services.points.routes import access
from services.points.store.accounts import account_ref
from services.points.store.giving import CAUSES, GIVERS
from services.points.store.rules import rule_ref
from services.points.store.shop import FAIRS, REDEMPTIONS
from services.points.store.stars import star_ref
from services.points.views.boards import BoardChoiceView, BoardView, board_view
from services.points.views.giving import CauseOfCommunityView, cause_view
from services.points.views.shop import FairView, fair_view

PARTNERS_MAX, SHOWN_MAX = 2_000, 20
AHEAD = timedelta(days=31)
"""Promotions that begin within a month are shown."""


class ChooseBoard(Command):
    """Stand on the public board, or not."""

    partner: Subject | None = Field(default=None, description="staff: for whom")
    shown: bool


@dataclass(frozen=True, slots=True)
class BoardRoutes:
    """The routes of the board over points' store.

    Arguments:
        clock: what time it is.
    """

    store: Store
    clock: Callable[[], datetime] = now

    async def show_board(self, request: ApiRequest[None]) -> Reply:
        kept = (await self.store.find(rule_ref(request.community))).value
        if kept is None:
            raise NotFound
        rules, where = Rules(file_of(kept.text), first_book(kept)), {"community": request.community}
        rows = await self.store.plain(GIVERS.name).find(dict(where), limit=PARTNERS_MAX)
        prefix = f"{request.community}/"
        givers = {row["_id"].removeprefix(prefix): GIVERS.decode(row) for row in rows}
        promotions = await self._promotions(request.community, rules)
        more = (await self._causes(request.community), await self._fairs(request.community))
        stars = await self._stars(request.community, rules)
        return show(board_view(rules.file.partners, givers, stars, promotions, more))

    async def _stars(self, community: str, rules: Rules) -> dict[str, int]:
        """Return the stars of the last month that is over; who has none yet has those of the file."""
        month = last_finished(self.clock(), rules.zone)
        refs = {one.id: star_ref(community, one.id, month) for one in rules.file.partners}
        loaded = await self.store.load(refs.values())
        found = {name: loaded[ref].value for name, ref in refs.items()}
        return {name: star.stars for name, star in found.items() if star is not None}

    async def _promotions(self, community: str, rules: Rules) -> list[Redemption]:
        at = self.clock()
        today, soon = (rules.day_of(one).isoformat() for one in (at, at + AHEAD))
        query = {
            "community": community,
            "promotion.until_on": {"$gte": today},
            "promotion.from_on": {"$lte": soon},
        }
        found = await self.store.plain(REDEMPTIONS.name).find(
            query, sort="promotion.until_on", limit=PARTNERS_MAX
        )
        return [REDEMPTIONS.decode(row) for row in found]

    async def _causes(self, community: str) -> list[CauseOfCommunityView]:
        found = await self.store.page(CAUSES, community, {}, limit=SHOWN_MAX)
        refs = {kept.present.account: account_ref(community, kept.present.account) for kept in found}
        loaded = await self.store.load(refs.values())
        balances = {name: (loaded[ref].value or Account(name)).balance_points for name, ref in refs.items()}
        return [cause_view(kept, balances[kept.present.account]) for kept in found]

    async def _fairs(self, community: str) -> list[FairView]:
        at = self.clock()
        found = await self.store.page(FAIRS, community, {}, limit=SHOWN_MAX)
        ahead = [kept.present for kept in found if kept.present.closes_at > at]
        return [fair_view(fair, at) for fair in sorted(ahead, key=lambda fair: fair.opens_at)]

    def choose(self, request: ApiRequest[ChooseBoard]) -> Work[Reply]:
        partner = access.own(request, request.body.partner)
        work = choose_to_be_shown(request.origin(), partner, shown=request.body.shown)
        return work.then(lambda kept, _: show(BoardChoiceView(partner=partner, shown=not kept.hidden)))

    def table(self) -> tuple[Route, ...]:
        """Return every route of the board."""
        return (
            Route(
                "GET",
                "/points/board",
                EVERYBODY,
                self.show_board,
                "Show the public board (公示栏): who gave what, promotions, good causes, fairs",
                BoardView,
            ),
            Route(
                "POST",
                "/points/board/choice",
                HOLDERS,
                self.choose,
                "Stand on the public board, or not",
                BoardChoiceView,
                body=ChooseBoard,
                conditional=False,
            ),
        )

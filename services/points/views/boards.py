"""The public board (公示栏): who gave what, promotion places, what is collected for, the fair."""

from collections.abc import Iterable, Mapping, Sequence

from pydantic import Field

from services.chassis.http.bodies import View
from services.contracts.community_file import Partner
from services.points.domain.giving import Giver
from services.points.domain.redemptions import Redemption
from services.points.views.giving import CauseOfCommunityView
from services.points.views.shop import KIND_NAMES, FairView


class BoardPartnerView(View):
    """A partner of the community, unless it does not want to be shown."""

    partner: str
    name: str
    trade: str
    stars: int = Field(description="星级, 1 to 5; 0: not rated yet")
    given_points: int = Field(description="公益反哺")
    services: int = Field(description="services that it promised")
    delivered: int = Field(description="and did")


class BoardPromotionView(View):
    """A partner that is shown somewhere."""

    partner: str
    name: str
    kind_name: str
    slot: str
    from_on: str
    until_on: str = Field(description="the last day")


class BoardView(View):
    """What everybody may see of the partners and of what they do."""

    partners: list[BoardPartnerView] = Field(description="who gave most first, then by name")
    promotions: list[BoardPromotionView]
    causes: list[CauseOfCommunityView]
    fairs: list[FairView] = Field(description="that are open or ahead, the first first")
    hidden: int = Field(description="partners that do not want to be shown")


class BoardChoiceView(View):
    """Whether a partner stands on the public board."""

    partner: str
    shown: bool


def board_view(
    partners: Iterable[Partner],
    givers: Mapping[str, Giver],
    stars: Mapping[str, int],
    promotions: Sequence[Redemption],
    more: tuple[list[CauseOfCommunityView], list[FairView]],
) -> BoardView:
    """Return the public board.

    Arguments:
        partners: of the community, as its file names them.
        givers: by partner.
        stars: by partner.
        promotions: that are shown now, or soon.
        more: good causes and fairs.
    """
    named = {partner.id: partner for partner in partners}
    shown = [one for one in named.values() if not givers.get(one.id, Giver()).hidden]
    rows = [_partner(one, givers.get(one.id, Giver()), stars) for one in shown]
    visible = {one.id for one in shown}
    causes, fairs = more
    return BoardView(
        partners=sorted(rows, key=lambda row: (-row.given_points, -row.delivered, row.name)),
        promotions=[
            BoardPromotionView(
                partner=one.partner,
                name=named[one.partner].name,
                kind_name=KIND_NAMES[one.kind],
                slot=one.promotion.slot,
                from_on=one.promotion.from_on,
                until_on=one.promotion.until_on,
            )
            for one in promotions
            if one.promotion is not None and one.partner in visible
        ],
        causes=causes,
        fairs=fairs,
        hidden=len(named) - len(shown),
    )


def _partner(partner: Partner, giver: Giver, stars: Mapping[str, int]) -> BoardPartnerView:
    return BoardPartnerView(
        partner=partner.id,
        name=partner.name,
        trade=partner.trade,
        stars=stars.get(partner.id, partner.stars),
        given_points=giver.points,
        services=giver.services,
        delivered=giver.delivered,
    )
